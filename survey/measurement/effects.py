"""Two waves compared on the persons' own scores: Welch's t, Hedges' g, Cliff's delta, paired t.

Everything takes arrays and answers for all units at once. For ``survey analyse`` only, and there
where both waves have at least ten answers (``MINIMUM_N``); the functions need what their formula
needs. Undefined results are NaN in arrays, None in scalars; none raises a RuntimeWarning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from survey.measurement.intervals import Interval, quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINIMUM_N = 10
MINIMUM_MATCHED = 20
G_INTERVAL = "noncentral t (Steiger & Fouladi 1997), times the small-sample factor J"
"""Name of the method behind the interval of Hedges' g."""


@dataclass(frozen=True)
class Groups:
    """Mean, sd (ddof 1) and n of many groups; arrays of one shape."""

    mean: Floats
    sd: Floats
    n: Ints


@dataclass(frozen=True)
class Welch:
    """Welch's t test per group: later minus earlier, in the unit of the means."""

    difference: Floats
    se: Floats
    t: Floats
    df: Floats
    p: Floats


def welch(earlier: Groups, later: Groups) -> Welch:
    """Welch's (1947) unequal-variance t test with Welch-Satterthwaite degrees of freedom.

    ``verdicts.judge`` makes an interval of ``se`` and ``df``. NaN where a group has fewer than 2
    values. Without any variation in both groups: no difference gives t = 0, p = 1,
    df = n1 + n2 - 2; a difference gives NaN, as there is nothing to judge by.
    """
    usable = (earlier.n > 1) & (later.n > 1)
    n1, n2 = _divisor(earlier.n), _divisor(later.n)
    v1 = np.where(usable, earlier.sd, 0.0) ** 2 / n1
    v2 = np.where(usable, later.sd, 0.0) ** 2 / n2
    difference = later.mean - earlier.mean
    variance = v1 + v2
    flat = variance == 0
    safe = np.where(flat, 1.0, variance)
    # ratios first: squares of tiny variances would underflow
    df = 1.0 / ((v1 / safe) ** 2 / (n1 - 1) + (v2 / safe) ** 2 / (n2 - 1) + flat)
    df = np.where(flat, n1 + n2 - 2, df)
    t = np.where(flat, np.where(difference == 0, 0.0, np.nan), difference / np.sqrt(safe))
    t = np.where(usable, t, np.nan)
    df = np.where(usable, df, np.nan)
    se = np.where(usable, np.sqrt(variance), np.nan)
    return Welch(difference, se, t, df, two_sided(t, df))


def two_sided(t: Floats, df: Floats) -> Floats:
    """Two-sided p of Student's t; NaN in, NaN out."""
    result: Floats = 2.0 * special.stdtr(df, -np.abs(t))
    return result


@dataclass(frozen=True)
class HedgesG:
    """Standardised difference later minus earlier, and its interval (``G_INTERVAL``)."""

    g: Floats
    low: Floats
    high: Floats


def hedges_g(earlier: Groups, later: Groups, level: float = 0.95) -> HedgesG:
    """Hedges' g = J · d, d = difference / pooled sd, J = 1 - 3/(4·df - 1), df = n1 + n2 - 2.

    The interval inverts the noncentral t distribution, as R's effectsize does by default; the
    large-sample normal interval of effsize and psych is narrower in small units. Where the
    noncentral t cannot be computed (|t| beyond 35) the normal one of Hedges & Olkin (1985)
    stands in; the two then agree to three digits. NaN without variation, unless both means are
    equal: then g is 0 with an interval from the sizes alone.
    """
    usable = (earlier.n > 1) & (later.n > 1)
    n1, n2 = _divisor(earlier.n), _divisor(later.n)
    df = n1 + n2 - 2
    squares = (n1 - 1) * np.where(usable, earlier.sd, 0.0) ** 2
    squares = squares + (n2 - 1) * np.where(usable, later.sd, 0.0) ** 2
    pooled = np.sqrt(squares / df)
    difference = later.mean - earlier.mean
    flat = pooled == 0
    d = difference / np.where(flat, 1.0, pooled)
    d = np.where(usable & ~(flat & (difference != 0)), d, np.nan)
    factor = 1.0 - 3.0 / (4.0 * df - 1.0)
    scale = np.sqrt(n1 * n2 / (n1 + n2))
    low, high = _noncentral_interval(d * scale, df, level)
    return HedgesG(factor * d, factor * low / scale, factor * high / scale)


def _noncentral_interval(t: Floats, df: Floats, level: float) -> tuple[Floats, Floats]:
    """Noncentrality parameters whose t distribution has ``t`` at its upper and lower tail."""
    size = np.abs(t)
    near = _noncentrality(size, df, 0.5 + level / 2)
    far = _noncentrality(size, df, 0.5 - level / 2)
    return np.where(t >= 0, near, -far), np.where(t >= 0, far, -near)


def _noncentrality(t: Floats, df: Floats, probability: float) -> Floats:
    """Solve P(T <= t | df, nc) = ``probability`` for nc, t >= 0.

    ``nctdtrinc`` stops at about four digits; secant steps on ``nctdtr`` take it to the rest.
    """
    guess = special.nctdtrinc(df, probability, t)
    spread = np.sqrt(1.0 + t * t / (2.0 * df))
    normal = t - special.ndtri(probability) * spread
    bad = ~np.isfinite(guess) | (np.abs(guess - normal) > spread)
    x0 = np.where(bad, normal, guess)
    x1 = x0 + 1e-4
    f0, f1 = (special.nctdtr(df, x, t) - probability for x in (x0, x1))
    for _ in range(8):
        slope = f1 - f0
        step = np.where(slope != 0, f1 * (x1 - x0) / np.where(slope != 0, slope, 1.0), 0.0)
        x0, f0 = x1, f1
        x1 = x1 - step
        f1 = special.nctdtr(df, x1, t) - probability
        if not bool((np.abs(f1) > 1e-11).any()):
            break
    settled = (np.abs(f1) < 1e-9) & (t <= 35)
    return np.where(settled, x1, np.where(np.isnan(t), np.nan, normal))


def cliffs_deltas(
    earlier: Floats, groups1: Ints, later: Floats, groups2: Ints, n_groups: int
) -> Floats:
    """Cliff's delta P(later > earlier) - P(later < earlier) of every group, shape (n_groups,).

    Within -1..1, 2U/(n1·n2) - 1 for later. ``groups1`` and ``groups2`` number each value's group;
    NaN values are left out, a group without values in a wave is NaN. Values that differ only in
    rounding (ninth decimal) count as equal.
    """
    keep1, keep2 = ~np.isnan(earlier), ~np.isnan(later)
    groups1, groups2 = groups1[keep1], groups2[keep2]
    both = np.round(np.concatenate([earlier[keep1], later[keep2]]), 9)
    levels, code = np.unique(both, return_inverse=True)
    width = max(levels.size, 1)
    first = groups1 * width + code[: groups1.size]
    second = groups2 * width + code[groups1.size :]
    dominance = _dominance_by_table if n_groups * width <= _TABLE else _dominance_by_sorting
    score = dominance(first, second, n_groups, width)
    n1 = np.bincount(groups1, minlength=n_groups)
    n2 = np.bincount(groups2, minlength=n_groups)
    pairs = n1 * n2
    result: Floats = np.where(pairs > 0, score / np.maximum(pairs, 1), np.nan)
    return result


_TABLE = 200_000
"""Cells of group x score level up to which counting is quicker than sorting."""


def _dominance_by_table(first: Ints, second: Ints, n_groups: int, width: int) -> Floats:
    """Pairs later > earlier minus pairs later < earlier, per group, by counts of every level."""
    shape = (n_groups, width)
    counts = np.bincount(first, minlength=n_groups * width).reshape(shape)
    upto = counts.cumsum(axis=1)
    surplus = 2 * upto - counts - upto[:, -1:]  # earlier below minus earlier above each level
    later = np.bincount(second, minlength=n_groups * width).reshape(shape)
    result: Floats = (later * surplus).sum(axis=1).astype(np.float64)
    return result


def _dominance_by_sorting(first: Ints, second: Ints, n_groups: int, width: int) -> Floats:
    """The same where there are too many levels to count them one by one."""
    first, second = np.sort(first), np.sort(second)
    ends = np.searchsorted(first, np.arange(n_groups + 1) * width)
    group = second // width
    below = np.searchsorted(first, second, "left") - ends[group]
    above = ends[group + 1] - np.searchsorted(first, second, "right")
    weight = (below - above).astype(np.float64)
    result: Floats = np.bincount(group, weights=weight, minlength=n_groups).astype(np.float64)
    return result


@dataclass(frozen=True)
class Paired:
    """Paired t test on linked persons; only for the linked, non-anonymous study type.

    ``match_rate`` is matched / answers in the later wave. With fewer than 20 matched everything
    else is None and ``reason`` says so.
    """

    matched: int
    match_rate: float | None
    difference: float | None = None
    t: float | None = None
    df: int | None = None
    p: float | None = None
    interval: Interval[float] | None = None
    reason: str = ""


def paired(earlier: Floats, later: Floats, later_n: int, minimum: int = MINIMUM_MATCHED) -> Paired:
    """Paired t test; ``earlier[i]`` and ``later[i]`` are the same person, NaN pairs are left out.

    ``later_n`` is how many answered the later wave. Without variation among the differences:
    t = 0 and p = 1 when they are 0, otherwise t and p are None.
    """
    change = later - earlier
    change = change[~np.isnan(change)]
    matched = int(change.size)
    rate = matched / later_n if later_n else None
    if matched < max(minimum, 2):
        return Paired(matched, rate, reason=f"fewer than {max(minimum, 2)} matched persons")
    mean = float(change.mean())
    spread = change - mean
    spread[np.abs(spread) <= 1e-12 * np.maximum(np.abs(change), 1.0)] = 0.0
    df = matched - 1
    se = float(np.sqrt((spread**2).sum() / df / matched))
    half = quantile(0.975, df) * se
    t = mean / se if se else (0.0 if mean == 0 else None)
    p = None if t is None else float(2.0 * special.stdtr(df, -abs(t)))
    reason = "" if t is not None else "everybody changed by the same amount"
    return Paired(matched, rate, mean, t, df, p, Interval(mean - half, mean + half), reason)


def _divisor(n: Ints) -> Floats:
    """n as a float that may be divided by (at least 2)."""
    return np.maximum(n, 2).astype(np.float64)
