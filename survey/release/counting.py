"""From answer sheets to what is counted at each node of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from survey.disclosure.model import AnswerCounts, Counted, IndexCounts, Node
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.instrument.question_types.base import Tally
from survey.instrument.question_types.registry import type_of
from survey.instrument.scoring import index_rule, scoring_columns
from survey.measurement.scoring import (
    DimensionKey,
    Ints,
    ScoringKey,
    read_sheets,
    upper_half,
)
from survey.measurement.wave import ScoredWave, WaveAnswers, score_wave

LARGEST_PLAIN_SCALE = 3
"""Options up to which an item's share would be its distribution."""


def scoring_key(instrument: Instrument) -> ScoringKey:
    """The instrument's scoring key in the words of the measurement room."""
    dimensions = tuple(
        DimensionKey(
            id=columns.dimension,
            columns=columns.columns,
            reverse=columns.reverse,
            low=columns.minimum,
            high=columns.maximum,
            minimum=columns.minimum_items,
        )
        for columns in scoring_columns(instrument)
    )
    rule = index_rule(instrument)
    position = {dimension.id: number for number, dimension in enumerate(dimensions)}
    return ScoringKey(
        dimensions=dimensions,
        index=tuple(position[name] for name in rule.dimensions),
        index_minimum=rule.minimum_dimensions,
    )


def read_answers(
    instrument: Instrument, nodes: Sequence[Node], joined: Mapping[str, str]
) -> ScoredWave:
    """Score the sheets of a wave; its units are the rows of ``nodes``.

    ``joined`` holds, for a node's id, the sheets of its own (direct) answers laid end to end.
    """
    width = Layout(instrument).width
    row = {node.id: number for number, node in enumerate(nodes)}
    ids = [node.id for node in nodes if joined.get(node.id)]
    sheets = read_sheets("".join(joined[name] for name in ids), width)
    counts = [len(joined[name]) // width for name in ids]
    units = np.repeat(np.array([row[name] for name in ids], dtype=np.int64), counts)
    return score_wave(WaveAnswers(sheets, units), scoring_key(instrument), len(nodes))


def count(instrument: Instrument, nodes: Sequence[Node], wave: ScoredWave) -> Counted:
    """What disclosure control groups: people with a score, answers to every item and question."""
    moments = wave.moments()
    indices = {
        dimension.id: IndexCounts(
            n=moments.n[:, number],
            total=moments.total[:, number],
            alone=len(dimension.columns) == 1,
            steps=dimension.options,
        )
        for number, dimension in enumerate(wave.key.dimensions)
    }
    return Counted(
        nodes=tuple(nodes),
        answers=wave.answered(),
        indices=indices,
        shares={**_items(instrument, wave), **_questions(instrument, wave)},
    )


def _items(instrument: Instrument, wave: ScoredWave) -> dict[str, AnswerCounts]:
    """Every item with its options turned when reverse-keyed, and who said "vet ikke" to it."""
    shares = {}
    for dimension, key in zip(instrument.dimensions, wave.key.dimensions, strict=True):
        size, alone = key.options, len(key.columns) == 1
        upper = upper_half(size) if size > LARGEST_PLAIN_SCALE else ()
        for item, table in zip(dimension.items, wave.item_counts(key), strict=True):
            counts = np.ascontiguousarray(table[:, :size])
            shares[f"item:{item.id}"] = AnswerCounts(counts, dimension.id, upper, alone)
            everyone = table.sum(axis=1)
            said = np.stack([everyone - table[:, size], table[:, size]], axis=1)
            shares[f"missing:{item.id}"] = AnswerCounts(said, dimension.id, (1,), alone)
    return shares


def _questions(instrument: Instrument, wave: ScoredWave) -> dict[str, AnswerCounts]:
    """What each question's type counts of it: its options together, or each by itself."""
    shares: dict[str, AnswerCounts] = {}
    sheets, units = wave.answers.sheets, wave.answers.units
    for name, columns in Layout(instrument).questions.items():
        question = instrument.question(name)
        for tally in type_of(question).tallies(question, sheets[:, columns]):
            key = f"question:{name}" if tally.option is None else f"option:{name}/{tally.option}"
            counts = _people(tally, units, wave.n_units)
            shares[key] = AnswerCounts(counts, favourable=tally.favourable)
    return shares


def _people(tally: Tally, units: Ints, rows: int) -> Ints:
    """People of each unit in each category, shape (rows, categories)."""
    counted = (tally.places >= 0) & (tally.places < tally.size)
    cells = units[counted] * tally.size + tally.places[counted]
    people = np.bincount(cells, minlength=rows * tally.size)
    return people.reshape(rows, tally.size).astype(np.int64)
