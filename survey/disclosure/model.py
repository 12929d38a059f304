"""Words of disclosure control: the tree, what was measured, what may be printed.

Plain frozen data, no logic beyond look-ups. A *cell* is a node of the tree together with everybody
below it, or all units of one kind. ``None`` always means "not shown": there is one marker for every
hidden value, and the reason stands in ``Protected.log`` only, which is never printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

OVERALL = "overall"
Side = Literal[-1, 0, 1]
Bound = Literal["at_least", "at_most"]


class Tier(IntEnum):
    """How much a cell may show, by its number of answers."""

    NONE = 0  # below k, or hidden to protect others
    INDEX = 1  # k to 9: indices in whole points
    SHARES = 2  # 10 to 19: shares, interval, agreement, ticked shares, comments
    FULL = 3  # from 20: answer categories


@dataclass(frozen=True, slots=True)
class Node:
    """A unit of the wave's frozen tree.

    ``kind`` is '' when the unit has none. ``printed`` is False for a part that is tabulated but
    never printed by itself (the slices of a pooled unit, answers that came after an earlier
    release): it still counts as something that could be found by subtraction.
    """

    id: str
    parent: str | None
    kind: str = ""
    printed: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """A question with one answer per person; counts follow the order of ``sides``.

    ``sides`` tells for each option, in the order of the (scored) scale, whether it is favourable
    (1), neutral (0) or unfavourable (-1), never decreasing; None for options without direction
    (single choice, bands of a count), which are shown from 20 answers only, or from 10 when there
    are at most three. ``dimension`` is '' when the item belongs to none;
    ``overall`` is False when its dimension is no part of the overall index.
    """

    id: str
    options: int
    dimension: str = ""
    sides: tuple[Side, ...] | None = None
    overall: bool = True

    def within(self, index: str) -> bool:
        """True when the item is a part of this index."""
        return bool(self.dimension) and (
            index == self.dimension or (index == OVERALL and self.overall)
        )


@dataclass(frozen=True)
class Measured:
    """Subtree totals of a wave; row v of every array belongs to ``nodes[v]``.

    A node's own (direct) answers are its row minus its children's rows: direct staff, leaders and
    answers lifted to it. Sums are of person scores on 0-100.

    nodes: ids, in the order of the rows (any order). n (V,): respondents.
    indices (I,): 'overall' first, then the dimensions. index_n, index_sum, index_sumsq (V, I).
    items (J,): counts[j] is (V, items[j].options); not_applicable and unanswered (V, J).
    options (M,): ids of multi-select options ('question/option'); shown (V, M) is how many saw and
    answered the question, ticked (V, M) how many ticked the option.
    ways: for each dimension, of each node the different ways in which its own people answered the
    dimension's items (places of the options, -1 for none): what one of them knows of himself. Only
    the auditor asks for them.
    """

    nodes: tuple[str, ...]
    n: IntArray
    indices: tuple[str, ...]
    index_n: IntArray
    index_sum: FloatArray
    index_sumsq: FloatArray
    items: tuple[Item, ...] = ()
    counts: tuple[IntArray, ...] = ()
    not_applicable: IntArray = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    unanswered: IntArray = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    options: tuple[str, ...] = ()
    shown: IntArray = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    ticked: IntArray = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    ways: Mapping[str, tuple[frozenset[tuple[int, ...]], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexCell:
    """An index of a cell. ``value`` None: not shown (then ``n`` is None too).

    ``value`` is in whole points; with ``bound`` it is that bound and not the value ('at_least' 95
    prints as "95 eller mer"), and whatever is derived uses the bound. ``spread``: sd, descriptive
    interval and agreement of this cell may be computed and printed.
    """

    n: int | None = None
    value: int | None = None
    bound: Bound | None = None
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` answers among the options ``options`` (positions from 0, neighbours).

    ``count`` None: not shown; with ``at_least_90`` it prints as "minst 90 %" and its exact count is
    not shown.
    """

    options: tuple[int, ...]
    count: int | None = None
    at_least_90: bool = False


@dataclass(frozen=True, slots=True)
class ItemCell:
    """An item of a cell. ``n`` None: nothing of the item is shown.

    ``favourable``, ``neutral``, ``unfavourable``: None when the item has no such part or n is
    hidden, else a ``Share`` (whose count may be hidden). ``distribution``: () when not shown, else
    groups of neighbouring options that together cover the scale. ``not_applicable``: how many of
    the cell's respondents said "vet ikke", None when not shown; ``spread``: an interval of the
    shares, item sd and the like may be shown.
    """

    n: int | None = None
    favourable: Share | None = None
    neutral: Share | None = None
    unfavourable: Share | None = None
    distribution: tuple[Share, ...] = ()
    not_applicable: int | None = None
    spread: bool = False


@dataclass(frozen=True, slots=True)
class OptionCell:
    """A multi-select option of a cell: ``ticked`` of ``shown`` people.

    ``bound`` 'at_least': at least 90 % ticked it; 'at_most': at most 10 % did; ``ticked`` is then
    None. All None: not shown.
    """

    shown: int | None = None
    ticked: int | None = None
    bound: Bound | None = None


@dataclass(frozen=True)
class Cell:
    """What may be known of a node with everybody below it (or of a kind).

    ``n`` None: the marker stands for the whole cell. ``index``, ``items``, ``options`` hold one
    entry for every index, item and option of the study, hidden or not. ``comments``: moderated
    comments and counts of words (each from k) may be shown.
    """

    id: str
    n: int | None
    tier: Tier
    index: Mapping[str, IndexCell]
    items: Mapping[str, ItemCell] = field(default_factory=dict)
    options: Mapping[str, OptionCell] = field(default_factory=dict)
    comments: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """A line of the log: why a statistic of a cell is not shown. For the log only."""

    cell: str
    statistic: str  # 'n', 'index:<id>', 'spread:<id>', 'item:<id>', 'item:<id>/<boundary>', ...
    reason: str  # 'primary', 'secondary', 'bound', 'small count', 'unanimity', 'kind'


@dataclass(frozen=True)
class Protected:
    """What may be printed of a wave, and (for the log only) why the rest may not.

    ``cells`` by node id; ``kinds`` by kind, indices only, and only kinds of at least four units
    with k answers each (so that every unit has three others to be compared with).
    """

    k: int
    cells: Mapping[str, Cell]
    kinds: Mapping[str, Cell]
    log: tuple[Hidden, ...] = ()


@dataclass(frozen=True)
class Tabulation:
    """An earlier release of (partly) the same answers: its tree and what it printed.

    Answers are matched by node id: the direct answers of node x here are those of node x in the
    tree that is being protected. Pooled waves and late answers are told apart with unprinted nodes.
    """

    nodes: Sequence[Node]
    protected: Protected
