"""From a hundred answers: every statement's answers as a diverging stacked bar.

Reversed statements are turned, so that agreement with the sub-goal always stands to the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from survey.instrument.parts import Scale
from survey.release.document import Category, DimensionResult, ItemResult, Share
from survey.reports.common.context import Context
from survey.reports.common.model import Chart, ChartTable
from survey.reports.figures import statements, style
from survey.reports.figures.canvas import LINE, SIDE, Canvas
from survey.reports.figures.parts import Bar, Key, draw_bars, draw_keys
from survey.reports.figures.profile import answers
from survey.reports.svg.font_metrics import width as text_width
from survey.reports.svg.font_metrics import wrap

BAR = 18
COLUMN = 70
"""Pixels of the narrow column for "vet ikke", right of the scale."""

PRINTED_FROM = 8
"""Per cent from which a share is printed inside its piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One share of a bar: ``side`` −1 left of the centre, 0 across it, 1 right of it."""

    name: str
    said: str
    length: float
    side: int
    color: str
    edge: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One bar of the chart with what stands around it."""

    item: ItemResult
    label: str
    note: str
    pieces: tuple[Piece, ...]

    def reach(self, side: int) -> float:
        """How far the bar reaches to one side of the centre line."""
        across = sum(piece.length for piece in self.pieces if piece.side == 0) / 2
        return across + sum(piece.length for piece in self.pieces if piece.side == side)


def diverging(context: Context, result: DimensionResult, width: int) -> Chart:
    """Build the chart of one dimension's statements."""
    words, scale = context.words, context.scale(result.id)
    lines = [_statement(context, scale, item) for item in result.items]
    column = any(line.item.not_applicable is not None for line in lines)
    canvas = _canvas(lines, width, column=column)
    draw_keys(canvas, _keys(context, scale))
    if column:
        # The head stands beside the first label, whether or not that line has a number below it.
        canvas.top -= 4
        _in_column(canvas, _not_applicable(context, scale), canvas.top)
    bars: list[Bar] = []
    for line in lines:
        bars += _draw(context, canvas, line, reserved=COLUMN + 6.0 if column else 0.0)
    draw_bars(canvas, bars)
    title = statements.title(context, result)
    subtitle = words("items_subtitle_full", index=words.score(result.score), n=answers(context))
    every = [category.share for item in result.items for category in item.categories or ()]
    rounded = statements.rounded(context, every, parts=True)
    table = _table(context, scale, lines)
    return Chart(
        id=f"dimension-{result.id}",
        title=title,
        subtitle=f"{subtitle} {rounded}".strip(),
        spec=canvas.finish(),
        alt=_alt(title, table),
        table=table,
    )


def _canvas(lines: Sequence[Statement], width: int, *, column: bool) -> Canvas:
    """A scale as long to the left as to the right, with room for the column of "vet ikke".

    Rounded shares may add up to more than 100.
    """
    reach = max([100.0, *(line.reach(side) for line in lines for side in (-1, 1))])
    room = width - 2 * SIDE
    return Canvas(width, -reach, -reach + 2 * reach * room / (room - (COLUMN if column else 0)))


def _statement(context: Context, scale: Scale, item: ItemResult) -> Statement:
    words, known = context.words, context.item(item.id)
    said = statements.note(context, item)
    if not item.categories and item.favourable is not None:
        # Finer answers are hidden for this item alone: its share stands in the note.
        share = f"{words('favourable')}: {words.share(item.favourable)}"
        said = " · ".join(filter(None, (said, share)))
    pieces = tuple(
        _piece(context, scale, item, category) for category in _turned(context, scale, item)
    )
    return Statement(item, context.text(known.text), said, pieces)


def _turned(context: Context, scale: Scale, item: ItemResult) -> list[Category]:
    """The categories by what they count as, lowest first."""
    sum_of_ends = scale.minimum + scale.maximum
    turned = context.item(item.id).reverse
    return sorted(
        (
            Category(sum_of_ends - c.value if turned else c.value, c.share)
            for c in item.categories or ()
        ),
        key=lambda category: category.value,
    )


def _piece(context: Context, scale: Scale, item: ItemResult, category: Category) -> Piece:
    said, side = context.words.share(category.share), _side(scale, category.value)
    color = style.likert_colors(scale.options)[category.value - scale.minimum]
    answered = category.value
    if context.item(item.id).reverse:
        answered = scale.minimum + scale.maximum - category.value
    name = _value_name(context, scale, answered)
    return Piece(name, said, _length(category.share), side, color, _edge(side))


def _side(scale: Scale, value: int) -> int:
    twice = 2 * value - scale.minimum - scale.maximum
    return (twice > 0) - (twice < 0)


def _length(share: Share) -> float:
    """How long a share is drawn; what lies beyond the steps is drawn half way to the end."""
    if share.form in ("below", "few"):
        return (share.percent or 3) / 2
    if share.form in ("above", "all_but_few"):
        return (100 + (share.percent or 97)) / 2
    return share.percent or 0


def _edge(side: int) -> str:
    return {-1: style.RUST, 0: style.NEUTRAL_EDGE, 1: style.DEEP}[side]


def _draw(context: Context, canvas: Canvas, line: Statement, *, reserved: float) -> list[Bar]:
    """Draw one line's label, ``reserved`` pixels short, bar and column; return its bar pieces."""
    words, hidden = context.words, "" if line.pieces else context.words.hidden
    canvas.label(line.label, 400, " · ".join(filter(None, (line.note, hidden))), reserved)
    if not line.pieces:
        canvas.top += 10
        return []
    y = canvas.top + BAR / 2 + 2
    canvas.segment(0, 0, y - BAR / 2 - 3, y + BAR / 2 + 3, style.SOFT, 1)
    bars, base = [], -line.reach(-1)
    for piece in line.pieces:
        hover = f"{piece.name}: {piece.said}"
        bar = Bar(base, piece.length, y, BAR, piece.color, piece.edge, hover)
        _inside(canvas, bar, piece.said)
        bars.append(bar)
        base += piece.length
    if line.item.not_applicable is not None:
        _in_column(canvas, words.share(line.item.not_applicable), y, middle=True)
    canvas.top = y + BAR / 2 + 9
    return bars


def _in_column(canvas: Canvas, text: str, y: float, *, middle: bool = False) -> None:
    """Write in the column of "vet ikke", in as many lines as its width asks for."""
    lines = wrap(text, style.SMALL, COLUMN - 4)
    if middle:
        y -= len(lines) * style.SMALL * LINE / 2
    right = canvas.room + SIDE
    for number, line in enumerate(lines):
        top = y + number * style.SMALL * LINE
        canvas.text(line, right, top, anchor="right", size=style.SMALL, color=style.SOFT)


def _inside(canvas: Canvas, bar: Bar, text: str) -> None:
    """Print a share inside its piece, from 8 % and where it fits."""
    room = bar.length * canvas.room / (canvas.high - canvas.low)
    if bar.length < PRINTED_FROM or text_width(text, style.SMALL) + 4 > room:
        return
    spot, ink = canvas.pixel(bar.base + bar.length / 2), style.text_on(bar.color)
    canvas.text(text, spot, bar.y, anchor="center", middle=True, size=style.SMALL, color=ink)


def _keys(context: Context, scale: Scale) -> list[Key]:
    colors = style.likert_colors(scale.options)
    return [
        Key(_value_name(context, scale, value), color=color, edge=_edge(_side(scale, value)))
        for value, color in zip(scale.values, colors, strict=True)
    ]


def _value_name(context: Context, scale: Scale, value: int) -> str:
    label = scale.labels.get(value)
    return context.text(label) if label else str(value)


def _not_applicable(context: Context, scale: Scale) -> str:
    if scale.not_applicable:
        return context.text(scale.not_applicable)
    return context.words("not_applicable")


def _table(context: Context, scale: Scale, lines: Sequence[Statement]) -> ChartTable:
    """The shares by what an answer counts as, the favourable one, "vet ikke", the verdict."""
    words = context.words
    changes = [statements.change_of(context, line.item.id) for line in lines]
    judged, unknown = any(changes), any(line.item.not_applicable for line in lines)
    rows = []
    for line, change in zip(lines, changes, strict=True):
        shares = {category.value: category.share for category in _turned(context, scale, line.item)}
        name = f"{line.label} ({line.note})" if line.note else line.label
        cells = [words.share(shares.get(value)) for value in scale.values]
        cells.append(words.share(line.item.favourable))
        cells += [words.share(line.item.not_applicable)] if unknown else []
        cells += [statements.change_cell(context, change)] if judged else []
        rows.append((name, *cells))
    header = (
        words("item"),
        *(_value_name(context, scale, value) for value in scale.values),
        words("favourable"),
        *([_not_applicable(context, scale)] if unknown else []),
    )
    return ChartTable((*header, words("change")) if judged else header, tuple(rows))


def _alt(title: str, table: ChartTable) -> str:
    parts = [f"{title}."]
    for row in table.rows:
        values = [
            f"{head} {cell}"
            for head, cell in zip(table.header[1:], row[1:], strict=True)
            if cell != "–"
        ]
        parts.append(f"{row[0]}: {', '.join(values)}.")
    return " ".join(parts)
