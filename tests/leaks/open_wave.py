"""What the counts of an open wave give away to somebody who subtracts them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tests.leaks.programme import Programme
from tests.leaks.reading import Json

ROUNDED = 4
"""A count of a unit may lie so far from what is shown; that of the whole does not."""


def attack_open(rows: Sequence[Json], k: int, *, rounded: int = ROUNDED) -> list[str]:
    """Groups of 1 to k-1 people who must have answered exactly so: every unit's own staff, and
    every unit without one or all of those below it."""
    parent = {row["code"]: row["parent_code"] for row in rows if not row["merged_into"]}
    inside = {code: {code} for code in parent}
    for code, above in parent.items():
        while above is not None:
            inside[above].add(code)
            above = parent[above]
    made = Programme()
    for code in parent:
        made.unknown(code, 0, 10_000)
    for row in rows:
        if row["code"] in parent:
            terms = dict.fromkeys(inside[row["code"]], 1.0)
            made.bound(terms, 0, row["invited"])
            if row["answered"] is not None:
                off = 0 if row["parent_code"] is None else rounded
                made.bound(terms, row["answered"] - off, row["answered"] + off)
    asked = {frozenset({code}): f"{code} (own)" for code in parent}
    for code, part in inside.items():
        below = [inside[child] for child in parent if parent[child] == code]
        asked.setdefault(frozenset(part), code)
        for less in (*below, set().union(*below)):
            asked.setdefault(frozenset(part - less), f"{code} without some below it")
    found = []
    for group, name in asked.items():
        ends = made.apart(dict.fromkeys(group, 1.0), 1) if group else None
        if ends is not None and 0.5 < ends[0] < k - 0.5:
            found.append(f"{name}: {math.ceil(ends[0] - 1e-6)} have answered")
    return found


def leaders_told(rows: Sequence[Json], answered: dict[str, int], rounded: int = ROUNDED) -> int:
    """Of how many units the last open count and the released one, which leaves leaders out, tell
    exactly how many leaders answered."""
    told = 0
    for row in rows:
        if row["answered"] is None or row["parent_code"] is None or row["code"] not in answered:
            continue
        least = max(row["answered"] - rounded - answered[row["code"]], 0)
        told += least == row["answered"] + rounded - answered[row["code"]]
    return told
