"""Drawn municipalities for the tests and benchmarks of disclosure control: people, then tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survey.disclosure.model import Item, Measured, Node
from survey.disclosure.tree import Tree

SIDES = {
    2: (-1, 1),
    3: (-1, 0, 1),
    4: (-1, -1, 1, 1),
    5: (-1, -1, 0, 1, 1),
}


@dataclass
class People:
    """unit (P,): position in the tree; answers (P, J): 0 none, -1 "vet ikke", else 1..A."""

    nodes: list[Node]
    unit: np.ndarray
    answers: np.ndarray
    ticks: np.ndarray
    dimension_of: list[str]
    options: int

    def only(self, keep: np.ndarray) -> People:
        return People(
            self.nodes,
            self.unit[keep],
            self.answers[keep],
            self.ticks[keep],
            self.dimension_of,
            self.options,
        )


def scores(people: People) -> tuple[list[str], np.ndarray]:
    """Person scores (P, 1 + D), overall first; nan is missing (fewer than two thirds answered)."""
    names = list(dict.fromkeys(people.dimension_of))
    pomp = np.where(people.answers > 0, (people.answers - 1) / (people.options - 1) * 100, np.nan)
    columns = []
    for name in names:
        mine = pomp[:, [j for j, d in enumerate(people.dimension_of) if d == name]]
        columns.append(_mean(mine))
    dims = np.column_stack(columns)
    return names, np.column_stack([_mean(dims), dims])


def _mean(values: np.ndarray) -> np.ndarray:
    some = (~np.isnan(values)).sum(axis=1)
    enough = some >= np.ceil(2 / 3 * values.shape[1])
    total = np.nansum(values, axis=1)
    return np.where(enough, total / np.maximum(some, 1), np.nan)


def measure(people: People) -> Measured:
    """The table of a wave, from its people."""
    tree = Tree(people.nodes)
    size = len(tree)

    def up(values: np.ndarray) -> np.ndarray:
        direct = np.zeros((size, *values.shape[1:]), dtype=values.dtype)
        np.add.at(direct, people.unit, values)
        return tree.accumulate(direct)

    names, person = scores(people)
    some = ~np.isnan(person)
    valid = np.nan_to_num(person)
    sides = SIDES[people.options]
    items = tuple(
        Item(f"q{j}", people.options, dimension, sides)
        for j, dimension in enumerate(people.dimension_of)
    )
    counts = tuple(
        up((people.answers[:, [j]] == np.arange(1, people.options + 1)).astype(np.int64))
        for j in range(len(items))
    )
    return Measured(
        nodes=tuple(node.id for node in tree.nodes),
        n=up(np.ones(len(people.unit), dtype=np.int64)),
        indices=("overall", *names),
        index_n=up(some.astype(np.int64)),
        index_sum=up(valid),
        index_sumsq=up(valid**2),
        items=items,
        counts=counts,
        not_applicable=up((people.answers == -1).astype(np.int64)),
        unanswered=up((people.answers == 0).astype(np.int64)),
        options=tuple(f"m/{i}" for i in range(people.ticks.shape[1])),
        shown=up(np.ones_like(people.ticks, dtype=np.int64)),
        ticked=up(people.ticks.astype(np.int64)),
        ways=ways(people, len(tree)),
    )


def ways(people: People, nodes: int) -> dict[str, tuple[frozenset[tuple[int, ...]], ...]]:
    """The different ways in which each node's own people answered each dimension."""
    place = np.where(people.answers > 0, people.answers - 1, -1)
    found = {}
    for name in dict.fromkeys(people.dimension_of):
        mine: list[set[tuple[int, ...]]] = [set() for _ in range(nodes)]
        columns = [j for j, dimension in enumerate(people.dimension_of) if dimension == name]
        for node, way in zip(people.unit.tolist(), place[:, columns].tolist(), strict=True):
            mine[node].add(tuple(way))
        found[name] = tuple(map(frozenset, mine))
    return found


def municipality(
    units: int = 400, dimensions: int = 6, items: int = 4, seed: int = 1, missing: float = 0.03
) -> People:
    """Three levels, units of 3-60, eight kinds, answers with ICC near 0.2 on four options."""
    rng = np.random.default_rng(seed)
    areas = max(2, units // 14)
    nodes = [Node("0", None)]
    nodes += [Node(f"0.{a:02}", "0") for a in range(areas)]
    nodes += [Node(f"u{u:04}", f"0.{u % areas:02}", f"kind{u % 8}") for u in range(units)]
    tree = Tree(nodes)
    size = np.zeros(len(tree), dtype=int)
    for node in nodes:
        at = tree.at[node.id]
        if node.id.startswith("u"):
            size[at] = max(0, rng.binomial(int(np.clip(rng.lognormal(2.8, 0.7), 3, 60)), 0.72))
        else:
            size[at] = rng.integers(5, 12)
    few = [v for v in range(len(tree)) if tree.nodes[v].id.startswith("u") and size[v] < 5]
    for v in few:  # answers of units below k lose their label
        size[tree.parent[v]] += size[v]
        size[v] = 0
    unit = np.repeat(np.arange(len(tree)), size)
    effect = rng.normal(0, 0.45, len(tree))
    level = rng.normal(0, 0.25, dimensions * items)
    person = rng.normal(0, 0.6, len(unit))
    latent = (
        effect[unit, None] + person[:, None] + level + rng.normal(0, 0.75, (len(unit), level.size))
    )
    answers = 1 + np.digitize(latent, [-1.3, -0.4, 0.8])
    draw = rng.random(answers.shape)
    answers[draw < missing] = -1
    answers[draw < missing / 3] = 0
    ticks = rng.random((len(unit), 12)) < np.linspace(0.05, 0.6, 12)
    of = [f"d{d}" for d in range(dimensions) for _ in range(items)]
    return People(nodes, unit, answers, ticks, of, 4)
