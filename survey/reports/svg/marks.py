"""Bars, points, lines and shapes of a figure spec as SVG paths: one path per style."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from survey.reports.svg.frame import Frame, UnknownAttribute, each, fixed, known, number

ON_PAGES = {"name", "hovertext", "hoverinfo", "showlegend", "cliponaxis"}
BAR = {"type", "orientation", "base", "x", "y", "width", "marker"}
BAR_MARKER = {"color", "line", "pattern"}
PATTERN = {"shape", "fgcolor", "bgcolor", "size", "solidity"}
SCATTER = {"type", "mode", "x", "y", "marker", "line"}
MARKER = {"symbol", "size", "color", "line", "opacity"}
LINE = {"color", "width"}
SHAPE = {"type", "x0", "x1", "y0", "y1", "xref", "yref", "line", "fillcolor", "layer"}
DASHES = {"solid": "", "dot": "1.5 2.5", "dash": "5 3"}


def bars(where: str, trace: Mapping[str, Any], frame: Frame) -> str:
    """Draw a horizontal bar trace: rectangles from ``base`` to ``base + x``, ``width`` high and
    centred on ``y``; ``pattern.shape`` "/" hatches one."""
    known(where, trace, BAR, ON_PAGES)
    if trace.get("orientation") != "h":
        raise UnknownAttribute(f"{where}.orientation = {trace.get('orientation')!r}")
    marker = trace["marker"]
    known(f"{where}.marker", marker, BAR_MARKER)
    count = len(trace["x"])
    fills, shapes, ink = each(marker["color"], count), _hatching(where, marker, count), ""
    if any(shapes):
        ink = marker["pattern"]["fgcolor"]
    stroke = _stroke(f"{where}.marker.line", marker.get("line"))
    heights, bases = each(trace["width"], count), each(trace["base"], count)
    by_fill: dict[str, list[str]] = {}
    hatches: list[str] = []
    for x, y, base, height, fill, hatched in zip(
        trace["x"], trace["y"], bases, heights, fills, shapes, strict=True
    ):
        left, right = frame.x(base), frame.x(base + x)
        top, bottom = sorted((frame.y(y - height / 2), frame.y(y + height / 2)))
        box = f"M{number(left)},{number(top)}H{number(right)}V{number(bottom)}H{number(left)}Z"
        by_fill.setdefault(fill, []).append(box)
        if hatched:
            hatches.append(_hatch(left, right, top, bottom))
    out = [
        f'<path class="bar" d="{"".join(boxes)}" fill="{fill}"{stroke}/>'
        for fill, boxes in by_fill.items()
    ]
    if hatches:
        out.append(f'<path d="{"".join(hatches)}" stroke="{ink}" stroke-width="1" fill="none"/>')
    return "".join(out)


def _hatching(where: str, marker: Mapping[str, Any], count: int) -> Sequence[str]:
    pattern = marker.get("pattern")
    if pattern is None:
        return [""] * count
    known(f"{where}.marker.pattern", pattern, PATTERN)
    shapes = each(pattern["shape"], count)
    for shape_name in shapes:
        if shape_name not in ("", "/"):
            raise UnknownAttribute(f"{where}.marker.pattern.shape = {shape_name!r}")
    return shapes


def _hatch(left: float, right: float, top: float, bottom: float, step: float = 6) -> str:
    """Diagonal lines inside a box, from lower left to upper right."""
    out = []
    height = bottom - top
    offset = left - height + step
    while offset < right:
        x0, x1 = max(offset, left), min(offset + height, right)
        if x1 > x0:
            y0, y1 = bottom - (x0 - offset), bottom - (x1 - offset)
            out.append(f"M{number(x0)},{number(y0)}L{number(x1)},{number(y1)}")
        offset += step
    return "".join(out)


def scatter(where: str, trace: Mapping[str, Any], frame: Frame) -> str:
    """Draw points and/or line segments; None in x or y breaks the line."""
    known(where, trace, SCATTER, ON_PAGES)
    if trace["mode"] not in ("markers", "lines"):
        raise UnknownAttribute(f"{where}.mode = {trace['mode']!r}")
    points = [
        None if x is None or y is None else (frame.x(x), frame.y(y))
        for x, y in zip(trace["x"], trace["y"], strict=True)
    ]
    if trace["mode"] == "lines":
        return _lines(f"{where}.line", trace["line"], points)
    return _points(f"{where}.marker", trace["marker"], [p for p in points if p is not None])


def _lines(
    where: str, line: Mapping[str, Any], points: Sequence[tuple[float, float] | None]
) -> str:
    known(where, line, LINE)
    path, pen_up = [], True
    for point in points:
        if point is None:
            pen_up = True
            continue
        path.append(f"{'M' if pen_up else 'L'}{number(point[0])},{number(point[1])}")
        pen_up = False
    return f'<path class="line" d="{"".join(path)}" fill="none"{_stroke(where, line)}/>'


def _points(where: str, marker: Mapping[str, Any], points: Sequence[tuple[float, float]]) -> str:
    known(where, marker, MARKER)
    fixed(where, marker, opacity=1)
    radius, symbol = marker["size"] / 2, marker["symbol"]
    if symbol not in _SYMBOLS:
        raise UnknownAttribute(f"{where}.symbol = {symbol!r}")
    path = "".join(_SYMBOLS[symbol](x, y, radius) for x, y in points)
    fill = "none" if symbol == "line-ns" else marker["color"]
    stroke = _stroke(f"{where}.line", marker.get("line"))
    return f'<path class="point" d="{path}" fill="{fill}"{stroke}/>'


def _circle(x: float, y: float, r: float) -> str:
    left, right, radius = number(x - r), number(x + r), number(r)
    arc = f"A{radius},{radius} 0 1 1 "
    return f"M{right},{number(y)}{arc}{left},{number(y)}{arc}{right},{number(y)}Z"


def _diamond(x: float, y: float, r: float) -> str:
    r *= 1.3
    return (
        f"M{number(x + r)},{number(y)}L{number(x)},{number(y + r)}"
        f"L{number(x - r)},{number(y)}L{number(x)},{number(y - r)}Z"
    )


def _square(x: float, y: float, r: float) -> str:
    return f"M{number(x - r)},{number(y - r)}H{number(x + r)}V{number(y + r)}H{number(x - r)}Z"


def _tick(x: float, y: float, r: float) -> str:
    r *= 1.4
    return f"M{number(x)},{number(y + r)}V{number(y - r)}"


_SYMBOLS = {"circle": _circle, "diamond": _diamond, "square": _square, "line-ns": _tick}


def shape(spec: Mapping[str, Any], frame: Frame) -> str:
    """Draw a straight line or a rectangle of ``layout.shapes``."""
    known("layout.shapes", spec, SHAPE)
    x0, x1 = (frame.x(spec[name], spec["xref"]) for name in ("x0", "x1"))
    y0, y1 = (frame.y(spec[name], spec["yref"]) for name in ("y0", "y1"))
    stroke = _stroke("layout.shapes.line", spec["line"], dashes=True)
    if spec["type"] == "line":
        path = f"M{number(x0)},{number(y0)}L{number(x1)},{number(y1)}"
        return f'<path class="shape" d="{path}" fill="none"{stroke}/>'
    if spec["type"] == "rect":
        path = f"M{number(x0)},{number(y0)}H{number(x1)}V{number(y1)}H{number(x0)}Z"
        return f'<path class="shape" d="{path}" fill="{spec["fillcolor"]}"{stroke}/>'
    raise UnknownAttribute(f"layout.shapes.type = {spec['type']!r}")


def _stroke(where: str, line: Mapping[str, Any] | None, dashes: bool = False) -> str:
    """Return the stroke attributes of a ``line``, '' for none."""
    if line is None:
        return ""
    known(where, line, LINE | {"dash"} if dashes else LINE)
    if not math.isfinite(line["width"]) or line["width"] <= 0:
        return ""
    text = f' stroke="{line["color"]}" stroke-width="{number(line["width"])}"'
    dash = line.get("dash", "solid")
    if dash not in DASHES:
        raise UnknownAttribute(f"{where}.dash = {dash!r}")
    return text + (f' stroke-dasharray="{DASHES[dash]}"' if DASHES[dash] else "")
