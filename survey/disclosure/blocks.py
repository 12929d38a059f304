"""Which groups of people can be told apart by subtraction in a tree, and how to close the gaps.

Published cells of a tree form nested sets. Everything that adding and subtracting them can give is
a union of *blocks*: a published cell minus the published cells below it (Cox 1980, residuals of a
nested table). So nothing hidden can be recovered when every block that is not empty may itself be
published. Hiding a cell joins its block to the block of the published cell above it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.model import FloatArray
from survey.disclosure.tree import Tree

Verdict = Callable[[FloatArray], bool]


class Blocks:
    """The blocks of one statistic.

    total (V, F): subtree totals of the statistic's features; feature 0 is the number of people.
    shown (V,): which cells print the statistic exactly. ok: may a group with these features (F,)
    be published? counts: the statistic is a count, with "tiny" as feature 3. weight (V,): what
    hiding a cell costs.
    """

    def __init__(
        self,
        tree: Tree,
        total: FloatArray,
        shown: NDArray[np.bool_],
        ok: Verdict,
        counts: bool = False,
    ) -> None:
        self.tree, self.total, self.shown, self.ok = tree, total, shown.copy(), ok
        self.weight = total[:, 0]
        self.counts = counts
        self.atoms = 2  # the feature that says of how many pieces a block is made
        self.first = shown.copy()  # what the primary step showed
        self.sums: dict[int, FloatArray] = {}
        for place in np.flatnonzero(self.shown)[::-1].tolist():
            self.sums[place] = self._residual(place)

    def _residual(self, place: int) -> FloatArray:
        below = self.below(place)
        return np.asarray(self.total[place] - self.total[below].sum(axis=0))

    def below(self, place: int) -> list[int]:
        """The largest published cells strictly below a cell."""
        found: list[int] = []
        stack = list(self.tree.children[place])
        while stack:
            node = stack.pop()
            if self.shown[node]:
                found.append(node)
            else:
                stack.extend(self.tree.children[node])
        return sorted(found)

    def above(self, place: int) -> int:
        """The nearest published cell strictly above a cell, -1 when there is none."""
        node = self.tree.parent[place]
        while node >= 0 and not self.shown[node]:
            node = self.tree.parent[node]
        return node

    def hide(self, place: int) -> int:
        """Hide a cell; returns the published cell whose block grew, -1 when none did."""
        above = self.above(place)
        self.shown[place] = False
        gone = self.sums.pop(place)
        if above >= 0:
            self.sums[above] = self.sums[above] + gone
        return above

    def show(self, place: int) -> bool:
        """Publish a hidden cell again if both blocks that come of it may be published."""
        above = self.above(place)
        mine = self._residual(place)
        rest = None if above < 0 else self.sums[above] - mine
        if not self.fine(mine) or (rest is not None and not self.fine(rest)):
            return False
        self.shown[place] = True
        self.sums[place] = mine
        if rest is not None:
            self.sums[above] = rest
        if self.told_apart(place) or (above >= 0 and self.told_apart(above)):
            self.hide(place)
            return False
        return True

    def told_apart(self, place: int) -> bool:
        """Is a hidden cell all of a block but one or two people? Then its count is nearly told."""
        block = self.sums[place]
        if not self.counts or block[3] < 0.5:
            return False
        stack = [c for c in self.tree.children[place] if not self.shown[c]]
        while stack:
            node = stack.pop()
            rest = block[0] - self._residual(node)[0]
            if 0.5 < rest < 2.5:
                return True
            stack += [c for c in self.tree.children[node] if not self.shown[c]]
        own = self.total[place, 0] - self.total[self.tree.children[place], 0].sum()
        return bool(own > 0.5 and 0.5 < block[0] - own < 2.5)

    def fine(self, features: FloatArray) -> bool:
        """Is the group empty, or may it be published?"""
        return features[0] < 0.5 or self.ok(features)

    def close(self) -> None:
        """Hide further cells until every block may be published, then show what need not be hidden.

        From the deepest block upwards; each time the smallest published cell below it with which it
        becomes fit to publish, else the smallest that adds anybody, else (nothing left below) the
        cell itself. Largest first, cells that turn out to be needless are shown again, so that no
        single hidden cell is superfluous.
        """
        waiting = sorted(self.sums)
        while waiting:
            place = waiting.pop()
            if not self.shown[place]:
                continue
            if self.fine(self.sums[place]) and not self.told_apart(place):
                continue
            grown = self.hide(self._next(place))
            if grown >= 0 and grown not in waiting:
                waiting = sorted([*waiting, grown])
        self.restore()

    def _next(self, place: int) -> int:
        below = self.below(place)
        if not below:
            return place
        mine = self.sums[place]
        return min(
            below,
            key=lambda c: (
                not self.fine(mine + self.sums[c]),
                self.sums[c][0] < 0.5,
                self.weight[c],
                c,
            ),
        )

    def restore(self) -> None:
        """Show again, largest first, every cell that was hidden needlessly."""
        again = True
        while again:
            hidden = np.flatnonzero(self.first & ~self.shown).tolist()
            hidden.sort(key=lambda c: (-self.weight[c], c))
            again = sum(self.show(place) for place in hidden) > 0

    def labels(self) -> NDArray[np.int64]:
        """Block of every node's direct answers (V,): the nearest published cell, -1 for none."""
        label = np.full(len(self.tree), -1, dtype=np.int64)
        for place in range(len(self.tree)):
            up = self.tree.parent[place]
            label[place] = place if self.shown[place] else (label[up] if up >= 0 else -1)
        return label
