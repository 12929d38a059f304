"""Counts the answers of open waves, once a day at six: the only look at who has answered by now.

The worker's clock calls it, and no request can: no page and no program may import it. What is kept
is rounded, and the exact numbers are stored nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from survey.core.local_time import ZONE
from survey.study.credential_models import RedeemedCredential
from survey.study.freezing import wave_units
from survey.study.models import Invitation, ParticipationCount, Wave, WaveUnit
from survey.study.participation import STEP, latest_hour, parents_first
from survey.study.waves import lock

LARGE_UNITS, LARGE_ANSWERS = 20, 100
"""From so many units and answers on, the municipality has a count of its own."""
LARGE_STEP = 10
"""To what that count is rounded down."""


def keep_daily_counts(session: Session, moment: datetime) -> None:
    """Count every open wave that has not been counted today, from six o'clock on.

    A worker that was away at six counts when it is back the same day. A wave's first count comes
    at the first six o'clock after people could answer.
    """
    six = latest_hour(moment)
    if six.date() != moment.astimezone(ZONE).date():
        return
    midnight = six.replace(hour=0)
    due = session.scalars(
        sa.select(Wave).where(
            Wave.state == "open",
            Wave.source == "answers",
            Wave.opened_at < six,
            sa.or_(Wave.opens_at.is_(None), Wave.opens_at < six),
            ~_counted_since(midnight, Wave.organisation_id, Wave.id),
        )
    ).all()
    for wave in due:
        lock(session, wave)
        counted = _counted_since(midnight, wave.organisation_id, wave.id)
        if wave.state == "open" and not session.scalar(sa.select(counted)):
            _replace(session, wave, moment)


def rounded_counts(units: Sequence[WaveUnit], answered: Mapping[int, int]) -> dict[int, int]:
    """Return what may be told of each unit, by its id; ``answered`` is the true count by id.

    A unit's own count, with those merged into it, is rounded down to five. Everything above is the
    sum of its units' rounded counts: staff of no unit are in the municipality's own count only.
    """
    invited: Counter[int] = Counter()
    own: Counter[int] = Counter()
    for row in units:
        invited[row.reporting_unit_id] += row.invited
        own[row.reporting_unit_id] += answered.get(row.unit_id, 0)
    # Never more than invited: a code given besides a lost one may be somebody's second.
    own = Counter({unit: min(count, invited[unit]) for unit, count in own.items()})
    counts: dict[int, int] = {}
    below: dict[int | None, list[int]] = {}
    leaves = 0
    for row in reversed(parents_first(units)):
        top = row.parent_id is None
        if row.unit_id in below:
            counts[row.unit_id] = sum(below[row.unit_id])
            if top and leaves >= LARGE_UNITS and own.total() >= LARGE_ANSWERS:
                counts[row.unit_id] = LARGE_STEP * (own.total() // LARGE_STEP)
        elif invited[row.unit_id] or top:  # the top always: its row says that the wave was counted
            counts[row.unit_id] = STEP * (own[row.unit_id] // STEP)
            leaves += 1
        else:
            continue
        below.setdefault(row.parent_id, []).append(counts[row.unit_id])
    return counts


def _replace(session: Session, wave: Wave, moment: datetime) -> None:
    session.execute(
        sa.delete(ParticipationCount).where(
            ParticipationCount.organisation_id == wave.organisation_id,
            ParticipationCount.wave_id == wave.id,
        )
    )
    counts = rounded_counts(wave_units(session, wave), _answered(session, wave))
    fixed = {
        "organisation_id": wave.organisation_id,
        "wave_id": wave.id,
        "counted_at": moment.replace(microsecond=0),
    }
    rows = [{**fixed, "unit_id": unit, "answered": count} for unit, count in counts.items()]
    if rows:
        session.execute(sa.insert(ParticipationCount), rows)


def _counted_since(
    midnight: datetime,
    organisation_id: InstrumentedAttribute[int] | int,
    wave_id: InstrumentedAttribute[int] | int,
) -> sa.Exists:
    return sa.exists().where(
        ParticipationCount.organisation_id == organisation_id,
        ParticipationCount.wave_id == wave_id,
        ParticipationCount.counted_at >= midnight,
    )


def _answered(session: Session, wave: Wave) -> dict[int, int]:
    """Unit → answers. A code that was exchanged for a credential has not answered yet: its answer
    is counted when the credential comes back, in the unit that it attests."""
    spent = sa.select(Invitation.unit_id, sa.func.count()).where(
        Invitation.organisation_id == wave.organisation_id,
        Invitation.wave_id == wave.id,
        Invitation.spent.is_(True),
        Invitation.issued.is_(False),
    )
    redeemed = sa.select(RedeemedCredential.unit_id, sa.func.count()).where(
        RedeemedCredential.organisation_id == wave.organisation_id,
        RedeemedCredential.wave_id == wave.id,
    )
    counts: Counter[int] = Counter()
    for query, unit in ((spent, Invitation.unit_id), (redeemed, RedeemedCredential.unit_id)):
        for unit_id, count in session.execute(query.group_by(unit)):
            counts[unit_id] += count
    return counts
