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
    wave: WaveFacts
    instrument: Instrument
    units: tuple[FrameUnit, ...]
    recorded: tuple[Recorded, ...] = ()
    public_level: int = 0

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

    def headcount(self, codes: Sequence[str]) -> int | None:
        """Headcount of these nodes' own staff together; None when one is unknown. A node has the
        staff of the units that are counted in it."""
        heads = [self._staff[code][0] for code in codes]
        return None if None in heads else sum(head or 0 for head in heads)

    def invited(self, code: str) -> int:
        """Invitations whose answers are counted at this very node."""
        return self._staff[code][1]

    def subtree_headcount(self, code: str) -> int | None:
        """Headcount of a unit with everybody below it."""
        below = [unit.code for unit in self.units if code in ancestors(unit.code, self.by_code)]
        heads = [self.by_code[lower].headcount for lower in below]
        return None if None in heads else sum(head or 0 for head in heads)

    @cached_property
    def _staff(self) -> Mapping[str, tuple[int | None, int]]:
        """Node → headcount and invited of its own, each unit's where its answers are counted."""
        counts: dict[str, tuple[int | None, int]] = {unit.code: (0, 0) for unit in self.units}
        for unit in self.units:
            head, invited = counts[unit.reports_to]
            known = head is not None and unit.headcount is not None
            total = (head or 0) + (unit.headcount or 0) if known else None
            counts[unit.reports_to] = (total, invited + unit.invited)
        return counts


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
