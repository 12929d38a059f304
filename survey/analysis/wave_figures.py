"""All figures of one wave, for every unit and dimension at once, from answer sheets.

The last column of every table is the overall index when the key has one of two or more dimensions.
Nothing here is protected: it is for analysts who own their data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survey.measurement.agreement import (
    IntraclassCorrelation,
    Spread,
    intraclass_of,
    skewed_null_variance,
    uniform_null_variance,
    within_group_spread,
)
from survey.measurement.participation import Participation, participation
from survey.measurement.reliability import Reliability, assess
from survey.measurement.scoring import (
    DimensionKey,
    Floats,
    Ints,
    Moments,
    ScoringKey,
    group_moments,
    upper_half,
)
from survey.measurement.shrinkage import RandomIntercept, Shrunken, fit_random_intercept, shrink
from survey.measurement.wave import ScoredWave, WaveAnswers, score_wave

OVERALL = "overall"


@dataclass(frozen=True)
class Column:
    """A dimension or the overall index: its id, its key (None for the index), its own scale."""

    id: str
    key: DimensionKey | None
    low: float
    high: float

    @property
    def point(self) -> float:
        """One POMP point on the own scale."""
        return (self.high - self.low) / 100.0


def columns_of(key: ScoringKey) -> tuple[Column, ...]:
    """The dimensions, then the overall index when two or more dimensions form one.

    Its own scale is the dimensions' when they share one, else 0-100.
    """
    columns = [Column(d.id, d, d.low, d.high) for d in key.dimensions]
    if len(key.index) > 1 and all(column.id != OVERALL for column in columns):
        scales = {(columns[i].low, columns[i].high) for i in key.index}
        low, high = scales.pop() if len(scales) == 1 else (0.0, 100.0)
        columns.append(Column(OVERALL, None, low, high))
    return tuple(columns)


@dataclass(frozen=True)
class Favourable:
    """Answers in the upper half and valid answers, pooled over items, shape (units, columns)."""

    upper: Ints
    valid: Ints

    def shares(self) -> Floats:
        """Share 0-1 per unit and column; NaN without a valid answer."""
        return _share(self.upper, self.valid)

    def overall(self) -> Floats:
        """Share 0-1 per column over all units."""
        return _share(self.upper.sum(axis=0), self.valid.sum(axis=0))


def _share(part: Ints, total: Ints) -> Floats:
    result: Floats = np.where(total > 0, part / np.maximum(total, 1), np.nan)
    return result


@dataclass(frozen=True)
class WaveFigures:
    """Everything measured in one wave. Lists run over ``columns``; None where not defined.

    ``answered`` (units,) counts answers; ``scores`` (persons, columns) and both ``Moments`` are
    POMP; ``models`` and ``shrunken`` are on the own scale.
    """

    columns: tuple[Column, ...]
    answers: WaveAnswers
    answered: Ints
    scores: Floats
    units: Moments
    organisation: Moments
    favourable: Favourable
    spreads: tuple[Spread | None, ...]
    reliability: tuple[Reliability | None, ...]
    intraclass: tuple[IntraclassCorrelation, ...]
    models: tuple[RandomIntercept | None, ...]
    shrunken: tuple[Shrunken | None, ...]

    def rwg(self, position: int) -> tuple[Floats, Floats, Floats]:
        """(r_wg(j) uniform, r_wg(j) skewed, r*_wg(j) uniform) per unit; NaN where undefined."""
        spread, key = self.spreads[position], self.columns[position].key
        if spread is None or key is None:
            nothing = np.full(self.answered.size, np.nan)
            return nothing, nothing, nothing
        uniform = uniform_null_variance(key.options)
        skewed = skewed_null_variance(key.options)
        return (
            spread.rwg(uniform),
            np.full(self.answered.size, np.nan) if skewed is None else spread.rwg(skewed),
            spread.lindell(uniform),
        )

    def participation(self) -> list[Participation]:
        """Who answered in each unit, of how many."""
        known = self.answers.headcounts
        heads = [np.nan] * self.answered.size if known is None else known.tolist()
        return [
            participation(n, None if np.isnan(head) else int(head))
            for n, head in zip(self.answered.tolist(), heads, strict=True)
        ]

    def participation_of_all(self) -> Participation:
        """Who answered in the organisation; its headcount is unknown when that of any unit with
        answers is."""
        known, headcount = self.answers.headcounts, None
        if known is not None and not np.isnan(known[self.answered > 0]).any():
            headcount = int(np.nansum(known))
        return participation(int(self.answered.sum()), headcount)


def measure_wave(answers: WaveAnswers, key: ScoringKey, n_units: int) -> WaveFigures:
    """Measure one wave; ``answers.units`` are numbers 0..n_units-1.

    All units enter the random-intercept model, whatever their n: the data are the analyst's own.
    """
    wave, columns = score_wave(answers, key, n_units), columns_of(key)
    scores = wave.scores
    if len(columns) > len(key.dimensions):
        scores = np.column_stack([scores, wave.overall])
    units = group_moments(scores, answers.units, n_units)
    spreads: list[Spread | None] = []
    consistency: list[Reliability | None] = []
    for column in columns:
        if column.key is None:
            spreads.append(None)
            consistency.append(None)
            continue
        values = wave.item_values(column.key)
        spreads.append(within_group_spread(values, answers.units, n_units))
        consistency.append(assess(values))
    models = [_model(units, p, column) for p, column in enumerate(columns)]
    return WaveFigures(
        columns=columns,
        answers=answers,
        answered=wave.answered(),
        scores=scores,
        units=units,
        organisation=group_moments(scores, np.zeros(len(scores), np.int64), 1),
        favourable=_favourable(wave, columns),
        spreads=tuple(spreads),
        reliability=tuple(consistency),
        intraclass=tuple(intraclass_of(units, p) for p in range(len(columns))),
        models=tuple(models),
        shrunken=tuple(
            None if model is None else shrink(model, units.n[:, p], _own(units, p, columns[p]))
            for p, model in enumerate(models)
        ),
    )


def _own(units: Moments, position: int, column: Column) -> Floats:
    """Unit means of a column on its own scale."""
    return column.low + units.mean[:, position] * column.point


def _model(units: Moments, position: int, column: Column) -> RandomIntercept | None:
    squares = units.squares[:, position] * column.point**2
    mean = _own(units, position, column)
    return fit_random_intercept(units.n[:, position], mean, squares, minimum_n=1)


def _favourable(wave: ScoredWave, columns: tuple[Column, ...]) -> Favourable:
    """Favourable answers per unit: every valid answer to the dimension's items counts once."""
    shape = (wave.n_units, len(columns))
    upper, valid = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for position, dimension in enumerate(wave.key.dimensions):
        half = list(upper_half(dimension.options))
        for counts in wave.item_counts(dimension):
            upper[:, position] += counts[:, half].sum(axis=1)
            valid[:, position] += counts[:, : dimension.options].sum(axis=1)
    if len(columns) > len(wave.key.dimensions):
        index = list(wave.key.index)
        upper[:, -1], valid[:, -1] = upper[:, index].sum(axis=1), valid[:, index].sum(axis=1)
    return Favourable(upper, valid)
