"""Counts of one or two people become none or three.

Controlled rounding along the tree (small-count rounding as statistical offices do it): the running
sum of the small counts is rounded to multiples of three from a random start, and each count becomes
what its step of the rounded sum is. It is unbiased, and any run of the tree's order, so any
subtree, keeps its sum to within six.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections.abc import Callable, Sequence

BASE = 3

Draw = Callable[[str], float]
"""Name of a statistic's tail → its random start in [0, 3)."""


def fresh_draw() -> Draw:
    """Starts from a key that lives in this function's result only: nobody can draw them again."""
    key = secrets.token_bytes(32)

    def draw(name: str) -> float:
        drawn = hmac.new(key, name.encode(), hashlib.sha256).digest()
        return BASE * (int.from_bytes(drawn[:6]) / 2**48)

    return draw


def round_small(counts: Sequence[int], start: float) -> list[int]:
    """``counts`` in the tree's order with each 1 and 2 turned into 0 or 3; ``start`` in [0, 3)."""
    rounded, running = [], 0
    for count in counts:
        if not 0 < count < BASE:
            rounded.append(count)
            continue
        before, running = running, running + count
        steps = math.floor((running + start) / BASE) - math.floor((before + start) / BASE)
        rounded.append(BASE * steps)
    return rounded


def round_tails(name: str, counts: Sequence[int], sizes: Sequence[int], draw: Draw) -> list[int]:
    """Round both tails, how many and how many not, of blocks of these ``sizes`` (from ten)."""
    low = round_small(counts, draw(f"{name}/low"))
    rest = [size - count for size, count in zip(sizes, counts, strict=True)]
    high = round_small(rest, draw(f"{name}/high"))
    return [
        rounded if not 0 < size - count < BASE else size - rounded_rest
        for rounded, rounded_rest, count, size in zip(low, high, counts, sizes, strict=True)
    ]
