"""What is told of somebody who left something out (P3), and what the overall index adds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.leaks.knowledge import Roll, half_up
from tests.leaks.reading import Json, Wave

OPEN = 50.0
Told = tuple[str, str, str, str]


def gaps(wave: Wave, roll: Roll) -> Iterator[Told]:
    """(promise, group, statistic, what) of everything that is found."""
    for code in wave.parent:
        unit, n = wave.units[code], wave.answered(code)
        if n is None:
            continue
        for name, count in _counts(unit):
            if n - count > 0:
                yield "P3", code, name, f"{n - count} of {n} left it out"
        if roll.program.overall == "people":
            yield from _lacking(wave, unit, n)
        elif (found := _mean(wave, unit)) is not None:
            yield "x", code, "overall", found


def _counts(unit: Json) -> Iterator[tuple[str, int]]:
    """Every number of people that stands beside a sub-goal, an item or a question."""
    for part in (*unit["dimensions"], *unit.get("questions", ())):
        for each in (part, part.get("score", {}), *part.get("items", ())):
            if each.get("n") is not None:
                yield each.get("id", part["id"]), each["n"]


def _mean(wave: Wave, unit: Json) -> str | None:
    """Is the overall index anything but the mean of the printed ones?"""
    inside = wave.header["instrument"]["index"]["dimensions"]
    found = {each["id"]: each["score"].get("index") for each in unit["dimensions"]}
    values = [found[name] for name in inside]
    wanted = None if None in values else half_up(Fraction(sum(values), len(values)))
    printed = unit["overall"].get("index")
    return None if printed == wanted else f"{printed}, and not {wanted}"


def _lacking(wave: Wave, unit: Json, n: int) -> Iterator[Told]:
    """One person lacks some sub-goals, as the numbers beside them tell; the overall index is the
    mean of everybody's mean, and so tells what his is in the others."""
    inside = wave.header["instrument"]["index"]["dimensions"]
    scores: dict[str, Any] = {e["id"]: e["score"] for e in unit["dimensions"] if e["id"] in inside}
    counts = {name: score.get("n") for name, score in scores.items()}
    if unit["overall"].get("index") is None or set(counts.values()) != {n, n - 1}:
        return
    if any(score.get("index") is None or score.get("bound") for score in scores.values()):
        return
    lacks = [name for name, count in counts.items() if count == n - 1]
    every, answered = len(inside), len(inside) - len(lacks)
    # Σ of everybody's mean = (Σ of sums of sub-goals - z) / every + z / answered
    factor = 1 / answered - 1 / every
    whole = [n * (unit["overall"]["index"] + half) for half in (-0.5, 0.5)]
    sums = [sum(counts[d] * (s["index"] + half) for d, s in scores.items()) for half in (-0.5, 0.5)]
    least = (whole[0] - sums[1] / every) / factor / answered
    most = (whole[1] - sums[0] / every) / factor / answered
    least, most = max(least, 0.0), min(most, 100.0)
    if most - least < OPEN:
        what = f"whoever lacks {'+'.join(lacks)} has {least:.0f} to {most:.0f} elsewhere"
        yield "P3", unit["unit"]["code"], "overall", what
