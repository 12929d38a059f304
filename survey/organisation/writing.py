"""Rows to a CSV file that Norwegian Excel opens by a double click and that runs nothing there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: ``'`` in front of = + - @."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_STARTS_FORMULA) else cell


def csv_file(header: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> bytes:
    """Return a file with semicolons in UTF-8 with a byte order mark; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if cell is None else inert(str(cell)) for cell in row])
    return text.getvalue().encode("utf-8-sig")
