"""What to keep and what to develop: may the highest and the lowest sub-goal be named?"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy import optimize, special


def told_apart(
    high: int,
    low: int,
    sigma_high: float,
    sigma_low: float,
    correlation: float,
    n: int,
    m: int,
) -> bool:
    """Say whether the highest and the lowest of ``m`` printed indices differ by more than chance.

    difference > (q/sqrt 2)·SE, SE² = (s_a² + s_b² - 2·rho·s_a·s_b)/n, q Tukey's (1949) studentised
    range: the two were picked as the ends of ``m``, so 1.96 would tell six equal ones apart in 36 %
    of units. The same people answered both; no finite population correction, on purpose.
    """
    if m < 2 or n < 1:
        return False
    shared = 2 * correlation * sigma_high * sigma_low
    variance = max(sigma_high**2 + sigma_low**2 - shared, 0.0) / n
    return high - low > range_quantile(m) / math.sqrt(2) * math.sqrt(variance)


@cache
def range_quantile(m: int) -> float:
    """Give the 95 % quantile of the range of ``m`` standard normal values, 4.03 for six.

    P(range <= q) = m·∫ φ(x)·(Φ(x) - Φ(x - q))^(m - 1) dx, x the largest value; summed on a grid
    so fine that the sum is exact to nine digits. (SciPy's takes seconds to import.)
    """
    x = np.linspace(-9.0, 9.0, 2001)
    step = x[1] - x[0]
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    below = special.ndtr(x)

    def missing(q: float) -> float:
        inside = (below - special.ndtr(x - q)) ** (m - 1)
        return float(m * (density * inside).sum() * step) - 0.95

    return float(optimize.brentq(missing, 1.0, 20.0, xtol=1e-12))
