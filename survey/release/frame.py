"""What a release is computed from, besides the answers: plain data, read from the wave's frozen
tree in one place, so that the computation knows no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from survey.disclosure.model import Node
from survey.instrument.model import Instrument
from survey.release.document import WaveFacts
from survey.release.lineage import Recorded


@dataclass(frozen=True)
class FrameUnit:
    """A unit as the wave froze it. Headcount and invited are its own, children not counted;
    ``reports_to`` is the code under which its answers are counted (itself unless merged)."""

    code: str
    name: str
    kind: str
    parent: str | None
    headcount: int | None
    invited: int
    reports_to: str


@dataclass(frozen=True)
class Frame:
    """A closed wave: its study, its instrument and its tree, units in depth-first order.
    ``recorded`` is what was done to units up to the wave."""

    study: str
    organisation: str
    languages: tuple[str, ...]
    k: int
    relevance: int
    wave: WaveFacts
    instrument: Instrument
    units: tuple[FrameUnit, ...]
    recorded: tuple[Recorded, ...] = ()

    def nodes(self) -> tuple[Node, ...]:
        """The tree that disclosure control sees: every unit but the leaves that were merged."""
        return tuple(
            Node(unit.code, unit.parent, unit.kind)
            for unit in self.units
            if not self.merged(unit.code)
        )

    def merged(self, code: str) -> bool:
        """True for a leaf whose answers are counted in a neighbour."""
        unit = self.by_code[code]
        return unit.reports_to != code and not self.children[code]

    @cached_property
    def by_code(self) -> Mapping[str, FrameUnit]:
        """Units by code."""
        return {unit.code: unit for unit in self.units}

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Codes of the units directly below each unit."""
        below: dict[str, list[str]] = {unit.code: [] for unit in self.units}
        for unit in self.units:
            if unit.parent is not None:
                below[unit.parent].append(unit.code)
        return {code: tuple(codes) for code, codes in below.items()}


@dataclass(frozen=True)
class Staffing:
    """Headcount (None when any part is unknown) and invited of a unit with everybody below it."""

    headcount: int | None
    invited: int


def staffing(frame: Frame) -> dict[str, Staffing]:
    """Subtree sums, each unit's own staff counted where its answers are counted."""
    units = frame.by_code
    heads: dict[str, int | None] = dict.fromkeys(units, 0)
    invited = dict.fromkeys(units, 0)
    for unit in frame.units:
        for code in ancestors(unit.reports_to, units):
            total = heads[code]
            known = total is not None and unit.headcount is not None
            heads[code] = (total or 0) + (unit.headcount or 0) if known else None
            invited[code] += unit.invited
    return {code: Staffing(heads[code], invited[code]) for code in units}


def ancestors(code: str, units: Mapping[str, FrameUnit]) -> list[str]:
    """The unit itself, its parent, and so on to the root."""
    path = []
    above: str | None = code
    while above is not None:
        path.append(above)
        above = units[above].parent
    return path


def depth_first(units: Sequence[FrameUnit]) -> tuple[FrameUnit, ...]:
    """Roots first, each followed by its subtree, siblings by code."""
    below: dict[str | None, list[FrameUnit]] = {}
    for unit in sorted(units, key=lambda unit: unit.code):
        below.setdefault(unit.parent, []).append(unit)
    ordered: list[FrameUnit] = []
    stack = list(reversed(below.get(None, [])))
    while stack:
        unit = stack.pop()
        ordered.append(unit)
        stack.extend(reversed(below.get(unit.code, [])))
    return tuple(ordered)
