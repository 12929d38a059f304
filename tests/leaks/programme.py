"""Equations over hidden whole numbers, and how far apart their solutions lie. Knows no product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.leaks.sums import Contradiction

Terms = Mapping[Any, float]


class Programme:
    """Whole and real unknowns with bounds and equations; remembers every solution it has found."""

    def __init__(self) -> None:
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self.at: dict[Any, int] = {}
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.pool: list[np.ndarray] = []
        self.made: LinearConstraint | None = None

    def unknown(self, key: Any, low: float, high: float, *, whole: bool = True) -> None:
        """Add an unknown."""
        self.at[key] = len(self.low)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)

    def bound(self, terms: Terms, low: float, high: float) -> None:
        """low ≤ Σ factor · unknown ≤ high."""
        line: dict[int, float] = {}
        for key, factor in terms.items():
            line[self.at[key]] = line.get(self.at[key], 0.0) + factor
        self.rows.append((line, low, high))
        self.made = None

    def seed(self, rng: np.random.Generator, times: int) -> None:
        """Find some solutions that lie apart."""
        for _ in range(times):
            self._solve(rng.normal(size=len(self.low)))

    def reaches(self, terms: Terms, least: float) -> bool:
        """Is there a solution with Σ factor · unknown ≥ least?"""
        goal = self._goal(terms)
        if any(float(each @ goal) >= least - 1e-6 for each in self.pool):
            return True
        best = self._solve(-goal)
        return best is None or -best >= least - 1e-4

    def _goal(self, terms: Terms) -> np.ndarray:
        goal = np.zeros(len(self.low))
        for key, factor in terms.items():
            goal[self.at[key]] += factor
        return goal

    def _constraints(self) -> LinearConstraint:
        if self.made is None:
            data: list[float] = []
            places: list[int] = []
            starts = [0]
            for line, _, _ in self.rows:
                data += line.values()
                places += line.keys()
                starts.append(len(places))
            shape = (len(self.rows), len(self.low))
            matrix = sparse.csr_array((data, places, starts), shape=shape)
            low = np.array([row[1] for row in self.rows]) - 1e-7
            high = np.array([row[2] for row in self.rows]) + 1e-7
            self.made = LinearConstraint(matrix, low, high)
        return self.made

    def _solve(self, goal: np.ndarray) -> float | None:
        """The least value of the goal; None when time was too short, and nothing is claimed."""
        answer = milp(
            goal,
            integrality=np.array(self.whole, dtype=int),
            bounds=Bounds(np.array(self.low), np.array(self.high)),
            constraints=self._constraints(),
            options={"time_limit": 5.0},
        )
        if answer.status == 2:
            raise Contradiction("no answers fit everything that is printed")
        if answer.x is None:
            return None
        self.pool.append(np.where(self.whole, np.round(answer.x), answer.x))
        bound = answer.mip_dual_bound
        found = float(answer.fun if bound is None else bound)
        return found if math.isfinite(found) else None


def told_apart(made: Programme, terms: Terms, size: int) -> str:
    """What is wrong with what the programme leaves of a count of ``size`` people, '' for nothing:
    that nobody is in it, or only one or two are, or the same of those who are not."""
    for name, sign, off in (("", 1.0, 0.0), ("all but ", -1.0, float(size))):
        counted = {key: sign * factor for key, factor in terms.items()}
        if made.reaches(counted, 3 - off):
            continue
        if not made.reaches(counted, 1 - off):
            return f"{name}nobody of {size}"
        if not made.reaches({key: -factor for key, factor in counted.items()}, off):
            return f"{name}one or two of {size}"
    return ""


def exactly(made: Programme, terms: Terms) -> int | None:
    """The only number that fits a count; None when there are several."""
    values = {round(float(each @ made._goal(terms))) for each in made.pool}
    if len(values) > 1:
        return None
    (value,) = values
    down = {key: -factor for key, factor in terms.items()}
    if made.reaches(terms, value + 1) or made.reaches(down, 1 - value):
        return None
    return value
