"""What is printed at a node: sums over the blocks of its subtree, in steps, with few forms.

Everything here is a function of :class:`Blocks`. Fractions are exact, halves go up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from survey.disclosure.model import Blocks, Bound, CategoryBlocks, IntArray
from survey.disclosure.tree import Tree

FINE_FROM = 100
"""Answers from which shares stand in whole per cent; below it in steps of five."""
FINE_ITEMS_FROM = 300
"""The same for items: their categories beside them, in steps of five, would with fewer answers
tell that nobody chose one."""
FEW = 3
"""Up to so many, after rounding, are "none or a few"."""

Form = Literal["few", "all_but_few", "below", "above"]
OpenBound = Literal["at_least", "at_most", "open"]


@dataclass(frozen=True, slots=True)
class PrintedIndex:
    """An index in whole points. ``bound``: the true one lies at or beyond it; ``open``: parts of
    it are bounded on either side."""

    value: int
    bound: OpenBound | None = None


@dataclass(frozen=True, slots=True)
class PrintedShare:
    """Per cent in steps of ``step``; None with the forms ``few`` (none or a few) and
    ``all_but_few``; with ``below`` and ``above`` it is the end beyond which the share lies."""

    percent: int | None
    step: int
    form: Form | None = None


class Printer:
    """Looks up what is printed at each node; built once for a release."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._tree = Tree(blocks.nodes)
        self._sizes = self._rows(blocks.answers.sizes)
        self._n = self._tree.accumulate(self._sizes)
        self._indices = {name: self._index_sums(name) for name in blocks.indices}

    @property
    def shares(self) -> Collection[str]:
        """Names of the items, options and "vet ikke" whose blocks hold a share."""
        return self._blocks.shares.keys()

    def _rows(self, values: Mapping[str, int]) -> IntArray:
        return np.array([values.get(node.id, 0) for node in self._tree.nodes], dtype=np.int64)

    def n(self, node: str) -> int | None:
        """Answers that count at the node; None where there is no block at it or below it."""
        return int(self._n[self._tree.at[node]]) or None

    def n_of_others(self, node: str) -> int | None:
        """People of an inner node's own block; None where it has none, and for a leaf."""
        place = self._tree.at[node]
        return int(self._sizes[place]) or None if self._tree.children[place] else None

    @cached_property
    def held(self) -> Mapping[str, tuple[str, ...]]:
        """Node → the nodes whose people the blocks of answers in its subtree hold."""
        held: dict[str, list[str]] = {node.id: [] for node in self._tree.nodes}
        for node in self._tree.nodes:
            place: int = self._tree.at.get(self._blocks.answers.home.get(node.id, ""), -1)
            while place >= 0:
                held[self._tree.nodes[place].id].append(node.id)
                place = self._tree.parent[place]
        return {node: tuple(nodes) for node, nodes in held.items()}

    def _index_sums(self, name: str) -> tuple[IntArray, IntArray]:
        """Columns of each node's own block (V, 5) — weight, weight x value, blocks, and how many
        bounded below and above — and their subtree sums."""
        index, size = self._blocks.indices[name], self._blocks.answers.sizes
        own = np.zeros((len(self._tree), 5), dtype=np.int64)
        for node, at in index.grouping.home.items():
            if at in index.values:
                own[self._tree.at[at], 0] += size.get(node, 0)
        for at, block in index.values.items():
            row = own[self._tree.at[at]]
            row[1:] = row[0] * block.value, 1, block.bound == "at_most", block.bound == "at_least"
        return own, self._tree.accumulate(own)

    def index(self, name: str, node: str, *, others: bool = False) -> PrintedIndex | None:
        """A sub-goal's index at a node, or of the node's own block (``others``); None: hidden."""
        if (self.n_of_others(node) if others else self.n(node)) is None:
            return None
        row = self._indices[name][0 if others else 1][self._tree.at[node]]
        weight, total, count, low, high = (int(cell) for cell in row)
        if not weight:
            return None
        # Where every block is clamped at the same end, so is their mean.
        bound: Bound | None = None
        if count in (high, low):
            bound = "at_least" if high else "at_most"
        return PrintedIndex(half_up(total, weight), bound)

    def share(self, name: str, node: str) -> PrintedShare | None:
        """The share of an item, option or "vet ikke"; None where it is not printed."""
        share, n = self._blocks.shares[name], self.n(node)
        if n is None or not self._index_stands(share.index, node):
            return None
        if name.startswith("missing:") and n < FINE_FROM:
            return None
        count, size = self._share_sums[name][self._tree.at[node]].tolist()
        if not size:
            return None
        fine = FINE_ITEMS_FROM if name.startswith("item:") else FINE_FROM
        return printed_share(count, size, 1 if min(n, size) >= fine else 5)

    def categories(self, name: str, node: str) -> tuple[PrintedShare, ...] | None:
        """The share of each category, from a hundred answers; None below."""
        blocks, n = self._blocks.categories[name], self.n(node)
        if n is None or n < FINE_FROM or not self._index_stands(blocks.index, node):
            return None
        counts = self._category_sums[name][self._tree.at[node]].tolist()
        if not sum(counts):
            return None
        return tuple(printed_category(count, sum(counts)) for count in counts)

    def texts(self, node: str) -> int | None:
        """People in the pool whose texts stand at the node; None where no texts stand."""
        return self._blocks.texts.sizes.get(node)

    def _index_stands(self, index: str, node: str) -> bool:
        return not index or self.index(index, node) is not None

    @cached_property
    def _share_sums(self) -> Mapping[str, IntArray]:
        return {
            name: self._tree.accumulate(
                np.stack([self._rows(blocks.counts), self._rows(blocks.grouping.sizes)], axis=1)
            )
            for name, blocks in self._blocks.shares.items()
        }

    @cached_property
    def _category_sums(self) -> Mapping[str, IntArray]:
        return {
            name: self._tree.accumulate(self._category_rows(blocks))
            for name, blocks in self._blocks.categories.items()
        }

    def _category_rows(self, blocks: CategoryBlocks) -> IntArray:
        width = max((len(counts) for counts in blocks.counts.values()), default=1)
        empty = (0,) * width
        rows = [blocks.counts.get(node.id, empty) for node in self._tree.nodes]
        return np.array(rows, dtype=np.int64)


def half_up(numerator: int, denominator: int) -> int:
    """A fraction rounded to the nearest whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def overall(parts: Sequence[PrintedIndex | None]) -> PrintedIndex | None:
    """The mean of the printed indices of the sub-goals; None where one of them is hidden."""
    known = [part for part in parts if part is not None]
    if not parts or len(known) < len(parts):
        return None
    bounds = {part.bound for part in known} - {None}
    bound = next(iter(bounds)) if len(bounds) == 1 else "open" if bounds else None
    return PrintedIndex(half_up(sum(part.value for part in known), len(known)), bound)


def printed_share(count: int, size: int, step: int) -> PrintedShare:
    """``count`` of ``size`` people as a share in whole per cent or steps of five."""
    if count <= FEW:
        return PrintedShare(None, step, "few")
    if size - count <= FEW:
        return PrintedShare(None, step, "all_but_few")
    percent = step * half_up(100 * count, step * size)
    if percent == 0:
        return PrintedShare(step, step, "below")
    if percent == 100:
        return PrintedShare(100 - step, step, "above")
    return PrintedShare(percent, step)


def printed_category(count: int, size: int) -> PrintedShare:
    """One of all answer categories: steps of five, one form below 5 % and one above 95 %."""
    if 20 * count < size:
        return PrintedShare(5, 5, "below")
    if 20 * count > 19 * size:
        return PrintedShare(95, 5, "above")
    return PrintedShare(5 * half_up(100 * count, 5 * size), 5)
