"""Has the climate changed? One estimate, one interval, one verdict (measurement.md section 2B).

A verdict is nothing but whether its interval excludes 0. Every change, of a unit or an area, has
the same half-width and minimum detectable change: ``survey analyse`` shows them as they are
(:func:`judge`), a release in whole points (:func:`printed_change`). A release's interval uses
nothing but what is printed anyway (two whole-point indices, the two numbers of answers, one sd for
all units), so that it reveals nothing more. No finite population correction: the staff of today are
a draw from what the unit could have been.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Literal

from survey.measurement.intervals import Number, quantile
from survey.measurement.rounding import points_above, points_below, whole_points

Verdict = Literal["risen", "fallen", "unknown", "hidden", "not_comparable", "no_change", "too_few"]
"""``hidden`` and ``not_comparable`` are of releases, where no interval is printed; ``no_change``
and ``too_few`` stand in releases of schema 1 only."""
Basis = Literal["unit", "units", "persons"]
"""What the cases are: one unit's answers, an area's units as clusters, or an area's persons."""

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


@dataclass(frozen=True)
class Change(Generic[Number]):
    """The change of one index between two waves, points 0-100: whole ones in a release, where it is
    a function of printed numbers only, exact ones in an analysis.

    ``risen`` and ``fallen`` say nothing but that ``low``-``high``, what the change may have been,
    excludes 0. In a release both are rounded outward and lie within -a to 100 - a (a the earlier
    index); an open end rests on a clamped index, stands at -a or 100 - a and excludes nothing.
    ``minimum_detectable`` is the smallest change that this many answers let us see. ``effect`` is
    the difference over the sd of people. ``tipping``: by how many points those who did not answer
    would have to lie beyond the others for the change to be gone; ``beyond``: none could do that.
    ``standardised``: an area's change as if each unit had its latest headcount in both waves.
    """

    verdict: Verdict
    earlier: Number | None = None
    later: Number | None = None
    difference: Number | None = None
    low: Number | None = None
    high: Number | None = None
    low_open: bool = False
    high_open: bool = False
    minimum_detectable: Number | None = None
    basis: Basis = "unit"
    effect: float | None = None
    tipping: int | None = None
    beyond: bool = False
    standardised: Number | None = None


@dataclass(frozen=True, slots=True)
class Tipping:
    """How far from those who answered the others must lie for the change to be gone.

    ``beyond``: further than the scale goes, so that no answers of theirs could undo it.
    """

    points: int
    beyond: bool


@dataclass(frozen=True, slots=True)
class ShareChange:
    """The change of a statement's or option's printed share and its interval, whole percentage
    points."""

    verdict: Verdict
    difference: int
    low: int
    high: int


def verdict_of(low: float, high: float) -> Verdict:
    """Say what an interval of a change says: risen, fallen, or unknown where it holds 0."""
    if low > 0:
        return "risen"
    return "fallen" if high < 0 else "unknown"


def judge(
    earlier: float, later: float, se: float, df: float | None = None, m: int = 1
) -> Change[float]:
    """Judge a change by its standard error, one of a family of ``m``, and leave it as it is."""
    difference = later - earlier
    half, detectable = _half_width(se, df, m)
    low, high = difference - half, difference + half
    return Change(
        verdict_of(round(low, 9), round(high, 9)),  # rounding in the sums is no change
        earlier,
        later,
        difference,
        low,
        high,
        minimum_detectable=detectable,
    )


def _half_width(se: float, df: float | None, m: int) -> tuple[float, float]:
    """Give half the width q·se of a change's interval, and its minimum detectable change.

    q is the quantile 1 - 0.025/m of Student's t with ``df`` degrees of freedom, of the normal
    where ``df`` is None, so that the intervals of ``m`` changes hold together (Bonferroni: 1.96 for
    a change by itself, 2.64 for six sub-goals). The minimum detectable change is found with 80 %
    power, (q + q(.80))·se from the same distribution (Bloom 1995).
    """
    q = quantile(1 - _tail(m), df)
    return q * se, (q + quantile(POWER, df)) * se


def unit_change(earlier: Index, later: Index, sigma: float, m: int = 1) -> Change[int]:
    """Judge a unit's printed change: d ± z·sigma·sqrt(1/n1 + 1/n2), one of a family of ``m``.

    ``sigma`` is the printed within-unit sd of the later wave.
    """
    if sigma <= 0:
        raise ValueError("sigma is above 0")
    if earlier.n < 1 or later.n < 1:
        raise ValueError("an index rests on at least one answer")
    se = sigma * math.sqrt(1 / earlier.n + 1 / later.n)
    return printed_change(earlier, later, se, None, m)


def printed_change(
    earlier: Index, later: Index, se: float, df: float | None, m: int = 1
) -> Change[int]:
    """Judge the change of a printed index, and round it so that it may be printed.

    An area's standard error comes from its units (``df`` one less than they are).
    """
    low_open = earlier.high_open or later.low_open
    high_open = earlier.low_open or later.high_open
    least, most = -earlier.value, 100 - earlier.value
    difference = later.value - earlier.value
    half, detectable = _half_width(se, df, m)
    low = least if low_open else max(points_below(difference - half), least)
    high = most if high_open else min(points_above(difference + half), most)
    verdict = verdict_of(low, high)
    # An interval rounded outward excludes 0 from a whole point beyond its half-width on. A change
    # that an open end keeps unknown must not look like one that would have been seen.
    visible = max(points_above(detectable), points_above(half + 1))
    if verdict == "unknown":
        visible = max(visible, abs(difference) + 1)
    return Change(
        verdict,
        earlier.value,
        later.value,
        difference,
        low,
        high,
        low_open,
        high_open,
        minimum_detectable=visible,
    )


def _tail(m: int) -> float:
    """The probability on each side of one of ``m`` simultaneous intervals."""
    if m < 1:
        raise ValueError("a family has at least one member")
    return 0.025 / m


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
    half = _half_width(se, None, m)[0] + (step1 + step2) / 2
    difference = later_percent - earlier_percent
    low = max(points_below(difference - half), -earlier_percent)
    high = min(points_above(difference + half), 100 - earlier_percent)
    return ShareChange(verdict_of(low, high), difference, low, high)


def effect_size(difference: int, sigma: float) -> float:
    """Give d/sigma, two decimals: how large the change is beside how far people lie apart."""
    return math.copysign(whole_points(100 * abs(difference) / sigma) / 100, difference)
