"""What waits for the staff of an organisation, most pressing first: the top of their first page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import now
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.release import close, moderation
from survey.study.models import Study, Wave, WaveUnit

SOON = timedelta(days=7)
ORDER = (
    "failed",
    "stuck",
    "release",
    "nobody",
    "late",
    "closes",
    "invite",
    "texts",
    "undated",
)
"""Kinds in the order of their urgency:

failed: background work failed; stuck: a closed wave whose answers nobody opens; release: results
wait for a look and their release; nobody: an open wave without invitations; late: a draft whose
opening time has passed; closes: an open wave closes soon; invite: a draft opens soon and nobody is
invited; texts: comments wait for a reader; undated: an open wave that never closes by itself.
"""
_OF_WAVES = ("open", "close", "release")


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing. ``when`` is the time it is about, ``n`` a count, ``task`` the one that failed."""

    kind: str
    study: Study
    wave: Wave
    when: datetime | None = None
    n: int = 0
    task: Task | None = None


def todo(session: Session, organisation_id: int) -> list[Todo]:
    """Everything that waits for staff. A fixed number of queries, whatever there is."""
    rows = session.execute(
        sa.select(Study, Wave)
        .join(
            Wave,
            sa.and_(Wave.organisation_id == Study.organisation_id, Wave.study_id == Study.id),
        )
        .where(Study.organisation_id == organisation_id)
        .order_by(Study.code, Wave.ordinal)
    ).all()
    invited = _invited(session, organisation_id)
    texts = moderation.waiting_counts(session, organisation_id)
    work = _latest(tasks.listing(session, organisation_id, limit=500))
    moment = now()
    gone = close.expired(session, organisation_id)
    todos: list[Todo] = []
    for study, wave in rows:
        if wave.id in gone:
            continue
        own_tasks = [task for task in work if _concerns(task, study, wave)]
        todos += _failed(study, wave, own_tasks)
        todos += _of_state(study, wave, own_tasks, invited.get(wave.id, 0), moment)
        if texts.get(wave.id):
            todos.append(Todo("texts", study, wave, n=texts[wave.id]))
    latest = datetime.max.replace(tzinfo=moment.tzinfo)
    return sorted(todos, key=lambda entry: (ORDER.index(entry.kind), entry.when or latest))


def _of_state(
    study: Study, wave: Wave, work: list[Task], invited: int, moment: datetime
) -> Iterator[Todo]:
    here = wave.source == "answers"
    if wave.state == "closed":
        busy = any(
            task.kind in ("close", "release") and task.state in tasks.OPEN_STATES for task in work
        )
        broken = any(task.kind in ("close", "release") and task.state == "failed" for task in work)
        if not busy and not broken:
            yield Todo("release" if wave.settled else "stuck", study, wave, wave.closed_at)
    elif wave.state == "open" and here:
        if not invited:
            yield Todo("nobody", study, wave, wave.opened_at)
        if wave.closes_at is None:
            yield Todo("undated", study, wave)
        elif wave.closes_at <= moment + SOON:
            yield Todo("closes", study, wave, wave.closes_at)
    elif wave.state == "draft" and here and wave.opens_at is not None:
        if wave.opens_at <= moment:
            yield Todo("late", study, wave, wave.opens_at)
        elif wave.opens_at <= moment + SOON and not invited:
            yield Todo("invite", study, wave, wave.opens_at)


def _failed(study: Study, wave: Wave, work: list[Task]) -> Iterator[Todo]:
    over = {
        "open": wave.state != "draft",
        "close": wave.state == "released",
        "release": wave.state == "released",
    }
    for task in work:
        if task.state == "failed" and not over.get(task.kind, False):
            yield Todo("failed", study, wave, task.finished_at, task=task)


def _concerns(task: Task, study: Study, wave: Wave) -> bool:
    if task.kind in _OF_WAVES:
        return bool(task.payload.get("wave_id") == wave.id)
    return (task.payload.get("study"), task.payload.get("ordinal")) == (study.code, wave.ordinal)


def _latest(listed: Iterable[Task]) -> list[Task]:
    """Of equal tasks the newest; what failed and was ordered anew is no failure any more."""
    newest: dict[str, Task] = {}
    for task in listed:  # newest first
        ordered = {name: value for name, value in task.payload.items() if name != "at"}
        newest.setdefault(json.dumps([task.kind, ordered], sort_keys=True), task)
    return list(newest.values())


def _invited(session: Session, organisation_id: int) -> dict[int, int]:
    rows = session.execute(
        sa.select(WaveUnit.wave_id, sa.func.sum(WaveUnit.invited))
        .where(WaveUnit.organisation_id == organisation_id)
        .group_by(WaveUnit.wave_id)
    )
    return {row[0]: row[1] for row in rows}
