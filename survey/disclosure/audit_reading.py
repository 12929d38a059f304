"""What the auditor reads from printed cells: counts that follow from shares, and bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.audit_system import Place
from survey.disclosure.model import Cell, FloatArray, Item, ItemCell


def bound(
    place: Place, name: str, some: NDArray[np.bool_]
) -> tuple[FloatArray, float, float] | None:
    """The interval (atoms, low, high) of the sum of an index that prints as a bound."""
    index = place.cell.index[name] if place.cell is not None else None
    if index is None or index.bound is None or index.value is None or index.n is None:
        return None
    low, high = (index.value, 100) if index.bound == "at_least" else (0, index.value)
    return place.atoms * some, float(low * index.n), float(high * index.n)


def flat(cell: ItemCell) -> bool:
    """Does the item print a share as "minst 90 %"?"""
    shares = [cell.favourable, cell.neutral, cell.unfavourable, *cell.distribution]
    return any(share is not None and share.at_least_90 for share in shares)


def cumulative(cell: ItemCell, options: int) -> dict[int, int]:
    """How many chose an option below each boundary, where that follows from what is printed."""
    if cell.n is None:
        return {}
    known = {0: 0, options: cell.n}
    shares = [cell.unfavourable, cell.neutral, cell.favourable, *cell.distribution]
    told = [s for s in shares if s is not None and s.count is not None]
    for _ in range(options):
        for share in told:
            low, high, count = share.options[0], share.options[-1] + 1, share.count or 0
            if low in known:
                known.setdefault(high, known[low] + count)
            if high in known:
                known.setdefault(low, known[high] - count)
    return {edge: value for edge, value in known.items() if 0 < edge < options}


def nearly(cell: ItemCell, edge: int, options: int) -> tuple[float, float] | None:
    """Bounds on the count below a boundary from a share that prints as "minst 90 %"."""
    shares = [cell.favourable, cell.neutral, cell.unfavourable, *cell.distribution]
    for share in shares if cell.n is not None else ():
        if share is None or not share.at_least_90 or cell.n is None:
            continue
        if edge <= share.options[0]:
            return 0.0, 1.0
        if edge > share.options[-1]:
            return float(cell.n - 1), float(cell.n)
    return None


def all_told(cell: Cell | None, items: Sequence[Item]) -> bool:
    """Is every item's distribution printed anyway?"""
    return cell is not None and all(
        item.id in cell.items
        and len(cell.items[item.id].distribution) == item.options
        and all(share.count is not None for share in cell.items[item.id].distribution)
        for item in items
    )
