"""Whole-number programmes over the counts of one dimension's items, for the auditor.

The unknowns are how many of each atom's people chose each option of each item, and the sums of
their scores; every printed number is an equation or an interval over them. The true answers are
one solution. Others are looked for near it: everybody far away keeps his true answer, which can
only make fewer solutions, so what is open near the truth is open.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from survey.disclosure.audit_system import Atlas, Place
from survey.disclosure.model import (
    OVERALL,
    FloatArray,
    IntArray,
    Item,
    ItemCell,
    Measured,
    Share,
)

SECONDS = 60.0
"""Most time for one programme; what is not decided then counts as exposed."""
SMALLEST = 120
"""Into no more parts than so many is an option divided."""
HASTE = 2.0
"""The same where a programme only spares others."""
SLACK = 1e-6

Label = tuple[str, str]
"""(cell, 'index' | 'overall' | 'item <id>' | 'fine <id>'): the printed statistic of an equation;
'fine' is what the distribution tells beyond the sides."""


@dataclass(frozen=True)
class Row:
    """low <= factors @ x[columns] <= high."""

    columns: IntArray
    factors: FloatArray
    low: float
    high: float
    label: Label | None


class DimensionSystem:
    """Equations and the true solution of one dimension.

    Sums of scores are counted in ``step``: the points that one option more of the first item adds,
    or so small a part of it that every person's score is a whole number of steps, where there is
    one.
    columns[j] is (V, options): places of the unknown counts in a solution (N,). whole (V,): did
    everybody of an atom give every answer, so that its sum follows from its counts? sums (V,):
    place of the unknown sum of any other atom, else -1. people (J, V): who answered each item;
    scored (V,): who has a score; answered (V,): who answered at all.
    """

    def __init__(self, atlas: Atlas, items: Sequence[Item], truth: Measured, name: str) -> None:
        self.atlas, self.items, self.name = atlas, list(items), name
        own = _Direct(atlas, truth)
        at = [one.id for one in truth.items]
        counts = [own(truth.counts[at.index(item.id)]) for item in self.items]
        index = truth.indices.index(name)
        self.people = np.array([count.sum(axis=1) for count in counts])
        self.scored = own(truth.index_n[:, [index]])[:, 0]
        self.answered = own(truth.n[:, None])[:, 0]
        self.whole = (self.people == self.answered).all(axis=0) & (self.scored == self.answered)
        parts = 1 if self.whole.all() else _parts(len(self.items))
        first = parts * (self.items[0].options - 1)
        self.step = 100.0 / first / len(self.items)
        self.weight = [first / (item.options - 1) for item in self.items]
        self.columns: list[IntArray] = []
        start = 0
        for count in counts:
            self.columns.append(start + np.arange(count.size).reshape(count.shape))
            start += count.size
        self.sums = np.where(self.whole, -1, start + np.cumsum(~self.whole) - 1)
        score = own(truth.index_sum[:, [index]])[~self.whole, 0] / self.step
        whole_steps = _whole(score, 1e-3) and _whole(np.array(self.weight), 0.0)
        score = np.rint(score) if whole_steps else score
        self.truth = np.concatenate([*(c.ravel() for c in counts), score])
        self.limits = np.concatenate(
            [
                *(np.repeat(n, c.shape[1]) for n, c in zip(self.people, counts, strict=True)),
                100.0 * self.scored[~self.whole] / self.step,
            ]
        )
        self.counted = np.arange(len(self.truth)) < start
        self.integers = self.counted | whole_steps
        self.rows = [*self._everybody(), *self._scores(), *self._printed(truth)]
        self._assemble()

    def mean(self, atoms: NDArray[np.intp]) -> tuple[IntArray, FloatArray]:
        """Columns and factors of the sum of scores of some atoms, in steps."""
        whole, other = atoms[self.whole[atoms]], atoms[~self.whole[atoms]]
        columns, factors = [self.sums[other]], [np.ones(len(other))]
        for weight, each in zip(self.weight, self.columns, strict=True):
            columns.append(each[whole].ravel())
            factors.append(np.tile(weight * np.arange(each.shape[1]), len(whole)))
        return np.concatenate(columns), np.concatenate(factors)

    def _everybody(self) -> Iterator[Row]:
        for columns, people in zip(self.columns, self.people, strict=True):
            for atom in np.flatnonzero(people):
                n = float(people[atom])
                yield Row(columns[atom], np.ones(columns.shape[1]), n, n, None)

    def _scores(self) -> Iterator[Row]:
        """An atom's sum of scores is that of its answers, but for people with answers missing: the
        missing part is open, and so are the answers of who has no score."""
        for atom in np.flatnonzero(~self.whole):
            missing = float((self.answered[atom] - self.people[:, atom]).sum())
            unscored = float(self.answered[atom] - self.scored[atom])
            columns = [self.sums[[atom]], *(each[atom] for each in self.columns)]
            factors: list[FloatArray] = [np.ones(1)]
            factors += [
                -weight * np.arange(each.shape[1], dtype=np.float64)
                for weight, each in zip(self.weight, self.columns, strict=True)
            ]
            most = 100.0 / len(self.items)  # of anybody's sum, an item
            low, high = -most * (len(self.items) - 1) * unscored, most * missing
            yield Row(
                np.concatenate(columns),
                np.concatenate(factors),
                low / self.step,
                high / self.step,
                None,
            )

    def _printed(self, truth: Measured) -> Iterator[Row]:
        for place in self.atlas.places:
            atoms = np.flatnonzero(place.atoms > 0.5)
            if place.cell is None:
                continue
            windows = {
                "index": self._window(place, truth, self.name),
                OVERALL: self._implied(place, truth),
            }
            for what, window in windows.items():
                if window is not None:
                    low, high = window[0] / self.step, window[1] / self.step
                    yield Row(*self.mean(atoms), low, high, (place.name, what))
            for item, columns in zip(self.items, self.columns, strict=True):
                cell = place.cell.items.get(item.id)
                for share, fine in _told(cell) if cell is not None else ():
                    low, high = between(share, (cell.n if cell is not None else 0) or 0)
                    mine = columns[np.ix_(atoms, np.array(share.options))].ravel()
                    what = f"{'fine' if fine else 'item'} {item.id}"
                    yield Row(mine, np.ones(len(mine)), low, high, (place.name, what))

    def _implied(self, place: Place, truth: Measured) -> tuple[float, float] | None:
        """Where overall and the other dimensions leave the sum, when everybody has all of them."""
        parts = list(dict.fromkeys(item.dimension for item in truth.items if item.within(OVERALL)))
        if self.name not in parts or place.name not in truth.nodes:
            return None
        row = truth.index_n[truth.nodes.index(place.name)]
        if len({int(row[truth.indices.index(name)]) for name in (OVERALL, *parts)}) > 1:
            return None
        whole = self._window(place, truth, OVERALL)
        others = [self._window(place, truth, name) for name in parts if name != self.name]
        if whole is None or any(other is None for other in others):
            return None
        known = [other for other in others if other is not None]
        return (
            len(parts) * whole[0] - sum(high for _, high in known),
            len(parts) * whole[1] - sum(low for low, _ in known),
        )

    def _window(self, place: Place, truth: Measured, name: str) -> tuple[float, float] | None:
        """Where a printed index leaves the sum of scores, in points."""
        shown = place.cell.index.get(name) if place.cell is not None else None
        if shown is None or shown.value is None or shown.n is None:
            return None
        value, n = float(shown.value), float(shown.n)
        if shown.bound is not None:
            return (value * n, 100.0 * n) if shown.bound == "at_least" else (0.0, value * n)
        low, high = value - 0.5, value + 0.5
        if shown.spread and place.name in truth.nodes:
            # The ends of the interval tell the mean again, at worst to half a point.
            at, index = truth.nodes.index(place.name), truth.indices.index(name)
            exact = truth.index_sum[at, index] / truth.index_n[at, index]
            low, high = (low, value) if exact < value - SLACK else (value - SLACK, high)
        return low * n, high * n

    def _assemble(self) -> None:
        columns = np.concatenate([row.columns for row in self.rows])
        starts = np.cumsum([0, *(len(row.columns) for row in self.rows)])
        shape = (len(self.rows), len(self.truth))
        factors = np.concatenate([row.factors for row in self.rows])
        self.matrix = sparse.csr_array((factors, columns, starts), shape=shape)
        self.matrix.sum_duplicates()
        self.low = np.array([row.low for row in self.rows]) - SLACK
        self.high = np.array([row.high for row in self.rows]) + SLACK
        # Sums of whole numbers cannot lie between whole numbers.
        whole = ~(self.matrix[:, ~self.integers].count_nonzero(axis=1) > 0)
        whole &= np.array([(row.factors == np.round(row.factors)).all() for row in self.rows])
        self.low[whole] = np.ceil(self.low[whole])
        self.high[whole] = np.floor(self.high[whole])

    def of(self, atoms: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The unknowns (N,) of some atoms (V,)."""
        inside = [np.repeat(atoms, each.shape[1]) for each in self.columns]
        return np.concatenate([*inside, atoms[~self.whole]])

    def solve(
        self,
        goal: FloatArray,
        atoms: NDArray[np.bool_],
        limits: tuple[FloatArray, FloatArray],
        without: Collection[Label] = (),
    ) -> tuple[FloatArray, float] | None:
        """The solution (N,) with the least ``goal`` (N,) where only ``atoms`` (V,) leave the truth;
        no solution's goal is less than the second. None: none was found in time.

        limits: least and greatest values (N,) of the unknowns. without: statistics that are
        supposed not to be printed.
        """
        free, fixed, equations = self._where(atoms, without)
        answer = milp(
            goal[free],
            integrality=self.integers[free].astype(np.int64),
            bounds=Bounds(limits[0][free], limits[1][free]),
            constraints=LinearConstraint(*equations),
            options={"time_limit": SECONDS},
        )
        if answer.x is None:
            return None
        bound = answer.fun if answer.mip_dual_bound is None else answer.mip_dual_bound
        return self._back(free, fixed, answer.x), float(bound) + float(goal @ fixed)

    def keeping(
        self,
        goal: FloatArray,
        least: float,
        atoms: NDArray[np.bool_],
        wanted: FloatArray,
        without: Collection[Label] = (),
    ) -> FloatArray | None:
        """A solution (N,) with at least so great a ``goal`` (N,), that leaves somebody where many
        want it: ``wanted`` (N,) is how many there are to whom one of each unknown is known. None:
        there is none where only ``atoms`` (V,) leave the truth, or none was found in time."""
        free, fixed, (part, low, high) = self._where(atoms, without)
        some = np.flatnonzero(wanted[free])
        size, extra = len(free), len(some)
        keep = sparse.csr_array((np.ones(extra), (np.arange(extra), some)), shape=(extra, size))
        reach = sparse.csr_array(goal[free][None, :])
        rows = sparse.hstack(
            [
                sparse.vstack([part, reach, keep]),
                sparse.eye_array(len(low) + 1 + extra, extra, k=-len(low) - 1),
            ]
        )
        answer = milp(
            np.concatenate([np.zeros(size), wanted[free][some]]),
            integrality=np.concatenate([self.integers[free], np.ones(extra)]),
            bounds=Bounds(0.0, np.concatenate([self.limits[free], np.ones(extra)])),
            constraints=LinearConstraint(
                rows,
                np.concatenate([low, [least - float(goal @ fixed)], np.ones(extra)]),
                np.concatenate([high, np.full(1 + extra, np.inf)]),
            ),
            options={"time_limit": HASTE, "mip_rel_gap": 0.2},
        )
        return None if answer.x is None else self._back(free, fixed, answer.x[:size])

    def _where(
        self, atoms: NDArray[np.bool_], without: Collection[Label]
    ) -> tuple[IntArray, FloatArray, tuple[sparse.csr_array, FloatArray, FloatArray]]:
        """Unknowns that are free, the truth (N,) of all others, and the equations that are left."""
        free = np.flatnonzero(self.of(atoms))
        part = self.matrix[:, free]
        touched = np.diff(part.indptr) > 0
        if without:
            touched &= np.array([row.label not in without for row in self.rows])
        fixed = self.truth.copy()
        fixed[free] = 0.0
        rest = self.matrix[touched] @ fixed
        return free, fixed, (part[touched], self.low[touched] - rest, self.high[touched] - rest)

    def _back(self, free: IntArray, fixed: FloatArray, found: FloatArray) -> FloatArray:
        whole = fixed.copy()
        whole[free] = np.where(self.integers[free], np.round(found), found)
        return whole


def _parts(items: int) -> int:
    """In so many parts of an option even the mean of whoever left items out is whole; 1 when they
    would be too small."""
    parts = math.lcm(*(n // math.gcd(n, items) for n in range(1, items + 1)))
    return parts if parts <= SMALLEST else 1


def _whole(values: FloatArray, slack: float) -> bool:
    return bool((np.abs(values - np.rint(values)) <= slack).all())


class _Direct:
    """From subtree totals to the answers of every atom itself."""

    def __init__(self, atlas: Atlas, truth: Measured) -> None:
        members = {place.name: place for place in atlas.places}
        self.row = np.array([atlas.at[name] for name in truth.nodes])
        inside = np.array([members[name].atoms[self.row] for name in truth.nodes])
        self.inverse = np.round(np.linalg.inv(inside))
        self.size = len(atlas.names)

    def __call__(self, totals: NDArray[np.generic]) -> FloatArray:
        """(V, C) of totals in the truth's order to (V, C) in the atlas's."""
        own = np.zeros((self.size, totals.shape[1]))
        own[self.row] = self.inverse @ totals.astype(np.float64)
        return np.maximum(0.0, own)


def _told(cell: ItemCell) -> Iterator[tuple[Share, bool]]:
    """Shares that tell something, and whether only the distribution tells them."""
    if cell.n is None:
        return
    sides = [s for s in (cell.unfavourable, cell.neutral, cell.favourable) if s is not None]
    known = {share.options for share in sides}
    for share in sides:
        if share.count is not None or share.at_least_90:
            yield share, False
    for share in cell.distribution:
        if share.count is not None or share.at_least_90:
            yield share, share.options not in known


def between(share: Share, n: int) -> tuple[float, float]:
    """Least and greatest count of a told share; the whole per cent counts as the count itself."""
    if share.count is None:
        return float(n - 1), float(n)
    return float(share.count), float(share.count)
