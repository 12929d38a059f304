"""From answer sheets to what is counted at each node of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from survey.disclosure.model import AnswerCounts, Counted, IndexCounts, Node
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.instrument.scoring import index_rule, scoring_columns
from survey.measurement.scoring import (
    DimensionKey,
    Floats,
    Ints,
    ScoringKey,
    Sheets,
    grouped_item_counts,
    overall_scores,
    person_scores,
    read_sheets,
)

LARGEST_PLAIN_SCALE = 3
"""Options up to which an item's share would be its distribution."""

TICKED = 2
"""Code of a ticked option in a sheet; 1 is answered and not ticked."""


@dataclass(frozen=True)
class WaveAnswers:
    """All responses of a wave as arrays; persons in no meaningful order.

    ``sheets`` (persons, width), ``place`` (persons,) is the row of the person's node in
    ``nodes``, ``scores`` (persons, 1 + dimensions) holds the overall index first, NaN where
    missing.
    """

    nodes: tuple[Node, ...]
    sheets: Sheets
    place: Ints
    scores: Floats
    key: ScoringKey


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
) -> WaveAnswers:
    """Score the sheets of a wave.

    ``joined`` holds, for a node's id, the sheets of its own (direct) answers laid end to end.
    """
    key = scoring_key(instrument)
    width = Layout(instrument).width
    row = {node.id: number for number, node in enumerate(nodes)}
    ids = [node.id for node in nodes if joined.get(node.id)]
    sheets = read_sheets("".join(joined[name] for name in ids), width)
    counts = [len(joined[name]) // width for name in ids]
    place = np.repeat(np.array([row[name] for name in ids], dtype=np.int64), counts)
    scores = person_scores(sheets, key)
    whole = overall_scores(scores, key)[:, None]
    return WaveAnswers(tuple(nodes), sheets, place, np.hstack([whole, scores]), key)


def count(instrument: Instrument, answers: WaveAnswers) -> Counted:
    """What disclosure control groups: people with a score, answers to every item and question."""
    rows = len(answers.nodes)
    indices = {}
    for number, dimension in enumerate(answers.key.dimensions):
        scores = answers.scores[:, number + 1]
        present = ~np.isnan(scores)
        place = answers.place[present]
        indices[dimension.id] = IndexCounts(
            n=np.bincount(place, minlength=rows).astype(np.int64),
            total=np.bincount(place, weights=scores[present], minlength=rows).astype(np.float64),
            alone=len(dimension.columns) == 1,
            steps=dimension.options,
        )
    return Counted(
        nodes=answers.nodes,
        answers=np.bincount(answers.place, minlength=rows).astype(np.int64),
        indices=indices,
        shares={**_items(instrument, answers), **_questions(instrument, answers)},
    )


def _items(instrument: Instrument, answers: WaveAnswers) -> dict[str, AnswerCounts]:
    """Every item with its options turned when reverse-keyed, and who said "vet ikke" to it."""
    found = {}
    layout, rows = Layout(instrument), len(answers.nodes)
    for dimension in instrument.dimensions:
        size = instrument.scales[dimension.scale].options
        alone = len(dimension.items) == 1
        upper = tuple(range(size - size // 2, size)) if size > LARGEST_PLAIN_SCALE else ()
        for item in dimension.items:
            table = grouped_item_counts(
                answers.sheets, layout.items[item.id], size, answers.place, rows
            )
            counts = table[:, size - 1 :: -1] if item.reverse else table[:, :size]
            counts = np.ascontiguousarray(counts[:, :size])
            found[f"item:{item.id}"] = AnswerCounts(counts, dimension.id, upper, alone)
            everyone = table.sum(axis=1)
            said = np.stack([everyone - table[:, size], table[:, size]], axis=1)
            found[f"missing:{item.id}"] = AnswerCounts(said, dimension.id, (1,), alone)
    return found


def _questions(instrument: Instrument, answers: WaveAnswers) -> dict[str, AnswerCounts]:
    """Single-choice questions, and each option of a multiple-choice one by itself."""
    found: dict[str, AnswerCounts] = {}
    layout, rows = Layout(instrument), len(answers.nodes)
    for question, column in layout.singles.items():
        size = len(instrument.question(question).options)
        table = grouped_item_counts(answers.sheets, column, size, answers.place, rows)
        found[f"question:{question}"] = AnswerCounts(np.ascontiguousarray(table[:, :size]))
    for question, columns in layout.options.items():
        exclusive = {o.id for o in instrument.question(question).options if o.exclusive}
        for option, column in columns.items():
            code = answers.sheets[:, column]
            shown = np.bincount(answers.place[code > 0], minlength=rows)
            ticked = np.bincount(answers.place[code == TICKED], minlength=rows)
            counts = np.stack([shown - ticked, ticked], axis=1).astype(np.int64)
            upper = () if option in exclusive else (1,)
            found[f"option:{question}/{option}"] = AnswerCounts(counts, favourable=upper)
    return found
