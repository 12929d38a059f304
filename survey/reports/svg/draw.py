"""Draws a Plotly figure spec as SVG: a small subset, exactly.

What is not known here is an error, so that a chart never loses something silently. The geometry of
marks is Plotly's own (a test compares with Kaleido); all texts are annotations and axis ticks.
Numbers have "." as their decimal sign and at most two decimals, texts are escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from survey.reports.svg.font_metrics import FAMILY
from survey.reports.svg.frame import Frame, known
from survey.reports.svg.marks import bars, scatter, shape
from survey.reports.svg.text import Writer, annotation, tick_labels

FIGURE = {"data", "layout"}
LAYOUT = {
    *("width", "height", "margin", "paper_bgcolor", "plot_bgcolor", "font", "xaxis", "yaxis"),
    *("shapes", "annotations", "barmode"),
}
LAYOUT_ON_PAGES = {"showlegend", "hovermode", "dragmode", "hoverlabel", "autosize"}
"""Attributes that only the interactive drawing obeys."""
FONT = {"family", "size", "color"}


def render(spec: Mapping[str, Any], *, label: str = "", anchors: bool = False) -> str:
    """Return the figure as one ``<svg>`` element.

    ``label`` is the text alternative on a page (``role="img"``). ``anchors`` True writes
    ``text-anchor`` (a page, whose font may be another); False resolves it to plain positions with
    the shipped font's widths, which WeasyPrint draws much faster. Raises
    ``UnknownAttribute`` for anything that this renderer does not draw, and ``ValueError`` for a
    number that is not finite.
    """
    known("figure", spec, FIGURE)
    layout = spec["layout"]
    known("layout", layout, LAYOUT, LAYOUT_ON_PAGES)
    known("layout.font", layout["font"], FONT)
    frame = Frame.of(layout)
    writer = Writer(layout["font"]["size"], layout["font"]["color"], anchors)
    parts = [_head(frame, label)]
    parts += [
        shape(element, frame) for element in layout.get("shapes", ()) if element["layer"] == "below"
    ]
    for number, trace in enumerate(spec["data"]):
        parts.append(_trace(f"data[{number}]", trace, frame))
    parts += [
        shape(element, frame) for element in layout.get("shapes", ()) if element["layer"] != "below"
    ]
    parts += [tick_labels(axis, frame, writer) for axis in frame.axes.values()]
    for number, element in enumerate(layout.get("annotations", ())):
        parts.append(annotation(f"layout.annotations[{number}]", element, frame, writer))
    return "".join([*parts, "</g></svg>"])


def _head(frame: Frame, label: str) -> str:
    w, h = frame.text(frame.width), frame.text(frame.height)
    named = f' role="img" aria-label="{html.escape(label)}"' if label else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" '
        f'viewBox="0 0 {w} {h}"{named}><g font-family="\'{FAMILY}\', sans-serif">'
    )


def _trace(where: str, trace: Mapping[str, Any], frame: Frame) -> str:
    from survey.reports.svg.frame import UnknownAttribute

    drawers = {"bar": bars, "scatter": scatter}
    if trace.get("type") not in drawers:
        raise UnknownAttribute(f"{where}.type = {trace.get('type')!r}")
    return drawers[trace["type"]](where, trace, frame)
