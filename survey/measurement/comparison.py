"""Benchmarks: others of the same kind, and the median of organisations. No ranks anywhere."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from survey.measurement.change import whole_points

MINIMUM_ORGANISATIONS = 5
MINIMUM_OTHER_UNITS = 3
MINIMUM_N = 5


def median_benchmark(scores: Sequence[float | None]) -> int | None:
    """Median of at least five organisations' scores, one vote each, whole points (half up).

    None and NaN do not vote. None with fewer than five organisations.
    """
    votes = [score for score in scores if score is not None and not math.isnan(score)]
    if len(votes) < MINIMUM_ORGANISATIONS:
        return None
    return whole_points(statistics.median(votes))


def same_kind_mean(totals: Sequence[float], counts: Sequence[int]) -> float | None:
    """Mean of persons in the *other* units of the same kind; the caller leaves the own unit out.

    Units with fewer than 5 answers do not count; None with fewer than 3 that do. ``totals`` are
    sums of person scores, ``counts`` the answers behind them.
    """
    usable = [(t, n) for t, n in zip(totals, counts, strict=True) if n >= MINIMUM_N]
    if len(usable) < MINIMUM_OTHER_UNITS:
        return None
    return math.fsum(total for total, _ in usable) / sum(n for _, n in usable)
