"""Comparing units without ranking them: empirical-Bayes means and three bands.

The one-way random-intercept model y = μ + u + e is fitted exactly: given λ = τ²/σ² everything else
has a closed form, so REML is a search in one dimension (general mixed-model programs stop at
about four digits). Only cells published at n >= 10 enter, else a parent's numbers would give a
hidden unit's mean back.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from survey.measurement.rounding import whole_points

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Band = Literal["above", "around", "below"]

MINIMUM_N = 10
OTHER_UNITS = 5


@dataclass(frozen=True)
class RandomIntercept:
    """REML fit: grand mean ``mu`` and its SE, between-unit ``tau2``, within-unit ``sigma2``."""

    mu: float
    mu_se: float
    tau2: float
    sigma2: float
    units: int
    n: int

    @property
    def icc(self) -> float | None:
        """τ²/(τ² + σ²); None when nothing varies."""
        total = self.tau2 + self.sigma2
        return self.tau2 / total if total > 0 else None


def fit_random_intercept(
    n: Ints, mean: Floats, squares: Floats, minimum_n: int = MINIMUM_N
) -> RandomIntercept | None:
    """REML of the random-intercept model from the units' n, mean and squared deviations.

    Units below ``minimum_n`` are left out. None with fewer than two units or no degree of freedom
    within them. tau2 is 0 when units differ less than chance (no negative variance), and the
    sample variance of the means when nobody differs within any unit.
    """
    keep = n >= max(minimum_n, 1)
    size, centre = n[keep].astype(np.float64), mean[keep]
    within = float(squares[keep].sum())
    total, units = int(n[keep].sum()), int(keep.sum())
    if units < 2 or total <= units:
        return None
    # about the grand mean, so that a shift of the scale changes nothing but mu
    origin = float((size * centre).sum()) / total
    apart = centre - origin
    apart[np.abs(apart) <= 1e-12 * max(abs(origin), 1e-300)] = 0.0
    if within <= 0:
        tau2 = float(np.var(apart, ddof=1))
        mu = origin + float(apart.mean())
        return RandomIntercept(mu, math.sqrt(tau2 / units), tau2, 0.0, units, total)
    ratio = _best_ratio(size, apart, within)
    weight = size / (1.0 + size * ratio)
    mu = float((weight * apart).sum() / weight.sum())
    sigma2 = (within + float((weight * (apart - mu) ** 2).sum())) / (total - 1)
    mu_se = math.sqrt(sigma2 / float(weight.sum()))
    return RandomIntercept(origin + mu, mu_se, ratio * sigma2, sigma2, units, total)


def _profile(ratio: Floats, size: Floats, apart: Floats, within: float) -> tuple[Floats, Floats]:
    """-2 · profile REML log-likelihood and its slope at each ratio λ = τ²/σ² (shape of ratio).

    (N-1)·log Q + Σ log(1 + nλ) + log Σw with w = n/(1 + nλ), Q = SSW + Σ w(ȳ - μ)².
    """
    weight = size / (1.0 + size * ratio[:, None])
    total_weight = weight.sum(axis=1)
    mu = (weight * apart).sum(axis=1) / total_weight
    squares = (apart - mu[:, None]) ** 2
    q = within + (weight * squares).sum(axis=1)
    freedom = size.sum() - 1.0
    value = freedom * np.log(q) + np.log1p(size * ratio[:, None]).sum(axis=1) + np.log(total_weight)
    slope = total_weight - (weight**2).sum(axis=1) / total_weight
    slope -= freedom * (weight**2 * squares).sum(axis=1) / q
    return value, slope


def _best_ratio(size: Floats, apart: Floats, within: float) -> float:
    """The λ >= 0 with the smallest profile: every downward-upward change of slope is refined."""
    grid = np.concatenate([[0.0], np.logspace(-7, 7, 57) / float(size.mean())])
    value, slope = _profile(grid, size, apart, within)

    def slope_at(log_ratio: float) -> float:
        return float(_profile(np.array([math.exp(log_ratio)]), size, apart, within)[1][0])

    best, least = 0.0, float(value[0])
    for place in np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0)):
        low = max(float(grid[place]), float(grid[1]) * 1e-6)
        if slope_at(math.log(low)) >= 0:
            continue
        log_root = optimize.brentq(slope_at, math.log(low), math.log(grid[place + 1]), xtol=1e-13)
        ratio = math.exp(log_root)
        height = float(_profile(np.array([ratio]), size, apart, within)[0][0])
        if height < least:
            best, least = ratio, height
    return best


@dataclass(frozen=True)
class Shrunken:
    """Empirical-Bayes means of units with their posterior interval, and the band of each.

    ``mean`` is never printed for people: it would give the unit's unrounded mean back.
    """

    mean: Floats
    low: Floats
    high: Floats
    band: tuple[Band | None, ...]


def shrink(model: RandomIntercept, n: Ints, mean: Floats, level: float = 0.90) -> Shrunken:
    """θ = μ + B(ȳ - μ), B = τ²/(τ² + σ²/n), posterior variance τ²(1 - B) (Bliese 2000; lme4).

    A unit is ``above`` or ``below`` when the posterior interval excludes μ, else ``around``. The
    interval takes μ, τ² and σ² as known, like lme4's conditional variances. NaN and None where a
    unit has no answers.
    """
    size = np.maximum(n, 1).astype(np.float64)
    noise = model.sigma2 / size
    variance = model.tau2 + noise
    pull = model.tau2 / np.where(variance > 0, variance, 1.0)
    theta = model.mu + pull * (mean - model.mu)
    half = float(special.ndtri(0.5 + level / 2)) * np.sqrt(model.tau2 * (1.0 - pull))
    low, high = theta - half, theta + half
    tiny = 1e-12 * max(abs(model.mu), 1.0)  # equal units are "around" in spite of rounding
    bands = [
        _band(float(a), float(b), model.mu, tiny) if count > 0 else None
        for a, b, count in zip(low, high, n, strict=True)
    ]
    return Shrunken(theta, low, high, tuple(bands))


def _band(low: float, high: float, mu: float, tiny: float) -> Band:
    if low > mu + tiny:
        return "above"
    return "below" if high < mu - tiny else "around"


def fit_printed(n: Sequence[int], index: Sequence[float], sigma: float) -> RandomIntercept | None:
    """Fit the model to printed indices and their printed n, the within-unit sd being printed too.

    Like ``fit_random_intercept`` with squares = sigma²·(n - 1); cells below ten answers are out.
    """
    size = np.array(n, dtype=np.int64)
    squares = sigma**2 * np.maximum(size - 1, 0).astype(np.float64)
    return fit_random_intercept(size, np.array(index, dtype=np.float64), squares)


def regression_to_mean(model_mean: float, tau2: float, sigma: float, n: int, index: int) -> int:
    """Say how far a unit picked by its result moves back by itself, in whole points.

    (1 - B)·|index - mean|, B = tau²/(tau² + sigma²/n): what chance is expected to have put on it.
    """
    noise = sigma**2 / n
    return whole_points(noise / (tau2 + noise) * abs(index - model_mean))


def median_of_others(indices: Sequence[int | None]) -> int | None:
    """Give the median of the printed indices of at least five other units of the kind, half up.

    The caller leaves the unit itself out; every unit is one vote, one without an index is none.
    """
    votes = [index for index in indices if index is not None]
    return None if len(votes) < OTHER_UNITS else whole_points(statistics.median(votes))
