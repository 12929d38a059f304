"""CSV files as Norwegian offices make and open them: the one reader and the one writer.

Read are UTF-8 with or without a byte order mark, UTF-16 with one, Windows-1252 (what Excel calls
"CSV"); semicolon, comma or tab; Excel's ``sep=`` line; quoted fields; blank lines. What the cells
mean is judged elsewhere. Written are files that open in Excel by a double click and run nothing
there.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from survey.core.errors import Fault, InvalidInput, Message, TooLarge, say

SIZE_LIMIT = 5_000_000
ROW_LIMIT = 50_000
DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
_MOJIBAKE = re.compile("[ÃÂâ][\u0080-\u00bf€™œžŸ‚„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜š›]")

_FORMULA = re.compile(r"[\t\r\n]|[\s\0\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[-+−]?[0-9]+(?:[.,][0-9]+)?")

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """``header`` and ``rows`` as text; ``numbers`` are the rows' numbers in a spreadsheet (from 1).

    ``notes`` says what had to be guessed.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    notes: tuple[Message, ...]


def read_table(raw: bytes, known: Sequence[str]) -> Table:
    """Read a file; ``known`` are header names (folded) that help to tell the delimiter.

    Raises TooLarge, and InvalidInput when it is no text, no CSV or has no header.
    """
    if len(raw) > SIZE_LIMIT:
        raise TooLarge(say("file_too_large", count=len(raw), size_limit=SIZE_LIMIT))
    numbered, notes = read_rows(raw, known)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, cells in numbered:
        rows.append(tuple(cells))
        numbers.append(number)
        if len(rows) > ROW_LIMIT + 1:
            raise TooLarge(say("file_too_long", row_limit=ROW_LIMIT))
    if not rows:
        raise _refused("", "file_is_empty", "put_column_names_into_first_row")
    return Table(rows[0], tuple(rows[1:]), tuple(numbers[1:]), notes)


def read_rows(
    raw: bytes, known: Sequence[str]
) -> tuple[Iterator[tuple[int, list[str]]], tuple[Message, ...]]:
    """Read a file of any size row by row; the first row is the header.

    Returns the rows that are not blank with their numbers in a spreadsheet (from 1), and notes of
    what had to be guessed; ``known`` as in :func:`read_table`. Raises InvalidInput, also while the
    rows are read.
    """
    text, notes = _decode(raw)
    text = text.lstrip("\ufeff")
    first, _, rest = text.partition("\n")
    if match := re.fullmatch(r"sep=([;,\t])\s*", first, re.IGNORECASE):
        return _split(rest, match[1], 1), notes
    return _split(text, _delimiter(text, known), 0), notes


def fold(name: str) -> str:
    """Fold a header name: case, blanks, hyphens and points do not count."""
    return re.sub(r"[\s\-./]+", "_", name.strip().strip("\ufeff").casefold()).strip("_")


def inert(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: ``'`` in front of = + - @.

    Signs count in full width, too, and behind blanks and line ends; a plain number is no formula.
    """
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if _FORMULA.match(text) else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table with semicolons. Numbers are written as numbers, with a decimal comma, which
    is what goes with the semicolon; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in chain([header], rows):
        writer.writerow([_written(cell) for cell in row])
    return text.getvalue()


def csv_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the table as a file in UTF-8 with a byte order mark, without which Excel takes it for
    Windows' own character set."""
    return csv_text(header, rows).encode("utf-8-sig")


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        if _NUMBER.fullmatch(cell):
            return cell.replace("−", "-")  # the typographic minus makes a text of it
        return inert(cell)
    return str(cell).replace(".", ",")


def _decode(raw: bytes) -> tuple[str, tuple[Message, ...]]:
    if raw.startswith(b"PK\x03\x04"):
        raise _refused("", "this_is_xlsx_or_zip_file", "save_as_csv_utf8")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return raw.decode("utf-16"), (say("read_as_utf16"),)
        except UnicodeDecodeError as error:
            raise _refused("", "file_is_damaged_utf_16", "save_file_as_csv_utf8") from error
    if b"\0" in raw:
        raise _refused("", "this_is_not_text_file", "save_as_csv_not_spreadsheet")
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not text or _MOJIBAKE.search(text):
        raise _refused(
            say("line", line=line),
            "unknown_encoding",
            "save_again_as_csv_utf8",
        )
    return text, (say("read_as_windows_1252"),)


def _delimiter(text: str, known: Sequence[str]) -> str:
    """The delimiter that makes most known names out of the first row that is not blank."""
    line = re.search(r"[^\r\n]*[^\s][^\r\n]*", text)
    first = line[0] if line else ""

    def names(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(fold(cell) in known for cell in cells), len(cells)

    return max(DELIMITERS, key=names)


def _split(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = skipped
    try:
        for number, cells in enumerate(reader, start=skipped + 1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise _refused(
            say("row", number=number + 1),
            say("not_csv", error=error),
            "quote_whole_field",
        ) from error


def _refused(where: str | Message, what: Message | str, fix: Message | str) -> InvalidInput:
    return InvalidInput("file_cannot_be_read_nothing_was_changed", [Fault(where, what, fix)])
