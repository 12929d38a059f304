"""What is done because of the clock and not because somebody asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.db import now
from survey.followup import reminders
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.study import closing, waves
from survey.study.keys import KeyStore
from survey.study.models import Wave

RETENTION_EVERY = timedelta(days=1)


def tick(session: Session, keys: KeyStore) -> None:
    """Queue what is due, and tidy. Quick: the work itself is done by tasks."""
    tasks.sweep(session)
    moment = now()
    for wave in waves.due_to_open(session, moment):
        _once(session, wave.organisation_id, "open", wave.id)
    for wave in closing.due_to_close(session, moment):
        kind = "release" if wave.release_after_close else "close"
        _once(session, wave.organisation_id, kind, wave.id)
    waves.sweep_keys(session, keys)
    reminders.make_due(session, moment)
    for organisation_id in _not_tidied(session, moment):
        tasks.enqueue(session, organisation_id, "retention", {}, "worker")


def _once(session: Session, organisation_id: int, kind: str, wave_id: int) -> None:
    """Queue a wave's task, unless one was: what failed is for people to look at."""
    payload = {"wave_id": wave_id}
    known = session.scalars(
        sa.select(Task).where(Task.organisation_id == organisation_id, Task.kind == kind)
    )
    if not any(task.payload == payload for task in known):
        tasks.enqueue(session, organisation_id, kind, payload, "worker")


def _not_tidied(session: Session, moment: datetime) -> list[int]:
    """Organisations with a closed wave whose retention was not looked at for a day."""
    lately = sa.exists().where(
        Task.organisation_id == Wave.organisation_id,
        Task.kind == "retention",
        Task.created_at > moment - RETENTION_EVERY,
    )
    closed = Wave.state.in_(["closed", "released"])
    return list(session.scalars(sa.select(Wave.organisation_id).where(closed, ~lately).distinct()))
