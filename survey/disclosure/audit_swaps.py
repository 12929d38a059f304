"""Counts that are open because two people could have answered the other way round.

Somebody in the group and somebody outside it exchange their answers to an item, and in a second
item two people of the same two places exchange theirs so that the sums of scores stay what they
are. Where both places are in the same cells that tell anything between the options, nothing that
is printed changes. Two such exchanges, or one each way, leave three numbers possible; everything is
counted so that whoever knows his own answers finds one of them left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.audit_groups import Atoms
from survey.disclosure.audit_programme import DimensionSystem
from survey.disclosure.audit_targets import MEAN, Target
from survey.disclosure.model import IntArray

AT_MOST = 10
"""So many atoms of a group are looked at, and so many exchanges of each."""


@dataclass(frozen=True)
class _Swap:
    """In ``atom`` these two options (item, place) lose somebody; ``others`` (V,) could do it."""

    atom: int
    lost: tuple[tuple[int, int], tuple[int, int]]
    others: Atoms


class Swaps:
    """marks[j] (V, options - 1): atoms with one number may exchange people over that edge."""

    def __init__(self, system: DimensionSystem, marks: list[IntArray]) -> None:
        self.system, self.marks = system, marks
        self.counts = [np.rint(system.truth[c]).astype(np.int64) for c in system.columns]
        self.cache: dict[tuple[int, int, int, int], list[_Swap]] = {}

    def open(self, target: Target, enough: float) -> bool:
        """Do exchanges alone leave ``enough`` room?"""
        if target.item == MEAN:
            return False
        up = self._usable(target, into=True)
        down = self._usable(target, into=False)
        if enough <= 1:
            return bool(up or down)
        return bool(up and down) or self._twice(up) or self._twice(down)

    def _usable(self, target: Target, *, into: bool) -> list[_Swap]:
        """Exchanges into the run of options, or out of it, that no one person can rule out."""
        found: list[_Swap] = []
        width = self.counts[target.item].shape[1]
        run = set(range(target.low, target.high))
        for atom in np.flatnonzero(target.atoms)[:AT_MOST].tolist():
            for source in range(width):
                for goal in range(width):
                    if (source in run) is into or (goal in run) is not into:
                        continue
                    for swap in self._swaps(atom, target.item, source, goal):
                        others = swap.others & ~target.atoms
                        if others.sum() >= 2 and self._left([swap]):
                            found.append(_Swap(swap.atom, swap.lost, others))
                    if len(found) >= AT_MOST:
                        return found
        return found

    def _twice(self, swaps: list[_Swap]) -> bool:
        """Can two of them happen together, whoever is bound by his own answers?"""
        return any(
            (one.others | other.others).sum() >= 3 and self._left([one, other])
            for one, other in combinations_with_replacement(swaps, 2)
        )

    def _left(self, swaps: list[_Swap]) -> bool:
        """Is one person left wherever the group loses people?"""
        lost: dict[tuple[int, int, int], int] = {}
        for swap in swaps:
            for item, place in swap.lost:
                key = (swap.atom, item, place)
                lost[key] = lost.get(key, 0) + 1
        return all(
            self.counts[item][atom, place] > number for (atom, item, place), number in lost.items()
        )

    def _swaps(self, atom: int, item: int, source: int, goal: int) -> list[_Swap]:
        key = (atom, item, source, goal)
        if key not in self.cache:
            self.cache[key] = list(self._all(*key))
        return self.cache[key]

    def _all(self, atom: int, item: int, source: int, goal: int) -> Iterator[_Swap]:
        """Exchanges that take somebody of an atom from one option of an item to another."""
        counts, rise = self.counts, goal - source
        if counts[item][atom, source] < 2:
            return
        others = self._alike(item, atom, source, goal) & (counts[item][:, goal] > 0)
        others[atom] = False
        if others.sum() < 2:
            return
        for second, back in enumerate(counts):
            if second == item or self.system.weight[second] != self.system.weight[item]:
                continue
            for place in range(max(0, rise), min(back.shape[1], back.shape[1] + rise)):
                if back[atom, place] < 2:
                    continue
                able = others & self._alike(second, atom, place, place - rise)
                able &= back[:, place - rise] > 0
                if able.sum() >= 2:
                    yield _Swap(atom, ((item, source), (second, place)), able)

    def _alike(self, item: int, atom: int, one: int, other: int) -> NDArray[np.bool_]:
        """(V,): atoms whose people may be exchanged with this one's between two options."""
        marks = self.marks[item][:, min(one, other) : max(one, other)]
        return np.asarray((marks == marks[atom]).all(axis=1))
