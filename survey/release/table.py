"""From answer sheets to the measured table of a wave: sums of every node of the tree at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from survey.disclosure.model import OVERALL, Item, Measured, Node, Side
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


def measure(instrument: Instrument, answers: WaveAnswers) -> Measured:
    """The subtree totals that disclosure control works on."""
    up = subtree_matrix(answers.nodes)
    rows = len(answers.nodes)
    present = ~np.isnan(answers.scores)
    values = np.where(present, answers.scores, 0.0)
    items, counts, not_applicable, unanswered = _items(instrument, answers, up)
    options, shown, ticked = _options(instrument, answers, up)
    return Measured(
        nodes=tuple(node.id for node in answers.nodes),
        n=up @ np.bincount(answers.place, minlength=rows).astype(np.int64),
        indices=(OVERALL, *(dimension.id for dimension in answers.key.dimensions)),
        index_n=up @ _sums(present.astype(np.float64), answers.place, rows).astype(np.int64),
        index_sum=up @ _sums(values, answers.place, rows),
        index_sumsq=up @ _sums(values**2, answers.place, rows),
        items=items,
        counts=counts,
        not_applicable=not_applicable,
        unanswered=unanswered,
        options=options,
        shown=shown,
        ticked=ticked,
        ways=_ways(instrument, answers),
    )


def _ways(
    instrument: Instrument, answers: WaveAnswers
) -> dict[str, tuple[frozenset[tuple[int, ...]], ...]]:
    """The different ways in which each node's own people answered each dimension."""
    layout = Layout(instrument)
    found = {}
    for dimension in instrument.dimensions:
        size = instrument.scales[dimension.scale].options
        columns = [layout.items[item.id] for item in dimension.items]
        given = answers.sheets[:, columns].astype(np.int64)
        turned = np.array([item.reverse for item in dimension.items])
        place = np.where(turned, size - given, given - 1)
        place[(given < 1) | (given > size)] = -1
        mine: list[set[tuple[int, ...]]] = [set() for _ in answers.nodes]
        for node, way in zip(answers.place.tolist(), place.tolist(), strict=True):
            mine[node].add(tuple(way))
        found[dimension.id] = tuple(map(frozenset, mine))
    return found


def subtree_matrix(nodes: Sequence[Node]) -> npt.NDArray[np.int64]:
    """(V, V) of 0 and 1: row v has 1 for v itself and every node below it."""
    row = {node.id: number for number, node in enumerate(nodes)}
    parents = [None if node.parent is None else row[node.parent] for node in nodes]
    matrix = np.zeros((len(nodes), len(nodes)), dtype=np.int64)
    for number in range(len(nodes)):
        above: int | None = number
        while above is not None:
            matrix[above, number] = 1
            above = parents[above]
    return matrix


def _sums(values: Floats, place: Ints, rows: int) -> Floats:
    """Column sums per node, shape (rows, columns)."""
    return np.stack(
        [np.bincount(place, weights=column, minlength=rows) for column in values.T], axis=1
    )


def _items(
    instrument: Instrument, answers: WaveAnswers, up: npt.NDArray[np.int64]
) -> tuple[tuple[Item, ...], tuple[Ints, ...], Ints, Ints]:
    """Counts of every item (turned when reverse-keyed) and of every single-choice question."""
    described: list[Item] = []
    counts: list[Ints] = []
    other: list[Ints] = []
    layout = Layout(instrument)
    rows = len(answers.nodes)
    for dimension in instrument.dimensions:
        size = instrument.scales[dimension.scale].options
        for item in dimension.items:
            table = up @ grouped_item_counts(
                answers.sheets, layout.items[item.id], size, answers.place, rows
            )
            counts.append(table[:, size - 1 :: -1] if item.reverse else table[:, :size])
            other.append(table[:, size:])
            inside = dimension.id in instrument.index
            described.append(Item(item.id, size, dimension.id, sides(size), inside))
    for question, column in layout.singles.items():
        size = len(instrument.question(question).options)
        table = up @ grouped_item_counts(answers.sheets, column, size, answers.place, rows)
        counts.append(table[:, :size])
        other.append(table[:, size:])
        described.append(Item(question, size))
    empty = np.zeros((rows, 0), dtype=np.int64)
    return (
        tuple(described),
        tuple(
            np.ascontiguousarray(part[:, : item.options])
            for part, item in zip(counts, described, strict=True)
        ),
        np.stack([part[:, 0] for part in other], axis=1) if other else empty,
        np.stack([part[:, 1] for part in other], axis=1) if other else empty,
    )


def sides(options: int) -> tuple[Side, ...]:
    """Lower half unfavourable, middle of an odd scale neutral, upper half favourable."""
    half = options // 2
    low: tuple[Side, ...] = (-1,)
    middle: tuple[Side, ...] = (0,)
    high: tuple[Side, ...] = (1,)
    return low * half + middle * (options % 2) + high * half


def _options(
    instrument: Instrument, answers: WaveAnswers, up: npt.NDArray[np.int64]
) -> tuple[tuple[str, ...], Ints, Ints]:
    """For each option of each multiple question: how many answered, how many ticked."""
    names: list[str] = []
    shown: list[Ints] = []
    ticked: list[Ints] = []
    rows = len(answers.nodes)
    for question, columns in Layout(instrument).options.items():
        for option, column in columns.items():
            code = answers.sheets[:, column]
            names.append(f"{question}/{option}")
            shown.append(up @ np.bincount(answers.place[code > 0], minlength=rows))
            ticked.append(up @ np.bincount(answers.place[code == TICKED], minlength=rows))
    empty = np.zeros((rows, 0), dtype=np.int64)
    return (
        tuple(names),
        np.stack(shown, axis=1) if shown else empty,
        np.stack(ticked, axis=1) if ticked else empty,
    )
