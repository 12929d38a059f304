"""The dumbbell: every index of the unit, one row each, from the first wave to the last."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from survey.reports.common.context import Context, Measured, Row
from survey.reports.common.model import Chart, ChartTable
from survey.reports.common.pattern import profile_title
from survey.reports.figures import style
from survey.reports.figures.canvas import LINE, SIDE, Canvas
from survey.reports.figures.parts import Key, draw_keys, value_beside
from survey.reports.svg.font_metrics import width as text_width

LINK = style.mix("#5c94c4", "#0b3a66", 0.35)
TARGET = "#6b3fa0"
"""Of no wave's hue: a target is not a result."""
SCALE = tuple((value, str(value)) for value in (0, 20, 40, 60, 80, 100))


def profile(context: Context, width: int, targets: Mapping[str, int]) -> Chart:
    """Build the dumbbell of overall index and dimensions over all the unit's waves.

    ``targets``: dimension id → index 0–100, drawn as a thin tick with its value under it.
    """
    words, waves = context.words, context.waves
    canvas = Canvas(width)
    direct = _direct_labels(context, canvas)
    if len(waves) > 1 and not direct:
        count = len(waves)
        draw_keys(
            canvas,
            [Key(w.name, style.wave_marker(i, count)) for i, w in enumerate(waves)],
        )
    marks: list[list[tuple[float, float, str]]] = [[] for _ in waves]
    named = direct_row(context)
    start = canvas.top
    for row in context.rows:
        if context.parts and row in context.apart[:1]:
            canvas.paragraph(words("profile_apart"))
        aim = targets.get(row.id)
        _row(context, canvas, row, marks, direct if row.id == named else (), aim)
    canvas.grid(SCALE, start)
    for position, (wave, spots) in enumerate(zip(waves, marks, strict=True)):
        marker = style.wave_marker(position, len(waves))
        canvas.points(
            [x for x, _, _ in spots],
            [y for _, y, _ in spots],
            marker,
            [hover for _, _, hover in spots],
            wave.name,
        )
    key = "profile_subtitle_wave" if len(waves) == 1 else "profile_subtitle_waves"
    subtitle = words(key, n=answers(context), waves=_names(context))
    return Chart(
        id="profile",
        title=profile_title(context),
        subtitle=subtitle,
        spec=canvas.finish(SCALE),
        alt=_alt(context, targets),
        table=_table(context, targets),
    )


def answers(context: Context) -> str:
    """Return how many answered this wave as "n = 17", or the marker."""
    n = context.unit.participation.answered
    return context.words("n_is", n=n) if n is not None else context.words("n_hidden")


def direct_row(context: Context) -> str | None:
    """Return the id of the first row that shows every wave, where marks can be named directly."""
    for row in context.rows:
        if all(context.score(row.id, wave).index is not None for wave in context.waves):
            return row.id
    return None


def _direct_labels(context: Context, canvas: Canvas) -> tuple[tuple[str, float], ...]:
    """Return (wave name, centre pixel) for names under the first complete row's marks; nothing
    where they would collide or leave the scale, so that a key must do."""
    row = direct_row(context)
    if row is None or len(context.waves) < 2:
        return ()
    spots = [canvas.pixel(context.score(row, wave).index or 0) for wave in context.waves]
    widths = [text_width(wave.name, style.SMALL) for wave in context.waves]
    placed = sorted(zip(spots, widths, strict=True))
    ends = [(spot - wide / 2, spot + wide / 2) for spot, wide in placed]
    if ends[0][0] < -8 or ends[-1][1] > canvas.room + 8:
        return ()
    if any(left[1] + 8 > right[0] for left, right in pairwise(ends)):
        return ()
    return tuple((wave.name, spot) for wave, spot in zip(context.waves, spots, strict=True))


def _row(
    context: Context,
    canvas: Canvas,
    row: Row,
    marks: list[list[tuple[float, float, str]]],
    direct: tuple[tuple[str, float], ...],
    aim: int | None,
) -> None:
    """Draw one row: label, track, marks, value at the last; or the marker where it is hidden.
    ``aim`` is the row's target."""
    scores = [context.score(row.id, wave) for wave in context.waves]
    weight = 600 if not row.id else 400
    last = scores[-1]
    used = canvas.label(row.title, weight, "" if last.index is not None else context.words.hidden)
    y = canvas.top + 8
    canvas.line(0, 100, y, style.RULE, 1)
    shown = [score.index for score in scores if score.index is not None]
    if len(shown) > 1:
        canvas.line(shown[0], shown[-1], y, LINK, 2)
    for position, score in enumerate(scores):
        if score.index is not None:
            hover = f"{row.title}, {context.waves[position].name}: {context.words.score(score)}"
            marks[position].append((score.index, y, hover))
    if last.index is not None:
        others = [index for index in (*(s.index for s in scores[:-1]), aim) if index is not None]
        value_beside(canvas, context.words.score(last), last.index, others, y)
    if direct:
        for name, spot in direct:
            canvas.text(name, spot, y + 9, anchor="center", size=style.SMALL, color=style.SOFT)
    canvas.top = y + (26 if direct else 11)
    if aim is not None:
        _target(context, canvas, row, aim, y, used)


def _target(context: Context, canvas: Canvas, row: Row, aim: int, y: float, used: float) -> None:
    """Draw a row's target on its track, with what it is above it; where the row's label, which
    ends at ``used`` pixels, is in the way, in a line of its own below the row."""
    said = context.words("target", value=aim)
    hover = f"{row.title}, {said}"
    marker = style.tick_marker(TARGET, 16, 2)
    canvas.points([aim], [y], marker, [hover], context.words("target_name"))
    wide = text_width(said, style.SMALL)
    spot = min(max(canvas.pixel(aim), wide / 2 - SIDE), canvas.room + SIDE - wide / 2)
    options: dict[str, Any] = {"anchor": "center", "size": style.SMALL, "color": TARGET}
    if spot - wide / 2 >= used + 8:
        canvas.text(said, spot, y - 9 - style.TEXT * LINE / 2, middle=True, **options)
        return
    top = canvas.top - 5
    canvas.text(said, spot, top, **options)
    canvas.top = top + 19


def _drawn(context: Context, targets: Mapping[str, int]) -> bool:
    return any(row.id in targets for row in context.rows)


def _names(context: Context) -> str:
    return context.words.listed([wave.name for wave in context.waves])


def _said(context: Context, row: Row, wave: Measured) -> str:
    return context.words.score(context.score(row.id, wave))


def _alt(context: Context, targets: Mapping[str, int]) -> str:
    """State the finding, then each row's value in each wave, and its target."""
    parts = [f"{profile_title(context)}."]
    for row in context.rows:
        values = [f"{wave.name} {_said(context, row, wave)}" for wave in context.waves]
        if row.id in targets:
            values.append(context.words("target", value=targets[row.id]))
        parts.append(f"{row.title}: {', '.join(values)}.")
    return " ".join(parts)


def _table(context: Context, targets: Mapping[str, int]) -> ChartTable:
    words, more = context.words, _drawn(context, targets)
    return ChartTable(
        header=(
            words("dimension"),
            *(wave.name for wave in context.waves),
            *([words("target_name")] if more else []),
        ),
        rows=tuple(
            (
                row.title,
                *(_said(context, row, wave) for wave in context.waves),
                *([str(targets.get(row.id, ""))] if more else []),
            )
            for row in context.rows
        ),
    )
