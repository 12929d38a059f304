"""What a unit was before: which earlier published figures it may be compared with.

Pure. Staff's records of what was done between waves decide (``UnitChange``, frozen when the later
wave opened); names and places come from what was released. Nothing is recomputed on new
boundaries: a unit that continues another is compared with what was published of that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from survey.release.document import (
    Method,
    Reorganisation,
    ReorganisationKind,
    UnitResult,
    WaveFacts,
)

JOINED = ("recoded", "merged", "split", "regrouped")
"""Kinds of records that make units out of others."""


@dataclass(frozen=True)
class Earlier:
    """An earlier release of the study: its wave, its method, and every unit's result by code."""

    wave: WaveFacts
    units: Mapping[str, UnitResult]
    method: Method | None = None


@dataclass(frozen=True)
class Recorded:
    """One record of a change of units; ``ordinal`` is the wave that it was frozen with.

    ``continues``: unit after → the unit before that it is compared with.
    """

    ordinal: int
    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    continues: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    was: str = ""
    """The name, or the name of the unit above, before (renamed, moved)."""
    became: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Past:
    """A unit's past: wave → its code then, the waves that it cannot be compared with although it
    (or what it was made of) was in them, and what was done to it, the latest first."""

    codes: Mapping[int, str]
    broken: frozenset[int]
    told: tuple[Reorganisation, ...]


@dataclass(frozen=True)
class Now:
    """A unit of the wave at hand: its name and the code of the unit above it."""

    name: str
    parent: str | None


class Lineage:
    """The past of every unit of a wave.

    ``earlier`` are the study's earlier releases in the order of their waves, ``recorded`` the
    changes up to this wave in the order in which they were made.
    """

    def __init__(
        self,
        ordinal: int,
        units: Mapping[str, Now],
        earlier: Sequence[Earlier],
        recorded: Sequence[Recorded] = (),
    ) -> None:
        self._ordinal = ordinal
        self._units = units
        self._earlier = earlier
        self._recorded = recorded
        self._pasts = {code: self._trace(code) for code in units}

    def past(self, code: str) -> Past:
        """What a unit was before; KeyError when the wave has no such unit."""
        return self._pasts[code]

    def origins(self, code: str, ordinal: int) -> frozenset[str]:
        """Codes, in the wave ``ordinal``, of all that a unit was made of, comparable or not."""
        codes = {code}
        for record in reversed(self._between(ordinal, self._ordinal)):
            if record.kind in JOINED and codes & set(record.after):
                codes = (codes - set(record.after)) | set(record.before)
        return frozenset(codes)

    def _between(self, after: int, upto: int) -> list[Recorded]:
        return [record for record in self._recorded if after < record.ordinal <= upto]

    def _trace(self, code: str) -> Past:
        codes: dict[int, str] = {}
        history: list[Reorganisation] = []
        upto, unit = self._ordinal, self._units[code]
        for index in range(len(self._earlier) - 1, -1, -1):
            release = self._earlier[index]
            at = release.wave.ordinal
            events, before = self._step(code, at, upto)
            history += events
            if before is None:
                reached = [earlier.wave.ordinal for earlier in self._earlier[: index + 1]]
                broken = {past for past in reached if self._was_there(code, at, upto, past)}
                return Past(codes, frozenset(broken), tuple(history))
            if (then := release.units.get(before)) is not None:
                recoded = any(event.kind != "moved" for event in events)
                history += self._seen(unit, then, at, upto, recoded=recoded)
                codes[at] = before
                unit = Now(then.unit.name, then.unit.parent)
            code, upto = before, at
        return Past(codes, frozenset(), tuple(history))

    def _step(self, code: str, at: int, upto: int) -> tuple[list[Reorganisation], str | None]:
        """What was recorded of a unit between two waves, the latest first, and its code at the
        earlier one; None when it cannot be compared with anything there."""
        history = []
        for record in reversed(self._between(at, upto)):
            if code not in record.after or record.kind == "new":
                continue
            continued = record.continues.get(code)
            if record.kind in JOINED:
                history.append(_joined(record, code, at))
            elif continued is None:
                kind = cast(ReorganisationKind, record.kind)
                why = record.reasons.get(code, "")
                history.append(
                    Reorganisation(kind, at, (record.was,), (record.became,), False, "", why)
                )
            if continued is None:
                return history, None
            code = continued
        return history, code

    def _seen(
        self, now: Now, then: UnitResult, at: int, upto: int, *, recoded: bool
    ) -> list[Reorganisation]:
        """A new name and a new place, as the two waves printed them."""
        history = []
        if then.unit.name != now.name and not recoded:
            history.append(Reorganisation("renamed", at, (then.unit.name,), (now.name,), True))
        if then.unit.parent is None or now.parent is None or now.parent == then.unit.parent:
            return history
        if then.unit.parent in self._walked(now.parent, at, upto):
            return history  # the area has another code, or took this one in, and the unit followed
        before = then.unit.path[-1] if then.unit.path else then.unit.parent
        history.append(
            Reorganisation("moved", at, (before,), (self._name(now.parent, upto),), True)
        )
        return history

    def _walked(self, code: str, at: int, upto: int) -> set[str]:
        codes = {code}
        for record in reversed(self._between(at, upto)):
            if record.kind in JOINED and codes & set(record.after):
                codes |= set(record.before)
        return codes

    def _name(self, code: str, ordinal: int) -> str:
        if ordinal == self._ordinal:
            return self._units[code].name
        release = next(earlier for earlier in self._earlier if earlier.wave.ordinal == ordinal)
        return release.units[code].unit.name

    def _was_there(self, code: str, at: int, upto: int, ordinal: int) -> bool:
        """True when the unit, or anything that it was made of, was in an earlier wave."""
        release = next(earlier for earlier in self._earlier if earlier.wave.ordinal == ordinal)
        return any(origin in release.units for origin in self._walked(code, ordinal, upto))


def composition(
    lineage: Lineage, ordinal: int, now: Mapping[str, Now], then: Mapping[str, Now]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the units that came to an area, and of those that left it, since a wave.

    ``now`` and ``then`` are the units below it. A unit made of units that were below it before has
    not come, and those have not left. Of what came or left together only the top is named.
    """
    origins = {code: lineage.origins(code, ordinal) for code in now}
    joined = {code for code, before in origins.items() if not before & set(then)}
    kept = frozenset[str]().union(*origins.values())
    gone = set(then) - kept
    return (
        tuple(unit.name for code, unit in now.items() if code in joined - _below(now, joined)),
        tuple(unit.name for code, unit in then.items() if code in gone - _below(then, gone)),
    )


def _below(units: Mapping[str, Now], chosen: set[str]) -> set[str]:
    """Those of the chosen whose unit above is chosen too."""
    return {code for code in chosen if units[code].parent in chosen}


def _joined(record: Recorded, code: str, at: int) -> Reorganisation:
    names = record.names
    continued = record.continues.get(code)
    return Reorganisation(
        cast(ReorganisationKind, record.kind),
        at,
        tuple(names.get(unit_code, unit_code) for unit_code in record.before),
        tuple(names.get(unit_code, unit_code) for unit_code in record.after),
        continued is not None,
        names.get(continued, continued) if continued is not None else "",
        record.reasons.get(code, ""),
    )
