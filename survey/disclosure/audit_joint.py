"""The auditor's look at an index beside the distributions that it is the mean of, in all cells.

An attacker who knows who answered, and perhaps his own answers, sets every printed index of a
dimension against every printed share of its items. Random walks show most counts open; for what is
left whole-number programmes find the least and the greatest. They leave their true answers to all
but a few dozen units around a group, so what is called open is open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.audit_groups import Atoms
from survey.disclosure.audit_programme import DimensionSystem, Label
from survey.disclosure.audit_swaps import Swaps
from survey.disclosure.audit_system import Atlas
from survey.disclosure.audit_targets import MEAN, Ask, Crowd, Questions, Target, nearest
from survey.disclosure.audit_walk import Walk
from survey.disclosure.model import FloatArray, Item, Measured

ROUNDS, DRIFTS, PULLS = 4, 24, 8
"""Rounds of the walk, then rounds that look at what is left, with so many tries for each count."""
LARGE = 2000
"""From so many single steps on, the walk looks at nothing but what is left."""
BETWEEN = 6
"""So many solutions of programmes, then the walk goes on from them."""
TOGETHER = 3
"""For so many who are left, one programme is tried for all of them."""
NEAR = (10, 30, 60)
"""Units whose answers may differ from the truth: fewest first, then more."""


@dataclass(frozen=True)
class Found:
    """A target of which too little is open to somebody (``who`` of the crowd)."""

    target: Target
    who: int
    least: float
    most: float
    people: int


class JointAudit:
    """One dimension of a wave. What was found possible stays so when more is hidden."""

    def __init__(
        self, atlas: Atlas, items: Sequence[Item], truth: Measured, name: str, k: int
    ) -> None:
        self.k = k
        self.system = DimensionSystem(atlas, items, truth, name)
        self.crowd = Crowd(self.system, atlas, truth)
        self.questions = Questions(self.system, atlas, k, ())
        self.places = [place.atoms > 0.5 for place in atlas.places]
        self._cells = np.array(self.places)
        self._sizes = self._cells.sum(axis=1)
        self.gone: set[Label] = set()
        self.walk = Walk(self.system)
        self.swaps = Swaps(self.system, self.walk.marks)
        self.blocks: list[FloatArray] = []
        self.fits: list[NDArray[np.bool_]] = []
        self.solved = 0
        self._open: set[tuple[int, int, int, bytes]] = set()
        self._beside: dict[int, list[int]] = {}
        self._new: list[FloatArray] = []
        self._add(self.system.truth[:, None])

    def findings(self) -> Iterator[Found]:
        """Everything exposed of the dimension, with what is ``gone`` taken as not printed. Whoever
        hides something for one of them is not told of others that are open by that."""
        questions = self.questions.without(set(self.gone))
        hard = []
        for target in questions.targets():
            if target.key() not in self._open:
                if self.swaps.open(target, self._plenty(target)):
                    self._open.add(target.key())
                else:
                    hard.append(target)
        asks = self._walked(self._still([self._ask(questions, target) for target in hard]))
        for number, ask in enumerate(asks):
            self._look(ask)
            yield from self._closely(ask, [t.target for t in asks[number : number + BETWEEN]])
            self._still([ask])
        self._keep()

    def _walked(self, asks: list[Ask]) -> list[Ask]:
        """Those that a walk, and exchanges for each asker, leave."""
        for number in range(ROUNDS):
            if asks:
                general = number < ROUNDS // 2 and len(self.walk.steps) < LARGE
                self._add(self.walk.round() if general else self._drift([a.target for a in asks]))
                asks = self._still(asks)
        for ask in asks:
            self._exchanged(ask)
        asks = self._still(asks)
        for _ in range(DRIFTS):
            before = len(asks)
            if asks:
                self._add(self._drift([ask.target for ask in asks]))
                asks = self._still(asks)
            if len(asks) > 0.97 * before:
                break
        return asks

    def _keep(self, *walked: FloatArray) -> None:
        """Remember what programmes found, and what the walk did since."""
        if self._new or walked:
            self._add(np.column_stack([*walked, *self._new]))
        self._new = []

    def _drift(self, targets: Sequence[Target]) -> FloatArray:
        return self.walk.drift(self._around(targets), PULLS)

    def is_open(self, found: Found, gone: Collection[Label]) -> bool:
        """Would a finding be open with these statistics hidden besides? No where only answers far
        away would make it so."""
        questions = self.questions.without(self.gone | set(gone))
        ask = self._ask(questions, found.target)
        places = np.flatnonzero(ask.who == found.who)
        if not len(places):
            return True
        self._look(ask)
        place = int(places[0])
        if place not in ask.left():
            return True
        return self._tried(ask, place, NEAR[:2], gone) is None

    def hide(self, labels: Collection[Label]) -> None:
        """From now on these statistics are not printed."""
        self.gone |= set(labels)

    def _still(self, asks: Sequence[Ask]) -> list[Ask]:
        """Those that are not open to everybody in what was seen so far."""
        for ask in asks:
            self._look(ask)
            if ask.plainly():
                self._open.add(ask.target.key())
        return [ask for ask in asks if len(ask.left())]

    def _look(self, ask: Ask) -> None:
        for number in range(ask.seen, len(self.blocks)):
            ask.see(self.blocks[number], self.fits[number])
        ask.seen = len(self.blocks)

    def _around(self, targets: Sequence[Target]) -> dict[tuple[int, int], tuple[int, int]]:
        """(atom, item) → options of the counts that are asked about; one of them, where several."""
        found: dict[tuple[int, int], tuple[int, int]] = {}
        for number in self.walk.rng.permutation(len(targets)).tolist():
            target = targets[number]
            if target.item == MEAN:
                sizes = [columns.shape[1] for columns in self.system.columns]
                mine = [(item, (size // 2, size)) for item, size in enumerate(sizes)]
            else:
                mine = [(target.item, (target.low, target.high))]
            atoms = np.flatnonzero(target.atoms)[:8].tolist()
            found |= {
                (atom, item): run
                for item, run in mine
                for atom in atoms
                if self.system.people[item][atom] > 0.5
            }
        return found

    def _near(self, target: Target) -> Atoms:
        """The group, and who works nearest to it."""
        near = target.atoms.copy()
        for atom in np.flatnonzero(target.atoms)[: NEAR[0]].tolist():
            if atom not in self._beside:
                alone = np.arange(len(near)) == atom
                order = nearest(self.system, self.places, replace(target, atoms=alone))
                self._beside[atom] = order[: NEAR[0]]
            near[self._beside[atom]] = True
        # Of few people one knows much, wherever they stand in the order.
        size = int(target.atoms.sum())
        home = self._cells[:, target.atoms].all(axis=1) & (self._sizes > size)
        around = near
        if home.any():
            around = self._cells[np.argmin(np.where(home, self._sizes, np.inf))]
        return near | (around & (self.system.answered < self.k))

    def _add(self, block: FloatArray) -> None:
        self.blocks.append(block)
        self.fits.append(self.crowd.fits(block))

    def _plenty(self, target: Target) -> float:
        """So far apart is open to everybody."""
        if target.item == MEAN:
            return 50.0 * float(self.system.scored[target.atoms].sum()) / self.system.step
        return 2.0 if self.system.people[target.item][target.atoms].sum() < 21.5 else 1.0

    def _ask(self, questions: Questions, target: Target) -> Ask:
        return Ask(questions, self.crowd, target, self._near(target))

    def _closely(self, ask: Ask, rest: Sequence[Target]) -> Iterator[Found]:
        """Ask for as long as somebody is left to whom it is not open."""
        together = True
        while len(left := ask.left()):
            together = together and self._together(ask, left)
            if together:
                continue
            bounds = self._tried(ask, int(left[0]), NEAR)
            if bounds is not None:
                who, people = int(ask.who[left[0]]), int(ask.n[left[0]])
                yield Found(ask.target, who, *bounds, people)
                return
            if len(self._new) >= BETWEEN:
                self._keep(self._drift(rest))
                self._look(ask)

    def _exchanged(self, ask: Ask) -> None:
        """Remember to whom exchanges leave it open."""
        for place in ask.left().tolist():
            who, enough = int(ask.who[place]), float(ask.enough[place])
            atom, chosen = int(self.crowd.atom[who]), self.crowd.chosen[who]
            ask.sure[place] = self.swaps.open_to(ask.target, enough, atom, chosen)

    def _together(self, ask: Ask, left: NDArray[np.intp]) -> bool:
        """Look for one solution for as many as possible of those who are left; True when it was
        shown to be open to one more of them."""
        if ask.target.item == MEAN or len(left) < TOGETHER:
            return False
        wide = float(ask.enough[left].max())
        order = nearest(self.system, self.places, ask.target)
        for size in NEAR[:2]:
            for change in dict.fromkeys((wide, -wide, 1.0, -1.0)):
                self._towards(ask, change, self._atoms(order[:size]))
                if len(ask.left()) < len(left):
                    return True
            if size >= len(order):
                break
        return False

    def _towards(self, ask: Ask, change: float, atoms: Atoms) -> None:
        """Look for a solution so much above or below the truth, for those who are left."""
        sign, now = np.sign(change), float(ask.goal @ self.system.truth)
        if now + change < 0:
            return
        wanted = self.crowd.wanted(ask.who[ask.left()])
        least = sign * now + abs(change)
        answer = self.system.keeping(sign * ask.goal, least, atoms, wanted, self.gone)
        self.solved += 1
        if answer is not None:
            self._see(ask, answer)

    def _see(self, ask: Ask, solution: FloatArray, *, keep: bool = True) -> None:
        ask.see(solution[:, None], self.crowd.fits(solution[:, None]))
        if keep:
            self._new.append(solution)
            self.walk.visit(solution)

    def _atoms(self, order: Sequence[int]) -> Atoms:
        found = np.zeros(len(self.system.whole), dtype=np.bool_)
        found[list(order)] = True
        return found

    def _tried(
        self, ask: Ask, place: int, sizes: Sequence[int], gone: Collection[Label] = ()
    ) -> tuple[float, float] | None:
        """Least and greatest value for one who asks, or None when it is open to him."""
        order = nearest(self.system, self.places, ask.target)
        limits = self.crowd.limits(int(ask.who[place]))
        without = self.gone | set(gone)
        bounds = (np.nan, np.nan)
        for size in sizes:
            atoms = self._atoms(order[:size])
            ends = []
            for sign in (1.0, -1.0):
                if sign > 0 and ask.least[place] < 1e-6:  # nothing is less than nothing
                    ends.append(0.0)
                    continue
                answer = self.system.solve(sign * ask.goal, atoms, limits, without)
                self.solved += 1
                if answer is None:
                    ends.append(np.nan)
                    continue
                ends.append(sign * answer[1])
                self._see(ask, answer[0], keep=not gone)
                if place not in ask.left():
                    return None
            bounds = (ends[0], ends[1])
            if size >= len(order):
                break
        return bounds
