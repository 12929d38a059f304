"""Many other answers that print the same: random walks from the true one.

Every step moves one person over a boundary between two options, and (where something printed
forbids that) another person back: in another unit, or in another item. Chains that agree with all
that is printed gather in a pool; whatever lies far apart in it is open. What the pool does not
show to be open is not therefore exposed: that is for the programmes to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.audit_programme import DimensionSystem
from survey.disclosure.model import OVERALL, FloatArray, IntArray

CHAINS = 48

Signature = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class _Step:
    """One person of an atom goes from an option of an item to the next."""

    item: int
    atom: int
    edge: int
    columns: IntArray
    changes: FloatArray
    rows: dict[int, float]
    exact: Signature


@dataclass(frozen=True)
class _Move:
    """Steps that together leave alone whatever is printed exactly."""

    columns: IntArray
    changes: FloatArray
    rows: IntArray
    effects: FloatArray


class Walk:
    """Chains (N, CHAINS) of solutions; the first half never empties an option of an atom that
    somebody chose, so that nobody's own answers rule it out."""

    def __init__(self, system: DimensionSystem, seed: int = 1) -> None:
        self.system = system
        self.rng = np.random.default_rng(seed)
        self.support = np.where(system.counted, np.minimum(system.truth, 1.0), 0.0)
        self.at = np.repeat(system.truth[:, None], CHAINS, axis=1)
        self.truly = system.matrix @ system.truth
        self.printed = np.repeat(self.truly[:, None], CHAINS, axis=1)
        self.least = np.zeros((len(system.truth), CHAINS))
        half = CHAINS // 2
        self.least[:, :half] = self.support[:, None]
        by_column = system.matrix.tocsc()
        ends = by_column.indptr
        self.touches = [
            list(zip(by_column.indices[a:b].tolist(), by_column.data[a:b].tolist(), strict=True))
            for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        ]
        # Steps of another item make good for an index, so it is not asked of a single step.
        self.exact = np.array(
            [
                row.label is not None and row.label[1] not in ("index", OVERALL)
                for row in system.rows
            ]
        )
        self.steps = list(self._steps())
        self.marks = self._marks()
        self.like: dict[tuple[int, Signature], list[int]] = {}
        self.free: dict[int, list[int]] = {}
        for number, step in enumerate(self.steps):
            self.like.setdefault((step.item, step.exact), []).append(number)
            if not step.exact:
                self.free.setdefault(step.atom, []).append(number)
        self.mine: dict[int, list[int]] = {}
        self.here: dict[tuple[int, int], list[int]] = {}
        self.beside: dict[tuple[int, Signature, int], list[int]] = {}
        for number, step in enumerate(self.steps):
            self.mine.setdefault(step.atom, []).append(number)
            self.here.setdefault((step.atom, step.item), []).append(number)
            self.beside.setdefault((step.item, step.exact, step.atom), []).append(number)

    def _marks(self) -> list[IntArray]:
        """For each item (V, options - 1): atoms with one number at an edge may exchange people
        over it, and nothing that is told exactly changes. -1: nobody there."""
        numbers: dict[Signature, int] = {}
        found = [
            np.full((len(columns), columns.shape[1] - 1), -1) for columns in self.system.columns
        ]
        for step in self.steps:
            if len(step.columns) == 2:
                number = numbers.setdefault(step.exact, len(numbers))
                found[step.item][step.atom, step.edge - 1] = number
        return found

    def _steps(self) -> Iterator[_Step]:
        system, exact = self.system, self.exact

        def effects(columns: IntArray, changes: FloatArray) -> dict[int, float]:
            found: dict[int, float] = {}
            for column, change in zip(columns.tolist(), changes.tolist(), strict=True):
                for row, factor in self.touches[column]:
                    found[row] = found.get(row, 0.0) + factor * change
            return {row: effect for row, effect in found.items() if abs(effect) > 1e-9}

        for item, columns in enumerate(system.columns):
            for atom in np.flatnonzero(system.people[item]).tolist():
                for place in range(1, columns.shape[1]):
                    both = columns[atom, place - 1 : place + 1]
                    variants = [(both, np.array([-1.0, 1.0]))]
                    if not system.whole[atom]:
                        score = system.sums[[atom]]
                        change = np.array([-1.0, 1.0, system.weight[item]])
                        variants.append((np.concatenate([both, score]), change))
                    for where, change in variants:
                        rows = effects(where, change)
                        told = tuple(sorted((r, e) for r, e in rows.items() if exact[r]))
                        yield _Step(item, atom, place, where, change, rows, told)

    def round(self) -> FloatArray:
        """Try every step, and for every item of every atom an exchange, in a random order; returns
        where the chains stand then."""
        places = list(self.here)
        for number in self.rng.permutation(len(self.steps) + 2 * len(places)).tolist():
            if number < len(self.steps):
                move = self._move(number, forward=bool(self.rng.random() < 0.5))
                if move is not None:
                    self._try(move, self.rng.random(CHAINS) < 0.7)
                continue
            atom, item = places[(number - len(self.steps)) % len(places)]
            low = int(self.rng.integers(self.system.columns[item].shape[1]))
            self._pull((atom, item), (low, low + 1))
        return self.at.copy()

    def visit(self, solution: FloatArray) -> None:
        """Let a chain go on from a solution (N,)."""
        chain = CHAINS - 1 - int(self.rng.integers(CHAINS // 2))
        if (solution >= self.support - 1e-6).all():
            chain -= CHAINS // 2
        self.at[:, chain] = solution
        self.printed[:, chain] = self.system.matrix @ solution

    def drift(self, wanted: Mapping[tuple[int, int], tuple[int, int]], times: int) -> FloatArray:
        """For some (atom, item): move people into the options low..high-1 in every other chain, and
        out of them in the rest; ``times`` tries each. Returns where the chains stand then."""
        places = list(wanted)
        for number in self.rng.permutation(np.tile(np.arange(len(places)), times)).tolist():
            self._pull(places[number], wanted[places[number]])
        return self.at.copy()

    def _pull(self, place: tuple[int, int], run: tuple[int, int]) -> None:
        """Try one exchange, or one step, into a run of options or out of it."""
        (atom, item), into = place, bool(self.rng.random() < 0.5)
        count = self.at.shape[1]
        chains = np.flatnonzero((np.arange(count) % 2 == 0) == into)
        chains = chains[self.rng.random(len(chains)) < 0.6]
        fits = np.zeros(count, dtype=np.bool_)
        fits[chains] = True
        steps = self.here.get((atom, item), [])
        if not len(chains) or not steps:
            return
        move = self._exchange(atom, item, *run, into=into, chain=int(self.rng.choice(chains)))
        if move is None:
            step = steps[int(self.rng.integers(len(steps)))]
            move = self._move(step, forward=(self.steps[step].edge <= run[0]) is into)
        if move is not None:
            self._try(move, fits)

    def _exchange(
        self, atom: int, item: int, low: int, high: int, *, into: bool, chain: int
    ) -> _Move | None:
        """Somebody of the atom exchanges his answer for one in (or out of) low..high-1 with
        somebody of another, and in a second item both are paid back: nothing printed changes."""
        at, columns, marks = self.at[:, chain], self.system.columns[item], self.marks[item]
        run = (np.arange(columns.shape[1]) >= low) & (np.arange(columns.shape[1]) < high)
        mine = np.flatnonzero((at[columns[atom]] > 0.5) & (run != into))
        if not len(mine):
            return None
        source = int(mine[self.rng.integers(len(mine))])
        goals = np.flatnonzero(run == into)
        target = int(goals[self.rng.integers(len(goals))])
        path = slice(min(source, target), max(source, target))
        others = (marks[:, path] == marks[atom, path]).all(axis=1) & (at[columns[:, target]] > 0.5)
        others[atom] = False
        mates = np.flatnonzero(others)
        if not len(mates):
            return None
        other = int(mates[self.rng.integers(len(mates))])
        changes = {
            columns[atom, source]: -1.0,
            columns[atom, target]: 1.0,
            columns[other, target]: -1.0,
            columns[other, source]: 1.0,
        }
        changes |= self._paid(at, item, (atom, other), target - source)
        return self._effects(changes)

    def _paid(
        self, at: FloatArray, item: int, both: tuple[int, int], rise: int
    ) -> dict[int, float]:
        """Changes in a second item that pay two atoms back for a rise of the first, and a fall of
        the second; none where there is no such item."""
        atom, other = both
        found: list[tuple[int, int]] = []
        for second, columns in enumerate(self.system.columns):
            if second == item or self.system.weight[second] != self.system.weight[item]:
                continue
            marks = self.marks[second]
            for place in range(max(0, rise), min(columns.shape[1], columns.shape[1] + rise)):
                path = slice(min(place, place - rise), max(place, place - rise))
                some = at[columns[atom, place]] > 0.5 and at[columns[other, place - rise]] > 0.5
                if some and (marks[atom, path] == marks[other, path]).all():
                    found.append((second, place))
        if not found:
            return {}
        second, place = found[int(self.rng.integers(len(found)))]
        columns = self.system.columns[second]
        return {
            columns[atom, place]: -1.0,
            columns[atom, place - rise]: 1.0,
            columns[other, place - rise]: -1.0,
            columns[other, place]: 1.0,
        }

    def _effects(self, changes: Mapping[int, float]) -> _Move | None:
        """A move from its changes of counts; None when it would change what is told exactly."""
        rows: dict[int, float] = {}
        for column, change in changes.items():
            for row, factor in self.touches[int(column)]:
                rows[row] = rows.get(row, 0.0) + factor * change
        rows = {row: effect for row, effect in rows.items() if abs(effect) > 1e-9}
        if any(self.exact[row] for row in rows):
            return None
        return _Move(
            np.array(list(changes)),
            np.array(list(changes.values())),
            np.array(list(rows), dtype=np.int64),
            np.array(list(rows.values())),
        )

    def _some(self, number: int, *, forward: bool) -> bool:
        """Is there anybody in some chain who could take the step?"""
        source = self.steps[number].columns[0 if forward else 1]
        return bool(self.at[source].any())

    def _pick(self, among: list[int], *, forward: bool) -> int | None:
        """One of several steps that somebody can take, if that is soon found."""
        for _ in range(6):
            number = among[int(self.rng.integers(len(among)))]
            if self._some(number, forward=forward):
                return number
        return None

    def _move(self, number: int, *, forward: bool) -> _Move | None:
        """The step, with what makes good for it."""
        step, draw = self.steps[number], self.rng.random()
        if not self._some(number, forward=forward):
            return None
        chosen: list[tuple[int | None, bool]] = [(number, forward)]
        if step.exact:
            other = self._pick(self.like[step.item, step.exact], forward=not forward)
            if other is None or self.steps[other].atom == step.atom:
                return None
            chosen.append((other, not forward))
            mate = self.steps[other]
            if draw < 0.4:
                chosen += self._back(step, mate, forward=forward)
            elif draw < 0.85:
                for atom, way in ((step.atom, not forward), (mate.atom, forward)):
                    if atom in self.free:
                        chosen.append((self._pick(self.free[atom], forward=way), way))
        elif draw < 0.5:
            chosen.append((self._pick(self.free[step.atom], forward=not forward), not forward))
        elif draw < 0.75:
            like = self.like[step.item, ()]
            chosen.append((self._pick(like, forward=not forward), not forward))
        return self._joined([(n, 1.0 if way else -1.0) for n, way in chosen if n is not None])

    def _back(self, one: _Step, other: _Step, *, forward: bool) -> list[tuple[int | None, bool]]:
        """Two steps in another item of the same two atoms, the other way round."""
        number = self._pick(self.mine[one.atom], forward=not forward)
        if number is None or self.steps[number].item == one.item:
            return []
        step = self.steps[number]
        mates = self.beside.get((step.item, step.exact, other.atom))
        mate = self._pick(mates, forward=forward) if mates else None
        return [] if mate is None else [(number, not forward), (mate, forward)]

    def _joined(self, chosen: list[tuple[int, float]]) -> _Move | None:
        columns: dict[int, float] = {}
        rows: dict[int, float] = {}
        for number, sign in chosen:
            step = self.steps[number]
            for column, change in zip(step.columns.tolist(), step.changes.tolist(), strict=True):
                columns[column] = columns.get(column, 0.0) + sign * change
            for row, effect in step.rows.items():
                rows[row] = rows.get(row, 0.0) + sign * effect
        rows = {row: effect for row, effect in rows.items() if abs(effect) > 1e-9}
        return _Move(
            np.array(list(columns)),
            np.array(list(columns.values())),
            np.array(list(rows), dtype=np.int64),
            np.array(list(rows.values())),
        )

    def _try(self, move: _Move, fits: NDArray[np.bool_]) -> None:
        """Chains that may (``fits``) make the move, where it leaves them a solution."""
        at = self.at[move.columns] + move.changes[:, None]
        fits = fits & (at >= self.least[move.columns] - 1e-9).all(axis=0)
        fits &= (at <= self.system.limits[move.columns][:, None] + 1e-9).all(axis=0)
        if not fits.any():
            return
        printed = self.printed[move.rows] + move.effects[:, None]
        fits &= (printed >= self.system.low[move.rows][:, None]).all(axis=0)
        fits &= (printed <= self.system.high[move.rows][:, None]).all(axis=0)
        self.at[move.columns] = np.where(fits, at, self.at[move.columns])
        self.printed[move.rows] = np.where(fits, printed, self.printed[move.rows])
