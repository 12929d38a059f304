"""What lies behind a dimension's index: diverging stacked bars, as fine as the tier allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from survey.instrument.model import Scale
from survey.release.document import DimensionResult, ItemResult, Shares
from survey.reports.context import Context
from survey.reports.figures import style
from survey.reports.figures.canvas import SIDE, Canvas
from survey.reports.figures.parts import Bar, Key, draw_bars, draw_keys
from survey.reports.metrics import width as text_width
from survey.reports.model import MERGED, Chart, ChartTable

BAR = 18
COLUMN = 64
"""Pixels of the narrow column for "vet ikke", right of the scale."""

PRINTED_FROM = 8
"""Per cent from which a share is printed inside its piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One share of a bar: ``side`` −1 left of the centre, 0 across it, 1 right of it."""

    name: str
    percent: int
    side: int
    color: str
    edge: str
    at_least: bool = False
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One bar of the chart with what stands around it. ``parts`` are the table's cells."""

    label: str
    note: str
    pieces: tuple[Piece, ...]
    parts: tuple[str, ...]
    index: str
    n: str
    not_applicable: int | None = None


def dimension_chart(context: Context, result: DimensionResult, width: int) -> Chart | None:
    """Build the chart of one dimension's items; None where the tier allows nothing of it."""
    scale = context.scale(result.id)
    full = any(item.distribution for item in result.items)
    if not full and not any(item.shares for item in result.items):
        return None
    lines = [_item_line(context, scale, item, full) for item in result.items]
    words = context.words
    canvas = Canvas(width, -100, _high(lines, width))
    draw_keys(canvas, _keys(context, scale, full, lines))
    reserved = 0.0
    if any(line.not_applicable is not None for line in lines):
        # The head stands beside the first label, whether or not that line has a number below it.
        reserved = 70.0
        head = _not_applicable(context, scale)
        canvas.top -= 4
        canvas.text(
            head, canvas.room + SIDE, canvas.top, anchor="right", size=style.SMALL, color=style.SOFT
        )
    bars: list[Bar] = []
    for line in lines:
        bars += _draw(context, canvas, line, reserved)
    draw_bars(canvas, bars)
    title = _title(context, result)
    key = "items_subtitle_full" if full else "items_subtitle_shares"
    said = words(key, index=words.score(result.score), n=_n(context, result.score.n))
    return Chart(
        id=f"dimension-{result.id}",
        title=title,
        subtitle=f"{said} {_spread(context, result)}".strip(),
        spec=canvas.finish(),
        alt=_alt(title, context, lines, _heads(context, scale, full)),
        table=_table(context, lines, _heads(context, scale, full)),
    )


def _high(lines: Sequence[Line], width: int) -> float:
    """Return the right end of a scale from −100 that leaves room for the column of "vet ikke"."""
    if all(line.not_applicable is None for line in lines):
        return 100
    room = width - 2 * SIDE
    return -100 + 200 * room / (room - COLUMN)


def _item_line(context: Context, scale: Scale, item: ItemResult, full: bool) -> Line:
    words, known = context.words, context.item(item.id)
    note = words("reverse_note") if known.reverse else ""
    pieces: tuple[Piece, ...] = ()
    heads = _heads(context, scale, full)
    parts: tuple[str, ...] = tuple(words("hidden_short") for _ in heads)
    if full and item.distribution:
        pieces = _distribution(context, scale, item)
        parts = _distribution_cells(context, scale, item)
    elif item.shares is not None:
        pieces = _shares(context, item.shares)
        cells = (item.shares.unfavourable, item.shares.neutral, item.shares.favourable)
        names = ("unfavourable", "neutral", "favourable")
        said = [
            words.percent(c, item.shares.at_least == name)
            for c, name in zip(cells, names, strict=True)
        ]
        if full:
            # Finer answers are hidden for this item alone: its shares stand in the note.
            note = " · ".join(filter(None, (note, f"{words('favourable')}: {said[2]}")))
        else:
            parts = tuple(said)
    return Line(
        label=context.text(known.text),
        note=note,
        pieces=pieces,
        parts=parts,
        index=words.score(item.score),
        n=_n(context, item.score.n),
        not_applicable=item.not_applicable,
    )


def _distribution(context: Context, scale: Scale, item: ItemResult) -> tuple[Piece, ...]:
    """Return the pieces of a distribution as answered; what is masked is one hatched piece."""
    colors = style.likert_colors(scale.options)
    middle = (scale.minimum + scale.maximum) / 2
    pieces, rest = [], 100
    for category in item.distribution or ():
        if category.percent is None:
            continue
        rest -= category.percent
        mean = sum(category.values) / len(category.values)
        low, high = min(category.values), max(category.values)
        side = -1 if high < middle else 1 if low > middle else 0
        at = mean - scale.minimum
        color = style.mix(colors[int(at)], colors[min(int(at) + 1, len(colors) - 1)], at % 1)
        if side == 0:
            color = style.NEUTRAL
        pieces.append(
            Piece(
                _category_name(context, scale, category.values),
                category.percent,
                side,
                color,
                _edge(side),
                category.at_least,
            )
        )
    masked = any(c.percent is None for c in item.distribution or ())
    return _with_rest(context, pieces, rest if masked else 0)


def _with_rest(context: Context, pieces: list[Piece], rest: int) -> tuple[Piece, ...]:
    """Add what is masked as a hatched piece on the side where nothing else stands."""
    if rest <= 0:
        return tuple(pieces)
    sides = {piece.side for piece in pieces}
    side = 0 if not sides else -1 if 1 in sides else 1
    hidden = Piece(context.words.hidden, rest, side, style.PAPER, style.HATCH, hatched=True)
    return (hidden, *pieces) if side < 0 else (*pieces, hidden)


def _edge(side: int) -> str:
    return {-1: style.RUST, 0: style.NEUTRAL_EDGE, 1: style.DEEP}[side]


def _shares(context: Context, shares: Shares) -> tuple[Piece, ...]:
    words = context.words
    wanted = (
        ("unfavourable", shares.unfavourable, -1, style.mix(style.RUST, style.SAND, 0.75)),
        ("neutral", shares.neutral, 0, style.NEUTRAL),
        ("favourable", shares.favourable, 1, style.mix(style.BLUE, style.DEEP, 0.6)),
    )
    pieces = [
        Piece(words(name), percent, side, color, _edge(side), shares.at_least == name)
        for name, percent, side, color in wanted
        if percent
    ]
    masked = any(percent is None for _, percent, _, _ in wanted)
    return _with_rest(context, pieces, 100 - sum(p.percent for p in pieces) if masked else 0)


def _draw(context: Context, canvas: Canvas, line: Line, reserved: float) -> list[Bar]:
    """Draw one line's label, ``reserved`` pixels short, bar and column; return its bar pieces."""
    words = context.words
    hidden = "" if line.pieces else words.hidden
    canvas.label(line.label, 400, " · ".join(filter(None, (line.note, hidden))), reserved)
    if not line.pieces:
        canvas.top += 10
        return []
    y = canvas.top + BAR / 2 + 2
    canvas.segment(0, 0, y - BAR / 2 - 3, y + BAR / 2 + 3, style.SOFT, 1)
    across = sum(piece.percent for piece in line.pieces if piece.side == 0)
    left, right = -across / 2, across / 2
    middle = -across / 2
    bars = []
    for piece in sorted(line.pieces, key=lambda p: p.side):
        if piece.side == 0:
            bars.append(_bar(words.percent(piece.percent, piece.at_least), line, piece, middle, y))
            middle += piece.percent
    # Away from the centre: the mildest answer stands nearest to it.
    for piece in reversed([p for p in line.pieces if p.side < 0]):
        left -= piece.percent
        bars.append(_bar(words.percent(piece.percent, piece.at_least), line, piece, left, y))
    for piece in (p for p in line.pieces if p.side > 0):
        bars.append(_bar(words.percent(piece.percent, piece.at_least), line, piece, right, y))
        right += piece.percent
    for bar in bars:
        _inside(canvas, bar)
    if line.not_applicable is not None:
        canvas.text(
            words.percent(line.not_applicable),
            canvas.room + SIDE,
            y,
            anchor="right",
            middle=True,
            size=style.SMALL,
            color=style.SOFT,
        )
    canvas.top = y + BAR / 2 + 9
    return bars


def _bar(said: str, line: Line, piece: Piece, base: float, y: float) -> Bar:
    hover = piece.name if piece.hatched else f"{piece.name}: {said}"
    return Bar(base, piece.percent, y, BAR, piece.color, piece.edge, hover, piece.hatched)


def _inside(canvas: Canvas, bar: Bar) -> None:
    """Print a share inside its piece, from 8 % and where it fits."""
    if bar.hatched or bar.length < PRINTED_FROM:
        return
    text = bar.hover.rsplit(": ", 1)[-1]
    room = bar.length * canvas.room / (canvas.high - canvas.low)
    if text_width(text, style.SMALL) + 4 > room:
        return
    spot = canvas.pixel(bar.base + bar.length / 2)
    canvas.text(
        text,
        spot,
        bar.y,
        anchor="center",
        middle=True,
        size=style.SMALL,
        color=style.text_on(bar.color),
    )


def _keys(context: Context, scale: Scale, full: bool, lines: Sequence[Line]) -> list[Key]:
    words = context.words
    keys = []
    if full:
        middle = (scale.minimum + scale.maximum) / 2
        for value, color in zip(scale.values, style.likert_colors(scale.options), strict=True):
            side = -1 if value < middle else 1 if value > middle else 0
            keys.append(Key(_value_name(context, scale, value), color=color, edge=_edge(side)))
        named = {key.text for key in keys}
        merged = {p.name: p for line in lines for p in line.pieces if not p.hatched}
        keys += [
            Key(piece.name, color=piece.color, edge=piece.edge)
            for name, piece in merged.items()
            if name not in named
        ]
    else:
        for piece in _shares(context, Shares(1, 1 if scale.options % 2 else 0, 1)):
            keys.append(Key(piece.name, color=piece.color, edge=piece.edge))
    if any(piece.hatched for line in lines for piece in line.pieces):
        keys.append(Key(words("hidden_short"), color=style.PAPER, edge=style.HATCH, hatched=True))
    return keys


def _value_name(context: Context, scale: Scale, value: int) -> str:
    label = scale.labels.get(value)
    return context.text(label) if label else str(value)


def _category_name(context: Context, scale: Scale, values: Sequence[int]) -> str:
    return " / ".join(_value_name(context, scale, value) for value in values)


def _not_applicable(context: Context, scale: Scale) -> str:
    if scale.not_applicable:
        return context.text(scale.not_applicable)
    return context.words("not_applicable")


def _heads(context: Context, scale: Scale, full: bool) -> tuple[str, ...]:
    if full:
        return tuple(_value_name(context, scale, value) for value in scale.values)
    words = context.words
    return (words("unfavourable"), words("neutral"), words("favourable"))


def _distribution_cells(context: Context, scale: Scale, item: ItemResult) -> tuple[str, ...]:
    """One cell per value of the scale; what was merged stands once, with the names of its values,
    and MERGED in the cells that follow."""
    words = context.words
    cells = dict.fromkeys(scale.values, words("hidden_short"))
    for category in item.distribution or ():
        text = words.percent(category.percent, category.at_least)
        for place, value in enumerate(sorted(category.values)):
            names = _category_name(context, scale, category.values)
            merged = len(category.values) > 1 and category.percent is not None
            said = MERGED if place else words("merged", value=text, names=names)
            cells[value] = said if merged else text
    return tuple(cells[value] for value in scale.values)


def _n(context: Context, n: int | None) -> str:
    return context.words("n_is", n=n) if n is not None else context.words("n_hidden")


def _spread(context: Context, result: DimensionResult) -> str:
    return context.words("spread") if result.agreement and result.agreement.spread else ""


def _title(context: Context, result: DimensionResult) -> str:
    words, title, shares = context.words, context.dimension_title(result.id), result.shares
    if shares is None or (shares.favourable is None and shares.at_least != "unfavourable"):
        return words("items_title_plain", title=title)
    if shares.favourable is None:
        return words("items_title_low", title=title, share=words.percent(90, at_least=True))
    share = words.percent(shares.favourable, shares.at_least == "favourable")
    return words("items_title", title=title, share=share)


def _alt(title: str, context: Context, lines: Sequence[Line], heads: Sequence[str]) -> str:
    parts = [f"{title}."]
    for line in lines:
        if not line.pieces:
            parts.append(f"{line.label}: {context.words.hidden}")
            continue
        note = f" ({line.note})" if line.note else ""
        values = [
            cell if "(" in cell else f"{head} {cell}"
            for head, cell in zip(heads, line.parts, strict=True)
            if cell != MERGED
        ]
        parts.append(f"{line.label}{note}: {', '.join(values)}.")
    return " ".join(parts)


def _table(context: Context, lines: Sequence[Line], heads: Sequence[str]) -> ChartTable:
    words = context.words
    return ChartTable(
        header=(words("item"), *heads, words("not_applicable"), words("index"), words("answers")),
        rows=tuple(
            (
                line.label,
                *line.parts,
                "–" if line.not_applicable is None else words.percent(line.not_applicable),
                line.index,
                line.n,
            )
            for line in lines
        ),
    )
