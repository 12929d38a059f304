"""A unit beside others: what is above it, units of its kind, its band.

Functions of what is printed, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from survey.measurement.areas import MINIMUM_UNITS
from survey.measurement.rounding import whole_points
from survey.measurement.shrinkage import (
    Band,
    RandomIntercept,
    fit_printed,
    median_of_others,
    shrink,
)
from survey.release.document import (
    Comparison,
    ComparisonRole,
    DimensionMethod,
    Method,
    Score,
    UnitResult,
)

OVERALL = ""
"""Name of the overall index among the sub-goals."""

Units = Mapping[str, UnitResult]


def score_of(unit: UnitResult, name: str) -> Score | None:
    """A unit's overall index or sub-goal; None when it has no such sub-goal."""
    if name == OVERALL:
        return unit.overall
    return next((d.score for d in unit.dimensions if d.id == name), None)


def score_then(unit: UnitResult, name: str, index: Sequence[str]) -> Score | None:
    """A score of an earlier wave, to be compared with today's; ``index``: its sub-goals.

    Releases of the first design printed another overall index: the mean of their printed sub-goals,
    where all show, is what today's would have been.
    """
    if name != OVERALL or unit.schema != 1:
        return score_of(unit, name)
    parts = [score_of(unit, dimension) for dimension in index]
    values = [part.index for part in parts if part is not None and part.index is not None]
    if not parts or len(values) < len(parts):
        return None
    mean = (2 * sum(values) + len(values)) // (2 * len(values))
    bounds = {part.bound for part in parts if part is not None and part.bound is not None}
    return Score(mean, next(iter(bounds)) if len(bounds) == 1 else "open" if bounds else None)


def leaves(units: Units) -> list[UnitResult]:
    """Published units without units below them."""
    return [u for u in units.values() if not u.unit.children and u.participation.answered]


def with_comparisons(units: Units) -> dict[str, UnitResult]:
    """Every unit with its parent, the organisation and the median of its kind beside it."""
    kinds: dict[str, list[UnitResult]] = {}
    for unit in units.values():
        if unit.unit.kind and unit.unit.merged_into is None:
            kinds.setdefault(unit.unit.kind, []).append(unit)
    return {
        code: replace(unit, comparisons=tuple(_comparisons(unit, units, kinds)))
        for code, unit in units.items()
    }


def _comparisons(
    unit: UnitResult, units: Units, kinds: Mapping[str, list[UnitResult]]
) -> Iterable[Comparison]:
    if unit.participation.answered is None:
        return
    above = _above(unit, units)
    if len(above) > 1 and above[0].overall.index is not None:
        yield _of_node("parent", above[0])
    if above and above[-1].overall.index is not None:
        yield _of_node("organisation", above[-1])
    near = {unit.unit.code, *(node.unit.code for node in above)}
    others = [u for u in kinds.get(unit.unit.kind, ()) if u.unit.code not in near]
    median = median_of_others([u.overall.index for u in others])
    if median is not None:
        medians = {
            d.id: Score(median_of_others([_index(other, d.id) for other in others]))
            for d in unit.dimensions
        }
        shown = sum(other.overall.index is not None for other in others)
        kind = unit.unit.kind
        yield Comparison("kind", kind, kind, Score(median), medians, shown)


def _above(unit: UnitResult, units: Units) -> list[UnitResult]:
    """The unit's parent, and so on to the root."""
    path = []
    code = unit.unit.parent
    while code is not None:
        path.append(units[code])
        code = units[code].unit.parent
    return path


def _of_node(role: ComparisonRole, unit: UnitResult) -> Comparison:
    scores = {d.id: _bare(d.score) for d in unit.dimensions}
    return Comparison(role, unit.unit.code, unit.unit.name, _bare(unit.overall), scores)


def _bare(score: Score) -> Score:
    return Score(score.index, score.bound)


def _index(unit: UnitResult, name: str) -> int | None:
    score = score_of(unit, name)
    return None if score is None else score.index


def with_bands(units: Units, method: Method) -> tuple[dict[str, UnitResult], Method]:
    """Every unit with its bands, and the method with the model that they rest on.

    The model is fitted to the printed indices of units with at least ten answers; a band follows
    from a unit's printed index and n.
    """
    overall, model = _bands(units, OVERALL, method.sigma_overall)
    bands: dict[str, Mapping[str, Band]] = {}
    models: dict[str, DimensionMethod] = {}
    for name, how in method.dimensions.items():
        bands[name], fitted = _bands(units, name, how.sigma)
        models[name] = replace(how, mean=_mean(fitted), tau2=_tau2(fitted))
    banded = {
        code: replace(
            unit,
            band=overall.get(code),
            dimensions=tuple(
                replace(d, band=bands.get(d.id, {}).get(code)) for d in unit.dimensions
            ),
        )
        for code, unit in units.items()
    }
    return banded, replace(method, dimensions=models, mean=_mean(model), tau2=_tau2(model))


def _bands(
    units: Units, name: str, sigma: int
) -> tuple[Mapping[str, Band], RandomIntercept | None]:
    """Clearly above, around or clearly below the mean of the units, for each published unit."""
    shown = [
        (unit.unit.code, unit.participation.answered, index)
        for unit in leaves(units)
        if (index := _index(unit, name)) is not None and unit.participation.answered
    ]
    large = [(n, index) for _, n, index in shown if n >= 10]
    if len(large) < MINIMUM_UNITS:
        return {}, None
    model = fit_printed([n for n, _ in large], [float(i) for _, i in large], sigma)
    if model is None:
        return {}, None
    placed = shrink(
        model,
        np.array([n for _, n, _ in shown], dtype=np.int64),
        np.array([index for _, _, index in shown], dtype=np.float64),
    )
    bands = {code: band for (code, _, _), band in zip(shown, placed.band, strict=True) if band}
    return bands, model


def _mean(model: RandomIntercept | None) -> float | None:
    return None if model is None else whole_points(100 * model.mu) / 100


def _tau2(model: RandomIntercept | None) -> float | None:
    return None if model is None else whole_points(100 * model.tau2) / 100
