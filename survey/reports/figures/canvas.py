"""A figure spec under construction. The y axis counts pixels downwards from the plot's top, so
that rows of any height stand exactly; the x axis is the chart's own scale."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from survey.reports.figures import style
from survey.reports.svg.font_metrics import width as text_width
from survey.reports.svg.font_metrics import wrap

SIDE = 10
"""Margin left and right of the scale, so that marks at its ends are whole."""

LINE = 1.3


def plain(text: str) -> str:
    """Escape a text for a spec: Plotly reads a little HTML in texts."""
    return html.escape(text, quote=False)


class Canvas:
    """Collects traces, shapes and texts; ``top`` is where the next row begins."""

    def __init__(self, width: int, low: float = 0, high: float = 100) -> None:
        self.width = width
        self.low, self.high = low, high
        self.top = 0.0
        self.data: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    @property
    def room(self) -> float:
        """The scale's length in pixels."""
        return self.width - 2 * SIDE

    def pixel(self, value: float) -> float:
        """Return the pixel of a scale value, counted from the scale's left end."""
        return (value - self.low) / (self.high - self.low) * self.room

    def value(self, pixel: float) -> float:
        """Return the scale value at a pixel."""
        return self.low + pixel / self.room * (self.high - self.low)

    def text(
        self,
        lines: str | Sequence[str],
        pixel: float,
        y: float,
        *,
        anchor: str = "left",
        middle: bool = False,
        size: float = style.TEXT,
        weight: int = 400,
        color: str = style.INK,
    ) -> None:
        """Write lines of text at a pixel of the scale; ``y`` is their top, or their middle."""
        said = [lines] if isinstance(lines, str) else list(lines)
        font: dict[str, Any] = {"size": size, "color": color}
        if weight != 400:
            font["weight"] = weight
        self.annotations.append(
            {
                "text": "<br>".join(plain(line) for line in said),
                "x": pixel / self.room,
                "xref": "paper",
                "xanchor": anchor,
                "y": y,
                "yref": "y",
                "yanchor": "middle" if middle else "top",
                "showarrow": False,
                "align": "left",
                "borderpad": 0,
                "font": font,
            }
        )

    def label(self, text: str, weight: int = 400, note: str = "", reserved: float = 0) -> float:
        """Write a row's label over its whole width less ``reserved`` pixels at the right, wrapped,
        with a soft note after it; move ``top`` below it. Return the pixel where its last line
        ends."""
        lines = wrap(text, style.TEXT, self.room + SIDE - reserved, weight)
        self.text(lines, -SIDE, self.top, weight=weight)
        self.top += len(lines) * style.TEXT * LINE
        end = text_width(lines[-1], style.TEXT, weight) - SIDE
        if note and end + 8 + text_width(note, style.SMALL) <= self.room + SIDE - reserved:
            last = self.top - style.TEXT * LINE / 2
            self.text(note, end + 8, last, middle=True, size=style.SMALL, color=style.SOFT)
            return end + 8 + text_width(note, style.SMALL)
        if note:
            self.paragraph(note)
            return self.room
        return end

    def paragraph(self, text: str) -> None:
        """Write small soft text over the whole width and move below it."""
        lines = wrap(text, style.SMALL, self.room + SIDE)
        self.text(lines, -SIDE, self.top, size=style.SMALL, color=style.SOFT)
        self.top += len(lines) * style.SMALL * LINE

    def line(self, x0: float, x1: float, y: float, color: str, width: float) -> None:
        """Draw a horizontal line between two scale values, below the marks."""
        self.segment(x0, x1, y, y, color, width)

    def segment(self, x0: float, x1: float, y0: float, y1: float, color: str, width: float) -> None:
        """Draw a straight line below the marks."""
        self.shapes.append(
            {
                "type": "line",
                "x0": x0,
                "x1": x1,
                "y0": y0,
                "y1": y1,
                "xref": "x",
                "yref": "y",
                "line": {"color": color, "width": width},
                "layer": "below",
            }
        )

    def grid(self, ticks: Sequence[tuple[float, str]], start: float) -> None:
        """Draw faint vertical lines at the ticks from ``start`` down to here, under all else."""
        lines = [
            {
                "type": "line",
                "x0": value,
                "x1": value,
                "y0": start,
                "y1": self.top,
                "xref": "x",
                "yref": "y",
                "line": {"color": style.FAINT, "width": 1},
                "layer": "below",
            }
            for value, _ in ticks
        ]
        self.shapes[:0] = lines

    def data_gap(self, left: float, right: float, y: float) -> None:
        """Interrupt a track between two pixels of the scale, where a value stands."""
        self.segment(self.value(left), self.value(right), y, y, style.PAPER, 4)

    def points(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        marker: Mapping[str, Any],
        hover: Sequence[str],
        name: str = "",
    ) -> None:
        """Draw marks."""
        if not xs:
            return
        self.data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": list(xs),
                "y": list(ys),
                "marker": dict(marker),
                "hovertext": [plain(text) for text in hover],
                "hoverinfo": "text",
                "name": plain(name),
                "cliponaxis": False,
            }
        )

    def strokes(
        self, segments: Sequence[tuple[float, float, float]], color: str, width: float
    ) -> None:
        """Draw horizontal data lines (x0, x1, y) as one trace."""
        if not segments:
            return
        xs: list[float | None] = []
        ys: list[float | None] = []
        for x0, x1, y in segments:
            xs += [x0, x1, None]
            ys += [y, y, None]
        self.data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": xs[:-1],
                "y": ys[:-1],
                "line": {"color": color, "width": width},
                "hoverinfo": "skip",
                "name": "",
                "cliponaxis": False,
            }
        )

    def finish(self, ticks: Sequence[tuple[float, str]] = ()) -> dict[str, Any]:
        """Return the spec; ``ticks`` are the scale values that get a label."""
        below = 24 if ticks else 4
        height = round(self.top) + below
        for annotation in self.annotations:
            annotation["y"] = round(annotation["y"], 2)
        return {
            "data": self.data,
            "layout": {
                "width": self.width,
                "height": height,
                "margin": {"l": SIDE, "r": SIDE, "t": 0, "b": below, "pad": 0},
                "paper_bgcolor": style.PAPER,
                "plot_bgcolor": style.PAPER,
                "font": dict(style.FONT),
                "barmode": "overlay",
                "showlegend": False,
                "hovermode": "closest",
                "dragmode": False,
                "xaxis": self._xaxis(ticks),
                "yaxis": {
                    "range": [height - below, 0],
                    "visible": False,
                    "showgrid": False,
                    "zeroline": False,
                    "fixedrange": True,
                    "showticklabels": False,
                },
                "shapes": self.shapes,
                "annotations": self.annotations,
            },
        }

    def _xaxis(self, ticks: Sequence[tuple[float, str]]) -> dict[str, Any]:
        return {
            "range": [self.low, self.high],
            "visible": bool(ticks),
            "tickvals": [value for value, _ in ticks],
            "ticktext": [plain(text) for _, text in ticks],
            "tickfont": {"size": style.SMALL, "color": style.SOFT},
            "showgrid": False,
            "zeroline": False,
            "showline": False,
            "ticks": "",
            "side": "bottom",
            "ticklabeloverflow": "allow",
            "fixedrange": True,
        }
