"""Names of files that people fetch: who, which study and wave, which unit, in safe letters.

Two units never get the same name: a unit's code stands in it, so written that no two codes meet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from survey.core.slugs import slug
from survey.release.document import ReleaseHeader


def safe_code(code: str, longest: int = 100) -> str:
    """A unit's code with every other character than a-z, digits and hyphens written as a number."""
    safe = re.sub(r"[^A-Za-z0-9-]", lambda match: f"_{ord(match.group()):x}_", code)
    if len(safe) > longest:
        safe = f"{safe[: longest - 20]}_{hashlib.sha256(code.encode()).hexdigest()[:12]}"
    return safe


def report_name(header: ReleaseHeader, unit: str, code: str, language: str) -> str:
    """Name of one unit's PDF.

    ``Provevik-kommune_Innovasjonskultur_For_Solbakken-barnehage_n1_nb.pdf``
    """
    return "_".join([*_wave(header), *_words(unit, 40), safe_code(code, 50), language]) + ".pdf"


def archive_name(header: ReleaseHeader, languages: Sequence[str]) -> str:
    """Name of the ZIP of all units' PDFs."""
    return "_".join([*_wave(header), *languages]) + ".zip"


def member_name(
    header: ReleaseHeader, unit: str, code: str, language: str, languages: Sequence[str]
) -> str:
    """Name of a PDF within the ZIP: in a folder of its language where there are several."""
    name = report_name(header, unit, code, language)
    return f"{language}/{name}" if len(languages) > 1 else name


def _wave(header: ReleaseHeader) -> list[str]:
    label = _words(header.wave.label, 30) or [f"{header.wave.ordinal}"]
    return [*_words(header.organisation, 30), *_words(header.study, 30), *label]


def _words(text: str, longest: int) -> list[str]:
    name = slug(text, longest)
    return [name] if name else []
