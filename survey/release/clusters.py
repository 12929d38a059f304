"""An area between two waves: its units are the cases, since people of a unit move together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from survey.measurement.areas import Cluster, judged_by_units
from survey.measurement.areas import standardised as standardised_change
from survey.measurement.rounding import whole_points
from survey.measurement.verdicts import Change, Index, printed_change
from survey.release.comparing import OVERALL, score_of, score_then
from survey.release.document import UnitResult

Cell = tuple[int, Mapping[str, int]]
"""Answers and printed indices, by sub-goal, of a unit or of an area's others."""


@dataclass(frozen=True)
class Pair:
    """The same unit in two waves, what was below it then and is now (by code), what each unit of
    now was made of (``origins``), the sub-goals of the index, and the names of units that came to
    it and left it in between."""

    then: UnitResult
    now: UnitResult
    below_then: Mapping[str, UnitResult] = field(default_factory=dict)
    below_now: Mapping[str, UnitResult] = field(default_factory=dict)
    origins: Mapping[str, Collection[str]] = field(default_factory=dict)
    index: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def area(self) -> bool:
        """True for a node with units below it."""
        return bool(self.now.unit.children)

    @cached_property
    def groups(self) -> list[tuple[list[Cell], list[Cell]]]:
        """Cells of then and of now that stand and fall together."""
        return _groups(self)


def area_change(
    pair: Pair, name: str, earlier: Index, later: Index, family: int
) -> Change[int] | None:
    """The change of an area with its units as clusters; None with fewer than ten in both waves.

    Releases of the first design have no blocks: areas are then judged by their people.
    """
    if pair.then.schema == 1:
        return None
    names = pair.index if name == OVERALL else (name,)
    parts = [[_cluster(then, now, dimension) for then, now in pair.groups] for dimension in names]
    judged = judged_by_units(parts)
    return None if judged is None else printed_change(earlier, later, *judged, m=family)


def _groups(pair: Pair) -> list[tuple[list[Cell], list[Cell]]]:
    """A unit and what it was made of, an area's others and the others of what it was made of.
    Merged and split units are one cluster."""
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    cells: dict[str, Cell] = {}
    then_units = {**pair.below_then, pair.then.unit.code: pair.then}
    now_units = {**pair.below_now, pair.now.unit.code: pair.now}
    for when, units in (("then", then_units), ("now", now_units)):
        for code, unit in units.items():
            cell = _cell(unit)
            if cell is not None:
                cells[f"{when} {code}"] = cell
    origins = {**pair.origins, pair.now.unit.code: [pair.then.unit.code]}
    for code, before in origins.items():
        for earlier_code in before:
            if f"now {code}" in cells and f"then {earlier_code}" in cells:
                parent[top(f"then {earlier_code}")] = top(f"now {code}")
    grouped: dict[str, tuple[list[Cell], list[Cell]]] = {}
    for key, cell in cells.items():
        group = grouped.setdefault(top(key), ([], []))
        group[0 if key.startswith("then ") else 1].append(cell)
    return list(grouped.values())


def _cell(unit: UnitResult) -> Cell | None:
    """A leaf's own figures, or those of an area's others; None when neither is printed."""
    if unit.unit.children:
        others = unit.others
        if others is None:
            return None
        known = {k: s.index for k, s in others.dimensions.items() if s.index is not None}
        return others.answered, known
    n = unit.participation.answered
    known = {d.id: d.score.index for d in unit.dimensions if d.score.index is not None}
    return (n, known) if n else None


def _cluster(then: list[Cell], now: list[Cell], name: str) -> Cluster:
    (n1, index1), (n2, index2) = _mean(then, name), _mean(now, name)
    return Cluster(n1, n2, index1, index2)


def _mean(cells: list[Cell], name: str) -> tuple[int, float | None]:
    shown = [(n, indices[name]) for n, indices in cells if name in indices]
    total = sum(n for n, _ in shown)
    return total, sum(n * index for n, index in shown) / total if total else None


def standardised(pair: Pair, name: str) -> int | None:
    """The area's change as if each unit had its latest headcount in both waves; None with fewer
    than two units that were published in both. A unit made of others is compared with these
    together."""
    rows = []
    for code, now in pair.below_now.items():
        made_of = [
            pair.below_then[origin]
            for origin in pair.origins.get(code, ())
            if origin in pair.below_then
        ]
        if now.unit.children or any(unit.unit.children for unit in made_of):
            continue
        before, after = _together(made_of, name, pair.index), score_of(now, name)
        heads = now.participation.headcount
        if before is not None and after is not None and after.index is not None and heads:
            rows.append((before, after.index, heads))
    if len(rows) < 2:
        return None
    change = standardised_change(*(list(column) for column in zip(*rows, strict=True)))
    return None if change is None else whole_points(change)


def _together(units: list[UnitResult], name: str, index: Sequence[str]) -> float | None:
    """The mean of some units' earlier printed indices, each by its answers."""
    shown = [
        (unit.participation.answered, score.index)
        for unit in units
        if (score := score_then(unit, name, index)) is not None
        and score.index is not None
        and unit.participation.answered
    ]
    total = sum(n for n, _ in shown)
    return sum(n * value for n, value in shown) / total if total else None
