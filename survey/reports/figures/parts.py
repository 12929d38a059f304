"""Parts that several charts share: keys, bar traces, labels that keep clear of each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from survey.reports.figures import style
from survey.reports.figures.canvas import SIDE, Canvas, plain
from survey.reports.svg.font_metrics import shortened
from survey.reports.svg.font_metrics import width as text_width

KEY_HEIGHT = 18.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a bar: from ``base``, ``length`` long on the scale, ``height`` pixels high."""

    base: float
    length: float
    y: float
    height: float
    color: str
    edge: str
    hover: str
    hatched: bool = False


def draw_bars(canvas: Canvas, pieces: Iterable[Bar]) -> None:
    """Add one bar trace per colour of the outline."""
    by_edge: dict[str, list[Bar]] = {}
    for piece in pieces:
        if piece.length > 0:
            by_edge.setdefault(piece.edge, []).append(piece)
    for edge, bars in by_edge.items():
        marker: dict[str, Any] = {
            "color": [bar.color for bar in bars],
            "line": {"color": edge, "width": 1},
        }
        if any(bar.hatched for bar in bars):
            marker["pattern"] = {
                "shape": ["/" if bar.hatched else "" for bar in bars],
                "bgcolor": [bar.color for bar in bars],
                "fgcolor": style.HATCH,
                "size": 6,
                "solidity": 0.2,
            }
        canvas.data.append(
            {
                "type": "bar",
                "orientation": "h",
                "base": [bar.base for bar in bars],
                "x": [bar.length for bar in bars],
                "y": [bar.y for bar in bars],
                "width": [bar.height for bar in bars],
                "marker": marker,
                "hovertext": [plain(bar.hover) for bar in bars],
                "hoverinfo": "text",
                "name": "",
            }
        )


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a key: a mark, or a swatch of ``color``, and what it stands for."""

    text: str
    marker: Mapping[str, Any] | None = None
    color: str = ""
    edge: str = ""
    hatched: bool = False


def draw_keys(canvas: Canvas, keys: Sequence[Key]) -> None:
    """Write the keys from the left, in as many rows as they need, and move below them."""
    left, swatches = -float(SIDE), []
    for key in keys:
        text = shortened(key.text, style.SMALL, canvas.room - 10)
        need = 18 + text_width(text, style.SMALL)
        if left > -SIDE and left + need > canvas.room + SIDE:
            left = -float(SIDE)
            canvas.top += KEY_HEIGHT
        middle = canvas.top + KEY_HEIGHT / 2
        if key.marker is not None:
            left = max(left, -7.0)  # Plotly hides a mark whose middle is outside of the scale
            spot = canvas.value(left + 7)
            canvas.points([spot], [middle], key.marker, [key.text], key.text)
        else:
            length = canvas.value(12) - canvas.value(0)
            swatches.append(
                Bar(
                    canvas.value(left),
                    length,
                    middle,
                    11,
                    key.color,
                    key.edge,
                    key.text,
                    key.hatched,
                )
            )
        canvas.text(text, left + 17, middle, middle=True, size=style.SMALL, color=style.SOFT)
        left += need + 14
    draw_bars(canvas, swatches)
    canvas.top += KEY_HEIGHT + 4


def spread(
    wanted: Sequence[float], widths: Sequence[float], low: float, high: float
) -> list[float]:
    """Return centres for labels of these widths, as near ``wanted`` as they can be, in the same
    order from left to right, 6 pixels apart, inside ``low``..``high``.

    Sweeps right, then back left from the end: enough for the handful of labels of a row.
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    centres = [0.0] * len(wanted)
    edge = low
    for i in order:
        centres[i] = max(wanted[i], edge + widths[i] / 2)
        edge = centres[i] + widths[i] / 2 + 6
    edge = high
    for i in reversed(order):
        centres[i] = min(centres[i], edge - widths[i] / 2)
        edge = centres[i] - widths[i] / 2 - 6
    return centres


def free_side(
    canvas: Canvas, at: float, others: Sequence[float], text: str, size: float, weight: int
) -> tuple[float, str] | None:
    """Return pixel and anchor for a value beside the mark at scale value ``at``: right of it,
    else left, wherever no other mark is in the way; None when neither side is free."""
    spot, wide = canvas.pixel(at), text_width(text, size, weight)
    marks = [canvas.pixel(other) for other in others]
    right, left = spot + 11, spot - 11
    if right + wide <= canvas.room + SIDE and not any(
        right - 9 < mark < right + wide + 9 for mark in marks if mark > spot
    ):
        return right, "left"
    if left - wide >= -SIDE and not any(
        left - wide - 9 < mark < left + 9 for mark in marks if mark < spot
    ):
        return left, "right"
    return None


def value_beside(canvas: Canvas, text: str, at: int, others: Sequence[int], y: float) -> None:
    """Write a row's value beside its last mark, on paper of its own where lines cross."""
    place = free_side(canvas, at, others, text, style.TEXT, 600)
    wide = text_width(text, style.TEXT, 600)
    if place is None:
        # Marks on both sides: beyond the outermost of them there is always room on one side.
        marks = [canvas.pixel(value) for value in (at, *others)]
        right = max(marks) + 12 + wide <= canvas.room + SIDE
        place = (max(marks) + 12, "left") if right else (min(marks) - 12, "right")
    left = place[0] if place[1] == "left" else place[0] - wide
    canvas.data_gap(max(left - 2, 0), min(left + wide + 3, canvas.room), y)
    canvas.text(text, place[0], y, anchor=place[1], middle=True, weight=600)
