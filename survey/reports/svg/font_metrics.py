"""How wide a text is in the shipped font, so that lines wrap and labels keep clear of each other.

Advance widths only (no kerning): a label comes out at most a pixel or two narrower than said.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

FAMILY = "Source Sans 3"
FONT_FILES: Mapping[int, str] = {
    400: "SourceSans3-Regular.ttf",
    600: "SourceSans3-Semibold.ttf",
}
"""Weight → file of the only family that a report may embed."""

LINE_HEIGHT = 1.3
"""Of the font size; Plotly's own constant, so that both drawings wrap alike."""

PLACEHOLDER = "□"


def font_bytes(weight: int) -> bytes:
    """Return the shipped font file of this weight."""
    return files("survey.reports").joinpath("fonts", FONT_FILES[weight]).read_bytes()


@cache
def _advances(weight: int) -> dict[int, float]:
    """Code point → advance in em."""
    import io

    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(font_bytes(weight)), lazy=True)
    metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
    return {code: metrics[name][0] / em for code, name in font.getBestCmap().items()}


@lru_cache(maxsize=4096)
def width(text: str, size: float, weight: int = 400) -> float:
    """Return the width of one line of ``text`` in pixels at font size ``size``."""
    advances = _advances(600 if weight >= 600 else 400)
    return size * sum(advances.get(ord(char), 0.55) for char in text)


def printable(text: str) -> str:
    """Return ``text`` with every character that the fonts lack replaced by ``□``.

    A comment with an emoji must neither pull in a system font nor fail the report; controls
    other than the line break vanish.
    """
    import unicodedata

    known = _advances(400)
    composed = unicodedata.normalize("NFC", text)
    return "".join(_printable(char, known) for char in composed)


def _printable(char: str, known: Mapping[int, float]) -> str:
    import unicodedata

    if ord(char) in known or char == "\n":
        return char
    if char == "\t":
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Mn") else PLACEHOLDER


def wrap(text: str, size: float, room: float, weight: int = 400, lines: int = 0) -> list[str]:
    """Break ``text`` at spaces into lines no wider than ``room`` pixels.

    A word that is wider than the room is cut after a hyphen of its own or where it must be.
    ``lines`` > 0 allows that many, the last one ending in "…" when text is left over.
    """
    out: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined, size, weight) <= room:
            line = joined
            continue
        if line:
            out.append(line)
        *full, line = _pieces(word, size, room, weight)
        out.extend(full)
    out.append(line)
    if lines and len(out) > lines:
        kept = out[: lines - 1]
        return [*kept, _shortened(" ".join(out[lines - 1 :]), size, room, weight)]
    return out


def shortened(text: str, size: float, room: float, weight: int = 400) -> str:
    """Return ``text``, or its beginning and "…" when it is wider than ``room`` pixels."""
    if width(text, size, weight) <= room:
        return text
    return _shortened(text, size, room, weight)


def _shortened(text: str, size: float, room: float, weight: int) -> str:
    while text and width(f"{text}…", size, weight) > room:
        text = text[:-1].rstrip()
    return f"{text}…"


def _pieces(word: str, size: float, room: float, weight: int) -> list[str]:
    if width(word, size, weight) <= room:
        return [word]
    out, piece = [], ""
    for char in word:
        if piece and width(f"{piece}{char}-", size, weight) > room:
            cut = piece.rfind("-") + 1 or len(piece)
            out.append(piece[:cut] if piece[cut - 1] == "-" else f"{piece}-")
            piece = piece[cut:]
        piece += char
    return [*out, piece]
