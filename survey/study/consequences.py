"""What a smallest group of k means for the units there are today, before anybody has answered.

From headcounts: who would be counted in a neighbour, and how much the others could show at most,
when everybody answers and when seven of ten do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from survey.disclosure.rules import FULL_FROM, SHARES_FROM
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
class Consequence:
    """What one k means. ``units`` have staff; ``merged`` get no result of their own whoever
    answers; ``unknown`` have no headcount, so that nothing can be said of them."""

    k: int
    units: int
    merged: tuple[Merged, ...]
    unknown: int
    reach: tuple[Reach, ...]


def consequences(units: Sequence[Unit], chosen: Iterable[int]) -> list[Consequence]:
    """The consequences of each k, ascending; ``units`` are the organisation's open ones."""
    return [_of(units, k) for k in sorted(set(chosen))]


def _of(units: Sequence[Unit], k: int) -> Consequence:
    people = {unit.id: unit.headcount or 0 for unit in units}
    merged = merged_by_count(units, people, k)
    gone = {each.code for each in merged}
    total = _totals(units, people)
    staffed = [unit for unit in units if total[unit.id]]
    counted = _totals(units, _moved(units, people, merged))
    own = [counted[unit.id] for unit in staffed if unit.code not in gone]
    return Consequence(
        k=k,
        units=len(staffed),
        merged=tuple(merged),
        unknown=sum(unit.headcount is None for unit in units),
        reach=tuple(_reach(own, len(gone), share, k) for share in ANSWERING),
    )


def _reach(own: Sequence[int], merged: int, share: float, k: int) -> Reach:
    answers = [int(n * share) for n in own]
    shares_from, full_from = max(k, SHARES_FROM), max(k, FULL_FROM)
    return Reach(
        share,
        merged + sum(n < k for n in answers),
        sum(k <= n < shares_from for n in answers),
        sum(shares_from <= n < full_from for n in answers),
        sum(n >= full_from for n in answers),
    )


def _moved(
    units: Sequence[Unit], people: dict[int, int], merged: Sequence[Merged]
) -> dict[int, int]:
    """People where they are counted: whoever is merged is one of the neighbour's."""
    number = {unit.code: unit.id for unit in units}
    moved = dict(people)
    for each in merged:
        moved[number[each.code]] = 0
        moved[number[each.into_code]] += people[number[each.code]]
    return moved


def _totals(units: Sequence[Unit], people: dict[int, int]) -> dict[int, int]:
    """People of a unit with everybody below it."""
    by_id = {unit.id: unit for unit in units}
    total = dict.fromkeys(by_id, 0)
    for unit in units:
        above: int | None = unit.id
        while above is not None and above in by_id:
            total[above] += people[unit.id]
            above = by_id[above].parent_id
    return total
