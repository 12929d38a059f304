"""Areas × dimensions: five steps of one hue with the number printed, hidden cells hatched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from survey.release.document import Score
from survey.reports.common.model import Chart, ChartTable
from survey.reports.common.words import Words
from survey.reports.figures import style
from survey.reports.figures.canvas import SIDE, Canvas
from survey.reports.figures.parts import Bar, Key, draw_bars, draw_keys
from survey.reports.svg.font_metrics import wrap

ROW = 30
STEPS = (0, 20, 40, 60, 80)


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One area: its name and a score per column."""

    name: str
    scores: tuple[Score, ...]


def heatmap(
    words: Words,
    title: str,
    subtitle: str,
    columns: Sequence[str],
    rows: Sequence[HeatRow],
    width: int = 658,
) -> Chart:
    """Build the heat map of ``rows`` × ``columns``; each row has one score per column."""
    names = min(0.3 * width, 210)
    canvas = Canvas(width, 0, 1)
    draw_keys(canvas, _keys(words))
    cell = (canvas.room + SIDE - names) / len(columns)
    heads = [wrap(column, style.SMALL, cell - 6, 400, 4) for column in columns]
    tallest = max(len(head) for head in heads) * style.SMALL * 1.3
    for number, head in enumerate(heads):
        top = canvas.top + tallest - len(head) * style.SMALL * 1.3
        canvas.text(head, names + number * cell + 2, top, size=style.SMALL, color=style.SOFT)
    canvas.top += tallest + 4
    bars: list[Bar] = []
    for row in rows:
        bars += _row(words, canvas, row, names, cell)
    draw_bars(canvas, bars)
    table = ChartTable(
        header=(words("area"), *columns),
        rows=tuple((row.name, *(words.score(s) for s in row.scores)) for row in rows),
    )
    said = "; ".join(
        f"{row.name}: "
        + ", ".join(f"{c} {words.score(s)}" for c, s in zip(columns, row.scores, strict=True))
        for row in rows
    )
    return Chart("heatmap", title, subtitle, canvas.finish(), f"{title}. {said}.", table)


def _keys(words: Words) -> list[Key]:
    keys = [
        Key(f"{low}–{low + 19 if low < 80 else 100}", color=color, edge=style.NAVY)
        for low, color in zip(STEPS, style.HEAT, strict=True)
    ]
    return [*keys, Key(words("hidden_short"), color=style.PAPER, edge=style.HATCH, hatched=True)]


def _row(words: Words, canvas: Canvas, row: HeatRow, names: float, cell: float) -> list[Bar]:
    lines = wrap(row.name, style.TEXT, names + SIDE - 8, 400, 2)
    middle = canvas.top + ROW / 2
    canvas.text(lines, -SIDE, middle, middle=True)
    bars = []
    for number, score in enumerate(row.scores):
        left = names + number * cell
        base, length = canvas.value(left), canvas.value(left + cell - 2) - canvas.value(left)
        if score.index is None:
            bars.append(
                Bar(
                    base,
                    length,
                    middle,
                    ROW - 2,
                    style.PAPER,
                    style.HATCH,
                    f"{row.name}: {words.hidden}",
                    hatched=True,
                )
            )
            continue
        color = style.HEAT[min(score.index // 20, 4)]
        text = words.score(score)
        bars.append(Bar(base, length, middle, ROW - 2, color, style.NAVY, f"{row.name}: {text}"))
        canvas.text(
            text,
            left + cell / 2 - 1,
            middle,
            anchor="center",
            middle=True,
            color=style.text_on(color),
        )
    canvas.top += ROW
    return bars
