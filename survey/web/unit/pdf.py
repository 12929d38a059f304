"""Reports that are made while somebody waits: each once, kept beside the data until swept."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

from survey.followup.model import FollowUp, state
from survey.release.read import StoredUnit
from survey.reports.unit.report import FreeText, UnitReportRenderer

_lock = threading.Lock()  # the renderer makes one report at a time
_renderer: list[UnitReportRenderer] = []


def report(
    data_dir: Path, stored: StoredUnit, language: str, texts: FreeText, decided: FollowUp
) -> bytes:
    """The PDF of one unit. A release never changes, so a report that was made is kept.

    Comments may be released later, and actions are agreed and changed, so their digest is part of
    what names the file.
    """
    content_digest = state((texts.comments, texts.words, decided))
    folder = data_dir / "reports" / "single" / stored.digest
    file = folder / f"{stored.unit.unit.code}.{language}.{content_digest}.pdf"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        pass
    with _lock:
        if not _renderer:
            _renderer.append(UnitReportRenderer())
        content = _renderer[0].render(
            stored.header, stored.unit, language, stored.digest, texts, decided
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = folder / f".{secrets.token_hex(8)}"
    temporary.write_bytes(content)
    os.replace(temporary, file)
    return content
