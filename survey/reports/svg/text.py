"""Texts of a figure spec: annotations and axis ticks, one ``<text>`` per line."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from survey.reports.svg import font_metrics
from survey.reports.svg.frame import Axis, Frame, UnknownAttribute, fixed, known, number

ANNOTATION = {
    *("text", "x", "y", "xref", "yref", "xanchor", "yanchor", "xshift", "yshift", "font"),
    *("showarrow", "align", "borderpad"),
}
FONT = {"size", "color", "weight"}
_ASCENT, _DESCENT = 0.76, 0.24
"""Of the line's own font size around its baseline, as Source Sans' letters fill it."""
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}


def lines_of(text: str) -> list[str]:
    """Split the text of a spec at ``<br>`` and decode it.

    Specs hold escaped text, since Plotly reads a little markup; any other markup is an error.
    """
    lines = text.split("<br>")
    for line in lines:
        if markup := re.search(r"<[^ ]*", line):
            raise UnknownAttribute(f"markup {markup.group()!r} in a text")
    return [html.unescape(line) for line in lines]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes lines of text; ``anchors`` as in ``svg.render``."""

    size: float
    color: str
    anchors: bool

    def line(
        self, text: str, x: float, baseline: float, anchor: str, font: Mapping[str, Any]
    ) -> str:
        """Return one line of text; ``anchor`` is left, center or right of ``x``."""
        size, weight = font.get("size", self.size), font.get("weight", 400)
        bold = f' font-weight="{weight}"' if weight != 400 else ""
        said = ""
        if self.anchors:
            said = "" if anchor == "left" else f' text-anchor="{_ANCHORS[anchor]}"'
        else:
            width = font_metrics.width(text, size, weight)
            x -= {"left": 0.0, "center": width / 2, "right": width}[anchor]
        return (
            f'<text x="{number(x)}" y="{number(baseline)}" font-size="{number(size)}" '
            f'fill="{font.get("color", self.color)}"{bold}{said}>{html.escape(text)}</text>'
        )


def annotation(where: str, spec: Mapping[str, Any], frame: Frame, writer: Writer) -> str:
    """Draw one annotation without an arrow."""
    known(where, spec, ANNOTATION)
    fixed(where, spec, borderpad=0, align="left")
    if spec.get("showarrow") is not False:
        raise UnknownAttribute(f"{where}.showarrow")
    font = spec.get("font", {})
    known(f"{where}.font", font, FONT)
    x = frame.x(spec["x"], spec["xref"]) + spec.get("xshift", 0)
    y = frame.y(spec["y"], spec["yref"]) - spec.get("yshift", 0)
    lines = lines_of(spec["text"])
    size = font.get("size", writer.size)
    step = size * font_metrics.LINE_HEIGHT
    height = step * len(lines)
    top = y - {"top": 0.0, "middle": height / 2, "bottom": height}[spec["yanchor"]]
    first = top + (step - size) / 2 + size * _ASCENT
    return "".join(
        writer.line(line, x, first + row * step, spec["xanchor"], font)
        for row, line in enumerate(lines)
        if line.strip()
    )


def tick_labels(axis: Axis, frame: Frame, writer: Writer) -> str:
    """Write the labels under the x axis ('' for an axis that shows none)."""
    if not axis.drawn or not axis.spec.get("showticklabels", True):
        return ""
    if axis.id != "x":
        raise UnknownAttribute("layout.yaxis.showticklabels")
    font = axis.spec["tickfont"]
    known("layout.xaxis.tickfont", font, FONT)
    baseline = frame.bottom + 3 + font["size"]
    return "".join(
        writer.line(lines_of(text)[0], axis.at(value), baseline, "center", font)
        for value, text in zip(axis.spec["tickvals"], axis.spec["ticktext"], strict=True)
    )
