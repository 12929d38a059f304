"""What chance can do, and what these tests would have found.

An attacker knows the order in which people answered and each person's unit. Within a unit he puts
the answers in an order that some trace suggests. If the trace says nothing, that order is a random
permutation, and the number X of people he gets right in U units together has the factorial
moments of a Poisson distribution with mean U (one right guess a unit, up to moments of the size of
the smallest unit), so P(X ≥ t) ≤ U^t / t!. Rank correlations within units, averaged, have standard
deviation √(1 / Σ(nᵤ - 1)) when units weigh alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binom, rankdata

FALSE_ALARM = 1e-7
"""Per attack; with some forty attacks a run, one false alarm in 250 000 runs."""
_SIGMAS = 5.33  # two-sided 1e-7 under a normal distribution


def most_by_chance(units: int, rounds: int = 1) -> int:
    """Right guesses that chance exceeds with probability below ``FALSE_ALARM``."""
    mean = units * rounds
    count = mean + 1
    while count * math.log(mean) - math.lgamma(count + 1) > math.log(FALSE_ALARM):
        count += 1
    return count


def detectable_rate(people: int, units: int, power: float = 0.99, rounds: int = 1) -> float:
    """The smallest rate of true links that is found with this power."""
    limit = most_by_chance(units, rounds)
    for rate in np.arange(0.005, 1.0, 0.005):
        if binom.sf(limit, people * rounds, rate) >= power:
            return float(rate)
    return 1.0


def largest_correlation(sizes: Sequence[int]) -> float:
    """Mean rank correlation that chance exceeds with probability below ``FALSE_ALARM``."""
    deviation = math.sqrt(sum(1 / (size - 1) for size in sizes)) / len(sizes)
    return _SIGMAS * deviation


def mean_rank_correlation(orders: Sequence[Sequence[float]]) -> float:
    """Mean over units of Spearman's ρ between 0, 1, 2 … and the values given."""
    found = []
    for values in orders:
        ranks = rankdata(values)
        found.append(float(np.corrcoef(np.arange(len(values)), ranks)[0, 1]))
    return float(np.mean(found))
