"""Is the scale consistent? Cronbach's alpha, McDonald's omega, item statistics.

For the organisation, never per unit. ``assess`` holds the rule of when anything is computed; the
formulas below it take a covariance matrix and know no rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from survey.measurement.intervals import Interval

Floats = npt.NDArray[np.float64]
Missing = Literal["listwise", "pairwise"]

MINIMUM_PERSONS = 50
MINIMUM_ITEMS = 3
ESTIMATOR = "minres"
"""How the one factor behind omega is fitted: by minimum residuals."""


@dataclass(frozen=True)
class Reliability:
    """Consistency of one dimension; everything is None when ``reason`` says why.

    ``n`` complete persons; ``alpha`` with its Feldt interval on complete cases;
    ``alpha_pairwise`` from pairwise covariances; ``omega`` by ``omega_estimator``, None with
    ``omega_reason`` when the factor solution is improper. Per item: ``alpha_if_dropped``,
    ``item_rest`` (corrected r) and ``possibly_reversed`` (positions with a negative item-rest r).
    """

    n: int
    items: int
    reason: str = ""
    alpha: float | None = None
    alpha_interval: Interval[float] | None = None
    alpha_pairwise: float | None = None
    omega: float | None = None
    omega_estimator: str = ""
    omega_reason: str = ""
    alpha_if_dropped: tuple[float | None, ...] = ()
    item_rest: tuple[float | None, ...] = ()
    possibly_reversed: tuple[int, ...] = ()


def assess(items: Floats) -> Reliability:
    """Consistency of keyed item answers (persons, items), NaN where missing.

    Not computed, with the reason, under 3 items, with fewer than 50 complete persons, or when
    the answers do not vary at all.
    """
    n = int((~np.isnan(items).any(axis=1)).sum())
    count = items.shape[1]
    if count < MINIMUM_ITEMS:
        return Reliability(n, count, f"fewer than {MINIMUM_ITEMS} items")
    if n < MINIMUM_PERSONS:
        return Reliability(n, count, f"fewer than {MINIMUM_PERSONS} complete persons")
    matrix = covariance(items)
    alpha = cronbach_alpha(matrix)
    if alpha is None:
        return Reliability(n, count, "the answers do not vary")
    flat = bool((np.diag(matrix) == 0).any())
    omega = None if flat else omega_total(matrix)
    rest = item_rest_correlations(matrix)
    return Reliability(
        n,
        count,
        alpha=alpha,
        alpha_interval=feldt_interval(alpha, n, count),
        alpha_pairwise=cronbach_alpha(covariance(items, "pairwise")),
        omega=omega,
        omega_estimator=ESTIMATOR,
        omega_reason="" if omega is not None else "no proper one-factor solution",
        alpha_if_dropped=alpha_if_dropped(matrix),
        item_rest=rest,
        possibly_reversed=tuple(i for i, r in enumerate(rest) if r is not None and r < 0),
    )


def covariance(items: Floats, missing: Missing = "listwise") -> Floats:
    """Covariance matrix (ddof 1) of item answers (persons, items).

    ``listwise``: complete persons only, as ``multilevel::cronbach``. ``pairwise``: every pair on
    the persons who answered both, the pair's own means, as R ``cov(use = "pairwise")`` and
    ``psych::alpha``. Fewer than two persons (in a pair): NaN there.
    """
    present = ~np.isnan(items)
    if missing == "listwise":
        complete: npt.NDArray[np.bool_] = np.logical_and.reduce(present, axis=1)
        present = np.repeat(complete[:, None], items.shape[1], axis=1)
    mask = present.astype(np.float64)
    # about one origin per item: sums of squares about 0 lose the digits that the variance needs
    count = np.maximum(mask.sum(axis=0), 1.0)
    values = np.where(present, items, 0.0)
    origin = values.sum(axis=0) / count
    centred = np.where(present, items - origin, 0.0)
    centred[np.abs(centred) <= 1e-12 * np.abs(values)] = 0.0
    n = mask.T @ mask
    sums = centred.T @ mask
    product = centred.T @ centred - sums * sums.T / np.maximum(n, 1.0)
    result: Floats = np.where(n > 1, product / np.maximum(n - 1.0, 1.0), np.nan)
    return result


def correlation(matrix: Floats) -> Floats:
    """Correlation matrix of a covariance matrix with positive variances."""
    sd = np.sqrt(np.diag(matrix))
    result: Floats = matrix / np.outer(sd, sd)
    return result


def cronbach_alpha(matrix: Floats) -> float | None:
    """Cronbach's (1951) alpha J/(J-1) · (1 - trace/sum) of a covariance matrix.

    Of a correlation matrix it is the standardised alpha. Negative values are kept. None for a
    single item or when the sum score does not vary.
    """
    items = matrix.shape[0]
    total = float(matrix.sum())
    if items < 2 or not total > 0:
        return None
    share = float(np.diag(matrix).sum()) / total
    return float(items / (items - 1) * (1.0 - share))


def feldt_interval(alpha: float, n: int, items: int, level: float = 0.95) -> Interval[float] | None:
    """Feldt, Woodruff & Salih (1987): 1 - (1 - alpha)·F(q), df n - 1 and (n - 1)(J - 1).

    Both ends from F's quantiles at 1 -/+ (1 - level)/2, as psych and psychometric. None when
    n < 2 or J < 2.
    """
    if n < 2 or items < 2:
        return None
    first, second = n - 1, (n - 1) * (items - 1)
    low = 1.0 - (1.0 - alpha) * float(special.fdtri(first, second, 0.5 + level / 2))
    high = 1.0 - (1.0 - alpha) * float(special.fdtri(first, second, 0.5 - level / 2))
    return Interval(low, high)


def alpha_if_dropped(matrix: Floats) -> tuple[float | None, ...]:
    """Alpha of the remaining items when each is left out; None where that leaves one or none."""
    items = range(matrix.shape[0])
    submatrices = (np.delete(np.delete(matrix, item, 0), item, 1) for item in items)
    return tuple(cronbach_alpha(rest) for rest in submatrices)


def item_rest_correlations(matrix: Floats) -> tuple[float | None, ...]:
    """Corrected item-rest correlation of every item; None where item or rest does not vary."""
    variance = np.diag(matrix)
    shared = matrix.sum(axis=1) - variance
    rest = matrix.sum() - variance - 2 * shared
    return tuple(
        float(s / math.sqrt(v * r)) if v > 0 and r > 0 else None
        for s, v, r in zip(shared, variance, rest, strict=True)
    )


# ---------------------------------------------------------------------- one factor


def omega_total(matrix: Floats) -> float | None:
    """McDonald's (1999) omega_total (Σλ)²/((Σλ)² + Σθ) of a one-factor model.

    The correlation matrix is fitted by least squares off the diagonal (minres, Harman & Jones
    1966), as ``psych::fa``: omega of standardised items. None for fewer than 3 items, an item
    without variance, or an improper solution (a loading beyond 1, no convergence).
    """
    if matrix.shape[0] < MINIMUM_ITEMS or not bool((np.diag(matrix) > 0).all()):
        return None
    loadings = _minres(correlation(matrix))
    if loadings is None:
        return None
    unique = 1.0 - loadings**2
    if bool((unique < 0).any()):
        return None
    common = float(loadings.sum()) ** 2
    return common / (common + float(unique.sum()))


def _start(matrix: Floats) -> Floats:
    """Loadings on the first principal component of a correlation matrix, a little shrunk."""
    values, vectors = np.linalg.eigh(matrix)
    first: Floats = vectors[:, -1] * math.sqrt(max(float(values[-1]), 0.0)) * 0.9
    return first


def _minres(matrix: Floats) -> Floats | None:
    """Loadings that minimise the squared residual correlations off the diagonal."""
    rows, columns = np.triu_indices(matrix.shape[0], 1)
    target = matrix[rows, columns]
    pairs = np.arange(rows.size)

    def residuals(loadings: Floats) -> Floats:
        result: Floats = loadings[rows] * loadings[columns] - target
        return result

    def slopes(loadings: Floats) -> Floats:
        jacobian = np.zeros((rows.size, loadings.size))
        jacobian[pairs, rows] = loadings[columns]
        jacobian[pairs, columns] += loadings[rows]
        return jacobian

    fit = optimize.least_squares(
        residuals, _start(matrix), jac=slopes, method="lm", xtol=1e-13, ftol=1e-13, gtol=1e-13
    )
    return np.asarray(fit.x) if fit.success else None
