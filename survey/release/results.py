"""From what disclosure control allows to what is printed: rounding happens here, once.

Nothing in this module looks at an answer. It takes protected cells, and the sums behind those
statistics whose cell says that spread may be shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from survey.disclosure.model import OVERALL, Cell, IndexCell, ItemCell, Measured, OptionCell, Share
from survey.instrument.model import Dimension, Instrument
from survey.measurement.change import whole_points as whole
from survey.measurement.intervals import mean_interval
from survey.release.document import (
    Category,
    DimensionResult,
    Interval,
    ItemResult,
    OptionResult,
    QuestionResult,
    Score,
    Shares,
)

UNANIMOUS = 90
"""What "all or all but one" prints as: at least 90 %."""


@dataclass(frozen=True)
class Spread:
    """Standard deviation of an index in one cell; asked for only where the cell allows it."""

    measured: Measured
    row: int

    def sd(self, index: str) -> float:
        """Sample standard deviation (ddof 1) of the person scores; NaN below two."""
        column = self.measured.indices.index(index)
        n = int(self.measured.index_n[self.row, column])
        if n < 2:
            return math.nan
        total = float(self.measured.index_sum[self.row, column])
        squares = float(self.measured.index_sumsq[self.row, column])
        return math.sqrt(max(squares - total * total / n, 0.0) / (n - 1))

    def mean(self, index: str) -> float:
        """Mean of the person scores."""
        column = self.measured.indices.index(index)
        return float(self.measured.index_sum[self.row, column]) / int(
            self.measured.index_n[self.row, column]
        )


def score(index: str, cell: IndexCell, spread: Spread, headcount: int | None) -> Score:
    """An index as printed, with its descriptive interval where the cell allows one."""
    if cell.value is None or cell.n is None:
        return Score(index=None, n=None)
    everyone = headcount is not None and cell.n == headcount
    interval = None
    if cell.spread and cell.bound is None and not everyone:
        exact = mean_interval(spread.mean(index), spread.sd(index), cell.n, headcount)
        if exact.low is not None and exact.high is not None:
            interval = Interval(max(0, whole(exact.low)), min(100, whole(exact.high)))
    return Score(cell.value, cell.n, cell.bound, interval, everyone)


def dimension_result(
    dimension: Dimension,
    instrument: Instrument,
    cell: Cell,
    spread: Spread,
    headcount: int | None,
) -> DimensionResult:
    """One dimension of a unit with its items."""
    low = instrument.scales[dimension.scale].minimum
    options = instrument.scales[dimension.scale].options
    items = [
        item_result(item.id, cell.items[item.id], low, options, reverse=item.reverse)
        for item in dimension.items
    ]
    return DimensionResult(
        id=dimension.id,
        score=score(dimension.id, cell.index[dimension.id], spread, headcount),
        shares=pooled_shares([cell.items[item.id] for item in dimension.items]),
        items=tuple(items),
    )


def item_result(name: str, cell: ItemCell, low: int, options: int, *, reverse: bool) -> ItemResult:
    """One item of a unit. Its index exists only where every single category is printed, so that
    it says nothing that the distribution does not say."""
    if cell.n is None:
        return ItemResult(name, Score(None, None))
    values = [low + options - 1 - p if reverse else low + p for p in range(options)]
    categories = [_category(group, cell.n, values) for group in cell.distribution]
    exact = [group.count for group in cell.distribution if len(group.options) == 1]
    index = None
    if len(exact) == options and all(count is not None for count in exact):
        index = _index_of([count for count in exact if count is not None])
    return ItemResult(
        id=name,
        score=Score(index, cell.n),
        shares=_shares(cell),
        distribution=tuple(reversed(categories) if reverse else categories) or None,
        not_applicable=None
        if cell.not_applicable is None
        else percent(cell.not_applicable, cell.n + cell.not_applicable),
    )


def pooled_shares(cells: Sequence[ItemCell]) -> Shares | None:
    """Shares over all valid answers of a dimension's items, from the printed counts only.

    None unless every part of every item is printed exactly.
    """
    total, up, middle, down = 0, 0, 0, 0
    for cell in cells:
        parts = (cell.favourable, cell.neutral, cell.unfavourable)
        counts = [0 if part is None else part.count for part in parts]
        if cell.n is None or any(count is None for count in counts) or cell.favourable is None:
            return None
        total += cell.n
        up += counts[0] or 0
        middle += counts[1] or 0
        down += counts[2] or 0
    if not total:
        return None
    return Shares(percent(up, total), percent(middle, total), percent(down, total))


def question_results(instrument: Instrument, cell: Cell) -> tuple[QuestionResult, ...]:
    """Single- and multiple-choice questions of a unit, in the instrument's order."""
    results = []
    for question in instrument.questions:
        if question.purpose == "role":
            continue
        if question.type == "single":
            results.append(_single(question.id, [o.id for o in question.options], cell))
        elif question.type == "multiple":
            cells = [(o.id, cell.options[f"{question.id}/{o.id}"]) for o in question.options]
            results.append(_multiple(question.id, cells))
    return tuple(results)


def overall_score(cell: Cell, spread: Spread, headcount: int | None) -> Score:
    """The headline index of a unit."""
    return score(OVERALL, cell.index[OVERALL], spread, headcount)


def percent(count: int, n: int) -> int:
    """Whole per cent, halves up; 0 of 0 is 0."""
    return whole(100 * count / n) if n else 0


def _category(group: Share, n: int, values: Sequence[int]) -> Category:
    merged = tuple(sorted(values[position] for position in group.options))
    if group.at_least_90:
        return Category(merged, UNANIMOUS, at_least=True)
    return Category(merged, None if group.count is None else percent(group.count, n))


def _shares(cell: ItemCell) -> Shares | None:
    parts: list[tuple[Literal["favourable", "neutral", "unfavourable"], Share | None]] = [
        ("favourable", cell.favourable),
        ("neutral", cell.neutral),
        ("unfavourable", cell.unfavourable),
    ]
    if cell.favourable is None or cell.n is None:
        return None
    for name, part in parts:
        if part is not None and part.at_least_90:
            shown: dict[str, int | None] = {other: None for other, _ in parts}
            shown[name] = UNANIMOUS
            return Shares(
                shown["favourable"], shown["neutral"], shown["unfavourable"], at_least=name
            )
    printed = [
        0 if part is None else None if part.count is None else percent(part.count, cell.n)
        for _, part in parts
    ]
    if all(value is None for value in printed):
        return None
    return Shares(printed[0], printed[1], printed[2])


def _index_of(counts: Sequence[int]) -> int | None:
    n = sum(counts)
    top = len(counts) - 1
    if not n:
        return None
    return whole(sum(100 * step / top * count for step, count in enumerate(counts)) / n)


def _single(name: str, options: Sequence[str], cell: Cell) -> QuestionResult:
    item = cell.items[name]
    if item.n is None:
        return QuestionResult(name, None, tuple(OptionResult(o, None) for o in options))
    shown: list[OptionResult] = [OptionResult(option, None) for option in options]
    for group in item.distribution:
        if len(group.options) != 1:
            continue
        position = group.options[0]
        if group.at_least_90:
            shown[position] = OptionResult(options[position], UNANIMOUS, at_least=True)
        elif group.count is not None:
            shown[position] = OptionResult(options[position], percent(group.count, item.n))
    return QuestionResult(name, item.n, tuple(shown))


def _multiple(name: str, cells: Sequence[tuple[str, OptionCell]]) -> QuestionResult:
    n = next((cell.shown for _, cell in cells if cell.shown is not None), None)
    options = []
    for option, cell in cells:
        if cell.bound == "at_least":
            options.append(OptionResult(option, UNANIMOUS, at_least=True))
        elif cell.bound == "at_most":
            options.append(OptionResult(option, 100 - UNANIMOUS, at_most=True))
        elif cell.ticked is None or cell.shown is None:
            options.append(OptionResult(option, None))
        else:
            options.append(OptionResult(option, percent(cell.ticked, cell.shown)))
    return QuestionResult(name, n, tuple(options))
