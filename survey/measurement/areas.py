"""Change of areas: parents, the organisation, programmes. Units are the cases, not people.

Units move together (a new manager, a reorganisation), so a person-level test at area level has a
false-alarm rate of 11-20 % where 5 % is claimed (measurement.md 2B).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from survey.measurement.effects import Groups

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINIMUM_UNITS = 10
MINIMUM_PUBLISHED = 5
EXACT_ASSIGNMENTS = 20_000
CAVEAT = "units chose to take part"
"""Always printed with a programme comparison: the units were not drawn by lot."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What stands and falls together: a unit, or an area's "others" block, in two waves.

    Merged or split units are one cluster. n is 0 and the index None where the cluster was not in
    that wave.
    """

    n1: int
    n2: int
    index1: float | None
    index2: float | None


def judged_by_units(parts: Sequence[Sequence[Cluster]]) -> tuple[float, int] | None:
    """Give the clustered standard error and its degrees of freedom where units may be the cases.

    None with fewer than ten units in both waves: the area is then judged by its people.
    """
    return clustered_se(parts) if units_in_both(parts) >= MINIMUM_UNITS else None


def units_in_both(parts: Sequence[Sequence[Cluster]]) -> int:
    """Count the clusters with five answers or more in both waves, in the sub-goal with fewest."""
    return min(
        (sum(min(c.n1, c.n2) >= MINIMUM_PUBLISHED for c in part) for part in parts), default=0
    )


def clustered_se(parts: Sequence[Sequence[Cluster]]) -> tuple[float, int] | None:
    """Give the standard error of an area's change, and its degrees of freedom U - 1.

    By linearisation with units as clusters: e_u = n_u2(y_u2 - y_2)/n_2 - n_u1(y_u1 - y_1)/n_1,
    SE² = U/(U - 1)·Σe_u². Equals R ``svycontrast`` of two domain means of ``svydesign(ids =
    ~unit)``. The overall index is linear in its sub-goals, each a part that lists the same clusters
    in the same order: e_u is the mean of theirs. None with fewer than two clusters or a wave
    without answers.
    """
    if not parts:
        return None
    lines = [_linearised(part) for part in parts]
    if any(line is None for line in lines):
        return None
    table = np.array(lines, dtype=np.float64)
    there = [any(c.n1 + c.n2 > 0 for c in same) for same in zip(*parts, strict=True)]
    units = sum(there)
    if units < 2:
        return None
    squares = float((table.mean(axis=0) ** 2).sum())
    return math.sqrt(units / (units - 1) * squares), units - 1


def _linearised(clusters: Sequence[Cluster]) -> Floats | None:
    """e_u of every cluster; None when nobody answered in one of the waves."""
    before = _parts_of_wave([(c.n1, c.index1) for c in clusters])
    after = _parts_of_wave([(c.n2, c.index2) for c in clusters])
    return None if before is None or after is None else after - before


def _parts_of_wave(cells: Sequence[tuple[int, float | None]]) -> Floats | None:
    """n_u(y_u - y)/n of every cluster in one wave, 0 where it has no index."""
    n = np.array([n if index is not None else 0 for n, index in cells], dtype=np.float64)
    index = np.array([0.0 if i is None else i for _, i in cells], dtype=np.float64)
    if not n.sum():
        return None
    mean = (n * index).sum() / n.sum()
    result: Floats = n * (index - mean) / n.sum()
    return result


def standardised(
    earlier: Sequence[float], later: Sequence[float], headcounts: Sequence[int]
) -> float | None:
    """Give the change of printed indices as if every unit had its latest headcount in both waves.

    Direct standardisation Σ N·d / Σ N over the units given, which have an index in both waves:
    it takes away what comes from units growing, shrinking or answering more.
    """
    everyone = sum(headcounts)
    if not everyone:
        return None
    changes = zip(earlier, later, headcounts, strict=True)
    return math.fsum(n * (b - a) for a, b, n in changes) / everyone


@dataclass(frozen=True)
class StandardisedChange:
    """Change of an area as if every unit had the latest headcount in both waves.

    ``coverage`` is the share of the headcount that lies in units with both waves.
    """

    difference: float | None
    se: float | None
    units: int
    coverage: float | None


def standardised_change(earlier: Groups, later: Groups, headcounts: Ints) -> StandardisedChange:
    """Direct standardisation: Σ N·d / Σ N over units with both waves, N the latest headcounts.

    Takes away what comes from units growing, shrinking or answering more. SE from the units' own
    sds, sqrt(Σ (N/ΣN)² (s1²/n1 + s2²/n2)); None when a unit has a single answer.
    """
    keep = (earlier.n > 0) & (later.n > 0) & (headcounts > 0)
    everyone = int(headcounts[headcounts > 0].sum())
    covered = int(headcounts[keep].sum())
    if not covered:
        return StandardisedChange(None, None, 0, 0.0 if everyone else None)
    heads = headcounts[keep]
    share = heads / covered
    difference = standardised(
        earlier.mean[keep].tolist(), later.mean[keep].tolist(), heads.tolist()
    )
    variance = earlier.sd[keep] ** 2 / earlier.n[keep] + later.sd[keep] ** 2 / later.n[keep]
    total = float((share**2 * variance).sum())
    se = None if math.isnan(total) else math.sqrt(total)
    return StandardisedChange(difference, se, int(keep.sum()), covered / everyone)


@dataclass(frozen=True)
class ProgrammeComparison:
    """Programme against comparison units: mean change minus mean change, units as clusters.

    ``smallest_p`` is the least p these numbers of units can give, and ``method`` says whether
    all ``assignments`` were counted or that many drawn. ``caveat`` is always printed.
    """

    difference: float | None
    p: float | None
    smallest_p: float | None
    method: Literal["exact", "random", "none"]
    assignments: int
    programme_units: int
    comparison_units: int
    caveat: str = CAVEAT


def programme_comparison(
    programme: Floats, comparison: Floats, seed: int, draws: int = 10_000
) -> ProgrammeComparison:
    """Two-sided permutation test over units on the difference of mean unit changes.

    Exact when there are at most 20 000 assignments, p = share at least as far from 0; otherwise
    ``draws`` seeded draws, p = (b + 1)/(draws + 1) (Phipson & Smyth 2010). 3 against 3 units
    cannot give less than .10: with equal sizes each assignment has a mirror image.
    """
    inside, outside = programme[~np.isnan(programme)], comparison[~np.isnan(comparison)]
    a, b = int(inside.size), int(outside.size)
    if not a or not b:
        return ProgrammeComparison(None, None, None, "none", 0, a, b)
    # sorted, so that the draws do not depend on the order of units
    values = np.sort(np.concatenate([inside, outside]))
    observed = float(inside.mean() - outside.mean())
    count = math.comb(a + b, a)
    if count <= EXACT_ASSIGNMENTS:
        chosen = np.array(list(itertools.combinations(range(a + b), a)))
        reached = _as_far(values[chosen].sum(axis=1), values, a, observed)
        smallest = (2 if a == b else 1) / count
        return ProgrammeComparison(
            observed, int(reached.sum()) / count, smallest, "exact", count, a, b
        )
    rng = np.random.default_rng(seed)
    sums = np.array([rng.permutation(values)[:a].sum() for _ in range(draws)])
    reached = _as_far(sums, values, a, observed)
    p = (int(reached.sum()) + 1) / (draws + 1)
    return ProgrammeComparison(observed, p, 1 / (draws + 1), "random", draws, a, b)


def _as_far(sums: Floats, values: Floats, a: int, observed: float) -> npt.NDArray[np.bool_]:
    """Which assignments (sum of the a chosen values) lie as far from 0 as what was observed."""
    difference = sums / a - (values.sum() - sums) / (values.size - a)
    tolerance = 1e-9 * (1.0 + float(np.abs(values).max()))
    result: npt.NDArray[np.bool_] = np.abs(difference) >= abs(observed) - tolerance
    return result
