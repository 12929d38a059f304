"""What is done because of the clock and not because somebody asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import now
from survey.core.keystore import KeyStore
from survey.followup import reminders
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.release.close import expired
from survey.study import closing, waves
from survey.study.daily_count import keep_daily_counts
from survey.study.models import Wave

RETENTION_EVERY = timedelta(days=1)
CLOCK = "worker"
"""Who ordered what the clock ordered."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(days=1)
"""Between two tries at a wave's task; in between, as long as it has been tried already."""


def tick(session: Session, keys: KeyStore) -> None:
    """Queue what is due, and tidy. Quick: the work itself is done by tasks."""
    tasks.sweep(session)
    moment = now()
    for wave in waves.due_to_open(session, moment):
        _once(session, wave, "open", wave.opens_at, moment)
    for wave in closing.due_to_close(session, moment):
        _once(session, wave, closing.closing_task(wave), wave.closes_at, moment)
    _again(session, moment)
    keep_daily_counts(session, moment)
    waves.sweep_keys(session, keys)
    reminders.make_due(session, moment)
    for organisation_id in _not_tidied(session, moment):
        tasks.enqueue(session, organisation_id, "retention", {}, CLOCK)


def _once(session: Session, wave: Wave, kind: str, due: datetime | None, moment: datetime) -> None:
    """Queue a wave's task for the time that has come, unless it was; another time is another task.

    One that is done though the wave still waits found the time moved: it is back where it was.
    """
    payload = {"wave_id": wave.id, "at": _text(due)}
    known = session.scalars(
        sa.select(Task).where(Task.organisation_id == wave.organisation_id, Task.kind == kind)
    )
    if not any(
        task.payload == payload and (task.state != "done" or _pausing(task, moment))
        for task in known
    ):
        tasks.enqueue(session, wave.organisation_id, kind, payload, CLOCK)


def _again(session: Session, moment: datetime) -> None:
    """Try the clock's closings and releases again that failed, after pauses that grow.

    Not what the auditor refused, nor what somebody has ordered anew: people see to that.
    """
    failed = session.scalars(
        sa.select(Task).where(
            Task.state == "failed",
            Task.kind.in_(["close", "release"]),
            Task.created_by == CLOCK,
            Task.finished_at <= moment - SHORTEST_PAUSE,
        )
    ).all()
    for task in failed:
        ready = not tasks.waits_for_people(task) and not _pausing(task, moment)
        if ready and _still_wanted(session, task):
            tasks.retry(session, task.organisation_id, task.id)


def _still_wanted(session: Session, task: Task) -> bool:
    """True when the wave still waits for this very task."""
    wave = session.get(Wave, (task.organisation_id, task.payload["wave_id"]))
    if wave is None or wave.state not in ("open", "closed"):
        return False
    if wave.state == "open" and task.payload.get("at") != _text(wave.closes_at):
        return False
    if wave.id in expired(session, wave.organisation_id):
        return False
    others = session.scalars(
        sa.select(Task).where(
            Task.organisation_id == task.organisation_id,
            Task.kind.in_(["close", "release"]),
            Task.id != task.id,
            Task.created_at > task.created_at,
        )
    )
    return not any(other.payload.get("wave_id") == wave.id for other in others)


def _pausing(task: Task, moment: datetime) -> bool:
    """True until it may be tried again: as long as the tries took so far, an hour to a day."""
    if task.finished_at is None:
        return False
    pause = min(max(task.finished_at - task.created_at, SHORTEST_PAUSE), LONGEST_PAUSE)
    return moment < task.finished_at + pause


def _text(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat() if when else None


def _not_tidied(session: Session, moment: datetime) -> list[int]:
    """Organisations with a closed wave whose retention was not looked at for a day."""
    lately = sa.exists().where(
        Task.organisation_id == Wave.organisation_id,
        Task.kind == "retention",
        Task.created_at > moment - RETENTION_EVERY,
    )
    closed = Wave.state.in_(["closed", "released"])
    return list(session.scalars(sa.select(Wave.organisation_id).where(closed, ~lately).distinct()))
