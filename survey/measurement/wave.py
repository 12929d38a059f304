"""One wave's answers, and everybody's scores: where releases and ``survey analyse`` begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survey.measurement.scoring import (
    DimensionKey,
    Floats,
    Ints,
    Moments,
    ScoringKey,
    Sheets,
    group_moments,
    item_counts,
    item_values,
    overall_scores,
    person_scores,
)


@dataclass(frozen=True)
class WaveAnswers:
    """One wave: answer sheets (persons, width) and each person's unit as a number (persons,).

    ``headcounts`` per unit, NaN where unknown; ``persons`` holds linked persons' numbers (-1 none),
    None in the ordinary, unlinked study. The order of persons means nothing.
    """

    sheets: Sheets
    units: Ints
    headcounts: Floats | None = None
    persons: Ints | None = None


@dataclass(frozen=True)
class ScoredWave:
    """A wave's answers with everybody's scores on 0-100, NaN where missing.

    ``scores`` (persons, dimensions) in the key's order, ``overall`` (persons,) the overall index;
    units are numbered from 0 to ``n_units`` - 1.
    """

    answers: WaveAnswers
    key: ScoringKey
    n_units: int
    scores: Floats
    overall: Floats

    def answered(self) -> Ints:
        """How many answered, shape (n_units,)."""
        return np.bincount(self.answers.units, minlength=self.n_units).astype(np.int64)

    def moments(self) -> Moments:
        """Persons with a score, sums and spread per unit and dimension, (n_units, dimensions)."""
        return group_moments(self.scores, self.answers.units, self.n_units)

    def item_values(self, dimension: DimensionKey) -> Floats:
        """Everybody's answers to a dimension's items on their own scale, (persons, items)."""
        return item_values(self.answers.sheets, dimension)

    def item_counts(self, dimension: DimensionKey) -> list[Ints]:
        """Per item how many gave each answer, the most favourable last, (n_units, options + 2)."""
        return [
            item_counts(
                self.answers.sheets,
                column,
                dimension.options,
                self.answers.units,
                self.n_units,
                reverse=reverse,
            )
            for column, reverse in zip(dimension.columns, dimension.reverse, strict=True)
        ]


def score_wave(answers: WaveAnswers, key: ScoringKey, n_units: int) -> ScoredWave:
    """Score everybody: a mean per dimension, and of these the overall index."""
    scores = person_scores(answers.sheets, key)
    return ScoredWave(answers, key, n_units, scores, overall_scores(scores, key))
