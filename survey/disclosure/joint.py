"""An index beside the distributions that it is the mean of.

Where everybody answered every item, a printed index is an equation over the items' counts: with
all of them told but one merged group of categories, it can tell how many stand in each, which
merging was to keep open. Rounding hides that in large cells only. Judged cell by cell on what is
about to be printed; what is too much is merged further, in another item of the index first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor

from survey.disclosure.model import (
    OVERALL,
    Cell,
    Hidden,
    Item,
    ItemCell,
    Measured,
    Protected,
    Share,
)

OPEN = 3
"""So many whole numbers must be left for a count of at least two people."""


@dataclass(frozen=True)
class _Run:
    """``people`` who chose one of the options low..high-1, nobody knows which. ``weight``: points
    that one step of one of them adds to the sum of the index."""

    item: str
    low: int
    high: int
    people: int
    weight: float

    @property
    def reach(self) -> float:
        """Most that their steps can add to the sum of the index."""
        return self.weight * self.people * (self.high - self.low - 1)


def untied(protected: Protected, measured: Measured) -> Protected:
    """Merge or hide so much that no index tells a count that its items' distributions keep open."""
    row = {name: number for number, name in enumerate(measured.nodes)}
    cells, log = dict(protected.cells), list(protected.log)
    for name, cell in cells.items():
        left = cell
        while (tied := _first_tied(left, measured, row[name])) is not None:
            left, changed = _loosened(left, *tied)
            log.append(Hidden(name, f"item:{changed}", "joint"))
        cells[name] = left
    return replace(protected, cells=cells, log=tuple(log))


def _first_tied(
    cell: Cell, measured: Measured, row: int
) -> tuple[_Run, Sequence[_Run], Mapping[str, Item]] | None:
    """A run of options whose counts an index tells, with all runs and items of that index."""
    for place, index in enumerate(measured.indices):
        shown = cell.index[index]
        items = {item.id: item for item in measured.items if item.within(index)}
        if shown.value is None or shown.bound is not None or not items:
            continue
        cells = [cell.items[name] for name in items]
        if any(one.n is None or one.n != shown.n for one in cells) or shown.n != cell.n:
            continue
        runs = list(_runs(cell, items, index))
        mean = float(measured.index_sum[row, place] / measured.index_n[row, place])
        low, high = shown.value - 0.5, shown.value + 0.5
        if shown.spread:  # the ends of the interval tell the mean again, to half a point
            low, high = (low, shown.value) if mean < shown.value else (shown.value, high)
        lowest = sum(
            run.weight * run.people * run.low for run in _runs(cell, items, index, every=True)
        )
        room = (shown.n or 0) * low - lowest, (shown.n or 0) * high - lowest
        flat = {name for name in items if _flat(cell.items[name]) is not None}
        for run in (run for run in runs if run.item not in flat):  # a flat one is told on purpose
            others = sum(other.reach for other in runs if other is not run)
            if _tells(run, (room[0] - others) / run.weight, room[1] / run.weight):
                return run, runs, items
    return None


def _runs(
    cell: Cell, items: Mapping[str, Item], index: str, *, every: bool = False
) -> Iterator[_Run]:
    """The runs of options that are told as a whole; of single options too with ``every``."""
    dimensions = {item.dimension for item in items.values()}
    for name, item in items.items():
        mates = sum(other.dimension == item.dimension for other in items.values())
        weight = 100 / (item.options - 1) / mates
        weight /= len(dimensions) if index == OVERALL else 1
        for low, high, people in _told(cell.items[name], item):
            if people and (every or high - low > 1):
                yield _Run(name, low, high, people, weight)


def _told(cell: ItemCell, item: Item) -> Iterator[tuple[int, int, int]]:
    """(low, high, people) of the runs that the printed shares divide an item's answers into."""
    shares = [cell.unfavourable, cell.neutral, cell.favourable, *cell.distribution]
    flat, n = _flat(cell), cell.n or 0
    if flat is not None:  # all, or all but one who may be anywhere
        yield flat.options[0], flat.options[-1] + 1, n - 1
        yield 0, item.options, 1
        return
    below = {0: 0, item.options: n}
    for _ in range(item.options):
        for share in shares:
            if share is None or share.count is None:
                continue
            low, high = share.options[0], share.options[-1] + 1
            if low in below:
                below.setdefault(high, below[low] + share.count)
            if high in below:
                below.setdefault(low, below[high] - share.count)
    for low, high in pairwise(sorted(below)):
        yield low, high, below[high] - below[low]


def _flat(cell: ItemCell) -> Share | None:
    """The share that prints as "at least 90 %"."""
    shares = [cell.unfavourable, cell.neutral, cell.favourable, *cell.distribution]
    return next((share for share in shares if share is not None and share.at_least_90), None)


def _tells(run: _Run, least: float, most: float) -> bool:
    """With so many steps among them, is some option's count one of at most two?

    ``least`` and ``most`` are steps from the run's lowest option.
    """
    width = run.high - run.low
    low, high = max(0, ceil(least - 1e-6)), min(run.people * (width - 1), floor(most + 1e-6))
    if run.people < OPEN - 1:
        return False
    for option in range(width):
        others = [place for place in range(width) if place != option]
        fitting = sum(
            option * count + (run.people - count) * others[0] <= high
            and option * count + (run.people - count) * others[-1] >= low
            for count in range(run.people + 1)
        )
        if 0 < fitting < OPEN:
            return True
    return False


def _loosened(
    cell: Cell, run: _Run, runs: Sequence[_Run], items: Mapping[str, Item]
) -> tuple[Cell, str]:
    """The cell with one boundary less in another item of the index, or without the item."""
    merged = [
        (people, name, place)
        for name, item in items.items()
        if name != run.item
        for place, people in _droppable(cell.items[name], item)
    ]
    wanted = OPEN * run.weight
    weights = {other.item: other.weight for other in runs}
    enough = [one for one in merged if one[0] * weights.get(one[1], run.weight) >= wanted]
    if enough:
        _, name, place = min(enough)
        old = cell.items[name]
        one, other = old.distribution[place : place + 2]
        both = Share(one.options + other.options, (one.count or 0) + (other.count or 0))
        groups = (*old.distribution[:place], both, *old.distribution[place + 2 :])
        return _with(cell, name, replace(old, distribution=groups)), name
    return _with(cell, run.item, ItemCell(not_applicable=None)), run.item


def _droppable(cell: ItemCell, item: Item) -> Iterator[tuple[int, int]]:
    """Places of neighbouring groups of one side, and how many people both hold."""
    if item.sides is None:
        return
    for place, (one, other) in enumerate(pairwise(cell.distribution)):
        same = len({item.sides[option] for option in one.options + other.options}) == 1
        if same and one.count and other.count:
            yield place, one.count + other.count


def _with(cell: Cell, name: str, item: ItemCell) -> Cell:
    return replace(cell, items={**cell.items, name: item})
