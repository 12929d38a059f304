"""An index does not tell what its items' distributions keep open.

Found by the random search over published outputs (tests/leaks): 29 people, two items, and of the
first the two who chose the lowest answer were merged with the eight beside them; the index of the
dimension, in whole points, left exactly one way to divide the ten.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from drawn import People, measure

from survey.disclosure import engine
from survey.disclosure.engine import protect
from survey.disclosure.model import Cell, Node

FIRST = [2, 8, 16, 3]
SECOND = [6, 7, 9, 7]


def published() -> Cell:
    """The root of two units, nobody in the root itself."""
    answers = np.column_stack(
        [np.repeat(np.arange(1, 5), FIRST), np.repeat(np.arange(1, 5), SECOND)[::-1]]
    )
    nodes = [Node("0", None), Node("0.0", "0"), Node("0.1", "0")]
    unit = np.array([1, 2] * 15)[: len(answers)]
    ticks = np.zeros((len(answers), 0), dtype=bool)
    people = People(nodes, unit, answers, ticks, ["d", "d"], 4)
    return protect(measure(people), nodes).cells["0"]


def possible(cell: Cell) -> set[int]:
    """How many may have chosen the first item's lowest answer, by trying everything."""
    index = cell.index["d"]
    found = set()
    for counts in product(*(_ways(cell, name) for name in ("q0", "q1"))):
        steps = sum(place * n for item in counts for place, n in enumerate(item))
        if abs(100 * steps / 3 / 2 / cell.n - index.value) <= 0.5:
            found.add(counts[0][0])
    return found


def _ways(cell: Cell, name: str) -> list[tuple[int, ...]]:
    """Every histogram of an item that fits its printed distribution."""
    ways = [()]
    for group in cell.items[name].distribution:
        size, n = len(group.options), group.count
        inside = [way for way in product(range(n + 1), repeat=size) if sum(way) == n]
        ways = [(*before, *way) for before in ways for way in inside]
    return ways


def test_without_the_rule_the_index_tells_the_count_of_two(monkeypatch):
    monkeypatch.setattr(engine, "untied", lambda printed, *_: printed)
    assert len(possible(published())) < 3


def test_an_index_leaves_a_masked_count_open():
    """Taken away in the test above: one number is left."""
    cell = published()
    assert cell.index["d"].value is not None
    assert all(cell.items[name].n == 29 for name in ("q0", "q1"))
    assert len(possible(cell)) >= 3
