"""An index beside the distributions that it is the mean of.

Where everybody answered every item, a printed index is an equation over the items' counts: with
all of them told but one merged group of categories, it can tell how many stand in each, which
merging was to keep open. Rounding hides that in large cells only. Judged cell by cell on what is
about to be printed; what is too much is merged further, in another item of the index first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor

from survey.disclosure.model import (
    OVERALL,
    Cell,
    Hidden,
    IndexCell,
    Item,
    ItemCell,
    Measured,
    Node,
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


def untied(protected: Protected, measured: Measured, nodes: Sequence[Node]) -> Protected:
    """Merge or hide so much that no index tells a count that its items' distributions keep open."""
    joint = _Joint(dict(protected.cells), measured, nodes)
    log = list(protected.log)
    for node in nodes:
        while node.id in joint.cells and (run := joint.tied(node.id)) is not None:
            changed = joint.loosen(node.id, run)
            log.append(Hidden(node.id, f"item:{changed}", "joint"))
    return replace(protected, cells=joint.cells, log=tuple(log))


class _Joint:
    """The cells as they are about to be printed, and what they say together."""

    def __init__(self, cells: dict[str, Cell], measured: Measured, nodes: Sequence[Node]) -> None:
        self.cells, self.measured = cells, measured
        self.row = {name: number for number, name in enumerate(measured.nodes)}
        self.items = {item.id: item for item in measured.items}
        self.below: dict[str | None, list[str]] = {}
        for node in nodes:
            self.below.setdefault(node.parent, []).append(node.id)

    def tied(self, name: str) -> _Run | None:
        """A run of options whose counts an index of the cell tells."""
        cell = self.cells[name]
        for place, index in enumerate(self.measured.indices):
            shown = cell.index[index]
            items = [item for item in self.measured.items if item.within(index)]
            if shown.value is None or shown.bound is not None or not items:
                continue
            cells = [cell.items[item.id] for item in items]
            if any(one.n is None or one.n != shown.n for one in cells) or shown.n != cell.n:
                continue
            runs = self._runs(name, items, index)
            low, high = self._window(name, place, shown)
            lowest = sum(run.weight * run.people * run.low for run in runs)
            flat = {item.id for item in items if _flat(cell.items[item.id]) is not None}
            for run in (run for run in runs if run.high - run.low > 1 and run.item not in flat):
                others = sum(other.reach for other in runs if other is not run)
                room = cell.n or 0
                least = (room * low - lowest - others) / run.weight
                if _tells(run, least, (room * high - lowest) / run.weight):
                    return run
        return None

    def _window(self, name: str, place: int, shown: IndexCell) -> tuple[float, float]:
        """Where the mean lies, to whoever reads the index and its interval."""
        value = float(shown.value or 0)
        if not shown.spread:
            return value - 0.5, value + 0.5
        # The ends of the interval tell the mean again, at worst to half a point.
        at = self.row[name]
        mean = self.measured.index_sum[at, place] / self.measured.index_n[at, place]
        return (value - 0.5, value) if mean < value else (value, value + 0.5)

    def _runs(self, name: str, items: Sequence[Item], index: str) -> list[_Run]:
        """The runs of options that are told as a whole in the cell, for every item of an index."""
        found = []
        dimensions = {item.dimension for item in items}
        for item in items:
            mates = sum(other.dimension == item.dimension for other in items)
            weight = 100 / (item.options - 1) / mates
            weight /= len(dimensions) if index == OVERALL else 1
            found += [
                _Run(item.id, low, high, people, weight)
                for low, high, people in self._pieces(name, item)
                if people
            ]
        return found

    def _pieces(self, name: str, item: Item) -> list[tuple[int, int, int]]:
        """(low, high, people): how the cell divides an item's answers, together with the cells
        below it that divide some of them further."""
        found: list[tuple[int, int, int]] = []
        for low, high, people in _told(self.cells[name].items[item.id], item):
            left = people
            for other in self._shown_below(name, item) if high - low > 1 else ():
                fine = self._pieces(other, item)
                edges = {edge for a, b, _ in fine for edge in (a, b)}
                if not {low, high} <= edges or not any(low < edge < high for edge in edges):
                    continue
                inside = [piece for piece in fine if low <= piece[0] and piece[1] <= high]
                found += inside
                left -= sum(piece[2] for piece in inside)
            found.append((low, high, left))
        return found

    def _shown_below(self, name: str, item: Item) -> list[str]:
        """The nearest cells below that show the item, and not as nearly unanimous."""
        found = []
        waiting = list(self.below.get(name, ()))
        while waiting:
            other = waiting.pop()
            shown = self.cells[other].items[item.id] if other in self.cells else ItemCell()
            if shown.n is None or _flat(shown) is not None:
                waiting += self.below.get(other, ())
            else:
                found.append(other)
        return sorted(found)

    def loosen(self, name: str, run: _Run) -> str:
        """Take a boundary from another item of the cell, where that helps, else the item; returns
        the item that was changed."""
        cell = self.cells[name]
        merged = [
            (people, other.id, place)
            for other in self.measured.items
            if other.id != run.item and other.dimension
            for place, people in _droppable(cell.items[other.id], other)
        ]
        for _, other, place in sorted(merged):
            old = cell.items[other]
            one, two = old.distribution[place : place + 2]
            both = Share(one.options + two.options, (one.count or 0) + (two.count or 0))
            groups = (*old.distribution[:place], both, *old.distribution[place + 2 :])
            self.cells[name] = _with(cell, other, replace(old, distribution=groups))
            left = self.tied(name)
            if left is None or left.item not in (run.item, other):
                return other
        self.cells[name] = _with(cell, run.item, ItemCell())
        return run.item


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
