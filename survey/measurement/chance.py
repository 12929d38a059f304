"""How many units would seem to have changed by chance alone?"""

from __future__ import annotations

from scipy import special

from survey.measurement.rounding import whole_points

ONE_SIDE = 0.025
"""Probability of a rise (or of a fall) found where nothing has changed; 1.96 on one side."""


def by_chance(units: int) -> tuple[int, int, int]:
    """Say how many of ``units`` rise by chance: (expected, low, high), binomial at 2.5 %.

    ``low`` to ``high`` holds at least 95 %. "At most", since intervals are rounded outward and
    most of the people are the same: 300 units give 8 (3 to 13).
    """
    if units < 0:
        raise ValueError("units are counted from 0")
    return whole_points(units * ONE_SIDE), _quantile(units, 0.025), _quantile(units, 0.975)


def _quantile(units: int, probability: float) -> int:
    """The smallest count at or below which a binomial count lies with ``probability``."""
    count = 0
    while count < units and float(special.bdtr(count, units, ONE_SIDE)) < probability:
        count += 1
    return count
