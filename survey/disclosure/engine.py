"""The engine: measured cells in, what may be printed out.

For every statistic a primary step asks of each cell by itself what the table of tiers allows; then
`Blocks.close` hides further cells until nothing hidden can be had by adding and subtracting. What
must never be told is told neither directly nor as a difference: a block that may not be published
is not left derivable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from survey.disclosure import rules
from survey.disclosure.blocks import Blocks
from survey.disclosure.crossing import Crossing
from survey.disclosure.joint import untied
from survey.disclosure.model import (
    OVERALL,
    FloatArray,
    Hidden,
    IntArray,
    Measured,
    Node,
    Protected,
    Tabulation,
)
from survey.disclosure.printing import Printer
from survey.disclosure.tables import Table

BoolArray = NDArray[np.bool_]


def protect(
    measured: Measured,
    nodes: Sequence[Node],
    k: int = 5,
    earlier: Sequence[Tabulation] = (),
    *,
    secondary: bool = True,
) -> Protected:
    """Decide what of ``measured`` may be printed, given all that was printed before.

    ``earlier`` are releases of (partly) the same answers. The service refuses to publish the same
    answers twice (``release.raw.twins``) and passes none; pooled waves would need it.
    ``nodes`` is the wave's tree (one root; ids equal ``measured.nodes``). Deterministic: the same
    input in any order of rows gives the same output. ``secondary=False`` exists for tests that
    prove what secondary suppression is good for; a release never uses it.
    Raises InvalidInput when tree and table do not belong together.
    """
    table = Table(measured, nodes, k)
    plan = Plan(table, Crossing(table, earlier), secondary)
    plan.people()
    plan.indices()
    plan.spreads()
    for j in range(len(measured.items)):
        plan.item(j)
    plan.mates()
    for m in range(len(measured.options)):
        plan.option(m)
    kinds = plan.crossing.kinds(plan.stats, measured.indices, secondary)
    printed = Printer(table, plan.stats, kinds, plan.log(), not earlier).protected()
    return untied(printed, measured, nodes) if secondary else printed


class Plan:
    """What is shown of each statistic, keyed as in the log; filled in the order of `protect`."""

    def __init__(self, table: Table, crossing: Crossing, secondary: bool) -> None:
        self.table, self.crossing, self.secondary = table, crossing, secondary
        self.stats: dict[str, Blocks] = {}
        self.reasons: dict[str, dict[int, str]] = {}
        self.within: dict[str, BoolArray] = {}

    def add(
        self,
        key: str,
        features: FloatArray,
        verdict: rules.Verdict,
        within: BoolArray,
        primary: Callable[[int], str],
    ) -> Blocks:
        """Primary and secondary step of a statistic; ``primary`` gives the reason against."""
        shown = within.copy()
        self.within[key] = within.copy()
        reasons = self.reasons.setdefault(key, {})
        for place in np.flatnonzero(within).tolist():
            reason = primary(place)
            if reason:
                shown[place], reasons[place] = False, reason
        counts = (
            key.split(":", maxsplit=1)[0] in {"item", "missing", "option"}
            and features.shape[1] == 4
        )
        blocks = Blocks(self.table.tree, features, shown, verdict, counts)
        self.stats[key] = blocks
        self.settle(key)
        return blocks

    def settle(self, key: str) -> None:
        """Close a statistic against differences inside the tree and against earlier releases."""
        if not self.secondary:
            return
        blocks = self.stats[key]
        blocks.close()
        while self.crossing.hide_one(key, blocks):
            blocks.close()

    def people(self) -> None:
        """n: who has at least k answers. A cell whose n is hidden shows nothing at all."""
        k, n = self.table.k, self.table.n
        self.add("n", self.table.people(), rules.people(k), self.table.printed, _below(n, k))

    def indices(self) -> None:
        """Overall and dimensions; then no cell may lack exactly one of them."""
        table = self.table
        within = self.stats["n"].shown
        for i, name in enumerate(table.measured.indices):
            primary = partial(self._index_reason, i)
            verdict = rules.index(table.k, table.reach(i), table.least(i))
            self.add(f"index:{name}", table.index(i), verdict, within, primary)
        if self.secondary and OVERALL in table.measured.indices:
            while self._pair():
                pass

    def _index_reason(self, i: int, v: int) -> str:
        n, total = self.table.index_n[v, i], self.table.index_sum[v, i]
        if n < self.table.least(i):
            return "primary"
        return "bound" if rules.capped(n, total / n, self.table.reach(i)) else ""

    def _pair(self) -> bool:
        """Overall = mean of dimensions: where one of them alone is hidden, hide another too."""
        parts = self.table.parts()
        names = [f"index:{self.table.measured.indices[i]}" for i in parts]
        if len(names) < 3:
            return self._together(names)
        changed: set[str] = set()
        hidden = np.array([~self.stats[name].shown for name in names])
        for place in np.flatnonzero(hidden.sum(axis=0) == 1).tolist():
            others = [
                i
                for i, name in enumerate(names)
                if not hidden[i, place] and name != f"index:{OVERALL}"
            ]
            used = hidden.sum(axis=1)  # one that is often hidden already costs least
            n = self.table.index_n[place, parts]
            i = min(others, key=lambda i: (n[i], -used[i], i))
            self.stats[names[i]].hide(place)
            changed.add(names[i])
        for name in sorted(changed):
            self.stats[name].first[:] = self.stats[name].shown  # never shown again
            self.settle(name)
        return bool(changed) or self.crossing.hide_mixed(self.stats, names, self.settle)

    def _together(self, names: list[str]) -> bool:
        """With a single dimension, it and the overall index are hidden in the same cells."""
        both = np.logical_and.reduce([self.stats[name].shown for name in names])
        changed = False
        for name in names:
            for place in np.flatnonzero(self.stats[name].shown & ~both).tolist():
                self.stats[name].hide(place)
                changed = True
            if changed:
                self.stats[name].first[:] = self.stats[name].shown
                self.settle(name)
        return changed

    def spreads(self) -> None:
        """Sums of squares: sd, descriptive interval, agreement."""
        table = self.table
        for i, name in enumerate(table.measured.indices):
            features, verdict = table.spread(i), rules.spread(table.k)
            n = table.index_n[:, i]

            def primary(v: int, features: FloatArray = features, n: IntArray = n) -> str:
                if n[v] < rules.SHARES_FROM:
                    return "primary"
                alone = features[v].copy()
                alone[4] = 0
                return "" if rules.spread(table.k)(alone) else "unanimity"

            within = self.stats[f"index:{name}"].shown
            self.add(f"spread:{name}", features, verdict, within, primary)

    def item(self, j: int) -> None:
        """An item's valid n, the boundaries between its options, and its "vet ikke"."""
        table, item = self.table, self.table.measured.items[j]
        within, counts = self.stats["n"].shown, table.counts[j]
        least = rules.SHARES_FROM
        base = self.add(
            f"item:{item.id}",
            table.item(j),
            rules.from_shares,
            within,
            _below(counts.sum(axis=1), least),
        )
        rows = counts.tolist()
        may = {v: rules.boundaries(rows[v], item) for v in np.flatnonzero(base.shown).tolist()}
        flat = {v: bool(rules.unanimous(rows[v], item)) for v in may}
        sides = rules.side_boundaries(item)
        for i in range(1, item.options):
            verdict = rules.share(
                rules.SHARES_FROM if i in sides else rules.FULL_FROM,
                not rules.is_whole(item, i, item.options),
                not rules.is_whole(item, 0, i),
            )

            def primary(v: int, i: int = i) -> str:
                if i in may[v]:
                    return ""
                if flat[v]:
                    return "unanimity"
                few = sum(rows[v]) < rules.FULL_FROM and i not in sides
                return "primary" if few else "small count"

            self.add(f"item:{item.id}/{i}", table.boundary(j, i), verdict, base.shown, primary)
        if self.secondary:
            while self._between(j):
                pass
        self._not_applicable(j, within)

    def _between(self, j: int) -> bool:
        """Groups known at two boundaries: the count between may be told too, or one is hidden."""
        item, sides = (
            self.table.measured.items[j],
            rules.side_boundaries(self.table.measured.items[j]),
        )
        for low, high in combinations(range(1, item.options), 2):
            keys = [f"item:{item.id}/{low}", f"item:{item.id}/{high}"]
            whole = rules.is_whole(item, low, high)
            count = self.table.counts[j][:, low:high].sum(axis=1)
            group = self.crossing.joint(
                {key: self.stats[key] for key in keys},
                self.table.boundary(j, low),
                count,
                partial(_segment, whole),
            )
            if group is None:
                continue
            if low in sides or high not in sides:
                keys.reverse()  # the outer of two, and rather a boundary inside a side
            tops = {key: set(self.stats[key].labels()[group].tolist()) - {-1} for key in keys}
            key = next(key for key in keys if tops[key])
            blocks = self.stats[key]
            blocks.hide(min(tops[key], key=partial(_cheapest, blocks)))
            blocks.first[:] = blocks.shown
            self.settle(key)
            return True
        return False

    def _not_applicable(self, j: int, within: BoolArray) -> None:
        table, item = self.table, self.table.measured.items[j]
        n, missing = table.n, table.not_applicable[:, j]
        verdict = rules.share(rules.SHARES_FROM, True, False)

        def primary(v: int) -> str:
            if n[v] < rules.SHARES_FROM:
                return "primary"
            alone = np.array([n[v], missing[v], 1.0, 0.0])
            return "" if verdict(alone) else "small count"

        self.add(f"missing:{item.id}", table.missing(j), verdict, within, primary)

    def mates(self) -> None:
        """Dimension = mean of items: an item with fewer than k answers needs a hidden companion."""
        table, items = self.table, self.table.measured.items
        for name in table.measured.indices if self.secondary else ():
            group = [j for j, item in enumerate(items) if item.dimension == name]
            shown = self.stats[f"index:{name}"].shown
            n = np.array([table.counts[j].sum(axis=1) for j in group])
            for place in np.flatnonzero(shown) if len(group) > 1 else ():
                few = [at for at in range(len(group)) if 0 < n[at, place] < table.k]
                full = [at for at in range(len(group)) if self._whole(group[at], int(place))]
                if len(few) == 1 and len(full) == len(group) - 1:
                    at = min(full, key=lambda at: (n[at, place], at))
                    self._drop(group[at], int(place))

    def _whole(self, j: int, place: int) -> bool:
        item = self.table.measured.items[j]
        keys = [f"item:{item.id}/{i}" for i in range(1, item.options)]
        return all(self.stats[key].shown[place] for key in keys)

    def _drop(self, j: int, place: int) -> None:
        item = self.table.measured.items[j]
        key = f"item:{item.id}/{item.options - 1}"
        self.stats[key].hide(place)
        self.stats[key].first[:] = self.stats[key].shown
        self.settle(key)
        while self._between(j):
            pass

    def option(self, m: int) -> None:
        """A multi-select option: how many ticked it, of those who answered the question."""
        table, name = self.table, self.table.measured.options[m]
        verdict = rules.share(rules.SHARES_FROM, False, False)
        n, ticked = table.shown[:, m], table.ticked[:, m]

        def primary(v: int) -> str:
            if n[v] < rules.SHARES_FROM:
                return "primary"
            if ticked[v] <= 1 or ticked[v] >= n[v] - 1:
                return "unanimity"
            return "" if 2 < ticked[v] < n[v] - 2 else "small count"

        self.add(f"option:{name}", table.option(m), verdict, self.stats["n"].shown, primary)

    def log(self) -> tuple[Hidden, ...]:
        """One line for every statistic that is hidden where what it rests on is shown."""
        lines = []
        for key, blocks in self.stats.items():
            for place in np.flatnonzero(~blocks.shown & self.within[key]).tolist():
                reason = self.reasons[key].get(place, "secondary")
                lines.append(Hidden(self.table.tree.nodes[place].id, key, reason))
        return tuple(lines)


def _segment(whole: bool, features: FloatArray, count: float) -> bool:
    return rules.segment_ok(count, float(features[0]), whole, float(features[2]))


def _cheapest(blocks: Blocks, place: int) -> tuple[float, int]:
    return float(blocks.weight[place]), place


def _below(n: NDArray[np.int64], least: int) -> Callable[[int], str]:
    return lambda place: "primary" if n[place] < least else ""
