"""From what is decided to what is printed: rounding, bounds, merged categories."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from survey.disclosure import rules
from survey.disclosure.blocks import Blocks
from survey.disclosure.model import (
    Cell,
    Hidden,
    IndexCell,
    Item,
    ItemCell,
    OptionCell,
    Protected,
    Share,
    Tier,
)
from survey.disclosure.tables import Table


def whole_points(value: float) -> int:
    """Nearest whole point, halves up: 49.5 prints as 50 however the sum was added up."""
    return int(np.floor(round(value, 9) + 0.5))


class Printer:
    """Makes the cells of a release from the statistics that may be shown exactly."""

    def __init__(
        self,
        table: Table,
        stats: Mapping[str, Blocks],
        kinds: Mapping[str, NDArray[np.bool_]],
        log: tuple[Hidden, ...],
        bounds: bool,
    ) -> None:
        self.table, self.stats, self.kinds, self.log = table, stats, kinds, log
        self.bounds = bounds  # told only where no earlier release could sharpen them
        self._flats: dict[int, NDArray[np.bool_]] = {}

    def protected(self) -> Protected:
        """Everything that may be printed of the wave."""
        nodes = self.table.tree.nodes
        cells = {node.id: self._cell(v, node.id) for v, node in enumerate(nodes) if node.printed}
        kinds = {kind: self._kind(kind, mine) for kind, mine in self.kinds.items()}
        return Protected(self.table.k, cells, dict(sorted(kinds.items())), self.log)

    def _cell(self, v: int, name: str) -> Cell:
        measured, shown = self.table.measured, bool(self.stats["n"].shown[v])
        n = int(self.table.n[v]) if shown else None
        return Cell(
            id=name,
            n=n,
            tier=tier(n, self.table.k),
            index={name: self._index(v, i) for i, name in enumerate(measured.indices)},
            items={item.id: self._item(v, j, item) for j, item in enumerate(measured.items)},
            options={name: self._option(v, m) for m, name in enumerate(measured.options)},
            comments=n is not None and n >= rules.SHARES_FROM,
        )

    def _bound_ok(self, blocks: Blocks, v: int, bounded: NDArray[np.bool_]) -> bool:
        """May a bound be printed: is what is left of its block without bounded cells fit to know?

        A bound nearly tells the value, so it must not tell a small neighbour's by subtraction.
        """
        inside = blocks.total[v] - blocks.total[blocks.below(v)].sum(axis=0)
        if not self.bounds or inside[blocks.atoms] > 1.5:
            return False  # it would nearly tell what is hidden within
        above = blocks.above(v)
        if above < 0:
            return True
        rest = blocks.sums[above].copy()
        for other in np.flatnonzero(bounded & ~blocks.shown).tolist():
            up = self.table.tree.parent[other]
            if blocks.above(other) == above and not self._inside(
                bounded & ~blocks.shown, up, above
            ):
                below = blocks.below(other)
                rest -= blocks.total[other] - blocks.total[below].sum(axis=0)
        return blocks.fine(rest)

    def _inside(self, bounded: NDArray[np.bool_], up: int, above: int) -> bool:
        """Does a bounded cell lie above, below the published one? Then it is subtracted already."""
        while up not in (above, -1):
            if bounded[up]:
                return True
            up = self.table.tree.parent[up]
        return False

    def _index(self, v: int, i: int) -> IndexCell:
        name = self.table.measured.indices[i]
        blocks, n, total = self.stats[f"index:{name}"], self.table.index_n, self.table.index_sum
        if blocks.shown[v]:
            spread = bool(self.stats[f"spread:{name}"].shown[v])
            return IndexCell(int(n[v, i]), whole_points(total[v, i] / n[v, i]), None, spread)
        if not self.stats["n"].shown[v] or n[v, i] < self.table.least(i):
            return IndexCell()
        reach = self.table.reach(i)
        bound = rules.capped(n[v, i], total[v, i] / n[v, i], reach)
        if bound is None or not self._bound_ok(blocks, v, self._capped(i)):
            return IndexCell()
        away = int(rules.margin(n[v, i], reach))
        return IndexCell(int(n[v, i]), 100 - away if bound == "at_least" else away, bound)

    def _capped(self, i: int) -> NDArray[np.bool_]:
        """Cells (V,) from k answers whose index prints as a bound."""
        n, total = self.table.index_n[:, i], self.table.index_sum[:, i]
        least, reach = self.table.least(i), self.table.reach(i)
        return np.array(
            [
                people >= least and rules.capped(people, score / people, reach) is not None
                for people, score in zip(n.tolist(), total.tolist(), strict=True)
            ]
        )

    def _item(self, v: int, j: int, item: Item) -> ItemCell:
        keys = [f"item:{item.id}/{i}" for i in range(1, item.options)]
        missing = None
        if self.stats[f"missing:{item.id}"].shown[v]:
            missing = int(self.table.not_applicable[v, j])
        if not self.stats[f"item:{item.id}"].shown[v]:
            return ItemCell(not_applicable=missing)
        counts = self.table.counts[j][v].tolist()
        n = sum(counts)
        known = [0, *(i for i, key in enumerate(keys, 1) if self.stats[key].shown[v]), item.options]
        flat = rules.unanimous(counts, item) if self._flat(j, item)[v] else ()
        if flat and not self._flat_ok(v, j, item, flat):
            flat = ()
        sides = self._sides(item, counts, known, flat)
        return ItemCell(
            n=n,
            favourable=sides.get(1),
            neutral=sides.get(0),
            unfavourable=sides.get(-1),
            distribution=_groups(item, counts, known, flat, n),
            not_applicable=missing,
            spread=not flat and all(i in known for i in rules.side_boundaries(item)),
        )

    def _flat_ok(self, v: int, j: int, item: Item, flat: tuple[tuple[int, int], ...]) -> bool:
        """May "minst 90 %" be printed, at every boundary that it nearly tells? That is all of
        them: below the run at most one person stands, above it likewise."""
        edges = {edge for run in flat for edge in run} - {0, item.options}
        outside = {i for i in range(1, item.options) if all(not a < i < b for a, b in flat)}
        stats = [self.stats[f"item:{item.id}/{i}"] for i in sorted(edges | outside)]
        return all(self._bound_ok(blocks, v, self._flat(j, item)) for blocks in stats)

    def _flat(self, j: int, item: Item) -> NDArray[np.bool_]:
        """Cells (V,) of at least ten in which all or all but one chose the same part."""
        if j not in self._flats:
            counts = self.table.counts[j]
            n = counts.sum(axis=1)
            most = np.column_stack([counts[:, a:b].sum(axis=1) for a, b in rules.parts(item)])
            self._flats[j] = (n >= rules.SHARES_FROM) & (
                np.maximum(most.max(axis=1), counts.max(axis=1)) >= n - 1
            )
        return self._flats[j]

    @staticmethod
    def _sides(
        item: Item, counts: list[int], known: list[int], flat: tuple[tuple[int, int], ...]
    ) -> dict[int, Share]:
        found: dict[int, Share] = {}
        for low, high in rules.parts(item) if item.sides is not None else ():
            told = low in known and high in known and not flat
            found[item.sides[low] if item.sides else 0] = Share(
                tuple(range(low, high)),
                sum(counts[low:high]) if told else None,
                (low, high) in flat,
            )
        return found

    def _option(self, v: int, m: int) -> OptionCell:
        blocks = self.stats[f"option:{self.table.measured.options[m]}"]
        n, ticked = int(self.table.shown[v, m]), int(self.table.ticked[v, m])
        if blocks.shown[v]:
            return OptionCell(n, ticked)
        if not self.stats["n"].shown[v] or n < rules.SHARES_FROM or 1 < ticked < n - 1:
            return OptionCell()
        shown, marked = self.table.shown[:, m], self.table.ticked[:, m]
        bounded = (shown >= rules.SHARES_FROM) & ((marked <= 1) | (marked >= shown - 1))
        if not self._bound_ok(blocks, v, bounded):
            return OptionCell()
        return OptionCell(n, None, "at_most" if ticked <= 1 else "at_least")

    def _kind(self, kind: str, mine: NDArray[np.bool_]) -> Cell:
        tree, measured = self.table.tree, self.table.measured
        n = int(tree.direct(self.table.n)[mine].sum())
        sizes = tree.direct(self.table.index_n)[mine].sum(axis=0)
        sums = tree.direct(self.table.index_sum)[mine].sum(axis=0)
        index = {
            name: IndexCell(int(sizes[i]), whole_points(sums[i] / sizes[i]))
            for i, name in enumerate(measured.indices)
            if sizes[i] > 0
        }
        return Cell(
            kind, n, Tier.INDEX, {name: index.get(name, IndexCell()) for name in measured.indices}
        )


def tier(n: int | None, k: int) -> Tier:
    """Row of the table of tiers for a cell with n shown answers (None: hidden)."""
    if n is None or n < k:
        return Tier.NONE
    if n < rules.SHARES_FROM:
        return Tier.INDEX
    return Tier.SHARES if n < rules.FULL_FROM else Tier.FULL


def _groups(
    item: Item,
    counts: list[int],
    known: list[int],
    flat: tuple[tuple[int, int], ...],
    n: int,
) -> tuple[Share, ...]:
    """The distribution as groups of neighbouring options that cover the scale, or nothing."""
    if flat and n >= rules.FULL_FROM:
        return tuple(Share((i,), None, (i, i + 1) in flat) for i in range(item.options))
    few = n < rules.FULL_FROM and item.sides is not None
    if flat or few or len(known) == 2:
        return ()
    runs = pairwise(known)
    return tuple(Share(tuple(range(low, high)), sum(counts[low:high])) for low, high in runs)
