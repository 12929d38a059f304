"""Counts that are open because two people could have answered the other way round.

Somebody in the group and somebody outside it exchange their answers to an item, and in a second
item two people of the same two places exchange theirs so that the sums of scores stay what they
are. Where both places are in the same cells that tell anything between the options, nothing that
is printed changes. Two such exchanges, or one each way, leave three numbers possible; everything is
counted so that whoever knows his own answers finds one of them left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np

from survey.disclosure.audit_groups import Atoms
from survey.disclosure.audit_programme import DimensionSystem
from survey.disclosure.audit_targets import MEAN, Target
from survey.disclosure.model import IntArray

AT_MOST = 10
"""So many atoms of a group are looked at, and so many exchanges of each."""


Members = int
"""Atoms as bits of a number: they are compared a million times, and few at a time."""

_Asker = tuple[int | None, frozenset[tuple[int | None, int, int]]]
"""(atom, his answers as (atom, item, option)); atom None for whoever asks."""


@dataclass(frozen=True)
class _Swap:
    """In ``atom`` these two options (item, place) lose somebody; one of ``others`` gains them."""

    atom: int
    lost: tuple[tuple[int, int], tuple[int, int]]
    others: Members


class Swaps:
    """marks[j] (V, options - 1): atoms with one number may exchange people over that edge."""

    def __init__(self, system: DimensionSystem, marks: list[IntArray]) -> None:
        self.system, self.marks = system, marks
        self.counts = [np.rint(system.truth[c]).astype(np.int64) for c in system.columns]
        self.chosen = [[_members(each > 0) for each in count.T] for count in self.counts]
        self.cache: dict[tuple[int, int, int, int], list[_Swap]] = {}
        self.alike: dict[tuple[int, int, int, int], Members] = {}

    def open(self, target: Target, enough: float) -> bool:
        """Do exchanges alone leave ``enough`` room to everybody?"""
        return target.item != MEAN and self._room(target, enough, None, ())

    def open_to(self, target: Target, enough: float, atom: int, chosen: Sequence[int]) -> bool:
        """Do they to one who works in ``atom`` (-1: nowhere) and chose these options?"""
        return target.item != MEAN and self._room(target, enough, atom, chosen)

    def _room(self, target: Target, enough: float, atom: int | None, chosen: Sequence[int]) -> bool:
        """``atom`` None: whoever asks."""
        asker = (atom, frozenset((atom, *each) for each in enumerate(chosen)))
        up = self._usable(target, asker, into=True)
        if (up and enough <= 1) or self._twice(up, asker):
            return True
        down = self._usable(target, asker, into=False)
        return bool(down and (up or enough <= 1)) or self._twice(down, asker)

    def _usable(self, target: Target, asker: _Asker, *, into: bool) -> list[_Swap]:
        """Exchanges into the run of options, or out of it, that the asker cannot rule out."""
        found: list[_Swap] = []
        run = set(range(target.low, target.high))
        outside = set(range(self.counts[target.item].shape[1])) - run
        ways = list(product(outside, run) if into else product(run, outside))
        barred = _members(target.atoms)
        if asker[0] is not None and asker[0] >= 0:
            barred |= 1 << asker[0]
        for atom in np.flatnonzero(target.atoms)[:AT_MOST].tolist():
            for source, goal in ways:
                for swap in self._swaps(atom, target.item, source, goal):
                    others = swap.others & ~barred
                    enough = others.bit_count() >= 1 + (asker[0] is None)
                    if enough and self._left([swap], asker):
                        found.append(_Swap(swap.atom, swap.lost, others))
                if len(found) >= AT_MOST:
                    return found
        return found

    def _twice(self, swaps: list[_Swap], asker: _Asker) -> bool:
        """Can two of them happen together?"""
        least = 2 + (asker[0] is None)
        return any(
            (one.others | other.others).bit_count() >= least and self._left([one, other], asker)
            for one, other in combinations_with_replacement(swaps, 2)
        )

    def _left(self, swaps: list[_Swap], asker: _Asker) -> bool:
        """Are there so many to lose, and one besides where the asker may be one of them?"""
        lost: dict[tuple[int, int, int], int] = {}
        for swap in swaps:
            for item, place in swap.lost:
                key = (swap.atom, item, place)
                lost[key] = lost.get(key, 0) + 1
        return all(
            self.counts[item][atom, place] - number >= (asker[0] is None or where in asker[1])
            for where, number in lost.items()
            for atom, item, place in [where]
        )

    def _swaps(self, atom: int, item: int, source: int, goal: int) -> list[_Swap]:
        key = (atom, item, source, goal)
        if key not in self.cache:
            self.cache[key] = list(self._all(*key))
        return self.cache[key]

    def _all(self, atom: int, item: int, source: int, goal: int) -> Iterator[_Swap]:
        """Exchanges that take somebody of an atom from one option of an item to another."""
        counts, rise = self.counts, goal - source
        if counts[item][atom, source] < 1:
            return
        others = self._alike(item, atom, source, goal) & self.chosen[item][goal] & ~(1 << atom)
        if not others:
            return
        for second, back in enumerate(counts):
            if second == item or self.system.weight[second] != self.system.weight[item]:
                continue
            for place in range(max(0, rise), min(back.shape[1], back.shape[1] + rise)):
                if back[atom, place] < 1:
                    continue
                able = others & self._alike(second, atom, place, place - rise)
                able &= self.chosen[second][place - rise]
                if able:
                    yield _Swap(atom, ((item, source), (second, place)), able)

    def _alike(self, item: int, atom: int, one: int, other: int) -> Members:
        """Atoms whose people may be exchanged with this one's between two options."""
        key = item, atom, min(one, other), max(one, other)
        if key not in self.alike:
            marks = self.marks[item][:, key[2] : key[3]]
            self.alike[key] = _members((marks == marks[atom]).all(axis=1))
        return self.alike[key]


def _members(atoms: Atoms) -> Members:
    return int.from_bytes(np.packbits(atoms, bitorder="little").tobytes(), "little")
