"""A notice, eight weeks after release, to those who lead a unit that has agreed no action.

It is recorded once for each wave and shown on the manager's own pages for as long as nothing is
agreed. Each manager of such units is also sent one mail, through the outbox.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Grant, Person
from survey.audit.log import record
from survey.followup.model import OPEN
from survey.followup.models import Action, Reminder, ReminderRound
from survey.jobs import outbox
from survey.organisation.models import Unit
from survey.release import read
from survey.study.models import Wave

AFTER = timedelta(weeks=8)


def make_due(session: Session, moment: datetime) -> int:
    """Look through every wave released eight weeks before ``moment`` that was not looked through.

    A unit gets a notice when it has published results, is not closed and has agreed nothing. A
    wave that a newer release has followed gets none. Returns the number of notices.
    """
    looked = sa.exists().where(
        ReminderRound.organisation_id == Wave.organisation_id, ReminderRound.wave_id == Wave.id
    )
    due = session.scalars(
        sa.select(Wave).where(Wave.state == "released", Wave.released_at <= moment - AFTER, ~looked)
    )
    return sum(_look_through(session, wave, moment) for wave in list(due))


def unanswered(session: Session, organisation_id: int, wave_id: int) -> frozenset[str]:
    """Codes of units with a notice of this wave that have still agreed nothing."""
    codes = session.scalars(
        sa.select(Unit.code)
        .join(
            Reminder,
            sa.and_(Reminder.organisation_id == Unit.organisation_id, Reminder.unit_id == Unit.id),
        )
        .where(
            Reminder.organisation_id == organisation_id,
            Reminder.wave_id == wave_id,
            ~_agreed(wave_id),
        )
    )
    return frozenset(codes)


def led_without_action(
    session: Session, organisation_id: int, wave_id: int, person_id: int
) -> list[Unit]:
    """Units that the person leads (not those below them) whose notice of this wave still stands."""
    codes = unanswered(session, organisation_id, wave_id)
    led = session.scalars(
        sa.select(Unit)
        .join(
            Grant,
            sa.and_(Grant.organisation_id == Unit.organisation_id, Grant.unit_id == Unit.id),
        )
        .where(
            Grant.organisation_id == organisation_id,
            Grant.person_id == person_id,
            Grant.role == "manager",
        )
        .order_by(Unit.name, Unit.code)
    )
    return [unit for unit in led if unit.code in codes]


def _look_through(session: Session, wave: Wave, moment: datetime) -> int:
    session.add(
        ReminderRound(organisation_id=wave.organisation_id, wave_id=wave.id, made_at=moment)
    )
    released = read.latest(session, wave.organisation_id, wave.study_id)
    units: list[int] = []
    if released.wave_id == wave.id:
        shown = [entry.code for entry in released.header.units if entry.tier != "none"]
        units = list(
            session.scalars(
                sa.select(Unit.id).where(
                    Unit.organisation_id == wave.organisation_id,
                    Unit.code.in_(shown),
                    Unit.closed_at.is_(None),
                    ~_agreed(wave.id),
                )
            )
        )
    for unit_id in units:
        session.add(
            Reminder(
                organisation_id=wave.organisation_id,
                wave_id=wave.id,
                unit_id=unit_id,
                made_at=moment,
            )
        )
    session.flush()
    for person_id in _managers(session, wave.organisation_id, units):
        reference = f"{wave.id}:{person_id}"
        outbox.put(session, wave.organisation_id, "followup_reminder", reference)
    if units:
        details = {"units": len(units)}
        subject = f"wave:{wave.id}"
        record(session, wave.organisation_id, "worker", "reminders.made", subject, details)
    return len(units)


def _managers(session: Session, organisation_id: int, units: list[int]) -> list[int]:
    """Who leads one of these units and may sign in."""
    query = (
        sa.select(Grant.person_id)
        .join(
            Person,
            sa.and_(Person.organisation_id == Grant.organisation_id, Person.id == Grant.person_id),
        )
        .where(
            Grant.organisation_id == organisation_id,
            Grant.role == "manager",
            Grant.unit_id.in_(units),
            Person.active.is_(True),
        )
    )
    return sorted(set(session.scalars(query)))


def _agreed(wave_id: int) -> sa.Exists:
    """That the unit of the query around has an open action, or one of this wave that is done."""
    study = sa.select(Wave.study_id).where(
        Wave.organisation_id == Unit.organisation_id, Wave.id == wave_id
    )
    return sa.exists().where(
        Action.organisation_id == Unit.organisation_id,
        Action.unit_id == Unit.id,
        Action.study_id == study.correlate(Unit).scalar_subquery(),
        sa.or_(
            Action.status.in_(OPEN),
            sa.and_(Action.wave_id == wave_id, Action.status == "done"),
        ),
    )
