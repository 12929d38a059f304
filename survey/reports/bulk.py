"""All PDFs of a release, in a process pool, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path


def render_units(
    header_json: str,
    units: Iterable[str],
    languages: Iterable[str],
    digest: str,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write ``<unit code>.<language>.pdf`` for each unit JSON and language into ``folder``.

    ``progress(done, total)`` is called after each file. Files that the folder's manifest says
    were made from the same release digest by the same software are kept.
    """
    raise NotImplementedError
