"""What do the people who work here now think? Intervals with finite population correction.

The answers of a unit are nearly a census of it, so the correction applies (measurement.md 2A). All
intervals assume that those who did not answer are like those who did. Releases and ``survey
analyse`` go the same way, :func:`standard_error` then an interval: a release with the printed sd,
1.96 and whole points, an analysis with the unit's own sd and Student's t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from scipy import special

from survey.measurement.rounding import points_above, points_below

Number = TypeVar("Number", int, float)

Z95 = 1.96
"""The normal quantile as it is printed in the field; used where a published formula has it."""


@dataclass(frozen=True)
class Interval(Generic[Number]):
    """A 95 % interval: of whole points in a release (rounded outward), exact in an analysis."""

    low: Number
    high: Number


@cache
def quantile(probability: float, df: float | None = None) -> float:
    """The quantile of Student's t with ``df`` degrees of freedom; None: of the normal."""
    if df is None:
        return float(special.ndtri(probability))
    return float(special.stdtrit(df, probability))


def finite_correction(n: int, headcount: int | None) -> float:
    """The factor sqrt(1 - n/N) of the standard error of a mean.

    0 when everybody has answered; 1, no correction, when the headcount is unknown or 0, and when it
    is wrong, n being larger.
    """
    if not headcount or n > headcount:
        return 1.0
    return math.sqrt(1.0 - n / headcount)


def standard_error(sd: float, n: int, headcount: int | None = None) -> float | None:
    """The standard error s/sqrt(n) · sqrt(1 - n/N) of the mean of ``n`` of ``headcount`` people.

    0 when everybody has answered, also for a single person, who has no sd. None without answers,
    and for one answer of several (NaN as its sd).
    """
    if n < 1:
        return None
    factor = finite_correction(n, headcount)
    if not factor:
        return 0.0
    return None if math.isnan(sd) else sd / math.sqrt(n) * factor


def mean_interval(mean: float, sd: float, n: int, headcount: int | None) -> Interval[float] | None:
    """Interval mean ± t(n-1) · s/sqrt(n) · sqrt(1 - n/N), not clipped to the scale.

    Equals R ``confint(survey::svymean(..., fpc), df = n - 1)``; R's plain ``confint`` uses the
    normal quantile, which is too narrow for units of a dozen. None where there is no standard
    error.
    """
    se = standard_error(sd, n, headcount)
    if se is None:
        return None
    half = quantile(0.975, max(n - 1, 1)) * se
    return Interval(mean - half, mean + half)


def printed_interval(
    index: int, se: float, *, low_open: bool = False, high_open: bool = False
) -> Interval[int]:
    """Interval index ± 1.96·SE of a printed index: outward to whole points, within 0 to 100.

    An end is open, 0 or 100, where the index is clamped on that side.
    """
    half = Z95 * se
    low, high = max(0, points_below(index - half)), min(100, points_above(index + half))
    return Interval(0 if low_open else low, 100 if high_open else high)
