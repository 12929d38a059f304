"""Building blocks: who is counted with whom, from counts alone and never from answers.

Read one answer's way: a person counts at his unit. Are there at least ``least`` people there, they
are a block. Else they are passed on to the unit above, and so on up the tree. What is left at the
top joins one more block, so that it can be counted without being seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from survey.disclosure.model import Grouping, Node
from survey.disclosure.tree import Tree


def group(tree: Tree, counts: Mapping[str, int], least: int) -> Grouping:
    """Group people into blocks of at least ``least``.

    ``counts``: node → direct people who have the statistic (none where a node is missing). A few
    people left at the root are taken in by the smallest block of an inner node: that block moves to
    the root. Only one in whose subtree another block lies may move, so that its node still has a
    number; where there is none, the few are in no block.
    """
    pool = [int(counts.get(node.id, 0)) for node in tree.nodes]
    is_block = [False] * len(tree)
    for place in range(len(tree) - 1, -1, -1):  # children stand after their parents
        is_block[place] = pool[place] >= least
        if not is_block[place] and place:
            pool[tree.parent[place]] += pool[place]
    joined = None
    if not is_block[0] and pool[0] > 0:
        joined = _join(tree, pool, is_block)
        if joined is not None:
            is_block[0], is_block[joined] = True, False
    home: dict[str, str] = {}
    lies: list[int | None] = []
    for place in range(len(tree)):
        above = lies[tree.parent[place]] if place else None
        here = place if is_block[place] else 0 if place == joined else above
        lies.append(here)
        if here is not None:
            home[tree.nodes[place].id] = tree.nodes[here].id
    kept = {node.id: n for node in tree.nodes if (n := int(counts.get(node.id, 0)))}
    return Grouping(least, kept, home)


def _join(tree: Tree, pool: Sequence[int], is_block: Sequence[bool]) -> int | None:
    """The block that the root's few people join: the smallest inner one that can spare its place
    because another block lies below it; ties by code."""
    candidates = [
        place
        for place in range(1, len(tree))
        if is_block[place]
        and tree.children[place]
        and any(is_block[below] for below in tree.subtree(place) if below != place)
    ]
    return min(candidates, key=lambda place: (pool[place], tree.nodes[place].id), default=None)


def labels(nodes: Sequence[Node], answers: Mapping[str, int], k: int) -> dict[str, str]:
    """Node → the node under which its people's sheets are stored: where their block lies; the top
    for the few who are in no block."""
    tree = Tree(nodes)
    home = group(tree, answers, k).home
    return {node.id: home.get(node.id, tree.nodes[0].id) for node in tree.nodes}
