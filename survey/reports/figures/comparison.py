"""The unit as a dark mark; as thin labelled ticks its parent, the municipality, units of its kind
and, for an area, those of it that are counted together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from survey.release.document import Score
from survey.reports.common.context import HIDDEN, Context, Row
from survey.reports.common.model import Chart, ChartTable
from survey.reports.figures import style
from survey.reports.figures.canvas import LINE, SIDE, Canvas
from survey.reports.figures.parts import Key, draw_keys, spread
from survey.reports.figures.profile import SCALE, answers
from survey.reports.svg.font_metrics import printable, shortened
from survey.reports.svg.font_metrics import width as text_width

TICK_COLORS = {
    "parent": "#8a4b10",
    "organisation": "#4f5d6b",
    "kind": "#6a4c93",
    "others": "#0f6b5c",
}
LABEL = 10.5


@dataclass(frozen=True, slots=True)
class Other:
    """A node beside the unit: its own name, its short one for ticks, its scores."""

    role: str
    name: str
    short: str
    overall: Score
    dimensions: Mapping[str, Score]

    @property
    def color(self) -> str:
        """The colour of its ticks."""
        return TICK_COLORS[self.role]

    def score(self, row: str) -> Score:
        """Return the score of a row ('' is the overall index)."""
        return self.overall if not row else self.dimensions.get(row, HIDDEN)


def comparison(context: Context, width: int) -> Chart | None:
    """Build the comparison; None when there is no other node to compare with."""
    others = _others(context)
    if not others:
        return None
    canvas = Canvas(width)
    own = style.wave_marker(0, 1)
    keys = [Key(context.unit_name, own)]
    keys += [Key(_key(other), style.tick_marker(other.color)) for other in others]
    intervals = any(context.score(r.id, context.waves[-1]).interval for r in context.rows)
    draw_keys(canvas, keys)
    marks: list[tuple[float, float, str]] = []
    lines: list[tuple[float, float, float]] = []
    ticks: dict[str, list[tuple[float, float, str]]] = {other.short: [] for other in others}
    start = canvas.top
    for row in context.rows:
        _row(context, canvas, row, others, marks, lines, ticks)
    canvas.grid(SCALE, start)
    canvas.strokes(lines, style.NAVY, 1)
    for other in others:
        spots = ticks[other.short]
        canvas.points(
            [s[0] for s in spots],
            [s[1] for s in spots],
            style.tick_marker(other.color),
            [s[2] for s in spots],
            other.name,
        )
    canvas.points(
        [m[0] for m in marks], [m[1] for m in marks], own, [m[2] for m in marks], context.unit_name
    )
    subtitle = context.words("comparison_subtitle", n=answers(context))
    if intervals:
        subtitle = f"{subtitle} {context.words('comparison_interval')}"
    return Chart(
        id="comparison",
        title=_title(context, others),
        subtitle=subtitle,
        spec=canvas.finish(SCALE),
        alt=_alt(context, others),
        table=_table(context, others),
    )


def _key(other: Other) -> str:
    """What stands beside a tick in the key: its short name, and its own where that says more."""
    own = other.role == "others" or other.name == other.short
    return other.name if own else f"{other.short}: {other.name}"


def _others(context: Context) -> list[Other]:
    """Return the nodes to compare with; a parent that is the municipality itself stands once."""
    words, nodes = context.words, []
    seen: set[str] = set()
    order = {"organisation": 0, "parent": 1, "kind": 2}
    for node in sorted(context.unit.comparisons, key=lambda c: order[c.role]):
        if node.code in seen and node.role != "kind":
            continue
        seen.add(node.code)
        name = printable(node.name)
        if node.role == "kind":
            key = "kind_of" if context.unit.schema > 1 else "kind_of_earlier"
            name = words(key, n=node.units) if node.units else words("tick_kind")
        short = words(f"tick_{node.role}")
        nodes.append(Other(node.role, name, short, node.overall, node.dimensions))
    rest = context.unit.others
    if rest is not None:
        name = words("others_name", name=context.unit_name)
        nodes.append(Other("others", name, words("tick_others"), rest.overall, rest.dimensions))
    return nodes


def _row(
    context: Context,
    canvas: Canvas,
    row: Row,
    others: list[Other],
    marks: list[tuple[float, float, str]],
    lines: list[tuple[float, float, float]],
    ticks: dict[str, list[tuple[float, float, str]]],
) -> None:
    words = context.words
    score = context.score(row.id, context.waves[-1])
    first = canvas.top
    reserved = 0.0
    if score.index is not None:
        reserved = _own_value(context, canvas, score, first)
    hidden = "" if score.index is not None else words.hidden
    canvas.label(row.title, 600 if not row.id else 400, hidden, reserved)
    y = canvas.top + 9
    canvas.line(0, 100, y, style.RULE, 1)
    shown = [(o, o.score(row.id)) for o in others if o.score(row.id).index is not None]
    if score.index is not None:
        marks.append((score.index, y, f"{row.title}, {context.unit_name}: {words.score(score)}"))
        if score.interval is not None and score.bound != "open":
            low = 0 if score.bound == "at_most" else score.interval.low
            lines.append((low, 100 if score.bound == "at_least" else score.interval.high, y))
    for other, other_score in shown:
        hover = f"{row.title}, {other.name}: {words.score(other_score)}"
        ticks[other.short].append((other_score.index or 0, y, hover))
    _tick_labels(canvas, y + 9, [(o, s, f"{o.short} {words.score(s)}") for o, s in shown])
    canvas.top = y + (28 if shown else 14)


def _own_value(context: Context, canvas: Canvas, score: Score, y: float) -> float:
    """Write the unit's value, and its interval, at the right end of the label's line; return the
    room that they take."""
    text, right = context.words.score(score), canvas.room + SIDE
    canvas.text(text, right, y, anchor="right", weight=600)
    reserved = text_width(text, style.TEXT, 600) + 10
    if score.interval is not None and score.bound != "open":
        said = context.words.interval(score)
        middle = y + style.TEXT * LINE / 2
        canvas.text(
            said,
            right - reserved,
            middle,
            anchor="right",
            middle=True,
            size=style.SMALL,
            color=style.SOFT,
        )
        reserved += text_width(said, style.SMALL) + 10
    return reserved


def _tick_labels(canvas: Canvas, y: float, labels: list[tuple[Other, Score, str]]) -> None:
    """Write a label under each tick, moved aside where two would touch."""
    room = (canvas.room + 2 * SIDE) / max(len(labels), 1) - 8
    texts = [shortened(text, LABEL, room) for _, _, text in labels]
    wanted = [canvas.pixel(score.index or 0) for _, score, _ in labels]
    widths = [text_width(text, LABEL) for text in texts]
    centres = spread(wanted, widths, -SIDE, canvas.room + SIDE)
    for (other, _, _), text, centre in zip(labels, texts, centres, strict=True):
        canvas.text(text, centre, y, anchor="center", size=LABEL, color=other.color)


def _title(context: Context, others: list[Other]) -> str:
    words, own = context.words, context.waves[-1].overall
    shown = [
        f"{_called(context, other)} {words.score(other.score(''))}"
        for other in others
        if other.score("").index is not None
    ]
    if own.index is None:
        return words("comparison_title_hidden")
    if not shown:
        return words("comparison_title_alone", own=words.score(own))
    return words("comparison_title", own=words.score(own), others=words.listed(shown))


def _called(context: Context, other: Other) -> str:
    """Name a node inside a sentence: the parent by its own name, the others by what they are."""
    by_name = other.role in ("parent", "others")
    return other.name if by_name else context.words.inside(other.short)


def _alt(context: Context, others: list[Other]) -> str:
    words, parts = context.words, [f"{_title(context, others)}."]
    for row in context.rows:
        own = words.score(context.score(row.id, context.waves[-1]))
        values = [f"{context.unit_name} {own}"]
        values += [f"{o.name} {words.score(o.score(row.id))}" for o in others]
        parts.append(f"{row.title}: {', '.join(values)}.")
    return " ".join(parts)


def _table(context: Context, others: list[Other]) -> ChartTable:
    words, now = context.words, context.waves[-1]
    return ChartTable(
        header=(
            words("dimension"),
            context.unit_name,
            words("interval"),
            *(o.name for o in others),
        ),
        rows=tuple(
            (
                row.title,
                words.score(context.score(row.id, now)),
                words.interval(context.score(row.id, now)),
                *(words.score(o.score(row.id)) for o in others),
            )
            for row in context.rows
        ),
    )
