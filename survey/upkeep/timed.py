"""What is done because of the clock and not because somebody asked."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.db import now
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.study import waves
from survey.study.keys import KeyStore


def tick(session: Session, keys: KeyStore) -> None:
    """Queue what is due, and tidy. Quick: the work itself is done by tasks."""
    tasks.sweep(session)
    moment = now()
    for wave in waves.due_to_open(session, moment):
        _once(session, wave.organisation_id, "open", wave.id)
    for wave in waves.due_to_close(session, moment):
        _once(session, wave.organisation_id, "release", wave.id)
    waves.sweep_keys(session, keys)


def _once(session: Session, organisation_id: int, kind: str, wave_id: int) -> None:
    """Queue a wave's task, unless one was: what failed is for people to look at."""
    payload = {"wave_id": wave_id}
    known = session.scalars(
        sa.select(Task).where(Task.organisation_id == organisation_id, Task.kind == kind)
    )
    if not any(task.payload == payload for task in known):
        tasks.enqueue(session, organisation_id, kind, payload, "worker")
