"""The engine: from what was counted at each node to blocks that may be known. One pass."""

from __future__ import annotations

import math
from collections.abc import Sequence

from survey.disclosure.blocks import group
from survey.disclosure.model import (
    ALONE_FROM,
    CATEGORIES_FROM,
    SHARES_FROM,
    AnswerCounts,
    Blocks,
    CategoryBlocks,
    Counted,
    Grouping,
    IndexBlock,
    IndexBlocks,
    IndexCounts,
    IntArray,
    ShareBlocks,
)
from survey.disclosure.small_counts import Draw, fresh_draw, round_tails
from survey.disclosure.tree import Tree


def protect(counted: Counted, k: int, draw: Draw | None = None) -> Blocks:
    """Group everybody, protect each block once. ``k``: fewest answers behind an index.

    The rounding of small counts is drawn anew at every call, so a wave is protected once and the
    result kept; ``draw`` is for tests that know the draws.
    """
    return _Engine(counted, k, draw or fresh_draw).blocks()


class _Engine:
    def __init__(self, counted: Counted, k: int, draw: Draw) -> None:
        self._k = k
        self._draw = draw
        self._counted = counted
        self._tree = Tree(counted.nodes)
        self._ids = [node.id for node in counted.nodes]
        self._answers = group(self._tree, self._by_node(counted.answers), k)

    def blocks(self) -> Blocks:
        """All blocks of the wave."""
        counted, k = self._counted, self._k
        indices = {name: self._index(index) for name, index in counted.indices.items()}
        sizes = self._answers.sizes
        shares: dict[str, ShareBlocks] = {}
        categories: dict[str, CategoryBlocks] = {}
        for name, answers in counted.shares.items():
            base = indices[answers.index].grouping if answers.index else self._answers
            if name.startswith("missing:"):
                base = self._answers
            grouping = self._group_at(base, answers)
            if answers.favourable:
                shares[name] = self._share(name, grouping, base, answers)
            if not name.startswith(("missing:", "option:")) or not answers.favourable:
                categories[name] = self._categories(grouping, base, answers)
        return Blocks(
            k=k,
            nodes=tuple(self._tree.nodes),
            answers=self._answers,
            texts=group(self._tree, sizes, max(k, SHARES_FROM)),
            indices=indices,
            shares=shares,
            categories=categories,
        )

    def _by_node(self, values: IntArray) -> dict[str, int]:
        return dict(zip(self._ids, values.tolist(), strict=True))

    def _moved(self, values: IntArray) -> dict[str, int]:
        """People counted at their block of answers."""
        people: dict[str, int] = {}
        for node, value in self._by_node(values).items():
            if node in self._answers.home:
                at = self._answers.home[node]
                people[at] = people.get(at, 0) + value
        return people

    def _index(self, index: IndexCounts) -> IndexBlocks:
        # The mean of a single item is nearly its distribution; on two steps it is just that.
        least = CATEGORIES_FROM if index.steps == 2 else SHARES_FROM if index.alone else 0
        grouping = group(self._tree, self._moved(index.n), max(self._k, least))
        totals: dict[str, float] = {}
        for node, total in zip(self._ids, index.total.tolist(), strict=True):
            at = grouping.home.get(self._answers.home.get(node, ""))
            if at is not None:
                totals[at] = totals.get(at, 0.0) + total
        values = {
            at: _clamped(totals[at] / size, size, alone=index.alone)
            for at, size in grouping.sizes.items()
        }
        return IndexBlocks(grouping, values, index.alone)

    def _places(self, base: Grouping) -> list[str]:
        """For each row, the node of ``base``'s block that holds it; '' for none."""
        return [base.home.get(self._answers.home.get(node, ""), "") for node in self._ids]

    def _group_at(self, base: Grouping, answers: AnswerCounts) -> Grouping:
        """Blocks of those who answered, counted at the blocks of ``base``."""
        people = _summed(answers.counts.sum(axis=1), self._places(base))
        least = ALONE_FROM if answers.alone else SHARES_FROM
        return group(self._tree, people, max(self._k, least))

    def _share(
        self, name: str, grouping: Grouping, base: Grouping, answers: AnswerCounts
    ) -> ShareBlocks:
        chosen = answers.counts[:, list(answers.favourable)].sum(axis=1)
        places = [grouping.home.get(at, "") for at in self._places(base)]
        protected = round_tails(name, _summed(chosen, places), grouping.sizes, self._draw)
        return ShareBlocks(grouping, protected, answers.index)

    def _categories(
        self, grouping: Grouping, base: Grouping, answers: AnswerCounts
    ) -> CategoryBlocks:
        least = ALONE_FROM if answers.alone else CATEGORIES_FROM
        large = group(self._tree, grouping.sizes, max(self._k, least))
        places = [large.home.get(grouping.home.get(at, ""), "") for at in self._places(base)]
        columns = [_summed(column, places) for column in answers.counts.T]
        counts = {at: tuple(column.get(at, 0) for column in columns) for at in large.sizes}
        return CategoryBlocks(large, counts, answers.index)


def _summed(values: IntArray, places: Sequence[str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for at, value in zip(places, values.tolist(), strict=True):
        if at:
            sums[at] = sums.get(at, 0) + value
    return sums


def clamp(size: int, *, alone: bool) -> tuple[int, int]:
    """The ends at or beyond which a mean of so many people is not told.

    At them, too: nine of ten at the top and one at the bottom are exactly 90, and a form that left
    them out would tell of ten others that nobody is at the bottom.
    """
    if alone:
        return (20, 80) if size < 20 else (10, 90) if size < 40 else (5, 95)
    return (10, 90) if size < 20 else (5, 95)


def _clamped(mean: float, size: int, *, alone: bool) -> IndexBlock:
    low, high = clamp(size, alone=alone)
    exact = round(mean, 9)  # sums of floats: 90.00000000000001 is 90
    if exact >= high:
        return IndexBlock(high, "at_least")
    if exact <= low:
        return IndexBlock(low, "at_most")
    return IndexBlock(math.floor(exact + 0.5))
