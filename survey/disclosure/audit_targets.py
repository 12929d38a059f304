"""What must stay open of a dimension, and to whom, for the auditor's joint look."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.audit_groups import Atoms, groups
from survey.disclosure.audit_programme import DimensionSystem, Label
from survey.disclosure.audit_system import Atlas
from survey.disclosure.model import FloatArray, IntArray, Item, Measured

FEW = 20
SHARES_FROM, FULL_FROM = 10, 20
WIDTH = 50.0
MEAN = -1


@dataclass(frozen=True)
class Target:
    """How many of a group (V,) chose the options low..high-1 of an item, or (``item`` MEAN) the
    group's mean. ``side``: may ten people tell it?"""

    name: str
    atoms: Atoms
    item: int
    low: int = 0
    high: int = 0
    side: bool = False

    def key(self) -> tuple[int, int, int, bytes]:
        """The same for the same question about the same people."""
        return self.item, self.low, self.high, self.atoms.tobytes()


class Crowd:
    """Who asks: nobody in particular (number 0), and everybody who knows his own answers.

    atom (C,): where he works, -1 for nobody. chosen (C, J): his option of each item, -1 for none.
    own (C,): his score, in steps; nan where an answer is missing.
    """

    def __init__(self, system: DimensionSystem, atlas: Atlas, truth: Measured) -> None:
        ways = [
            (atlas.at[node], way)
            for node, found in sorted(
                zip(truth.nodes, truth.ways.get(system.name, ()), strict=False)
            )
            for way in sorted(found)
        ]
        width = len(system.items)
        self.system = system
        self.atom = np.array([-1, *(atom for atom, _ in ways)])
        self.chosen = np.array([(-1,) * width, *(way for _, way in ways)]).reshape(-1, width)
        given = (self.chosen >= 0).sum(axis=1)
        steps = (np.maximum(self.chosen, 0) * np.array(system.weight)).sum(axis=1)
        own = steps * width / np.maximum(given, 1)
        self.own = np.where(given == width, own, np.nan)

    def fits(self, block: FloatArray) -> NDArray[np.bool_]:
        """(C, P): which solutions (N, P) agree with his own answers."""
        found = np.ones((len(self.atom), block.shape[1]), dtype=np.bool_)
        for item, columns in enumerate(self.system.columns):
            who = np.flatnonzero(self.chosen[:, item] >= 0)
            at = columns[self.atom[who], self.chosen[who, item]]
            found[who] &= block[at] > 0.5
        who = np.flatnonzero(~np.isnan(self.own) & ~self.system.whole[self.atom])
        who = who[self.atom[who] >= 0]
        least, most = self._score(who)
        at = self.system.sums[self.atom[who]]
        found[who] &= (block[at] >= least[:, None]) & (block[at] <= most[:, None])
        return found

    def _score(self, who: IntArray) -> tuple[FloatArray, FloatArray]:
        """Least and greatest sum of scores of their atoms, that their own score leaves."""
        own = self.own[who]
        most = self.system.limits[self.system.sums[self.atom[who]]]
        return own - 1e-6, most - (100.0 / self.system.step - own) + 1e-6

    def limits(self, number: int) -> tuple[FloatArray, FloatArray]:
        """Limits (N,) of the unknowns that his own answers leave."""
        least, most = np.zeros(len(self.system.truth)), self.system.limits.copy()
        atom = int(self.atom[number])
        if atom < 0:
            return least, most
        for columns, place in zip(self.system.columns, self.chosen[number], strict=True):
            if place >= 0:
                least[columns[atom, place]] = 1.0
        if not self.system.whole[atom] and not np.isnan(self.own[number]):
            column = self.system.sums[atom]
            low, high = self._score(np.array([number]))
            least[column], most[column] = max(0.0, low[0]), high[0]
        return least, most

    def wanted(self, who: IntArray) -> FloatArray:
        """(N,): to how many of these an unknown is known to be at least one."""
        found = np.zeros(len(self.system.truth))
        for item, columns in enumerate(self.system.columns):
            mine = who[(self.atom[who] >= 0) & (self.chosen[who, item] >= 0)]
            np.add.at(found, columns[self.atom[mine], self.chosen[mine, item]], 1.0)
        return found


class Questions:
    """The targets of a dimension, with what is ``gone`` taken as not printed."""

    def __init__(
        self, system: DimensionSystem, atlas: Atlas, k: int, gone: Collection[Label]
    ) -> None:
        self.system, self.k, self.gone = system, k, gone
        self.places = [place for place in atlas.places if place.cell is not None]
        self.groups = groups(atlas, system.answered, k)
        self._read()

    def without(self, gone: Collection[Label]) -> Questions:
        """The same with other statistics gone."""
        other = copy(self)
        other.gone = gone
        other._read()
        return other

    def _read(self) -> None:
        self.told = self._told()
        self._tellers: dict[tuple[int, tuple[int, int]], tuple[FloatArray, FloatArray]] = {}

    def targets(self) -> Iterator[Target]:
        """Everything that is not told."""
        for number, item in enumerate(self.system.items):
            some = self.system.people[number] > 0.5
            seen: set[bytes] = set()
            for name, atoms in self.groups:
                inside = atoms & some
                key = inside.tobytes()
                if key in seen or self.system.people[number][inside].sum() < 2:
                    continue
                seen.add(key)
                for low, high, side in _runs(item):
                    if (low, high) not in self.told[number].get(key, ()):
                        yield Target(name, inside, number, low, high, side)
        shown = self._shown()
        for name, atoms in self.groups:
            inside = atoms & (self.system.scored > 0.5)
            if 0 < self.system.scored[inside].sum() < self.k and inside.tobytes() not in shown:
                yield Target(name, inside, MEAN)

    def _told(self) -> list[dict[bytes, set[tuple[int, int]]]]:
        """For each item: atoms → runs of options that some cell prints."""
        found: list[dict[bytes, set[tuple[int, int]]]] = []
        for number, item in enumerate(self.system.items):
            told: dict[bytes, set[tuple[int, int]]] = {}
            some = self.system.people[number] > 0.5
            for place in self.places:
                cell = place.cell.items.get(item.id) if place.cell is not None else None
                if cell is None or cell.n is None or (place.name, f"item {item.id}") in self.gone:
                    continue
                shares = [cell.unfavourable, cell.neutral, cell.favourable]
                if (place.name, f"fine {item.id}") not in self.gone:
                    shares += cell.distribution
                runs = told.setdefault(((place.atoms > 0.5) & some).tobytes(), set())
                for share in shares:
                    if share is None or (share.count is None and not share.at_least_90):
                        continue
                    low, high = share.options[0], share.options[-1] + 1
                    runs.add((low, high))
                    if share.at_least_90:
                        runs |= _within(0, item.options)
                    elif share.count == 0:
                        runs |= _within(low, high)
            found.append(told)
        return found

    def _shown(self) -> set[bytes]:
        """Atoms of the cells that print the index."""
        some = self.system.scored > 0.5
        return {
            ((place.atoms > 0.5) & some).tobytes()
            for place in self.places
            if place.cell is not None
            and (index := place.cell.index.get(self.system.name)) is not None
            and index.value is not None
            and (place.name, "index") not in self.gone
        }

    def beside(self, target: Target) -> list[Atoms]:
        """What is left of the group without parts that are told, and what told groups have besides
        it: where all these people are open, so is as much of the group as one can ask for."""
        told, sizes = self._telling(target.item, (target.low, target.high))
        mine = target.atoms.astype(np.float64)
        common = told @ mine
        known = np.zeros(len(mine), dtype=np.bool_)
        for inside in told[common == sizes] > 0.5:
            if not (inside & known).any():
                known |= inside
        found = [target.atoms & ~known] if known.any() and (target.atoms & ~known).any() else []
        wider = told[(common == mine.sum()) & (sizes > common)] > 0.5
        return found + [inside & ~target.atoms for inside in wider]

    def _telling(self, item: int, run: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        """Groups (T, V) that are told such a count, as numbers, the largest first; their sizes."""
        if (item, run) not in self._tellers:
            told = [
                np.frombuffer(key, dtype=np.bool_)
                for key, runs in self.told[item].items()
                if run in runs
            ]
            told.sort(key=lambda one: -int(one.sum()))
            rows = np.array(told, dtype=np.float64).reshape(len(told), len(self.system.whole))
            self._tellers[item, run] = rows, rows.sum(axis=1)
        return self._tellers[item, run]


class Ask:
    """One target and all who ask for it: how far apart its values lie in the solutions seen.

    who (A,): numbers in the crowd. n (A,): people of the group besides himself. enough (A,): room
    that is wanted. sure (A,): to whom it is known to be open for another reason.
    """

    def __init__(self, questions: Questions, crowd: Crowd, target: Target, near: Atoms) -> None:
        system = questions.system
        self.target, self.crowd, self.seen = target, crowd, 0
        self.who = np.flatnonzero((crowd.atom < 0) | near[crowd.atom])
        self.goal = goal(system, target)
        self.touched = np.flatnonzero(self.goal)
        self.n = self._people(system, target.atoms)
        # Who subtracts himself sees everything one smaller: the rules count on it.
        slack = (self.who > 0).astype(np.int64)
        if target.item == MEAN:
            self.enough = WIDTH * self.n / system.step
            keep = (self.n >= 1) & (self.n < questions.k - slack)
            self.parts: list[tuple[Atoms, IntArray]] = []
        else:
            self.enough = np.where(self.n <= FEW, 2.0, 1.0)
            keep = (self.n >= 2) & ~self._may_tell(system, slack)
            parts = questions.beside(target)
            self.parts = [(part, self._people(system, part)) for part in parts]
        self.who, self.n, self.enough = self.who[keep], self.n[keep], self.enough[keep]
        self.parts = [(part, n[keep]) for part, n in self.parts]
        self.least, self.most = np.full(len(self.who), np.inf), np.full(len(self.who), -np.inf)
        self.sure = np.zeros(len(self.who), dtype=np.bool_)

    def _people(self, system: DimensionSystem, atoms: Atoms) -> IntArray:
        item = self.target.item
        sizes = system.scored if item == MEAN else system.people[item]
        inside = atoms[self.crowd.atom[self.who]] & (self.who > 0)
        gave = ~np.isnan(self.crowd.own) if item == MEAN else self.crowd.chosen[:, item] >= 0
        total = round(float(sizes[atoms].sum()))
        return np.asarray(total - (inside & gave[self.who]).astype(np.int64))

    def _may_tell(self, system: DimensionSystem, slack: IntArray) -> NDArray[np.bool_]:
        """Would the table of tiers let a cell of so many people tell this count?"""
        target = self.target
        inside = target.atoms[self.crowd.atom[self.who]] & (self.who > 0)
        chosen = self.crowd.chosen[self.who, target.item]
        count = round(float(self.goal @ system.truth)) - (
            inside & (chosen >= target.low) & (chosen < target.high)
        )
        many = self.n >= (SHARES_FROM if target.side else FULL_FROM) - slack
        few = (count >= 3 - slack) & (self.n - count >= 2 - slack)
        return np.asarray(many & ((count == 0) | few))

    def see(self, block: FloatArray, fits: NDArray[np.bool_]) -> None:
        """Take solutions (N, P) into account; fits (C, P)."""
        values = self.goal[self.touched] @ block[self.touched]
        mine = fits[self.who]
        self.least = np.minimum(self.least, np.where(mine, values, np.inf).min(axis=1))
        self.most = np.maximum(self.most, np.where(mine, values, -np.inf).max(axis=1))

    def left(self) -> IntArray:
        """Places in ``who`` to whom it is not shown to be open."""
        open_ = self._room()
        width = np.floor(self.most + 1e-6) - np.ceil(self.least - 1e-6)
        for _, people in self.parts:
            open_ |= (people > 0) & (people <= width)
        return np.flatnonzero(~open_)

    def plainly(self) -> bool:
        """Is it open to everybody because of what is possible, whatever else is told?"""
        return bool(self._room().all())

    def _room(self) -> NDArray[np.bool_]:
        return np.asarray(self.sure | (self.most - self.least >= self.enough - 1e-6))


def goal(system: DimensionSystem, target: Target) -> FloatArray:
    """Factors (N,) of a target's value."""
    found = np.zeros(len(system.truth))
    atoms = np.flatnonzero(target.atoms)
    if target.item == MEAN:
        columns, factors = system.mean(atoms)
        np.add.at(found, columns, factors)
    else:
        found[system.columns[target.item][atoms, target.low : target.high]] = 1.0
    return found


def _runs(item: Item) -> list[tuple[int, int, bool]]:
    """(low, high, may ten tell it): single options, and the sides of the scale."""
    found = {(place, place + 1): item.options <= 3 for place in range(item.options)}
    for side in (-1, 0, 1):
        run = [place for place, each in enumerate(item.sides or ()) if each == side]
        if run:
            found[run[0], run[-1] + 1] = True
    return [(low, high, side) for (low, high), side in found.items()]


def _within(low: int, high: int) -> set[tuple[int, int]]:
    return {(a, b) for a in range(low, high) for b in range(a + 1, high + 1)}


def values(
    system: DimensionSystem, item: int, run: tuple[int, int], pool: FloatArray
) -> FloatArray:
    """(V, P): an item's count of a run of options, or the sum of scores, of every atom."""
    if item != MEAN:
        return np.asarray(pool[system.columns[item][:, run[0] : run[1]]].sum(axis=1))
    found = np.zeros((len(system.whole), pool.shape[1]))
    for weight, columns in zip(system.weight, system.columns, strict=True):
        for place in range(1, columns.shape[1]):
            found += weight * place * pool[columns[:, place]]
    other = ~system.whole
    found[other] = pool[system.sums[other]]
    return found


def nearest(
    system: DimensionSystem, places: Sequence[Atoms], target: Target, own: int = 20
) -> list[int]:
    """All atoms with people: the group's own first, those that can move most before others."""
    weight = system.people.sum(axis=0)
    some = weight > 0.5
    if target.item != MEAN:
        run = system.columns[target.item][:, target.low : target.high]
        weight = weight + 1000 * np.minimum(system.truth[run].sum(axis=1), 1)
    mine = np.flatnonzero(target.atoms & some)
    order = dict.fromkeys(mine[np.argsort(-weight[mine], kind="stable")][:own].tolist())
    around = [cell for cell in places if (cell & target.atoms).any()]
    for cell in sorted(around, key=lambda one: int(one.sum())):
        order |= dict.fromkeys(np.flatnonzero(cell & some).tolist())
    return list(order | dict.fromkeys(np.flatnonzero(some).tolist()))
