"""The log of what a release does not show: a line for each value, and one reason for them all.

It is read off the documents that are released, never off the computation, so whoever holds it
beside them knows no more. Why one value is hidden and not another is itself a number: a share that
is masked by itself belongs to one or two people, one that protects others does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from survey.release.document import ItemResult, QuestionResult, Score, UnitResult

REASON = "protection"
"""Too few answers, nearly all alike, or needed so that nothing else can be worked out."""

WHOLE = "n"
"""The log's name for a unit of which nothing is shown."""

_BOUNDARY = re.compile(r"(item:[^/]+)/\d+")


@dataclass(frozen=True)
class HiddenLine:
    """A value of a unit that a release does not show; for staff's log."""

    code: str
    statistic: str
    reason: str = REASON


def left_out(units: Iterable[UnitResult]) -> Iterator[HiddenLine]:
    """The log of a release, from its documents. A printed bound counts as shown."""
    for unit in units:
        for statistic in _of_unit(unit):
            yield HiddenLine(unit.unit.code, statistic)


def folded(lines: Iterable[HiddenLine]) -> list[HiddenLine]:
    """Lines as they were stored, without the reasons, and the boundaries inside an item's scale,
    that earlier versions told apart."""
    plain = (HiddenLine(line.code, _BOUNDARY.sub(r"\1", line.statistic)) for line in lines)
    return list(dict.fromkeys(plain))


def _of_unit(unit: UnitResult) -> Iterator[str]:
    if unit.unit.merged_into:
        return
    if unit.tier == "none":
        yield WHOLE
        return
    yield from _of_score("overall", unit.overall)
    for dimension in unit.dimensions:
        yield from _of_score(dimension.id, dimension.score)
        for item in dimension.items:
            yield from _of_item(item)
    for question in unit.questions:
        yield from _of_question(question)


def _of_score(name: str, score: Score) -> Iterator[str]:
    if score.index is None:
        yield f"index:{name}"
    elif score.interval is None and not score.everyone:
        yield f"spread:{name}"


def _of_item(item: ItemResult) -> Iterator[str]:
    if item.score.n is None:
        yield f"item:{item.id}"
        return
    shares = item.shares
    if shares is None or (
        shares.at_least is None and None in (shares.favourable, shares.neutral, shares.unfavourable)
    ):
        yield f"shares:{item.id}"
    if item.distribution is None or any(
        each.percent is None or len(each.values) > 1 for each in item.distribution
    ):
        yield f"distribution:{item.id}"
    if item.not_applicable is None:
        yield f"missing:{item.id}"


def _of_question(question: QuestionResult) -> Iterator[str]:
    if question.n is None:
        yield f"question:{question.id}"
        return
    for option in question.options:
        if option.percent is None:
            yield f"option:{question.id}/{option.id}"
