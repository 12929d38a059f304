"""Which changes of units lie between two waves of a study: fixed when the later one opens."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import now
from survey.organisation.models import UnitChange
from survey.study.models import Wave, WaveUnitChange


def freeze_changes(session: Session, wave: Wave) -> int:
    """Fix every change of units since the study's wave before, with its decision; tell how many.

    A study's first wave takes what happened before it, which then concerns no comparison. A wave
    that opens after a later one (an earlier measurement brought in) takes none: what was done since
    lies before the wave to come.
    """
    opened = (
        sa.select(Wave.id, Wave.ordinal)
        .where(
            Wave.organisation_id == wave.organisation_id,
            Wave.study_id == wave.study_id,
            Wave.id != wave.id,
            Wave.state != "draft",
        )
        .order_by(Wave.ordinal.desc())
        .limit(1)
    )
    last = session.execute(opened).one_or_none()
    if last is not None and last.ordinal > wave.ordinal:
        return 0
    taken = (
        sa.select(WaveUnitChange.change_id)
        .join(
            Wave,
            sa.and_(
                Wave.organisation_id == WaveUnitChange.organisation_id,
                Wave.id == WaveUnitChange.wave_id,
            ),
        )
        .where(Wave.organisation_id == wave.organisation_id, Wave.study_id == wave.study_id)
    )
    changes = session.scalars(
        sa.select(UnitChange).where(
            UnitChange.organisation_id == wave.organisation_id, UnitChange.id.not_in(taken)
        )
    ).all()
    moment = now()
    for change in changes:
        change.frozen_at = change.frozen_at or moment
        session.add(
            WaveUnitChange(
                organisation_id=wave.organisation_id,
                wave_id=wave.id,
                change_id=change.id,
                since_wave_id=None if last is None else last.id,
            )
        )
    session.flush()
    return len(changes)


def frozen_changes(session: Session, wave: Wave) -> list[tuple[int, UnitChange]]:
    """Changes of units up to a wave of a study: (ordinal of the wave that each was fixed with, the
    change), in the order in which they were made."""
    rows = session.execute(
        sa.select(Wave.ordinal, UnitChange)
        .join(
            WaveUnitChange,
            sa.and_(
                WaveUnitChange.organisation_id == UnitChange.organisation_id,
                WaveUnitChange.change_id == UnitChange.id,
            ),
        )
        .join(
            Wave,
            sa.and_(
                Wave.organisation_id == WaveUnitChange.organisation_id,
                Wave.id == WaveUnitChange.wave_id,
            ),
        )
        .where(
            Wave.organisation_id == wave.organisation_id,
            Wave.study_id == wave.study_id,
            Wave.ordinal <= wave.ordinal,
        )
        .order_by(Wave.ordinal, UnitChange.sequence)
    )
    return [(ordinal, change) for ordinal, change in rows]
