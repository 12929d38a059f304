"""Where results of background work are kept: one folder per organisation under the data folder.

A result appears under its name only when it is whole.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from survey.core.config import Settings
from survey.core.errors import NotFound
from survey.jobs.models import Task


def folder(settings: Settings, organisation_id: int) -> Path:
    """The organisation's folder of reports; made when missing."""
    path = settings.data_dir / "reports" / str(organisation_id)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to it when the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def result_of(settings: Settings, task: Task) -> tuple[Path, str, str]:
    """(path, name for the reader, media type) of a finished task's file; NotFound without one."""
    result = task.result or {}
    if task.state != "done" or "file" not in result:
        raise NotFound("task_has_no_file_or_none_yet")
    path = folder(settings, task.organisation_id) / str(result["file"])
    if not path.is_file():
        raise NotFound("file_has_been_removed_start_task_again")
    return path, str(result["name"]), str(result["media_type"])
