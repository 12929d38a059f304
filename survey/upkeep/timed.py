"""What is done because of the clock and not because somebody asked."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.db import now
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.study.models import Wave


def tick(session: Session) -> None:
    """Queue what is due. Quick: the work itself is done by tasks."""
    tasks.sweep(session)
    for organisation_id, wave_id in _ended(session):
        if not _given_up(session, organisation_id, wave_id):
            tasks.enqueue_once(session, organisation_id, "release", {"wave_id": wave_id}, "worker")


def _ended(session: Session) -> list[tuple[int, int]]:
    """Waves whose closing time has passed and that have not been closed."""
    rows = session.execute(
        sa.select(Wave.organisation_id, Wave.id).where(
            Wave.state == "open", Wave.closes_at.is_not(None), Wave.closes_at <= now()
        )
    )
    return [(row.organisation_id, row.id) for row in rows]


def _given_up(session: Session, organisation_id: int, wave_id: int) -> bool:
    """A task that failed for this wave is for people to look at, not to be repeated for ever."""
    failed = session.scalars(
        sa.select(Task).where(
            Task.organisation_id == organisation_id,
            Task.kind == "release",
            Task.state.in_(("failed", "cancelled")),
        )
    )
    return any(task.payload == {"wave_id": wave_id} for task in failed)
