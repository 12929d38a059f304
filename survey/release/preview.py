"""What a release would hide and why, before it is released. For staff only.

It holds how much of each unit would be shown and how many values would be hidden for which reason:
no value, no number of answers. The same computation as the release itself, with its auditor, so
that what was looked at is what comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy.orm import Session

from survey.db import Database
from survey.release.close import settled, told
from survey.release.compute import compute
from survey.release.document import Tier, UnitFacts
from survey.release.load import find_wave
from survey.release.read import StoredRelease, hidden_log, merged_units

WHOLE = "n"
"""The log's name for a unit of which nothing is shown."""


@dataclass(frozen=True, slots=True)
class UnitPreview:
    """One unit. ``whole`` is the reason why nothing of it is shown ('' when something is);
    ``reasons`` counts its hidden values by reason."""

    code: str
    name: str
    level: int
    tier: Tier
    merged_into: str
    whole: str
    reasons: Mapping[str, int]


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

    @property
    def reasons(self) -> Counter[str]:
        """How many values are hidden for which reason."""
        total: Counter[str] = Counter()
        for unit in self.units:
            total.update(unit.reasons)
        return total


def preview(db: Database, organisation_id: int, wave_id: int) -> Preview:
    """Compute what the release of a closed wave would show. Stores nothing.

    Raises Conflict when the wave is not closed. Takes as long as the release does: half a minute
    for four hundred units.
    """
    with db.reading() as session:
        ready = settled(session, find_wave(session, organisation_id, wave_id))
    computed = compute(ready.frame, ready.sheets, ready.earlier)
    lines = ((line.cell, line.statistic, told(line.reason)) for line in computed.log)
    return Preview(
        units=counted(((unit.unit, unit.tier) for unit in computed.units), lines),
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
        units=counted(units, ((each.code, each.statistic, each.reason) for each in lines)),
        published=stored.header.published_values,
        hidden=stored.header.hidden_values,
        exposed=0,
    )


def counted(
    units: Iterable[tuple[UnitFacts, Tier]], lines: Iterable[tuple[str, str, str]]
) -> tuple[UnitPreview, ...]:
    """The log's (unit, statistic, reason) counted per unit; lines of kinds belong to no unit."""
    counts: dict[str, Counter[str]] = {}
    whole: dict[str, str] = {}
    for code, statistic, reason in lines:
        counts.setdefault(code, Counter())[reason] += 1
        if statistic == WHOLE:
            whole[code] = reason
    return tuple(
        UnitPreview(
            code=facts.code,
            name=facts.name,
            level=facts.level,
            tier=tier,
            merged_into=facts.merged_into or "",
            whole=whole.get(facts.code, ""),
            reasons=dict(sorted(counts.get(facts.code, Counter()).items())),
        )
        for facts, tier in units
    )


def to_plain(made: Preview) -> dict[str, Any]:
    """As JSON, for the result of the task that closed the wave."""
    return asdict(made)


def from_plain(plain: Mapping[str, Any]) -> Preview:
    """What :func:`to_plain` wrote."""
    units = tuple(
        UnitPreview(**cast(dict[str, Any], {**unit, "reasons": dict(unit["reasons"])}))
        for unit in plain["units"]
    )
    return Preview(units, plain["published"], plain["hidden"], plain["exposed"])
