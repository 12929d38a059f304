"""Where things stand: the frame of a figure, its axes, and the guard against unknown attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

AXIS = {
    *("range", "domain", "visible", "tickvals", "ticktext", "tickfont", "showgrid"),
    *("zeroline", "showline", "showticklabels", "side", "ticks"),
}
AXIS_ON_PAGES = {"fixedrange", "automargin", "ticklabeloverflow"}


class UnknownAttribute(ValueError):
    """The spec says something that this renderer does not draw; the message names it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the SVG renderer does not know {name}")
        self.name = name


def known(
    where: str, mapping: Mapping[str, Any], names: Set[str], ignored: Set[str] = frozenset()
) -> None:
    """Raise ``UnknownAttribute`` for the first key that is in neither set."""
    for name in mapping:
        if name not in names and name not in ignored:
            raise UnknownAttribute(f"{where}.{name}")


def fixed(where: str, mapping: Mapping[str, Any], **values: Any) -> None:
    """Raise ``UnknownAttribute`` where a setting is present with another value than the one
    that is drawn."""
    for name, value in values.items():
        if mapping.get(name, value) != value:
            raise UnknownAttribute(f"{where}.{name} = {mapping[name]!r}")


def number(value: float) -> str:
    """Write a number for SVG: "." decimals, at most two, no trailing zeros, never "-0"."""
    if not math.isfinite(value):
        raise ValueError(f"{value!r} cannot be drawn")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def each(value: Any, count: int) -> Sequence[Any]:
    """Return ``value`` as ``count`` values: a list as it is, anything else repeated."""
    if isinstance(value, (list, tuple)):
        if len(value) != count:
            raise ValueError(f"{len(value)} values where {count} are drawn")
        return value
    return [value] * count


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis: data ``start``..``stop`` stand at pixels ``first``..``last``."""

    id: str
    start: float
    stop: float
    first: float
    last: float
    spec: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, spec: Mapping[str, Any], low: float, high: float) -> Axis:
        """Build from ``layout.xaxis`` or ``layout.yaxis``; ``low`` and ``high`` are the pixels of
        the plot area's left and right, or bottom and top."""
        where = f"layout.{name}"
        known(where, spec, AXIS, AXIS_ON_PAGES)
        fixed(where, spec, showgrid=False, zeroline=False, showline=False, ticks="", side="bottom")
        start, stop = spec["range"]
        begin, end = spec.get("domain", (0, 1))
        span = high - low
        return cls(name[0], start, stop, low + begin * span, low + end * span, spec)

    def at(self, value: float) -> float:
        """Return the pixel of a data value."""
        share = (value - self.start) / (self.stop - self.start)
        return self.first + share * (self.last - self.first)

    @property
    def drawn(self) -> bool:
        """Whether grid and tick labels are to be seen."""
        return bool(self.spec.get("visible", True))


@dataclass(frozen=True, slots=True)
class Frame:
    """The figure's size, its plot area in pixels and its two axes."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    background: str
    axes: Mapping[str, Axis]

    @classmethod
    def of(cls, layout: Mapping[str, Any]) -> Frame:
        """Read the frame of a figure's layout."""
        margin = layout["margin"]
        known("layout.margin", margin, {"l", "r", "t", "b", "pad"})
        fixed("layout.margin", margin, pad=0)
        fixed("layout", layout, barmode="overlay", paper_bgcolor="#ffffff", plot_bgcolor="#ffffff")
        width, height = layout["width"], layout["height"]
        left, right = margin["l"], width - margin["r"]
        top, bottom = margin["t"], height - margin["b"]
        axes = {
            "x": Axis.of("xaxis", layout["xaxis"], left, right),
            "y": Axis.of("yaxis", layout["yaxis"], bottom, top),
        }
        return cls(width, height, left, right, top, bottom, "#ffffff", axes)

    @staticmethod
    def text(value: float) -> str:
        """Write a length."""
        return number(value)

    def x(self, value: float, ref: str = "x") -> float:
        """Return the pixel of ``value`` on the x axis or, with ref ``paper``, of a share of the
        plot area."""
        if ref == "paper":
            return self.left + value * (self.right - self.left)
        return self._axis(ref, "x").at(value)

    def y(self, value: float, ref: str = "y") -> float:
        """As ``x``, upwards."""
        if ref == "paper":
            return self.bottom - value * (self.bottom - self.top)
        return self._axis(ref, "y").at(value)

    def _axis(self, ref: str, expected: str) -> Axis:
        if ref != expected:
            raise UnknownAttribute(f"reference {ref!r}")
        return self.axes[ref]
