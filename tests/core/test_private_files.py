"""Nobody else on the machine reads the database, however the folder came to be there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from survey.core.config import Settings
from survey.core.errors import ConfigurationError
from survey.core.private_files import close_to_others
from survey.core.services import build
from survey.operations import migrate

SURVEY = [sys.executable, "-m", "survey.cli.main"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A data folder that somebody made, readable by all."""
    folder = tmp_path / "var"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture
def wide_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SURVEY_")}
    environ |= {"SURVEY_DATA_DIR": str(folder), **more}
    return subprocess.run(
        [*SURVEY, *words], env=environ, capture_output=True, text=True, timeout=120, umask=0o022
    )


def test_a_command_makes_everything_in_a_folder_of_others_for_its_user_only(
    open_folder: Path,
) -> None:
    ended = run(open_folder, "db", "upgrade")
    assert ended.returncode == 0, ended.stderr
    assert f"was open to other users; closed path={open_folder}" in ended.stderr
    assert mode(open_folder) == 0o700
    files = [path for path in open_folder.rglob("*") if path.is_file()]
    assert open_folder / "survey.db" in files
    assert [path for path in files if mode(path) & 0o077] == []
    assert "was open" not in run(open_folder, "db", "upgrade").stderr


def test_a_database_that_was_readable_is_closed_wherever_it_lies(
    tmp_path: Path, wide_umask: None
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    url = f"sqlite:///{elsewhere / 'answers.db'}"
    parts = build(Settings(data_dir=tmp_path / "var", database_url=url))
    migrate.upgrade(parts)
    parts.db.dispose()
    database = elsewhere / "answers.db"
    assert mode(database) == 0o644  # a process that took no care
    assert close_to_others(parts.settings) == [database]
    assert mode(database) == 0o600
    assert mode(elsewhere) == 0o755  # not this service's
    assert close_to_others(parts.settings) == []


def test_web_says_in_its_log_what_was_open(open_folder: Path) -> None:
    run(open_folder, "db", "upgrade")
    (open_folder / "survey.db").chmod(0o664)
    code = "from survey.app import create_app; create_app(); import os; print(oct(os.umask(0)))"
    environ = {**os.environ, "SURVEY_DATA_DIR": str(open_folder)}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, umask=0o022
    )
    assert ended.stdout == "0o77\n", ended.stderr
    line = json.loads(ended.stderr.splitlines()[0])
    assert (line["level"], line["path"]) == ("warning", str(open_folder / "survey.db"))
    assert mode(open_folder / "survey.db") == 0o600


def test_what_cannot_be_closed_is_refused_with_all_its_paths(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the folder is another user's; root, as whom tests may run, closes anything."""
    (open_folder / "keys").mkdir()
    (open_folder / "keys").chmod(0o755)  # whatever umask another test has left

    def not_permitted(_path: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", not_permitted)
    with pytest.raises(ConfigurationError) as refused:
        build(Settings(data_dir=open_folder))
    paths = [fault.where for fault in refused.value.faults]
    assert paths == [str(open_folder), str(open_folder / "keys")]
    assert "mode 755" in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a process as another user")
def test_a_folder_of_another_user_is_refused(open_folder: Path) -> None:
    open_folder.chmod(0o777)
    open_folder.parent.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from survey.core.config import Settings;"
        "from survey.core.private_files import close_to_others;"
        "from survey.core.errors import ConfigurationError as Refused;"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: close_to_others(Settings(data_dir=Path(sys.argv[1])))\n"
        "except Refused as error: print(*(fault.code for fault in error.faults))\n"
    )
    link = Path("/proc/self/fd")  # the folder is reached however deep it lies
    handle = os.open(open_folder, os.O_RDONLY)
    ended = subprocess.run(
        [sys.executable, "-c", code, f"{link}/{handle}"],
        pass_fds=[handle],
        capture_output=True,
        text=True,
    )
    os.close(handle)
    assert ended.stdout == "folder_open_to_others\n", ended.stderr
    assert mode(open_folder) == 0o777


def test_a_folder_that_all_share_is_refused_and_left_alone(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(ConfigurationError, match="shared by all users"):
        build(Settings(data_dir=shared))
    assert mode(shared) == 0o1777
