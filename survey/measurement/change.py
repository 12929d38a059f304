"""Has the climate changed? The verdict from published numbers (measurement.md section 2B).

No finite population correction: the staff of today are a draw from what the unit could have been.
The verdict uses nothing but what is printed anyway (two whole-point indices, the two numbers of
answers, one sd for all units), so that it reveals nothing more. Tests on the persons' own scores
stand in ``effects``; those on units as wholes in ``areas``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from survey.measurement.intervals import Z95

Verdict = Literal["risen", "fallen", "no_change", "too_few"]
Floats = npt.NDArray[np.float64]

DEFAULT_SIGMA = 20
"""Within-unit sd in whole points where fewer than ten units can tell."""


@dataclass(frozen=True)
class ChangeResult:
    """One unit's (or area's) change of one index between two waves, in whole points 0-100.

    ``difference``, ``low``, ``high`` and ``p`` are None when a wave has no published index or too
    few answers to test: then the verdict is ``too_few``, never ``no_change``. ``half_width`` is
    the interval's before clipping. ``p_adjusted`` is what decided (equal to ``p`` unless several
    dimensions were judged together).
    """

    difference: int | None
    low: float | None
    high: float | None
    p: float | None
    minimum_detectable: float | None
    verdict: Verdict
    half_width: float | None = None
    p_adjusted: float | None = None


def published_index(index: float, n: int) -> int | None:
    """An index as it is printed: whole points, half up, not above 95 or below 5 (n < 10: 90, 10).

    None when there is none. The bounds keep an almost unanimous unit from being read off.
    """
    if n < 1 or math.isnan(index):
        return None
    low, high = (5, 95) if n >= 10 else (10, 90)
    return min(max(whole_points(index), low), high)


def whole_points(value: float) -> int:
    """``value`` rounded half up, where a half is one in spite of rounding in the sums.

    Without this 62.5 could print as 62 or 63 by the order in which persons were added.
    """
    return math.floor(round(value, 9) + 0.5)


def pooled_sd(cells: Sequence[tuple[int, float]], units: int | None = None) -> int:
    """Pooled within-unit sd of a dimension in whole points, from (n, sd) of the cells.

    sqrt(Σ(n-1)s² / Σ(n-1)) over cells with n >= 10; 20 when they belong to fewer than 10 units.
    ``units`` is the number of different units when a unit can have several cells (several
    waves). Never below 1: a printed sd of 0 would claim that a single point is certain.
    """
    usable = [(n, sd) for n, sd in cells if n >= 10 and not math.isnan(sd)]
    if (len(usable) if units is None else units) < 10 or not usable:
        return DEFAULT_SIGMA
    squares = math.fsum((n - 1) * sd * sd for n, sd in usable)
    freedom = sum(n - 1 for n, _ in usable)
    return max(1, whole_points(math.sqrt(squares / freedom)))


@cache
def _quantile(level: float, power: float) -> float:
    """z(1 - level/2) + z(power)."""
    return float(special.ndtri(1 - level / 2) + special.ndtri(power))


def minimum_detectable_change(
    sigma: float, n1: int, n2: int, level: float = 0.05, power: float = 0.8
) -> float | None:
    """Smallest true change found with ``power`` at two-sided ``level``; None without answers.

    (z(1-level/2) + z(power)) · sigma · sqrt(1/n1 + 1/n2); printed beside a verdict, never decides.
    """
    if n1 < 1 or n2 < 1:
        return None
    return _quantile(level, power) * sigma * math.sqrt(1 / n1 + 1 / n2)


def verdict(
    earlier: int | None,
    later: int | None,
    n1: int,
    n2: int,
    sigma: float,
    *,
    relevance: float = 10,
    p_threshold: float = 0.05,
    minimum_n: int = 5,
) -> ChangeResult:
    """What the published numbers can say about the change from ``earlier`` to ``later``.

    Interval d ± 1.96 · sigma · sqrt(1/n1 + 1/n2), clipped so that earlier + change stays within
    0-100 (for reading only: significance and half-width use the whole interval). In this order:
    ``too_few`` when a wave has fewer than ``minimum_n`` answers or no index; ``risen`` or
    ``fallen`` when p < ``p_threshold``; ``too_few`` when the half-width exceeds twice the
    relevance limit; else ``no_change``.
    """
    if earlier is None or later is None or n1 < minimum_n or n2 < minimum_n:
        return ChangeResult(None, None, None, None, None, "too_few")
    if sigma <= 0:
        raise ValueError("sigma is at least one point")
    difference = later - earlier
    se = sigma * math.sqrt(1 / n1 + 1 / n2)
    half = Z95 * se
    p = math.erfc(abs(difference) / se / math.sqrt(2))
    return ChangeResult(
        difference=difference,
        low=max(difference - half, -float(earlier)),
        high=min(difference + half, 100.0 - earlier),
        p=p,
        minimum_detectable=minimum_detectable_change(sigma, n1, n2),
        verdict=_word(difference, half, p, relevance, p_threshold),
        half_width=half,
        p_adjusted=p,
    )


def _word(
    difference: int, half_width: float, p: float, relevance: float, p_threshold: float
) -> Verdict:
    """The one of the four that this p gives to a tested change."""
    if p < p_threshold and difference:
        return "risen" if difference > 0 else "fallen"
    return "too_few" if half_width > 2 * relevance else "no_change"


def judge(
    result: ChangeResult, p: float, relevance: float = 10, p_threshold: float = 0.05
) -> ChangeResult:
    """The same change with the verdict of an adjusted ``p``; untested changes stay as they are."""
    if result.difference is None or result.half_width is None:
        return result
    word = _word(result.difference, result.half_width, p, relevance, p_threshold)
    return replace(result, verdict=word, p_adjusted=p)


def holm_verdicts(
    results: Sequence[ChangeResult], relevance: float = 10, p_threshold: float = 0.05
) -> list[ChangeResult]:
    """The verdicts of one unit's dimensions between two waves, Holm-adjusted together.

    Dimensions without a test (``p`` None) stay as they are and do not count in the family.
    """
    tested = [r.p for r in results if r.p is not None]
    adjusted = iter(holm(np.array(tested)).tolist())
    return [r if r.p is None else judge(r, next(adjusted), relevance, p_threshold) for r in results]


def holm(p: Floats) -> Floats:
    """Holm (1979) step-down adjusted p, along the last axis; NaN is no test and stays NaN."""
    order = np.argsort(p, axis=-1)  # NaN sorts last
    ranked = np.take_along_axis(p, order, axis=-1)
    tested = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    factor = np.maximum(tested - np.arange(p.shape[-1]), 1)
    stepped = np.maximum.accumulate(np.where(np.isnan(ranked), -np.inf, ranked * factor), axis=-1)
    stepped = np.where(np.isnan(ranked), np.nan, np.minimum(stepped, 1.0))
    result = np.empty_like(stepped)
    np.put_along_axis(result, order, stepped, axis=-1)
    return result


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini & Hochberg (1995) step-up adjusted p (false discovery rate), one dimension.

    For lists of changed units and for many items screened. NaN is no test and stays NaN.
    """
    result = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    if tested.size:
        order = tested[np.argsort(p[tested])]
        scaled = p[order] * tested.size / np.arange(1, tested.size + 1)
        result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result
