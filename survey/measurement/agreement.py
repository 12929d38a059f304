"""May the answers be averaged over a unit? Within-unit agreement and intraclass correlations.

Agreement is computed on complete persons (every item of the dimension answered) with ddof 1, as
``multilevel::rwg.j`` does; other conventions give other numbers (James, Demaree & Wolf 1984).
Shown to people only where n >= 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from survey.measurement.scoring import Moments

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SKEWED_NULLS: Mapping[int, tuple[float, ...]] = MappingProxyType(
    {4: (0.10, 0.20, 0.40, 0.30), 5: (0.05, 0.15, 0.20, 0.35, 0.25)}
)
"""Declared slightly skewed null distributions per number of options (variance .89 and 1.34)."""


def uniform_null_variance(options: int) -> float:
    """Variance (A² - 1)/12 of answers spread evenly over A options: 1.25 for 4, 2 for 5."""
    return (options**2 - 1) / 12


def null_variance(shares: Sequence[float]) -> float:
    """Variance of a declared null distribution over options 1..A."""
    mean = sum(step * share for step, share in enumerate(shares, 1))
    return sum(step * step * share for step, share in enumerate(shares, 1)) - mean**2


def skewed_null_variance(options: int) -> float | None:
    """Variance of the declared skewed null; None where none is declared for so many options."""
    shares = SKEWED_NULLS.get(options)
    return None if shares is None else null_variance(shares)


@dataclass(frozen=True)
class Spread:
    """Within-group spread of a dimension's items, per group; NaN where n < 2.

    ``n`` complete persons, ``variance`` mean item variance, ``deviation`` AD_M (mean absolute
    deviation about the item mean, averaged over items; 0 for a single person is not agreement,
    so it is NaN too), ``items`` the number of items.
    """

    n: Ints
    variance: Floats
    deviation: Floats
    items: int

    def rwg(self, null: float) -> Floats:
        """r_wg(j) = J(1 - q)/(J(1 - q) + q), q = mean item variance / null variance.

        q is truncated at 1, so the result lies in 0..1 (James, Demaree & Wolf 1984).
        """
        ratio = np.minimum(self.variance / null, 1.0)
        agreed = self.items * (1.0 - ratio)
        return agreed / (agreed + ratio)

    def lindell(self, null: float) -> Floats:
        """r*_wg(j) = 1 - mean item variance / null variance (Lindell, Brandt & Whitney 1999).

        Not truncated: negative means more spread than the null distribution.
        """
        return 1.0 - self.variance / null


def within_group_spread(values: Floats, groups: Ints, n_groups: int) -> Spread:
    """Spread of item answers (persons, items) on the own scale; incomplete persons are left out."""
    complete = ~np.isnan(values).any(axis=1)
    kept, where = values[complete], groups[complete]
    items = values.shape[1]
    n = np.bincount(where, minlength=n_groups)
    squares, absolute = np.zeros(n_groups), np.zeros(n_groups)
    for item in range(items):
        answers = kept[:, item]
        mean = np.bincount(where, weights=answers, minlength=n_groups) / np.maximum(n, 1)
        apart = answers - mean[where]
        apart[np.abs(apart) <= 1e-12 * np.abs(answers)] = 0.0
        squares += np.bincount(where, weights=apart * apart, minlength=n_groups)
        absolute += np.bincount(where, weights=np.abs(apart), minlength=n_groups)
    several = n > 1
    variance = np.where(several, squares / np.maximum(n - 1, 1) / items, np.nan)
    deviation = np.where(several, absolute / np.maximum(n, 1) / items, np.nan)
    return Spread(n, variance, deviation, items)


@dataclass(frozen=True)
class IntraclassCorrelation:
    """One-way random effects by analysis of variance.

    ``icc1`` and ``icc2`` are None when undefined (fewer than two groups, no group with two
    persons, no variation at all), never NaN. Negative values are kept: they say that units
    differ less than people drawn at random would.
    """

    icc1: float | None
    icc2: float | None
    ms_between: float | None
    ms_within: float | None
    groups: int
    n: int


def intraclass_of(moments: Moments, position: int = 0) -> IntraclassCorrelation:
    """ICC(1) = (MSB - MSW)/(MSB + (k - 1)MSW), ICC(2) = (MSB - MSW)/MSB (Bliese 2000).

    k is the arithmetic mean group size, as in ``multilevel::ICC1``; SPSS and irr use n0 =
    (N - Σn²/N)/(G - 1) instead, which differs in unbalanced data. ``position`` picks the
    dimension in ``moments``.
    """
    n, total = moments.n[:, position], moments.total[:, position]
    keep = n > 0
    n, total, squares = n[keep], total[keep], moments.squares[keep, position]
    count, persons = int(n.size), int(n.sum())
    size = persons / count if count else None
    if count < 2 or size is None or persons <= count:
        return IntraclassCorrelation(None, None, None, None, count, persons)
    mean = total / n
    grand = float(total.sum()) / persons
    apart = mean - grand
    apart[np.abs(apart) <= 1e-12 * np.abs(mean)] = 0.0
    between = float((n * apart**2).sum()) / (count - 1)
    within = float(squares.sum()) / (persons - count)
    denominator = between + (size - 1) * within
    icc1 = (between - within) / denominator if denominator > 0 else None
    icc2 = (between - within) / between if between > 0 else None
    return IntraclassCorrelation(icc1, icc2, between, within, count, persons)
