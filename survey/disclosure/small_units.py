"""Who is counted where: small units before a wave opens, leaders at its close.

Pure functions on counts; every one returns a mapping from each node's id to the id under which it
is counted (itself when nothing changes). Deterministic: ties go to the smaller id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from survey.disclosure.model import Node
from survey.disclosure.tree import Tree


def merge_units(nodes: Sequence[Node], invited: Mapping[str, int], k: int = 5) -> dict[str, str]:
    """Before opening: each unit with 1 to k-1 invited joins a named neighbour.

    ``invited`` counts a node's own (direct) staff; a unit is small when it has 1 to k-1 with
    everybody below it. The neighbour is the smallest sibling with which it reaches k (its own kind
    first), else the smallest sibling with staff, else the parent. Chains are followed, so the
    result names final units only.
    """
    tree = Tree(nodes)
    own = [int(invited.get(node.id, 0)) for node in tree.nodes]
    total = tree.accumulate(np.array(own, dtype=np.int64)).tolist()
    goes = list(range(len(tree)))
    # A parent comes before its children in depth-first order, so backwards means from below.
    smallest_first = sorted(range(1, len(tree)), key=lambda v: (-_depth(tree, v), total[v], v))
    for place in smallest_first:
        if not 0 < total[place] < k or goes[place] != place:
            continue
        target = _neighbour(tree, place, total, goes, k)
        for below in tree.subtree(place):
            if goes[below] == below:
                goes[below] = target
        if target != tree.parent[place]:
            total[target] += total[place]
        total[place] = 0
    return {node.id: tree.nodes[_final(goes, v)].id for v, node in enumerate(tree.nodes)}


def _depth(tree: Tree, place: int) -> int:
    depth = 0
    while tree.parent[place] >= 0:
        place, depth = tree.parent[place], depth + 1
    return depth


def _neighbour(tree: Tree, place: int, total: list[int], goes: list[int], k: int) -> int:
    """The sibling that a small unit joins, else its parent."""
    up, kind = tree.parent[place], tree.nodes[place].kind
    siblings = [s for s in tree.children[up] if s != place and goes[s] == s and total[s] > 0]
    if not siblings:
        return up
    return min(
        siblings,
        key=lambda s: (
            total[s] + total[place] < k,
            bool(tree.children[s]),
            tree.nodes[s].kind != kind,
            total[s],
            s,
        ),
    )


def _final(goes: list[int], place: int) -> int:
    while goes[place] != place:
        place = goes[place]
    return place


def lift_leaders(nodes: Sequence[Node], leaders: Mapping[str, int], k: int = 5) -> dict[str, str]:
    """Where a unit's leaders' answers are stored.

    ``leaders`` counts the leaders who answered in each node itself. The nearest unit above with at
    least k leaders in its subtree, else the root (where the root's own leaders stay). They need not
    be k there: they are grouped with everybody else who is counted at that unit.
    """
    tree = Tree(nodes)
    own = np.array([int(leaders.get(node.id, 0)) for node in tree.nodes], dtype=np.int64)
    total = tree.accumulate(own)
    lands: dict[str, str] = {}
    for place, node in enumerate(tree.nodes):
        target = max(tree.parent[place], 0)
        while total[target] < k and tree.parent[target] >= 0:
            target = tree.parent[target]
        lands[node.id] = tree.nodes[target].id
    return lands
