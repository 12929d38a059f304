"""How many have been invited and have answered, while nothing else may be known.

What is told of answers was counted and rounded once a day (:mod:`survey.study.daily_count`) and is
only read here, so that whoever asks every second learns nothing until the next count
(docs/decisions/0022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import now
from survey.core.local_time import ZONE
from survey.study.freezing import wave_units
from survey.study.models import ParticipationCount, Wave, WaveUnit

HOUR = 6
"""When answers are counted, in Norwegian time."""
STEP = 5
"""A unit's count is rounded down to a multiple of it; 0 says only that fewer have answered."""


@dataclass(frozen=True, slots=True)
class UnitParticipation:
    """A unit with everybody below it.

    ``answered`` is at most the true number: a unit's rounded down to a multiple of five, and above
    units the sum of theirs (``summed``), where staff of no unit are left out. The top of a large
    municipality has its own number, rounded down to ten. It is None where nothing was counted:
    before the first count, and in a unit that is counted in a neighbour, which ``merged_into``
    names.

    ``replaced`` codes were given besides lost ones, so that as many answers may be of people who
    have answered before. They make nobody invited, and ``answered`` is never more than invited.
    """

    code: str
    name: str
    parent_code: str | None
    invited: int
    answered: int | None
    merged_into: str | None = None
    replaced: int = 0
    summed: bool = False

    @property
    def few(self) -> bool:
        """True when fewer than five have answered (above units: in each of them)."""
        return self.answered == 0


@dataclass(frozen=True, slots=True)
class Participation:
    """A wave's units, parents before children, as they were counted at ``counted_at`` (None: not
    yet). ``next_at`` is when the next count is due; None when there will be none."""

    counted_at: datetime | None
    next_at: datetime | None
    units: list[UnitParticipation]

    @property
    def top(self) -> UnitParticipation | None:
        """The whole municipality; None while the wave has no units."""
        return self.units[0] if self.units else None


def participation(session: Session, wave: Wave) -> Participation:
    """Return the wave's units with the counts that were kept last.

    When a wave is closed its last count stands; once it is released the release says how many
    answered, and the counts are gone.
    """
    rows = parents_first(wave_units(session, wave))
    kept = {row.unit_id: row for row in _kept(session, wave)}
    counted_at = max((row.counted_at for row in kept.values()), default=None)
    return Participation(counted_at, _next_at(wave), _units(rows, kept))


def latest_hour(moment: datetime) -> datetime:
    """Return the last time that it was six o'clock in Norway, ``moment`` itself included."""
    local = moment.astimezone(ZONE)
    six = local.replace(hour=HOUR, minute=0, second=0, microsecond=0, fold=0)
    return six if six <= local else six - timedelta(days=1)


def opened_at(wave: Wave) -> datetime | None:
    """Return when people could first answer; None for a draft."""
    if wave.opened_at is None or wave.opens_at is None:
        return wave.opened_at
    return max(wave.opened_at, wave.opens_at)


def parents_first(rows: Sequence[WaveUnit]) -> list[WaveUnit]:
    """Sort units by name, each one before those below it."""
    below: dict[int | None, list[WaveUnit]] = {}
    for row in sorted(rows, key=lambda row: (row.name.casefold(), row.code)):
        below.setdefault(row.parent_id, []).append(row)
    ordered: list[WaveUnit] = []
    waiting = below.get(None, [])[::-1]
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(below.get(row.unit_id, [])[::-1])
    return ordered


def _kept(session: Session, wave: Wave) -> Sequence[ParticipationCount]:
    return session.scalars(
        sa.select(ParticipationCount).where(
            ParticipationCount.organisation_id == wave.organisation_id,
            ParticipationCount.wave_id == wave.id,
        )
    ).all()


def _next_at(wave: Wave) -> datetime | None:
    opened = opened_at(wave)
    if opened is None or wave.state != "open" or wave.source != "answers":
        return None
    return latest_hour(max(opened, now())) + timedelta(days=1)


def _units(
    rows: Sequence[WaveUnit], kept: dict[int, ParticipationCount]
) -> list[UnitParticipation]:
    by_id = {row.unit_id: row for row in rows}
    invited, replaced = dict.fromkeys(by_id, 0), dict.fromkeys(by_id, 0)
    for row in rows:
        invited[row.reporting_unit_id] += row.invited
        replaced[row.reporting_unit_id] += row.replaced
    for row in reversed(rows):
        if row.parent_id is not None:
            invited[row.parent_id] += invited[row.unit_id]
            replaced[row.parent_id] += replaced[row.unit_id]
    above = {row.parent_id for row in rows if row.unit_id in kept}
    units = []
    for row in rows:
        away = row.reporting_unit_id != row.unit_id
        count = kept.get(row.unit_id)
        units.append(
            UnitParticipation(
                code=row.code,
                name=row.name,
                parent_code=None if row.parent_id is None else by_id[row.parent_id].code,
                invited=row.invited if away else invited[row.unit_id],
                answered=None if count is None else count.answered,
                merged_into=by_id[row.reporting_unit_id].code if away else None,
                replaced=row.replaced if away else replaced[row.unit_id],
                summed=row.unit_id in above,
            )
        )
    return units
