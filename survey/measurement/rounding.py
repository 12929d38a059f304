"""Whole points: halves up, ends of intervals outward, where rounding in the sums does not count."""

from __future__ import annotations

import math


def whole_points(value: float) -> int:
    """``value`` rounded half up, where a half is one in spite of rounding in the sums.

    Without this 62.5 could print as 62 or 63 by the order in which persons were added.
    """
    return math.floor(round(value, 9) + 0.5)


def points_below(value: float) -> int:
    """The next whole number at or below: 3.0000000000000004 is 3."""
    return math.floor(round(value, 9))


def points_above(value: float) -> int:
    """The next whole number at or above: 3.0000000000000004 is 3."""
    return math.ceil(round(value, 9))
