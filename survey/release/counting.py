"""From answer sheets to what is counted at each node of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from survey.disclosure.model import AnswerCounts, Counted, IndexCounts, Node
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.instrument.scoring import index_rule, scoring_columns
from survey.measurement.scoring import (
    DimensionKey,
    ScoringKey,
    item_counts,
    read_sheets,
    upper_half,
)
from survey.measurement.wave import ScoredWave, WaveAnswers, score_wave

LARGEST_PLAIN_SCALE = 3
"""Options up to which an item's share would be its distribution."""

TICKED = 2
"""Code of a ticked option in a sheet; 1 is answered and not ticked."""


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
    """Single-choice questions, and each option of a multiple-choice one by itself."""
    shares: dict[str, AnswerCounts] = {}
    layout, rows = Layout(instrument), wave.n_units
    sheets, units = wave.answers.sheets, wave.answers.units
    for question, column in layout.singles.items():
        size = len(instrument.question(question).options)
        table = item_counts(sheets, column, size, units, rows)
        shares[f"question:{question}"] = AnswerCounts(np.ascontiguousarray(table[:, :size]))
    for question, columns in layout.options.items():
        exclusive = {o.id for o in instrument.question(question).options if o.exclusive}
        for option, column in columns.items():
            code = sheets[:, column]
            shown = np.bincount(units[code > 0], minlength=rows)
            ticked = np.bincount(units[code == TICKED], minlength=rows)
            counts = np.stack([shown - ticked, ticked], axis=1).astype(np.int64)
            upper = () if option in exclusive else (1,)
            shares[f"option:{question}/{option}"] = AnswerCounts(counts, favourable=upper)
    return shares
