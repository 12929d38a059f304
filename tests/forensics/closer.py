"""A process that closes a wave and is killed (SIGKILL) at one point of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from survey.db import Database
from survey.release import close, raw
from survey.study import keys as key_files
from survey.study.keys import KeyStore

POINTS: dict[str, tuple[Any, str, str]] = {
    "as soon as the wave is closed": (close, "destroy_keys", "before"),
    "between overwriting and removing a key": (key_files.Path, "unlink", "before"),
    "when the inbox has been opened": (raw, "open_inbox", "after"),
    "when responses are stored and the inbox is still full": (raw, "_clear", "before"),
    "before the settling is committed": (raw, "settle", "after"),
    "when it is committed and traces stand": (raw, "erase_traces", "before"),
    "when traces are erased": (raw, "erase_traces", "after"),
    "when the release is computed": (close, "compute", "after"),
    "before the release is committed": (close, "mark_released", "after"),
    "when the release stands and keys do too": (KeyStore, "destroy_private_key", "before"),
    "when the keys are gone": (KeyStore, "destroy_private_key", "after"),
}


def close_until(url: str, folder: Path, organisation_id: int, wave_id: int, point: str) -> None:
    """Close and release, and die at ``point``: no handler, no rollback, no cleaning up."""
    owner, name, when = POINTS[point]
    real = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)
    keys = KeyStore(folder / "keys", folder / "escrow")
    close.close_and_release(Database(url), keys, organisation_id, wave_id)
