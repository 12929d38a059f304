"""Equations over hidden whole numbers, and how far apart their solutions lie. Knows no product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

# --- what printed numbers mean -----------------------------------------------------------------


def counts_of(percent: int, n: int) -> tuple[int, int]:
    """Least and greatest count of n whose share prints as this whole per cent, halves up."""
    fitting = [c for c in range(n + 1) if math.floor(100 * c / n + 0.5) == percent]
    assert fitting, f"{percent} % of {n} is no count"
    return fitting[0], fitting[-1]


class Contradiction(AssertionError):
    """Printed numbers that cannot all be true."""


# --- programmes --------------------------------------------------------------------------------


class Programme:
    """Whole and real unknowns with bounds and equations; remembers every solution it has found."""

    def __init__(self) -> None:
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self.at: dict[Any, int] = {}
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.pool: np.ndarray | None = None
        self.solved = 0

    def unknown(self, key: Any, low: float, high: float, *, whole: bool = True) -> None:
        """Add an unknown."""
        self.at[key] = len(self.low)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)

    def bound(self, terms: Mapping[Any, float], low: float, high: float) -> None:
        """low ≤ Σ factor · unknown ≤ high."""
        line: dict[int, float] = {}
        for key, factor in terms.items():
            if key in self.at:
                line[self.at[key]] = line.get(self.at[key], 0.0) + factor
        self.rows.append((line, low, high))

    def seed(self, rng: np.random.Generator, times: int) -> None:
        """Find some solutions that lie apart."""
        for _ in range(times):
            self._solve(rng.normal(size=len(self.low)))

    def _constraints(self) -> LinearConstraint | None:
        if not self.rows:
            return None
        data, places, starts = [], [], [0]
        for line, _, _ in self.rows:
            data += line.values()
            places += line.keys()
            starts.append(len(places))
        shape = (len(self.rows), len(self.low))
        matrix = sparse.csr_array((data, places, starts), shape=shape)
        low = np.array([row[1] for row in self.rows]) - 1e-7
        return LinearConstraint(matrix, low, np.array([row[2] for row in self.rows]) + 1e-7)

    def _solve(self, goal: np.ndarray) -> float:
        self.solved += 1
        answer = milp(
            goal,
            integrality=np.array(self.whole, dtype=int),
            bounds=Bounds(np.array(self.low), np.array(self.high)),
            constraints=self._constraints(),
            options={"time_limit": 5.0},
        )
        if answer.x is None:
            if answer.status == 2:
                raise Contradiction("no answers fit everything that is printed")
            return -math.inf  # not decided in time: nothing is claimed
        found = np.where(self.whole, np.round(answer.x), answer.x)[None]
        self.pool = found if self.pool is None else np.concatenate([self.pool, found])
        bound = answer.mip_dual_bound
        return float(answer.fun if bound is None else bound)

    def apart(self, terms: Mapping[Any, float], enough: float) -> tuple[float, float] | None:
        """(least, greatest) of Σ factor · unknown, or None when they lie ``enough`` apart."""
        goal = np.zeros(len(self.low))
        for key, factor in terms.items():
            if key in self.at:
                goal[self.at[key]] += factor
        ends = []
        for sign in (1.0, -1.0):
            if self.pool is not None:
                values = self.pool @ goal
                if values.max() - values.min() >= enough - 1e-6:
                    return None
            ends.append(sign * self._solve(sign * goal))
        values = self.pool @ goal if self.pool is not None else np.zeros(1)
        if values.max() - values.min() >= enough - 1e-6 or not np.isfinite(ends).all():
            return None
        return ends[0], ends[1]
