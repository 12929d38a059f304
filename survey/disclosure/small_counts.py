"""Counts of one or two people become none or three.

One becomes three in one case of three, two in two of three, else none: right on average, and each
block by itself. A running sum along the tree would keep areas nearer, but whoever knew how one
block was rounded could tell what his neighbours' blocks hold.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

BASE = 3

Draw = Callable[[str], float]
"""Name of a block's tail → a number in [0, 3), for tests that know the draws."""


def fresh_draw(_name: str) -> float:
    """A number from the system's own source: nobody can draw it again."""
    return BASE * secrets.randbits(53) / 2**53


def round_small(count: int, drawn: float) -> int:
    """1 and 2 as 0 or 3 by a number ``drawn`` from [0, 3); any other count as it is."""
    if not 0 < count < BASE:
        return count
    return BASE if count + drawn >= BASE else 0


def round_tails(
    name: str, counts: Mapping[str, int], sizes: Mapping[str, int], draw: Draw
) -> dict[str, int]:
    """Round both tails, how many and how many not, of blocks (by node) of at least ten people."""
    rounded = {}
    for node, size in sizes.items():
        count = counts.get(node, 0)
        if 0 < size - count < BASE:
            rounded[node] = size - round_small(size - count, draw(f"{name}/{node}/high"))
        else:
            rounded[node] = round_small(count, draw(f"{name}/{node}/low"))
    return rounded
