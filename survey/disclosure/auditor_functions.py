"""The auditor's second half: what is computed from printed numbers must be just that.

Intervals, comparisons and verdicts are recomputed from the documents themselves, so that nothing
that only the answers know can hide in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, sqrt
from statistics import median
from typing import Any

Plain = Mapping[str, Any]
Wrong = tuple[str, str]
"""Code of a unit and what is wrong with it."""

LEAST_OTHERS = 5


def wrong_functions(header: Plain, units: Sequence[Plain]) -> Iterator[Wrong]:
    """Everything that is no function of printed numbers."""
    known = {unit["unit"]["code"]: unit for unit in units}
    for code, unit in known.items():
        for name, score in _scores(unit):
            sigma = _sigma(header["method"], name)
            if not _interval_holds(score, unit["participation"], sigma):
                yield code, f"the interval of {name or 'overall'} is not from σ̂, n and N"
        for other in unit.get("comparisons", ()):
            if not _comparison_holds(unit, other, known):
                yield code, f"the comparison with {other['role']} is not what is printed there"
        for change in unit.get("changes", ()):
            yield from ((code, what) for what in _wrong_changes(unit, change))


def _scores(unit: Plain) -> Iterator[tuple[str, Plain]]:
    yield "", unit["overall"]
    for dimension in unit["dimensions"]:
        yield dimension["id"], dimension["score"]


def _sigma(method: Plain, name: str) -> int:
    return int(method["dimensions"][name]["sigma"] if name else method["sigma_overall"])


def _interval_holds(score: Plain, who: Plain, sigma: int) -> bool:
    interval, n, headcount = score.get("interval"), who.get("answered"), who.get("headcount")
    if interval is None or n is None:
        return score["index"] is None or n == headcount
    share = 1 - n / headcount if headcount and n < headcount else 1
    half = 1.96 * sigma / sqrt(n) * sqrt(share)
    bound = score.get("bound")
    low = max(0, floor(round(score["index"] - half, 9)))
    high = min(100, ceil(round(score["index"] + half, 9)))
    return bool(
        interval["low"] == (0 if bound in ("at_most", "open") else low)
        and interval["high"] == (100 if bound in ("at_least", "open") else high)
    )


def _comparison_holds(unit: Plain, other: Plain, known: Mapping[str, Plain]) -> bool:
    printed = {"": other["overall"], **other["dimensions"]}
    if other["role"] != "kind":
        there = dict(_scores(known[other["code"]]))
        return all(_plain(score) == _plain(there[name]) for name, score in printed.items())
    votes = [
        dict(_scores(other_unit))
        for code, other_unit in known.items()
        if other_unit["unit"]["kind"] == other["code"] and code not in _near(unit, known)
    ]
    return all(
        score["index"] == _median([vote[name]["index"] for vote in votes])
        for name, score in printed.items()
    )


def _near(unit: Plain, known: Mapping[str, Plain]) -> set[str]:
    near, code = set(), unit["unit"]["code"]
    while code is not None:
        near.add(code)
        code = known[code]["unit"]["parent"]
    return near


def _median(votes: Sequence[int | None]) -> int | None:
    printed = [vote for vote in votes if vote is not None]
    return floor(median(printed) + 0.5) if len(printed) >= LEAST_OTHERS else None


def _plain(score: Plain) -> tuple[object, object]:
    return score["index"], score.get("bound")


def _wrong_changes(unit: Plain, change: Plain) -> Iterator[str]:
    now = {name: score["index"] for name, score in _scores(unit)}
    for name, index in {"": change["overall"], **change["dimensions"]}.items():
        if index["verdict"] in ("hidden", "not_comparable"):
            if set(index) - {"verdict"}:
                yield f"a hidden change of {name or 'overall'} has numbers"
            continue
        if index["later"] != now[name] or index["difference"] != index["later"] - index["earlier"]:
            yield f"the change of {name or 'overall'} is not between printed indices"
        low = -1 if index.get("low_open") else index["low"]
        high = 1 if index.get("high_open") else index["high"]
        said = "risen" if low > 0 else "fallen" if high < 0 else "unknown"
        if index["verdict"] != said:
            yield f"the verdict on {name or 'overall'} is not its interval's"
