"""Bytes of a CSV file, as Norwegian offices make them, to rows of text; nothing is judged here.

UTF-8 with or without a byte order mark, UTF-16 with one, Windows-1252 (what Excel calls "CSV");
semicolon, comma or tab; Excel's ``sep=`` line; quoted fields; blank lines.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from survey.core.errors import Fault, InvalidInput, TooLarge

SIZE_LIMIT = 5_000_000
ROW_LIMIT = 50_000
DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
_MOJIBAKE = re.compile("[ÃÂâ][\u0080-\u00bf€™œžŸ‚„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜š›]")


@dataclass(frozen=True, slots=True)
class Table:
    """``header`` and ``rows`` as text; ``numbers`` are the rows' numbers in a spreadsheet (from 1).

    ``notes`` says what had to be guessed.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    notes: tuple[str, ...]


def read_table(raw: bytes, known: Sequence[str]) -> Table:
    """Read a file; ``known`` are header names (folded) that help to tell the delimiter.

    Raises TooLarge, and InvalidInput when it is no text, no CSV or has no header.
    """
    if len(raw) > SIZE_LIMIT:
        raise TooLarge(f"The file has {len(raw)} bytes; at most {SIZE_LIMIT} can be read.")
    text, notes = _decode(raw)
    text = text.lstrip("\ufeff")
    delimiter = None
    skipped = 0
    first, _, rest = text.partition("\n")
    if match := re.fullmatch(r"sep=([;,\t])\s*", first, re.IGNORECASE):
        delimiter, text, skipped = match[1], rest, 1
    delimiter = delimiter or _delimiter(text, known)
    rows, numbers = _split(text, delimiter, skipped)
    if not rows:
        raise _refused("", "the file is empty.", "Put the column names into the first row.")
    return Table(rows[0], tuple(rows[1:]), tuple(numbers[1:]), tuple(notes))


def fold(name: str) -> str:
    """Fold a header name: case, blanks, hyphens and points do not count."""
    return re.sub(r"[\s\-./]+", "_", name.strip().strip("\ufeff").casefold()).strip("_")


def _decode(raw: bytes) -> tuple[str, list[str]]:
    if raw.startswith(b"PK\x03\x04"):
        raise _refused("", "this is an .xlsx or .zip file.", "Save the sheet as «CSV UTF-8».")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return raw.decode("utf-16"), ["Read as UTF-16 (Excel's «Unicode text»)."]
        except UnicodeDecodeError as error:
            raise _refused("", "the file is damaged UTF-16.", "Save it as CSV UTF-8.") from error
    if b"\0" in raw:
        raise _refused(
            "", "this is not a text file.", "Save the sheet as «CSV UTF-8», not as .xlsx or .ods."
        )
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not text or _MOJIBAKE.search(text):
        raise _refused(
            f"line {line}",
            "has a character in no encoding that is known here (UTF-8, Windows-1252).",
            "Save the file again as «CSV UTF-8».",
        )
    return text, ["Read as Windows-1252 (Excel's «CSV»): look at æ, ø and å below."]


def _delimiter(text: str, known: Sequence[str]) -> str:
    """The delimiter that makes most known names out of the first row that is not blank."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def names(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(fold(cell) in known for cell in cells), len(cells)

    return max(DELIMITERS, key=names)


def _split(text: str, delimiter: str, skipped: int) -> tuple[list[tuple[str, ...]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    number = skipped
    try:
        for number, cells in enumerate(reader, start=skipped + 1):
            if any(cell.strip() for cell in cells):
                rows.append(tuple(cells))
                numbers.append(number)
            if len(rows) > ROW_LIMIT + 1:
                raise TooLarge(f"The file has more than {ROW_LIMIT} rows.")
    except csv.Error as error:
        raise _refused(
            f"row {number + 1}",
            f"cannot be read as CSV ({error}).",
            'Put quotes around the whole field and double those inside: "Avdeling ""Nord""".',
        ) from error
    return rows, numbers


def _refused(where: str, what: str, fix: str) -> InvalidInput:
    return InvalidInput("The file cannot be read; nothing was changed.", [Fault(where, what, fix)])
