"""The command line: every command is there, and help costs no import of them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from survey.cli import main


@pytest.mark.parametrize("name", sorted(main.REGISTRY))
def test_every_registered_command_exists_and_helps(name: str) -> None:
    answer = CliRunner().invoke(main.cli, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    assert "Usage:" in answer.output


def test_help_names_every_command_without_importing_any() -> None:
    code = "import sys, survey.cli.main as c\ntry: c.cli(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted(m for m in sys.modules if m.startswith('survey.')))"
    started = time.monotonic()
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert time.monotonic() - started < 5  # 0.1 s; room for a busy machine
    for name in main.REGISTRY:
        assert f"  {name} " in answer.stdout
    assert "['survey.cli', 'survey.cli.main', 'survey.core', 'survey.core.errors']" in answer.stdout


def test_an_unknown_command_is_told() -> None:
    answer = CliRunner().invoke(main.cli, ["bogus"])
    assert answer.exit_code == 2
    assert "bogus" in answer.output


def test_an_error_is_told_without_a_traceback(tmp_path: object) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "survey.cli.main", "settings"],
        env={"SURVEY_TRUSTED_PROXYS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1
    assert "SURVEY_TRUSTED_PROXYS" in answer.stderr
    assert "Did you mean 'SURVEY_TRUSTED_PROXIES'?" in answer.stderr
    assert "Traceback" not in answer.stderr
