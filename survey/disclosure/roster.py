"""Who is counted where: small units before a wave opens, few answers and leaders at its close.

Pure functions on counts; every one returns a mapping from each node's id to the id under which it
is counted (itself when nothing changes). Deterministic: ties go to the smaller id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from survey.disclosure.model import Node


def merge_units(nodes: Sequence[Node], invited: Mapping[str, int], k: int = 5) -> dict[str, str]:
    """Before opening: each unit with 1 to k-1 invited joins a named neighbour.

    ``invited`` counts a node's own (direct) staff. The neighbour is the smallest sibling leaf with
    which it reaches k (preferring its own kind), else the smallest sibling with staff, else the
    parent. Chains are followed, so the result names final units only.
    """
    raise NotImplementedError


def lift_small(nodes: Sequence[Node], answers: Mapping[str, int], k: int = 5) -> dict[str, str]:
    """At close: answers of a node with fewer than k lose its label and keep the parent's.

    ``answers`` counts a node's own (direct) answers. Goes upwards until the node where they land
    holds k answers in its subtree, or is the root.
    """
    raise NotImplementedError


def lift_leaders(nodes: Sequence[Node], leaders: Mapping[str, int], k: int = 5) -> dict[str, str]:
    """Where a unit's leaders' answers are stored.

    The nearest proper ancestor with at least k leaders in its subtree, else the root.
    """
    raise NotImplementedError
