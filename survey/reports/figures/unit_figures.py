"""All charts of one unit, in reading order."""

from __future__ import annotations

from collections.abc import Mapping

from survey.release.document import DimensionResult
from survey.reports.common.context import Context
from survey.reports.common.model import Chart
from survey.reports.figures.comparison import comparison
from survey.reports.figures.diverging import diverging
from survey.reports.figures.dots import dots
from survey.reports.figures.profile import profile
from survey.reports.figures.questions import question_chart

WIDTH = 658
"""174 mm, the width of the text on A4, in CSS pixels."""


def unit_charts(
    context: Context, width: int = WIDTH, targets: Mapping[str, int] | None = None
) -> tuple[Chart, ...]:
    """Return every chart that the unit's tier allows; none for a unit whose numbers are hidden.

    ``targets``: dimension id → the index 0–100 that the unit wants to reach.
    """
    if context.unit.tier == "none" and len(context.waves) < 2:
        return ()
    charts: list[Chart | None] = []
    if any(context.score(r.id, w).index is not None for r in context.rows for w in context.waves):
        charts.append(profile(context, width, targets or {}))
    if context.unit.tier != "none":
        charts.append(comparison(context, width))
        charts += [dimension_chart(context, result, width) for result in context.unit.dimensions]
        charts += [question_chart(context, result, width) for result in context.unit.questions]
    return tuple(chart for chart in charts if chart is not None)


def dimension_chart(context: Context, result: DimensionResult, width: int) -> Chart | None:
    """Return what lies behind a dimension's index, as fine as its statements are published; None
    where nothing of them is."""
    if any(item.categories for item in result.items):
        return diverging(context, result, width)
    if any(item.favourable is not None for item in result.items):
        return dots(context, result, width)
    return None
