"""When may a group of people be published? The table of tiers as predicates on block features.

Each predicate takes the features (F,) of a group that is not empty; what stands at which place is
said by its maker. ``atoms`` is how many separately tabulated groups the block is made of: a block
of several contains something hidden, so what it gives away must leave that something open;
``small`` is how many of those are below k; ``tiny`` how many people are in those of one or two.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from survey.disclosure.model import Bound, FloatArray, Item

SHARES_FROM = 10
FULL_FROM = 20
LEAST = 3  # counts of 1-2 are never told
WIDTH = 50.0  # of 100 points: what the mean of fewer than k people must stay open to
FLAT_VARIANCE = 25.0  # an sd below five points says that all answered alike

Verdict = Callable[[FloatArray], bool]


def margin(n: float, reach: float) -> float:
    """Whole points from either end within which an index of n answers prints as a bound.

    10 below ten answers, else 5; more where a dimension has few items, so that at least two people
    can have chosen the other end of one of them: ``reach`` is 100 · 2(A-1) / Σ(A_j-1) over its
    items (50 for four of equal scale, for which it changes nothing).
    """
    return float(np.ceil(max(10.0 if n < SHARES_FROM else 5.0, reach / n) - 1e-9))


def capped(n: float, mean: float, reach: float) -> Bound | None:
    """Which bound an index prints as, None when it prints as itself (in whole points)."""
    away = margin(n, reach)
    if mean > 100 - away:
        return "at_least"
    return "at_most" if mean < away else None


def people(k: int) -> Verdict:
    """Features: n. From k people."""
    return lambda f: bool(f[0] > k - 0.5)


def index(k: int, reach: float = 0.0, least: float = 0.0) -> Verdict:
    """Features: n, sum of scores, atoms, small. From k (or ``least``) people, within the margins.

    When it holds fewer than k who could be told apart, the mean of any m = k-1 of them must stay
    open to at least 50 of 100 points, (S - 100(n-m))/m to S/m clipped to 0-100, also for somebody
    who takes away what one colleague answered (n - 1, and S or S - 100).
    """

    def verdict(f: FloatArray) -> bool:
        n, total, _, small = f.tolist()
        if n < max(k, least) - 0.5 or capped(n, total / n, reach) is not None:
            return False
        if small < 0.5:
            return True
        return min(_open(n - 1, total, k - 1), _open(n - 1, total - 100, k - 1)) >= WIDTH

    return verdict


def _open(n: float, total: float, m: int) -> float:
    """Points that the mean of m of n people stays open to when their scores sum to ``total``."""
    return float(min(100.0, total / m) - max(0.0, (total - 100 * (n - m)) / m))


def spread(k: int) -> Verdict:
    """Features: n, sum, sum of squares, atoms, small. From 10 people who did not answer alike.

    Within it, the mean of m = k-1 people lies at most s·√((n-1)(n-m)/(n·m)) from the group's
    (Samuelson's inequality for subsets), and that must leave 50 points open, also for somebody who
    takes away what one colleague answered (any score from 0 to 100: the ends are the worst).
    """

    def verdict(f: FloatArray) -> bool:
        n, total, squares, _, small = f.tolist()
        if n < SHARES_FROM - 0.5:
            return False
        if (squares - total * total / n) / (n - 1) < FLAT_VARIANCE:
            return False
        left = [(total, squares), (total - 100, squares - 10_000)]
        return small < 0.5 or all(_reach(n - 1, *one, k - 1) * 2 >= WIDTH for one in left)

    return verdict


def _reach(n: float, total: float, squares: float, m: int) -> float:
    """How far the mean of m of n people may lie from the mean of all."""
    return float(np.sqrt(max(0.0, squares - total * total / n) * (n - m) / (n * m)))


def from_shares(f: FloatArray) -> bool:
    """Features: n. From 10 people."""
    return bool(f[0] > SHARES_FROM - 0.5)


def share(least_people: int, empty_low: bool, empty_high: bool) -> Verdict:
    """Features: n, count, atoms, tiny. ``count`` and n - count may be told.

    From ``least_people``; a group of one piece may have none on a side where ``empty_low`` (of
    count) or ``empty_high`` (of the rest) says that this is no unanimity.
    """

    def verdict(f: FloatArray) -> bool:
        n, count, atoms, _ = f.tolist()
        if n < least_people - 0.5:
            return False
        rest = n - count
        if count > LEAST - 0.5 and rest > LEAST - 0.5:
            return True
        if atoms > 1.5:
            return False
        return (empty_low and count < 0.5) or (empty_high and rest < 0.5)

    return verdict


def segment_ok(count: float, n: float, whole: bool, atoms: float) -> bool:
    """May the count between two known boundaries be told? ``whole``: it is one part or option."""
    if atoms > 1.5:
        return count > LEAST - 0.5
    if 0.5 < count < LEAST - 0.5:
        return False
    return not (whole and count > n - 1.5)


def is_whole(item: Item, low: int, high: int) -> bool:
    """Do the options low..high-1 make one option, or one side of the scale?"""
    if high - low == 1:
        return True
    return item.sides is not None and len(set(item.sides[low:high])) == 1


def side_boundaries(item: Item) -> tuple[int, ...]:
    """Boundaries between the parts shown from 10 answers: boundary i lies below option i."""
    if item.sides is None:
        return tuple(range(1, item.options)) if item.options <= 3 else ()
    return tuple(i for i in range(1, item.options) if item.sides[i] != item.sides[i - 1])


def parts(item: Item) -> list[tuple[int, int]]:
    """The favourable, neutral and unfavourable runs of options, or the options themselves."""
    edges = [0, *side_boundaries(item), item.options]
    if len(edges) == 2 and item.sides is None:
        edges = list(range(item.options + 1))
    return list(pairwise(edges))


def unanimous(counts: list[int], item: Item) -> tuple[tuple[int, int], ...]:
    """The parts and options that all or all but one chose."""
    n = sum(counts)
    runs = dict.fromkeys([*parts(item), *((i, i + 1) for i in range(item.options))])
    return tuple(run for run in runs if sum(counts[run[0] : run[1]]) >= n - 1)


def boundaries(counts: list[int], item: Item) -> frozenset[int]:
    """Which boundaries between options a cell with these counts (A,) may show by itself.

    From 10 answers those between the sides, from 20 all; none when nearly all answered alike. A
    count of 1-2 is merged with a neighbour: preferably inside its side, the smaller one, the lower.
    """
    n = sum(counts)
    if n < SHARES_FROM or unanimous(counts, item):
        return frozenset()
    sides = set(side_boundaries(item))
    known = sorted(sides if n < FULL_FROM else range(1, item.options))
    while True:
        edges = [0, *known, item.options]
        sizes = [sum(counts[a:b]) for a, b in pairwise(edges)]
        small = [i for i, size in enumerate(sizes) if 0 < size < LEAST]
        if not small:
            return frozenset(known)
        options = [
            (known[j] in sides, sizes[j + (j == i)], j)
            for i in small
            for j in (i - 1, i)
            if 0 <= j < len(known)
        ]
        if not options:
            return frozenset()
        known.pop(min(options)[2])
