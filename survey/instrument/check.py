"""Check instrument files: every fault at once, with file, line, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from survey.errors import Fault
from survey.instrument.model import Instrument


def check_file(path: Path) -> list[Fault]:
    """Return every fault of one instrument file, in the order of its lines; [] when it is good."""
    raise NotImplementedError


def check_paths(paths: Iterable[Path]) -> list[Fault]:
    """Check files, and every ``*.yaml`` and ``*.yml`` below folders."""
    raise NotImplementedError


def load(path: Path) -> Instrument:
    """Return the instrument in a file; InvalidInput with every fault when it is not good."""
    raise NotImplementedError
