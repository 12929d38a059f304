"""What a smallest group of k means for the units there are today, before anybody has answered.

From headcounts: who would be counted in a neighbour, and how much the others could show at most,
when everybody answers and when seven of ten do. Employees only: leaders and other staff of an area
count where the tree has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from survey.disclosure.blocks import group
from survey.disclosure.model import CATEGORIES_FROM, SHARES_FROM, Node
from survey.disclosure.tree import Tree
from survey.organisation.models import Unit
from survey.study.freezing import Merged, merged_by_count

USUAL = (5, 6, 8, 10, 15)
"""Sizes that are shown beside the chosen one, for comparison."""
ANSWERING = (1.0, 0.7)


@dataclass(frozen=True, slots=True)
class Reach:
    """How many units show how much when the share ``answering`` of the people answer."""

    answering: float
    nothing: int
    indices: int
    shares: int
    everything: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one k means. ``units`` have staff; ``merged`` get no result of their own whoever
    answers; ``unknown`` have no headcount, so that nothing can be said of them."""

    k: int
    units: int
    merged: tuple[Merged, ...]
    unknown: int
    reach: tuple[Reach, ...]


def forecasts(units: Sequence[Unit], chosen: Iterable[int]) -> list[Forecast]:
    """The forecast for each k, ascending; ``units`` are the organisation's open ones."""
    return [_of(units, k) for k in sorted(set(chosen))] if units else []


def _of(units: Sequence[Unit], k: int) -> Forecast:
    code = {unit.id: unit.code for unit in units}
    above = {unit.id: None if unit.parent_id is None else code[unit.parent_id] for unit in units}
    tree = Tree([Node(unit.code, above[unit.id], unit.kind) for unit in units])
    people = {unit.code: unit.headcount or 0 for unit in units}
    merged = merged_by_count(units, {unit.id: people[unit.code] for unit in units}, k)
    staffed = {code for code, n in _sums(tree, people).items() if n}
    own = staffed - {merged_unit.code for merged_unit in merged}
    for merged_unit in merged:
        people[merged_unit.into_code] += people.pop(merged_unit.code)
    return Forecast(
        k=k,
        units=len(staffed),
        merged=tuple(merged),
        unknown=sum(unit.headcount is None for unit in units),
        reach=tuple(_reach(tree, people, own, len(merged), share, k) for share in ANSWERING),
    )


def _reach(
    tree: Tree, people: Mapping[str, int], own: set[str], merged: int, share: float, k: int
) -> Reach:
    answers = {code: int(count * share) for code, count in people.items()}
    counted = _sums(tree, group(tree, answers, k).sizes)
    shown = [counted[code] for code in own]
    shares_from, everything_from = max(k, SHARES_FROM), max(k, CATEGORIES_FROM)
    return Reach(
        share,
        merged + sum(n < k for n in shown),
        sum(k <= n < shares_from for n in shown),
        sum(shares_from <= n < everything_from for n in shown),
        sum(n >= everything_from for n in shown),
    )


def _sums(tree: Tree, direct: Mapping[str, int]) -> dict[str, int]:
    """Each node's number with everybody's below it."""
    own = np.array([direct.get(node.id, 0) for node in tree.nodes], dtype=np.int64)
    return {node.id: int(n) for node, n in zip(tree.nodes, tree.accumulate(own), strict=True)}
