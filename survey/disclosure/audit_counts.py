"""The auditor's look at counts: which integers a hidden category count may still be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
from scipy.optimize import linprog

from survey.disclosure.audit_system import System, histograms
from survey.disclosure.model import FloatArray, IndexCell, IntArray, Item

SHARES_FROM = 10
FULL_FROM = 20
PROGRAMMES_BELOW = 10
HISTOGRAMS_TO = 20
MOST_HISTOGRAMS = 20_000

Intervals = Sequence[tuple[FloatArray, float, float]]


@dataclass(frozen=True)
class CountTable:
    """An item (or option, as two categories): a system per boundary between its categories.

    bounds: intervals (atoms, low, high) per boundary from shares that print as bounds. mean: the
    dimension whose index is the mean of this item alone, if there is one.
    """

    name: str
    options: int
    systems: Mapping[int, System]
    bounds: Mapping[int, Intervals]
    mean: str | None


@lru_cache(maxsize=512)
def _all(people: int, options: int) -> IntArray:
    return histograms(people, options)


class CountAudit:
    """Looks at one hidden set of people after the other."""

    def __init__(self, table: CountTable, colleague: bool) -> None:
        self.table = table
        self.slack = int(colleague)  # who subtracts himself sees printed counts one smaller
        self.histograms = 0

    def exposed(
        self, atoms: FloatArray, item: Item | None, index: IndexCell | None
    ) -> Iterator[tuple[Literal["a", "c"], str]]:
        """What is exposed of the set's category counts.

        A count is exposed when at most two integers are left of more that so many people could
        give, unless the table of tiers would let a cell tell them.
        """
        people = round(float(self.table.systems[1].size @ atoms))
        if people < 2:
            return
        exact = {e: one.determined(atoms) is not None for e, one in self.table.systems.items()}
        if people > HISTOGRAMS_TO and not any(exact.values()):
            return
        ranges = {
            edge: one.bounds(atoms, 1.0, self.table.bounds[edge])
            for edge, one in self.table.systems.items()
        }
        open_wide = all(low < 1e-6 and high > people - 1e-6 for low, high in ranges.values())
        if open_wide and index is None and not self._narrow(atoms, people):
            return
        empty: list[tuple[int, int]] = []
        for low, high, side in self._segments(item):
            least, most = self._range(atoms, people, ranges, low, high, index)
            if most - least + 1 > 2 or most - least + 1 >= people + 1:
                continue
            told = all(exact.get(edge, True) for edge in (low, high))
            if people > HISTOGRAMS_TO and not told:
                continue
            free = people - self._given(atoms, people, low, high)
            if 0 < free <= most - least:
                continue  # only the people nothing is known of are open, and wholly
            if all(self._fit(people, count, side) for count in range(least, most + 1)):
                empty += [(low, high)] if most == 0 else []
                continue
            if most == 0 and any(a <= low and high <= b for a, b in empty):
                continue  # a side that ten may say nobody chose says it of its options
            what = f"{least}" if least == most else f"{least} or {most}"
            label = f"options {low + 1} to {high}: {what} of {people}"
            yield ("a" if least == most else "c"), label

    def _given(self, atoms: FloatArray, people: int, low: int, high: int) -> int:
        """How many of the set are in groups that are told as a whole at both boundaries."""
        inside = []
        for edge in {low, high} & set(self.table.systems):
            one = self.table.systems[edge]
            inside.append(
                sum(n for g, n in one.pieces(atoms) if one.known[g] and n > one.people[g] - 0.5)
            )
        return round(min(inside, default=0.0))

    def _narrow(self, atoms: FloatArray, people: int) -> bool:
        """Does a count between two boundaries leave less room than the people themselves?"""
        rooms = [
            self._between(atoms, people, one, other)
            for one, other in combinations(sorted(self.table.systems), 2)
        ]
        return any(room is not None and (room[0] > 0 or room[1] < people) for room in rooms)

    def _segments(self, item: Item | None) -> list[tuple[int, int, bool]]:
        """Single options and the sides of the scale; the last says whether ten may tell it."""
        options = self.table.options
        if item is None:
            return [(0, 1, True)]
        found = {(i, i + 1): options <= 3 for i in range(options)}
        for side in (-1, 0, 1):
            run = [i for i, s in enumerate(item.sides or ()) if s == side]
            if run:
                found[run[0], run[-1] + 1] = True
        ordered = sorted(found.items(), key=lambda one: not one[1])  # the sides first
        return [(low, high, side) for (low, high), side in ordered]

    def _fit(self, people: int, count: int, side: bool) -> bool:
        """Would the table of tiers let a cell tell it?"""
        if people < (SHARES_FROM if side else FULL_FROM) - self.slack:
            return False
        return count == 0 or (count >= 3 - self.slack and people - count >= 2 - self.slack)

    def _range(
        self,
        atoms: FloatArray,
        people: int,
        ranges: Mapping[int, tuple[float, float]],
        low: int,
        high: int,
        index: IndexCell | None,
    ) -> tuple[int, int]:
        """Least and greatest count of the options low..high-1."""
        options = self.table.options
        few = comb(people + options - 1, options - 1) <= MOST_HISTOGRAMS
        if people > HISTOGRAMS_TO or not few:
            edges = {0: (0.0, 0.0), options: (float(people), float(people)), **ranges}
            return (
                max(0, int(np.ceil(edges[high][0] - edges[low][1] - 1e-6))),
                min(people, int(np.floor(edges[high][1] - edges[low][0] + 1e-6))),
            )
        left = self._possible(atoms, people, ranges, index)
        count = left[:, low:high].sum(axis=1)
        if not len(count):  # the printed numbers contradict each other: nothing follows
            return 0, people
        least, most = int(count.min()), int(count.max())
        if people < PROGRAMMES_BELOW and most - least + 1 > 2 and self._differ(atoms):
            low_count, high_count = self._programmes(atoms, low, high)
            return max(least, low_count), min(most, high_count)
        return least, most

    def _possible(
        self,
        atoms: FloatArray,
        people: int,
        ranges: Mapping[int, tuple[float, float]],
        index: IndexCell | None,
    ) -> IntArray:
        """All histograms (H, A) of the set that agree with what is printed."""
        every = _all(people, self.table.options)
        self.histograms += len(every)
        below = every.cumsum(axis=1)
        keep = np.ones(len(every), dtype=np.bool_)
        for edge, (least, most) in ranges.items():
            keep &= (below[:, edge - 1] >= least - 1e-6) & (below[:, edge - 1] <= most + 1e-6)
        for one, other in combinations(sorted(self.table.systems), 2):
            room = self._between(atoms, people, one, other)
            if room is not None:
                count = below[:, other - 1] - below[:, one - 1]
                keep &= (count >= room[0]) & (count <= room[1])
        if index is not None and index.value is not None and index.bound is None:
            score = (
                every @ (np.arange(self.table.options) / (self.table.options - 1) * 100) / people
            )
            keep &= np.abs(score - index.value) <= 0.5 + 1e-6
        return every[keep]

    def _between(
        self, atoms: FloatArray, people: int, one: int, other: int
    ) -> tuple[float, float] | None:
        """Room for the count between two boundaries that know the same group."""
        low, high = self.table.systems[one], self.table.systems[other]
        first, second = list(low.pieces(atoms)), list(high.pieces(atoms))
        if len(first) != 1 or len(second) != 1:
            return None
        (g, _), (h, _) = first[0], second[0]
        same = np.array_equal(low.group == g, high.group == h)
        if not (same and low.known[g] and high.known[h]):
            return None
        count = high.value_low[h] - low.value_low[g]
        return max(0.0, count - (low.people[g] - people)) - 1e-6, min(people, count) + 1e-6

    def _differ(self, atoms: FloatArray) -> bool:
        """Do the boundaries know different groups around the set?"""
        around = {
            np.isin(one.group, [g for g, _ in one.pieces(atoms) if one.known[g]]).tobytes()
            for one in self.table.systems.values()
        }
        return len(around) > 1

    def _programmes(self, atoms: FloatArray, low: int, high: int) -> tuple[int, int]:
        """Least and greatest count by linear programmes over every boundary at once (HiGHS)."""
        part = atoms > 0.5
        for _ in range(len(self.table.systems)):  # grow to all groups that overlap
            for one in self.table.systems.values():
                near = set(one.group[part].tolist()) - {-1}
                part = part | np.isin(one.group, [g for g in near if one.known[g]])
        inside = np.flatnonzero(part)
        systems = list(self.table.systems.items())
        keys = np.stack([atoms[inside], *(one.group[inside] for _, one in systems)])
        kinds, sets = np.unique(keys, axis=1, return_inverse=True)
        sets, width, options = sets.ravel(), kinds.shape[1], self.table.options
        people = np.bincount(sets, weights=systems[0][1].size[inside], minlength=width)
        lines, values = [], []
        for at in range(width):
            line = np.zeros((width, options))
            line[at] = 1
            lines.append(line.ravel())
            values.append(people[at])
        for number, (edge, one) in enumerate(systems, 1):
            for group in sorted({int(g) for g in kinds[number]} - {-1}):
                if one.known[group]:
                    line = np.zeros((width, options))
                    line[kinds[number] == group, :edge] = 1
                    lines.append(line.ravel())
                    values.append(one.value_low[group])
        goal = np.zeros((width, options))
        goal[kinds[0] > 0.5, low:high] = 1
        found = []
        for sign in (1, -1):
            answer = linprog(
                sign * goal.ravel(), A_eq=np.array(lines), b_eq=np.round(values), method="highs"
            )
            if answer.status != 0:  # contradictory prints: nothing follows
                return 0, int(people.sum())
            found.append(sign * float(answer.fun or 0.0))
        return int(np.ceil(found[0] - 1e-6)), int(np.floor(found[1] + 1e-6))
