"""A process that closes and releases a wave and is killed (SIGKILL) at one point of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from survey.core.db import Database
from survey.core.keystore import KeyStore
from survey.release import close, raw, sealed

POINTS: dict[str, tuple[Any, str, str, int]] = {
    "as soon as the wave is closed": (close, "destroy_keys", "before", 1),
    "between overwriting and removing a key": (Path, "unlink", "before", 1),
    "when the inbox has been opened": (raw, "open_inbox", "after", 1),
    "when responses are stored and the inbox is still full": (raw, "_clear", "before", 1),
    "before the settling is committed": (raw, "store_responses", "after", 1),
    "when it is committed and traces stand": (raw, "erase_traces", "before", 1),
    "when traces are erased": (raw, "erase_traces", "after", 1),
    "when the result is computed": (close, "protect_wave", "after", 1),
    "before what is kept of it is committed": (sealed, "keep", "after", 1),
    "between look and release": (close, "make_release", "before", 1),
    "when what was kept has been opened": (sealed, "unseal", "after", 1),
    "when the documents are written": (close, "write_documents", "after", 2),
    "when they are stored and labels stand": (raw, "remove_unit_labels", "before", 1),
    "when labels are gone and what was kept is not": (sealed, "delete", "before", 1),
    "before the release is committed": (close, "mark_released", "after", 1),
    "when the release stands and traces do too": (raw, "erase_traces", "before", 2),
    "when the release stands and keys do too": (KeyStore, "destroy_private_key", "before", 1),
    "when the keys are gone": (KeyStore, "destroy_private_key", "after", 1),
}
"""What happens then → the function, whether before or after it, and at which of its calls."""


def close_until(url: str, folder: Path, organisation_id: int, wave_id: int, point: str) -> None:
    """Close, look, release, and die at ``point``: no handler, no rollback, no cleaning up."""
    owner, name, when, call = POINTS[point]
    real, calls = getattr(owner, name), 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < call:
            return real(*arguments, **named)
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    setattr(owner, name, dying)
    db, keys = Database(url), KeyStore(folder / "keys", folder / "escrow")
    close.close_wave(db, keys, organisation_id, wave_id)
    close.prepare_release(db, keys, organisation_id, wave_id)
    close.make_release(db, keys, organisation_id, wave_id)
