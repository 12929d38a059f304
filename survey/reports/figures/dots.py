"""Below a hundred answers: each statement's favourable share as a dot per wave on one line."""

from __future__ import annotations

from collections.abc import Sequence

from survey.release.document import DimensionResult, ItemResult, Share
from survey.reports.common.context import Context
from survey.reports.common.model import Chart, ChartTable
from survey.reports.figures import statements, style
from survey.reports.figures.canvas import SIDE, Canvas
from survey.reports.figures.parts import Key, draw_keys, value_beside
from survey.reports.figures.profile import LINK, answers

Spots = dict[int, list[tuple[float, float, str]]]
"""Position of a wave → (scale value, y, hover) of its marks."""


def dots(context: Context, result: DimensionResult, width: int) -> Chart:
    """Build the chart of one dimension's statements."""
    words, waves = context.words, context.waves
    canvas = Canvas(width)
    shown = _waves(context, result)
    if len(shown) > 1:
        markers = [style.wave_marker(at, len(waves)) for at in shown]
        draw_keys(canvas, [Key(waves[at].name, m) for at, m in zip(shown, markers, strict=True)])
    spots: Spots = {at: [] for at in shown}
    start = canvas.top
    for item in result.items:
        _row(context, canvas, item, spots)
    ticks = tuple((value, words.percent(value)) for value in (20, 40, 60, 80))
    canvas.grid(((0, ""), *ticks, (100, "")), start)
    for at, marks in spots.items():
        canvas.points(
            [x for x, _, _ in marks],
            [y for _, y, _ in marks],
            style.wave_marker(at, len(waves)),
            [hover for _, _, hover in marks],
            waves[at].name,
        )
    _ends(context, canvas)
    title = statements.title(context, result)
    subtitle = words("items_subtitle_shares", index=words.score(result.score), n=answers(context))
    every = [waves[at].items.get(item.id) for at in shown for item in result.items]
    rounded = statements.rounded(context, every, parts=False)
    table = _table(context, result, shown)
    return Chart(
        id=f"dimension-{result.id}",
        title=title,
        subtitle=f"{subtitle} {rounded}".strip(),
        spec=canvas.finish(ticks),
        alt=_alt(context, title, result, table),
        table=table,
    )


def _waves(context: Context, result: DimensionResult) -> list[int]:
    """Positions of the waves that show a share of one of the statements, and of this wave."""
    last = len(context.waves) - 1
    return [
        at
        for at, wave in enumerate(context.waves)
        if at == last or any(item.id in wave.items for item in result.items)
    ]


def _row(context: Context, canvas: Canvas, item: ItemResult, spots: Spots) -> None:
    """Draw one statement: its text, the line, a dot per wave, the value at the last."""
    words, text = context.words, context.text(context.item(item.id).text)
    hidden = "" if item.favourable is not None else words.hidden
    said = " · ".join(filter(None, (statements.note(context, item), hidden)))
    canvas.label(text, 400, said)
    y = canvas.top + 9
    canvas.line(0, 100, y, style.RULE, 1)
    places: list[int] = []
    for at in spots:
        share = context.waves[at].items.get(item.id)
        if share is not None:
            hover = f"{context.waves[at].name}: {words.share(share)}"
            spots[at].append((share.position, y, hover))
            places.append(share.position)
    if len(places) > 1:
        canvas.line(places[0], places[-1], y, LINK, 2)
    if item.favourable is not None:
        value_beside(canvas, words.share(item.favourable), places[-1], places[:-1], y)
    canvas.top = y + 14


def _ends(context: Context, canvas: Canvas) -> None:
    """Name the two ends of the line, which stand for none and for all but for a few."""
    words, size = context.words, style.SMALL
    canvas.top += 2
    right = canvas.room + SIDE
    canvas.text(words("share_few"), -SIDE, canvas.top, size=size, color=style.SOFT)
    canvas.text(
        words("share_all_but_few"), right, canvas.top, anchor="right", size=size, color=style.SOFT
    )
    canvas.top += size * 1.3


def _table(context: Context, result: DimensionResult, shown: Sequence[int]) -> ChartTable:
    words, waves = context.words, context.waves
    changes = {item.id: statements.change_of(context, item.id) for item in result.items}
    judged = any(changes.values())
    rows = []
    for item in result.items:
        shares: list[Share | None] = [waves[at].items.get(item.id) for at in shown]
        last = [statements.change_cell(context, changes[item.id])] if judged else []
        rows.append((_named(context, item), *(words.share(share) for share in shares), *last))
    header = (words("item"), *(waves[at].name for at in shown))
    return ChartTable((*header, words("change")) if judged else header, tuple(rows))


def _named(context: Context, item: ItemResult) -> str:
    text, said = context.text(context.item(item.id).text), statements.note(context, item)
    return f"{text} ({said})" if said else text


def _alt(context: Context, title: str, result: DimensionResult, table: ChartTable) -> str:
    parts = [f"{title}."]
    for item, row in zip(result.items, table.rows, strict=True):
        values = [
            f"{head} {cell}"
            for head, cell in zip(table.header[1:], row[1:], strict=True)
            if cell != "–"
        ]
        parts.append(f"{_named(context, item)}: {', '.join(values)}.")
    return " ".join(parts)
