"""Has the climate changed? One estimate, one interval, one verdict (measurement.md section 2B).

A verdict is nothing but whether its printed interval excludes 0. The interval uses nothing but what
is printed anyway (two whole-point indices, the two numbers of answers, one sd for all units), so
that it reveals nothing more. No finite population correction: the staff of today are a draw from
what the unit could have been.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

from scipy import special

from survey.measurement.change import whole_points

Verdict = Literal["risen", "fallen", "unknown"]

POWER = 0.8
"""How often a change of the minimum detectable size is found."""
LEAST_FOR_SHARES = 10
"""Answers a wave must have before a share's change is judged."""


@dataclass(frozen=True, slots=True)
class Index:
    """A printed index of ``n`` answers, in whole points.

    ``low_open``: printed "10 or less", the true value may lie below. ``high_open``: "90 or more".
    """

    value: int
    n: int
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class ChangeInterval:
    """The change of an index and what the printed numbers leave possible, whole points.

    ``low`` and ``high`` are rounded outward and lie within -a to 100 - a (a the earlier index). An
    open end rests on a clamped index; it stands at -a or 100 - a and excludes nothing.
    """

    verdict: Verdict
    difference: int
    low: int
    high: int
    low_open: bool
    high_open: bool
    minimum_detectable: int


@dataclass(frozen=True, slots=True)
class Tipping:
    """How far from those who answered the others must lie for the change to be gone.

    ``beyond``: further than the scale goes, so that no answers of theirs could undo it.
    """

    points: int
    beyond: bool


@dataclass(frozen=True, slots=True)
class ShareChange:
    """The change of a printed share and its interval, whole percentage points."""

    verdict: Verdict
    difference: int
    low: int
    high: int


def verdict_of(low: float, high: float) -> Verdict:
    """Say what an interval of a change says: risen, fallen, or unknown where it holds 0."""
    if low > 0:
        return "risen"
    return "fallen" if high < 0 else "unknown"


@cache
def simultaneous_z(m: int) -> float:
    """Give the z with which the intervals of ``m`` changes hold together, z(1 - 0.025/m).

    Bonferroni: 1.96 for a change by itself, 2.64 for six sub-goals.
    """
    return float(special.ndtri(1 - _tail(m)))


def unit_change(earlier: Index, later: Index, sigma: float, m: int = 1) -> ChangeInterval:
    """Judge a unit's change: d ± z·sigma·sqrt(1/n1 + 1/n2), one of a family of ``m``.

    ``sigma`` is the printed within-unit sd of the later wave.
    """
    if sigma <= 0:
        raise ValueError("sigma is above 0")
    if earlier.n < 1 or later.n < 1:
        raise ValueError("an index rests on at least one answer")
    se = sigma * math.sqrt(1 / earlier.n + 1 / later.n)
    z = simultaneous_z(m)
    return _interval(earlier, later, z * se, (z + float(special.ndtri(POWER))) * se)


def clustered_change(
    earlier: Index, later: Index, se: float, df: int, m: int = 1
) -> ChangeInterval:
    """Judge an area's change by its clustered standard error: d ± t(df)·se, of a family of ``m``.

    The minimum detectable change takes both quantiles from t (Bloom 1995), not from z.
    """
    t = float(special.stdtrit(df, 1 - _tail(m)))
    return _interval(earlier, later, t * se, (t + float(special.stdtrit(df, POWER))) * se)


def _tail(m: int) -> float:
    """The probability on each side of one of ``m`` simultaneous intervals."""
    if m < 1:
        raise ValueError("a family has at least one member")
    return 0.025 / m


def _interval(earlier: Index, later: Index, half: float, detectable: float) -> ChangeInterval:
    difference = later.value - earlier.value
    low_open = earlier.high_open or later.low_open
    high_open = earlier.low_open or later.high_open
    least, most = -earlier.value, 100 - earlier.value
    low = least if low_open else max(_down(difference - half), least)
    high = most if high_open else min(_up(difference + half), most)
    verdict = verdict_of(low, high)
    # An interval rounded outward excludes 0 from a whole point beyond its half-width on. A change
    # that an open end keeps unknown must not look like one that would have been seen.
    visible = max(_up(detectable), _up(half + 1))
    if verdict == "unknown":
        visible = max(visible, abs(difference) + 1)
    return ChangeInterval(verdict, difference, low, high, low_open, high_open, visible)


def _down(value: float) -> int:
    """The next whole number below, where rounding in the sums does not count."""
    return math.floor(round(value, 9))


def _up(value: float) -> int:
    """The next whole number above, where rounding in the sums does not count."""
    return math.ceil(round(value, 9))


def tipping_point(
    difference: int, later_value: int, n: int, headcount: int | None
) -> Tipping | None:
    """Say how much lower (higher) those who did not answer must lie to undo a rise (fall).

    delta = d/(1 - n/N): with b the later index, b·n/N + (b - delta)·(1 - n/N) is the earlier one.
    None when everybody has answered, the headcount is unknown or 0, or nothing has changed.
    """
    if not headcount or n >= headcount or not difference:
        return None
    delta = Fraction(abs(difference) * headcount, headcount - n)
    room = later_value if difference > 0 else 100 - later_value
    return Tipping(math.floor(delta + Fraction(1, 2)), delta > room)


def share_change(
    earlier_percent: int,
    later_percent: int,
    n1: int,
    n2: int,
    step1: int,
    step2: int,
    m: int,
) -> ShareChange | None:
    """Judge the change of a printed share: d ± (z·sqrt(p(1-p)(1/n1 + 1/n2)) + (step1 + step2)/2).

    p is pooled over both waves' n, ``m`` the number of statements of the sub-goal (options of the
    question); a share printed in steps lies up to half a step from the true one. None below ten
    answers in a wave.
    """
    if n1 < LEAST_FOR_SHARES or n2 < LEAST_FOR_SHARES:
        return None
    pooled = (n1 * earlier_percent + n2 * later_percent) / (n1 + n2)
    se = math.sqrt(pooled * (100 - pooled) * (1 / n1 + 1 / n2))
    half = simultaneous_z(m) * se + (step1 + step2) / 2
    difference = later_percent - earlier_percent
    low = max(_down(difference - half), -earlier_percent)
    high = min(_up(difference + half), 100 - earlier_percent)
    return ShareChange(verdict_of(low, high), difference, low, high)


def effect_size(difference: int, sigma: float) -> float:
    """Give d/sigma, two decimals: how large the change is beside how far people lie apart."""
    return math.copysign(whole_points(100 * abs(difference) / sigma) / 100, difference)
