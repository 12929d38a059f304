"""What a release would hide, before it is released. For staff only.

It holds how much of each unit would be shown and how many values would be hidden: no value, no
number of answers, and not why (``survey.release.hidden``). The same computation as the release
itself, with its auditor, so that what was looked at is what comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from survey.db import Database
from survey.release.close import settled
from survey.release.compute import compute
from survey.release.document import Tier, UnitFacts
from survey.release.hidden import HiddenLine, left_out
from survey.release.load import find_wave
from survey.release.read import StoredRelease, hidden_log, merged_units


@dataclass(frozen=True, slots=True)
class UnitPreview:
    """One unit; ``lines`` of the log name what of it is hidden (one, when nothing is shown)."""

    code: str
    name: str
    level: int
    tier: Tier
    merged_into: str
    lines: int

    @property
    def whole(self) -> bool:
        """Is nothing of it shown?"""
        return self.tier == "none" and not self.merged_into


@dataclass(frozen=True, slots=True)
class Preview:
    """A release before it is made. ``exposed`` counts what the auditor refuses to let out."""

    units: tuple[UnitPreview, ...]
    published: int
    hidden: int
    exposed: int

    @property
    def tiers(self) -> Counter[str]:
        """How many units show how much; merged ones are none of them."""
        return Counter(unit.tier for unit in self.units if not unit.merged_into)


def preview(db: Database, organisation_id: int, wave_id: int) -> Preview:
    """Compute what the release of a closed wave would show. Stores nothing.

    Raises Conflict when the wave is not closed. Takes as long as the release does: some minutes
    for four hundred units.
    """
    with db.reading() as session:
        ready = settled(session, find_wave(session, organisation_id, wave_id))
    computed = compute(ready.frame, ready.sheets, ready.earlier)
    shown = ((unit.unit, unit.tier) for unit in computed.units)
    return Preview(
        units=counted(shown, left_out(computed.units)),
        published=computed.header.published_values,
        hidden=computed.header.hidden_values,
        exposed=len(computed.audit.exposures),
    )


def of_release(session: Session, organisation_id: int, stored: StoredRelease) -> Preview:
    """The same of a release that is stored, from its log."""
    wave = find_wave(session, organisation_id, stored.wave_id)
    merged = merged_units(session, wave)
    lines = hidden_log(session, organisation_id, stored.id)
    units = [
        (
            UnitFacts(
                entry.code,
                entry.name,
                entry.kind,
                entry.level,
                entry.parent,
                merged_into=merged.get(entry.code),
            ),
            entry.tier,
        )
        for entry in stored.header.units
    ]
    return Preview(
        units=counted(units, lines),
        published=stored.header.published_values,
        hidden=stored.header.hidden_values,
        exposed=0,
    )


def counted(
    units: Iterable[tuple[UnitFacts, Tier]], lines: Iterable[HiddenLine]
) -> tuple[UnitPreview, ...]:
    """The log's lines counted per unit."""
    counts = Counter(line.code for line in lines)
    return tuple(
        UnitPreview(
            code=facts.code,
            name=facts.name,
            level=facts.level,
            tier=tier,
            merged_into=facts.merged_into or "",
            lines=counts[facts.code],
        )
        for facts, tier in units
    )


def to_plain(made: Preview) -> dict[str, Any]:
    """As JSON, for the result of the task that closed the wave."""
    return asdict(made)


def from_plain(plain: Mapping[str, Any]) -> Preview:
    """What :func:`to_plain` wrote, or an earlier version, which told reasons apart."""
    units = tuple(
        UnitPreview(
            unit["code"],
            unit["name"],
            unit["level"],
            unit["tier"],
            unit["merged_into"],
            unit["lines"] if "lines" in unit else sum(unit["reasons"].values()),
        )
        for unit in plain["units"]
    )
    return Preview(units, plain["published"], plain["hidden"], plain["exposed"])
