"""Colours and sizes of all charts: one hue for waves, two for disagreement and agreement.

Every colour's luminance differs from its neighbours', so that a grey print tells them apart;
marks that are lighter than 3:1 against paper have an outline that is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INK = "#1b2733"
SOFT = "#4f5d6b"
RULE = "#c3cbd3"
FAINT = "#e3e8ed"
PAPER = "#ffffff"

NAVY = "#0b3a66"
DEEP = "#0f3d66"
BLUE = "#5e9fd6"
SAND = "#efb880"
RUST = "#99480f"
NEUTRAL = "#f4f2ee"
NEUTRAL_EDGE = "#77736a"
HATCH = "#7b8794"

TEXT = 12.5
SMALL = 11.0
FONT: Mapping[str, Any] = {
    "family": "Source Sans 3, sans-serif",
    "size": TEXT,
    "color": INK,
}

_FIRST = (0x5C, 0x94, 0xC4)
_LAST = (0x0B, 0x3A, 0x66)


def mix(first: str, last: str, share: float) -> str:
    """Return the colour ``share`` (0–1) of the way from one hex colour to another."""
    a, b = (tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (first, last))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in zip(a, b, strict=True))


def luminance(color: str) -> float:
    """Return the relative luminance of a hex colour (WCAG 2.2, 0 black – 1 white)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two hex colours (WCAG 2.2, 1–21)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def text_on(color: str) -> str:
    """Return ink or paper, whichever reads better on ``color``."""
    return INK if contrast(INK, color) >= contrast(PAPER, color) else PAPER


def wave_marker(position: int, count: int) -> dict[str, Any]:
    """Return the marker of the wave at ``position`` of ``count``: hollow and light first, filled
    and dark last, diamonds in between, evenly shaded. A single wave looks like the last."""
    light, dark = "#{:02x}{:02x}{:02x}".format(*_FIRST), "#{:02x}{:02x}{:02x}".format(*_LAST)
    if position == count - 1:
        return _marker("circle", 11, dark, dark, 1)
    shade = mix(light, dark, position / (count - 1))
    if position == 0:
        return _marker("circle", 14, PAPER, shade, 2)
    return _marker("diamond", 9, shade, PAPER, 1)


def _marker(symbol: str, size: float, fill: str, edge: str, width: float) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "size": size,
        "color": fill,
        "line": {"color": edge, "width": width},
        "opacity": 1,
    }


def tick_marker(color: str, size: float = 12, width: float = 2) -> dict[str, Any]:
    """Return the thin vertical tick that stands for another node."""
    return _marker("line-ns", size, color, color, width)


def likert_colors(options: int) -> list[str]:
    """Return a colour for each position of a scale of ``options`` values, lowest first:
    dark to light brown-orange, neutral in the middle of an odd scale, then light to dark blue."""
    side = options // 2
    if side == 1:
        warm, cold = [SAND], [mix(BLUE, DEEP, 0.6)]
    else:
        shades = [i / (side - 1) for i in range(side)]
        warm = [mix(RUST, SAND, share) for share in shades]
        cold = [mix(BLUE, DEEP, share) for share in shades]
    return [*warm, *([NEUTRAL] if options % 2 else []), *cold]


HEAT = ("#eaf2f9", "#c3dcf0", "#8fbce0", "#4a86ba", "#0b3a66")
"""Five steps of one hue for the heat map, lightest first."""
