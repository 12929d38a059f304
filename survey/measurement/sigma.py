"""How far apart do people of the same unit lie? One sd per index, printed and used everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from survey.measurement.rounding import whole_points

Source = Literal["within", "everyone", "assumed"]

LEAST_BLOCK = 10
LEAST_BLOCKS = 10
LEAST_PEOPLE = 100
ASSUMED = 30
"""Sd in whole points where too few people can tell, on the safe side."""
ASSUMED_SINGLE_ITEM = 38
"""The same for a single item: answers spread evenly over four steps have 37."""


def sigma_hat(
    blocks: Sequence[tuple[int, float]], everyone: tuple[int, float], single_item: bool
) -> tuple[int, Source]:
    """Give the sd of an index in whole points, and where it comes from (measurement.md 2B).

    ``blocks`` are (n, sd) of person scores; those of ten and more count. ``within``: pooled,
    sqrt(Σ(n-1)s²/Σ(n-1)), from ten blocks and 100 people on. ``everyone``: the sd of all people
    of the organisation, which includes what lies between units and so errs on the safe side.
    ``assumed``: with fewer people still. Never below 1: a printed 0 would make a single point
    certain.
    """
    usable = [(n, sd) for n, sd in blocks if n >= LEAST_BLOCK]
    if len(usable) >= LEAST_BLOCKS and sum(n for n, _ in usable) >= LEAST_PEOPLE:
        squares = math.fsum((n - 1) * sd * sd for n, sd in usable)
        freedom = sum(n - 1 for n, _ in usable)
        return max(1, whole_points(math.sqrt(squares / freedom))), "within"
    people, sd = everyone
    if people >= LEAST_PEOPLE:
        return max(1, whole_points(sd)), "everyone"
    return ASSUMED_SINGLE_ITEM if single_item else ASSUMED, "assumed"
