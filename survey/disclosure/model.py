"""Words of disclosure control: the tree, what was counted, the blocks that may be known.

Plain frozen data, shared by the engine (``protect``, ``printing``) and by the auditor, which know
nothing of each other. A *block* is a group of people at a node of the tree, at least as many as its
statistic asks for; each person is in at most one block of a statistic, at his unit or above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

Bound = Literal["at_least", "at_most"]

SHARES_FROM = 10
"""People behind anything finer than an index: a share, a text, the index of an item alone."""
CATEGORIES_FROM = 100
"""People behind all answer categories, and behind the index of a scale of two steps: it is one."""
ALONE_FROM = 300
"""People behind shares and categories of an item alone in its sub-goal: fewer, and its index beside
them could tell that nobody chose an answer."""


@dataclass(frozen=True, slots=True)
class Node:
    """A unit of the wave's frozen tree; ``kind`` is '' when the unit has none."""

    id: str
    parent: str | None
    kind: str = ""


@dataclass(frozen=True)
class IndexCounts:
    """A sub-goal at each node: how many of its direct people have a score (V,), and the sum of
    their scores on 0-100 (V,). ``alone``: the sub-goal has a single item; ``steps``: answers to
    choose from on its scale."""

    n: IntArray
    total: FloatArray
    alone: bool = False
    steps: int = 4


@dataclass(frozen=True)
class AnswerCounts:
    """Answers to one item, question or option at each node, (V, options) in the order of the scored
    scale.

    ``index`` names the sub-goal that must be printed beside it, at whose blocks the people are
    counted ('' for neither; those who said "vet ikke" are counted at the blocks of answers).
    ``favourable``: positions that a share adds up; () when no share may stand below a hundred
    answers (two or three options, single choice, exclusive options: there the share is the
    distribution).
    """

    counts: IntArray
    index: str = ""
    favourable: tuple[int, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class Counted:
    """A wave counted by node: row v of every array is of the direct people of ``nodes[v]``.

    ``shares`` holds items, options and those who said "vet ikke" by name, ``item:<id>``,
    ``option:<question>/<option>``, ``question:<id>``, ``missing:<id>``.
    """

    nodes: tuple[Node, ...]
    answers: IntArray
    indices: Mapping[str, IndexCounts]
    shares: Mapping[str, AnswerCounts] = field(default_factory=dict)


@dataclass(frozen=True)
class Grouping:
    """Who is counted with whom. ``counts``: node → people counted there; ``home``: node → the node
    at which their block lies (a node whose people are in no block is missing)."""

    least: int
    counts: Mapping[str, int]
    home: Mapping[str, str]

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Block's node → how many people are in it."""
        sizes: dict[str, int] = {}
        for node, count in self.counts.items():
            if count and node in self.home:
                sizes[self.home[node]] = sizes.get(self.home[node], 0) + count
        return sizes


@dataclass(frozen=True, slots=True)
class IndexBlock:
    """A block's mean in whole points, clamped; ``bound``: the mean lies there or beyond."""

    value: int
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class IndexBlocks:
    """A sub-goal's blocks; ``values`` by the block's node."""

    grouping: Grouping
    values: Mapping[str, IndexBlock]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class ShareBlocks:
    """Blocks of an item, option or "vet ikke": node → how many of the block's people, after
    tails of one or two became none or three. ``index`` is the sub-goal that must be printed
    beside it ('' for none)."""

    grouping: Grouping
    counts: Mapping[str, int]
    index: str = ""


@dataclass(frozen=True, slots=True)
class CategoryBlocks:
    """Blocks of all answer categories: node → count of each category."""

    grouping: Grouping
    counts: Mapping[str, tuple[int, ...]]
    index: str = ""


@dataclass(frozen=True)
class Blocks:
    """Everything that may be known of a wave's units: what is printed of them is computed from this
    alone (beside it stand the organisation's σ̂ and the like, ``survey.release.method``).

    ``texts`` pools people, not texts: what somebody wrote is shown at his pool's node.
    """

    k: int
    nodes: tuple[Node, ...]
    answers: Grouping
    texts: Grouping
    indices: Mapping[str, IndexBlocks]
    shares: Mapping[str, ShareBlocks] = field(default_factory=dict)
    categories: Mapping[str, CategoryBlocks] = field(default_factory=dict)
