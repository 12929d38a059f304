"""The tree of a wave in a fixed order, sums up and down it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from survey.core.errors import Fault, InvalidInput, say
from survey.disclosure.model import Node

Number = TypeVar("Number", np.int64, np.float64)


class Tree:
    """Nodes in depth-first order, siblings by id, so that nothing depends on the order given.

    nodes (V,): in that order, the root first. parent (V,): position of the parent, -1 for the root.
    children: positions of each node's children. Raises InvalidInput with every fault when the nodes
    are no tree with exactly one root.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        _check(nodes)
        below: dict[str | None, list[Node]] = {}
        for node in sorted(nodes, key=lambda node: node.id):
            below.setdefault(node.parent, []).append(node)
        self.nodes: list[Node] = []
        stack = list(reversed(below.get(None, [])))
        while stack:
            node = stack.pop()
            self.nodes.append(node)
            stack.extend(reversed(below.get(node.id, [])))
        if len(self.nodes) != len(nodes):
            lost = sorted({node.id for node in nodes} - {node.id for node in self.nodes})
            raise InvalidInput(
                "tree_has_cycle",
                [Fault(say("node", node=name), "never_reaches_root") for name in lost],
            )
        self.at = {node.id: place for place, node in enumerate(self.nodes)}
        self.parent = [-1 if n.parent is None else self.at[n.parent] for n in self.nodes]
        self.children: list[list[int]] = [[] for _ in self.nodes]
        for place, up in enumerate(self.parent):
            if up >= 0:
                self.children[up].append(place)
        self.last = self._last()

    def __len__(self) -> int:
        return len(self.nodes)

    def _last(self) -> list[int]:
        """Position of the last node of each subtree: a subtree is a run in depth-first order."""
        last = list(range(len(self.nodes)))
        for place in range(len(self.nodes) - 1, 0, -1):
            up = self.parent[place]
            last[up] = max(last[up], last[place])
        return last

    def subtree(self, place: int) -> range:
        """Positions of the node and everything below it."""
        return range(place, self.last[place] + 1)

    def accumulate(self, direct: NDArray[Number]) -> NDArray[Number]:
        """Subtree totals (V, ...) of direct values (V, ...), rows in the order of ``nodes``."""
        total = direct.copy()
        for place in range(len(self.nodes) - 1, 0, -1):
            total[self.parent[place]] += total[place]
        return total


def _check(nodes: Sequence[Node]) -> None:
    known = Counter(node.id for node in nodes)
    faults = [
        Fault(say("node", node=name), "id_occurs_twice") for name, n in known.items() if n > 1
    ]
    faults += [
        Fault(say("node", node=node.id), say("parent_is_not_in_tree", parent=node.parent))
        for node in nodes
        if node.parent is not None and node.parent not in known
    ]
    roots = sum(node.parent is None for node in nodes)
    if roots != 1:
        faults.append(Fault("tree", say("are_nodes_without_parent", roots=roots), "give_one_root"))
    if faults:
        raise InvalidInput("these_nodes_are_not_tree", sorted(faults, key=str))
