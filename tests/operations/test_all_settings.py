"""What is wrong with settings, in variables and files, is one list, and no process traces back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from survey.core.errors import ConfigurationError
from survey.operations import all_settings

WRONG = """[Entra]
issuer = "https://login.example.no"

[feide]
issuer = "ftp://auth.example.no"
"""

SURVEY = [sys.executable, "-m", "survey.cli.main"]
STARTS = {
    "web": [*SURVEY, "run", "--only", "web"],
    "worker": [*SURVEY, "worker"],
    "web and worker": [*SURVEY, "run"],
    "a command": [*SURVEY, "organisation", "list"],
    "the list of settings": [*SURVEY, "settings"],
}
GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "survey.app:create_app()", "--bind", "127.0.0.1:0"),
    *("--logger-class", "survey.core.logs.QuietGunicorn", "--no-control-socket"),
]


@pytest.fixture
def providers(tmp_path: Path) -> Path:
    path = tmp_path / "providers.toml"
    path.write_text(WRONG, encoding="utf-8")
    return path


def start(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SURVEY_")}
    environ |= {"SURVEY_DATA_DIR": str(folder / "var"), **variables}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("process", STARTS)
def test_faults_of_variables_and_of_the_providers_are_one_list(
    process: str, tmp_path: Path, providers: Path
) -> None:
    variables = {"SURVEY_OIDC_FILE": str(providers), "SURVEY_TRUSTED_PROXIES": "many"}
    ended = start(STARTS[process], tmp_path, **variables)
    assert ended.returncode == 1, ended.stderr
    lines = ended.stderr.splitlines()
    assert lines[0] == "The settings are not right; nothing was started."
    told = {line.split(": ")[0].strip() for line in lines[1:]}
    assert {"SURVEY_TRUSTED_PROXIES", "providers.toml"} <= told
    assert "providers.toml: feide.issuer: must be an address" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "var").exists()


def test_a_server_of_another_make_says_it_too(tmp_path: Path, providers: Path) -> None:
    ended = start(GUNICORN, tmp_path, SURVEY_OIDC_FILE=str(providers))
    assert ended.returncode != 0
    assert "providers.toml: feide.issuer: must be an address" in ended.stderr
    assert "Traceback" not in ended.stderr
    ended = start(GUNICORN, tmp_path, SURVEY_TRUSTED_PROXIES="many")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("text", "fault"), [(None, "No such file"), ("[entra", "is no TOML")])
def test_a_file_that_cannot_be_read_is_a_fault_among_the_others(
    tmp_path: Path, text: str | None, fault: str
) -> None:
    path = tmp_path / "providers.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        all_settings.load({"SURVEY_OIDC_FILE": str(path), "SURVEY_JOBS": "cron"})
    assert refused.value.faults[0].where == "SURVEY_JOBS"
    assert fault in str(refused.value)


def test_without_a_fault_they_are_the_settings_of_the_variables() -> None:
    assert all_settings.load({"SURVEY_PROCESSES": "3"}).processes == 3
