"""What the service keeps is for the user whom it runs as, and for nobody else on the machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from survey.core.config import Settings
from survey.core.errors import ConfigurationError, Fault, say

_OTHERS = 0o077


def make_private() -> None:
    """Have this process, and all that it starts, make files and folders for its own user only."""
    os.umask(_OTHERS)


def close_to_others(settings: Settings) -> list[Path]:
    """Close what others may open: data folder, key folder, database; returns what was open.

    Raises ConfigurationError with every path that cannot be closed, or is shared by all.
    """
    closed: list[Path] = []
    faults: list[Fault] = []
    for path in _kept(settings):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & _OTHERS:
            continue
        if mode & stat.S_ISVTX:  # as /tmp is: closing it would take it away from everybody
            faults.append(Fault(str(path), "shared_by_all_users", "name_folder_of_its_own"))
        elif _close(path, mode):
            closed.append(path)
        else:
            what = say("folder_open_to_others", mode=f"{mode:o}")
            fix = say("let_it_belong_to_service")
            faults.append(Fault(str(path), what, fix))
    if faults:
        raise ConfigurationError("others_could_read_what_service_keeps", faults)
    return closed


def _kept(settings: Settings) -> Iterator[Path]:
    """What is there of folders and files that nobody else may open."""
    paths = [settings.data_dir, settings.keys]
    url = sa.make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        paths += [Path(url.database + ending) for ending in ("", "-wal", "-shm", "-journal")]
    return (path for path in paths if path.exists())


def _close(path: Path, mode: int) -> bool:
    try:
        path.chmod(mode & ~_OTHERS)
    except OSError:
        return False
    return not path.stat().st_mode & _OTHERS  # some file systems only seem to do it
