"""The task table: what is to be done, who does it now, and what came of it.

Whoever carries work out (the embedded worker's processes, Celery) first *claims* a task with one
conditional UPDATE. The claim is a lease: ``holder`` names this attempt, ``running_until`` says how
long it is believed to be alive. Everything written later (progress, result, failure) is written
only while the same holder still holds it, so that a worker that was thought dead cannot overwrite
the one that took over.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import new_id, now
from survey.core.errors import Conflict, NotFound, SurveyError, say
from survey.jobs.models import Task

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
OPEN_STATES = ("queued", "running")
ENDED_BADLY = ("failed", "cancelled")
FOR_PEOPLE = "for_people"


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one task, as plain data that can be handed to another process."""

    organisation_id: int
    task_id: int
    holder: str
    kind: str
    payload: dict[str, Any]
    attempt: int
    created_by: str = "worker"


def enqueue(
    session: Session, organisation_id: int, kind: str, payload: dict[str, Any], created_by: str
) -> Task:
    """Add a task; it starts after the surrounding transaction has been committed.

    ``payload`` is plain JSON with ids, never codes, answers or texts of people.
    """
    task = Task(
        organisation_id=organisation_id,
        id=new_id(),
        kind=kind,
        payload=payload,
        state="queued",
        attempts=0,
        running_until=None,
        created_at=now(),
        finished_at=None,
        created_by=created_by,
        done=0,
        total=0,
        result=None,
        error=None,
    )
    session.add(task)
    session.flush()
    return task


def enqueue_once(
    session: Session, organisation_id: int, kind: str, payload: dict[str, Any], created_by: str
) -> Task:
    """Like :func:`enqueue`, but a task that is queued or running with the same payload, or one
    that says more (the clock's names its time), is returned instead."""
    for task in session.scalars(
        sa.select(Task).where(
            Task.organisation_id == organisation_id,
            Task.kind == kind,
            Task.state.in_(OPEN_STATES),
        )
    ):
        if payload.items() <= task.payload.items():
            return task
    return enqueue(session, organisation_id, kind, payload, created_by)


def get(session: Session, organisation_id: int, task_id: int) -> Task:
    """The task, or NotFound."""
    task = session.get(Task, (organisation_id, task_id))
    if task is None:
        raise NotFound("no_such_task")
    return task


def listing(session: Session, organisation_id: int, *, limit: int = 50) -> list[Task]:
    """The organisation's tasks, newest first."""
    return list(
        session.scalars(
            sa.select(Task)
            .where(Task.organisation_id == organisation_id)
            .order_by(Task.created_at.desc(), Task.id)
            .limit(limit)
        )
    )


def claim(session: Session, lease: timedelta = LEASE) -> Claim | None:
    """Claim the oldest task that is queued, or whose worker has been silent past its lease."""
    candidates = session.execute(
        sa.select(Task.organisation_id, Task.id)
        .where(_claimable())
        .order_by(Task.created_at, Task.id)
        .limit(20)
    ).all()
    for organisation_id, task_id in candidates:
        taken = claim_one(session, organisation_id, task_id, lease)
        if taken is not None:
            return taken
    return None


def claim_one(
    session: Session, organisation_id: int, task_id: int, lease: timedelta = LEASE
) -> Claim | None:
    """Claim this task; None when it is finished, cancelled, or another one's."""
    holder = secrets.token_hex(16)
    changed = _changed(
        session,
        sa.update(Task)
        .where(Task.organisation_id == organisation_id, Task.id == task_id, _claimable())
        .values(
            state="running",
            attempts=Task.attempts + 1,
            holder=holder,
            running_until=now() + lease,
            done=0,
            total=0,
            error=None,
        ),
    )
    if not changed:
        return None
    task = get(session, organisation_id, task_id)
    session.refresh(task)
    return Claim(
        organisation_id,
        task_id,
        holder,
        task.kind,
        dict(task.payload),
        task.attempts,
        task.created_by,
    )


def renew(session: Session, claimed: Claim, lease: timedelta = LEASE) -> bool:
    """Say that the attempt is alive; False when it was cancelled or taken over: stop working."""
    return _write(session, claimed, running_until=now() + lease)


def progress(session: Session, claimed: Claim, done: int, total: int) -> bool:
    """Say how far the attempt is; False as in :func:`renew`."""
    return _write(session, claimed, done=done, total=total)


def finish(session: Session, claimed: Claim, result: dict[str, Any]) -> bool:
    """The work is done; False (and nothing written) when the attempt no longer holds the task."""
    return _write(
        session,
        claimed,
        state="done",
        result=result,
        finished_at=now(),
        running_until=None,
        holder=None,
    )


def fail(
    session: Session,
    claimed: Claim,
    failure: SurveyError,
    *,
    final: bool = True,
    for_people: bool = False,
) -> bool:
    """The work failed. Unless ``final`` it is tried again until its attempts are used up.

    ``for_people`` marks what only people may order again (:func:`waits_for_people`).
    """
    if final or claimed.attempt >= MOST_ATTEMPTS:
        return _write(
            session,
            claimed,
            state="failed",
            error=written(failure),
            result={FOR_PEOPLE: True} if for_people else None,
            finished_at=now(),
            running_until=None,
            holder=None,
        )
    return _write(
        session, claimed, state="queued", error=written(failure), running_until=None, holder=None
    )


def written(failure: SurveyError) -> str:
    """Return a failure as ``Task.error`` keeps it; :func:`failure_of` reads it."""
    return json.dumps(failure.plain(), ensure_ascii=False)


def failure_of(task: Task) -> SurveyError | None:
    """Return why the task failed; None when it has not.

    What another version wrote, as text or with a code that has no words here, is told as it is.
    """
    if task.error is None:
        return None
    try:
        failure = SurveyError.from_plain(json.loads(task.error))
        str(failure)  # has words
        return failure
    except (ValueError, KeyError, TypeError):
        return SurveyError(say("as_told", error=task.error))


def waits_for_people(task: Task) -> bool:
    """True when the task failed in a way that is never to be tried again by itself."""
    return task.state == "failed" and FOR_PEOPLE in (task.result or {})


def give_back(session: Session, claimed: Claim) -> bool:
    """The worker is stopping: queue the task again and do not count the attempt.

    Only when the process that worked on it has ended.
    """
    return _write(
        session,
        claimed,
        state="queued",
        attempts=Task.attempts - 1,
        running_until=None,
        holder=None,
    )


def cancel(session: Session, organisation_id: int, task_id: int) -> Task:
    """Cancel a task that is queued or running; Conflict when it has ended."""
    changed = _changed(
        session,
        sa.update(Task)
        .where(
            Task.organisation_id == organisation_id,
            Task.id == task_id,
            Task.state.in_(OPEN_STATES),
        )
        .values(state="cancelled", finished_at=now(), running_until=None, holder=None),
    )
    task = get(session, organisation_id, task_id)
    session.refresh(task)
    if not changed and task.state != "cancelled":
        raise Conflict(say("task_cannot_be_cancelled", state=task.state))
    return task


def retry(session: Session, organisation_id: int, task_id: int) -> Task:
    """Queue a task again that failed or was cancelled; Conflict for any other.

    What it had finished is not done again: every kind takes up where it stopped.
    """
    task = session.get(Task, (organisation_id, task_id), with_for_update=True)
    if task is None:
        raise NotFound("no_such_task")
    if task.state not in ENDED_BADLY:
        raise Conflict(say("task_cannot_go_on", state=task.state))
    task.state, task.attempts, task.error = "queued", 0, None
    task.finished_at = task.running_until = task.holder = task.result = None
    session.flush()
    return task


def sweep(session: Session) -> int:
    """Mark tasks as failed whose last attempt died silently; returns how many."""
    return _changed(
        session,
        sa.update(Task)
        .where(
            Task.state == "running",
            Task.running_until < now(),
            Task.attempts >= MOST_ATTEMPTS,
        )
        .values(
            state="failed",
            error=written(SurveyError(say("work_stopped_silently", most_attempts=MOST_ATTEMPTS))),
            finished_at=now(),
            running_until=None,
            holder=None,
        ),
    )


def publishable(session: Session, again_after: timedelta = LEASE) -> list[tuple[int, int]]:
    """Tasks to hand to a broker now, marked so that they are handed over again only later.

    For Celery: a message may be lost or doubled, the claim decides.
    """
    rows = session.execute(
        sa.select(Task.organisation_id, Task.id)
        .where(_claimable(), sa.or_(Task.running_until.is_(None), Task.running_until < now()))
        .order_by(Task.created_at, Task.id)
        .limit(500)
    ).all()
    for organisation_id, task_id in rows:
        session.execute(
            sa.update(Task)
            .where(
                Task.organisation_id == organisation_id, Task.id == task_id, Task.state == "queued"
            )
            .values(running_until=now() + again_after)
        )
    return [(organisation_id, task_id) for organisation_id, task_id in rows]


def counts(session: Session) -> dict[str, int]:
    """How many tasks stand in each state, over all organisations (for metrics)."""
    number = sa.func.count().label("number")
    rows = session.execute(sa.select(Task.state, number).group_by(Task.state))
    return {row.state: row.number for row in rows}


def _claimable() -> sa.ColumnElement[bool]:
    silent = sa.and_(Task.state == "running", Task.running_until < now())
    return sa.and_(sa.or_(Task.state == "queued", silent), Task.attempts < MOST_ATTEMPTS)


def _write(session: Session, claimed: Claim, **values: Any) -> bool:
    statement = (
        sa.update(Task)
        .where(
            Task.organisation_id == claimed.organisation_id,
            Task.id == claimed.task_id,
            Task.state == "running",
            Task.holder == claimed.holder,
        )
        .values(**values)
    )
    return _changed(session, statement) == 1


def _changed(session: Session, statement: sa.Update) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]
