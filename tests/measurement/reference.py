"""Reference values of the field's own implementations, and the data they were computed from.

Every value has an id; a test names the id it holds to. ``tests/data/<set>/README.md`` says where
the data come from and under which licence.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent.parent / "data"
CLOSED = 1e-9
"""Relative tolerance of closed forms."""
ITERATIVE = 1e-6
"""Relative tolerance of what is fitted step by step."""

BFI_SCALES = {
    "agree": ("A1", "A2", "A3", "A4", "A5"),
    "conscientious": ("C1", "C2", "C3", "C4", "C5"),
    "extraversion": ("E1", "E2", "E3", "E4", "E5"),
    "neuroticism": ("N1", "N2", "N3", "N4", "N5"),
    "openness": ("O1", "O2", "O3", "O4", "O5"),
}
BFI_REVERSED = {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}


@cache
def values(dataset: str) -> dict[str, Any]:
    """Id → value of a data set."""
    text = (DATA / dataset / "reference_values.json").read_text(encoding="utf-8")
    return {entry["id"]: entry["value"] for entry in json.loads(text)["values"]}


@cache
def table(file: str) -> dict[str, list[str]]:
    """Columns of a CSV file below tests/data, as text."""
    with (DATA / file).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0]}


def numbers(file: str, *columns: str) -> np.ndarray:
    """Columns as floats, NaN where empty, shape (rows, columns)."""
    data = table(file)
    cells = [[float(c) if c not in ("", "NA") else np.nan for c in data[n]] for n in columns]
    return np.array(cells).T


def groups(file: str, *columns: str) -> tuple[np.ndarray, list[str]]:
    """Group number per row, and the groups' names (columns joined by "/")."""
    data = table(file)
    names = ["/".join(parts) for parts in zip(*(data[n] for n in columns), strict=True)]
    order = list(dict.fromkeys(names))
    place = {name: position for position, name in enumerate(order)}
    return np.array([place[name] for name in names]), order


def bfi(scale: str, *, keyed: bool = True) -> np.ndarray:
    """The bfi items of a scale on 1-6, reverse-keyed ones turned."""
    items = BFI_SCALES[scale]
    found = numbers("bfi/bfi.csv", *items)
    for position, item in enumerate(items):
        if keyed and item in BFI_REVERSED:
            found[:, position] = 7 - found[:, position]
    return found


def bhr2000_items() -> np.ndarray:
    """The eleven leadership items of bhr2000, 1-5."""
    names = [n for n in table("bhr2000/bhr2000.csv") if n[:2] in ("AF", "AP", "AS")]
    return numbers("bhr2000/bhr2000.csv", *names)
