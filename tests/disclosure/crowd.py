"""Crowds of known people on small trees, counted as a wave is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from survey.disclosure.model import AnswerCounts, Blocks, Counted, IndexCounts, Node
from survey.disclosure.printing import Printer
from survey.disclosure.protect import protect


def tree(shape: Mapping[str, str | None]) -> tuple[Node, ...]:
    """Nodes from child → parent, the root's parent None."""
    return tuple(Node(name, parent) for name, parent in shape.items())


def draw_low(_name: str) -> float:
    """A rounding that turns a first small count into none."""
    return 0.0


def counted(
    nodes: Sequence[Node],
    people: Mapping[str, Sequence[float | None]],
    items: Mapping[str, Sequence[int | None]] | None = None,
    *,
    steps: int = 4,
    alone: bool = False,
) -> Counted:
    """People by node: each one's score in the sub-goal "d" (None: no score), and, one for each, the
    option chosen of the item "i" in it (None: no answer)."""
    rows = {node.id: row for row, node in enumerate(nodes)}
    answers, n = (np.zeros(len(nodes), dtype=np.int64) for _ in range(2))
    total = np.zeros(len(nodes))
    for node, scores in people.items():
        known = [score for score in scores if score is not None]
        answers[rows[node]], n[rows[node]] = len(scores), len(known)
        total[rows[node]] = sum(known)
    shares = {}
    if items is not None:
        table = np.zeros((len(nodes), steps), dtype=np.int64)
        for node, chosen in items.items():
            for option in chosen:
                if option is not None:
                    table[rows[node], option] += 1
        upper = tuple(range(steps - steps // 2, steps)) if steps > 3 else ()
        shares["item:i"] = AnswerCounts(table, "d", upper, alone)
    return Counted(tuple(nodes), answers, {"d": IndexCounts(n, total, alone)}, shares)


def printed(made: Counted, k: int = 5) -> Printer:
    """What is printed of a crowd."""
    return Printer(protect(made, k, draw_low))


def blocks(made: Counted, k: int = 5) -> Blocks:
    """The blocks of a crowd."""
    return protect(made, k, draw_low)
