"""Deletes what may no longer be kept. The third and last module that may touch answers; it never
reads one.

Rows are deleted in the caller's transaction. What they leave behind in files (the write-ahead log,
free pages, old row versions, the planner's statistics) is erased by :func:`erase_traces` after the
commit. Backups taken before keep what they hold until they are deleted themselves.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.answering.store import Comment, Inbox, Response
from survey.audit.log import record
from survey.audit.models import Event
from survey.core.db import Base
from survey.core.errors import Conflict, NotFound
from survey.core.services import Services
from survey.invitations.addresses import delete_contacts
from survey.jobs.models import Outbox, Task
from survey.release.models import ModeratedText, Release, SealedResult
from survey.study.credential_models import RedeemedCredential
from survey.study.models import Invitation, Study, Wave

ERASED = "traces.erased"
LEAVE = (
    *("wave.settled", "release.stored"),
    *("retention.invitations", "retention.responses", "study.destroyed"),
)
"""Actions that leave traces in files."""


def delete_invitations(session: Session, wave: Wave) -> int:
    """Delete a wave's invitations with their addresses: nobody can afterwards tell whether a code
    was used, or whose it was."""
    _delete(session, RedeemedCredential.__table__, wave)
    delete_contacts(session, wave)
    return _delete(session, Invitation.__table__, wave)


def delete_responses(session: Session, wave: Wave) -> tuple[int, int]:
    """Delete a wave's answer sheets, sealed ones too, what was computed from them for a release
    that never came, and its texts that were not released.

    Returns (sheets, texts). Releases, and texts that a moderator released into them, stay.
    """
    _delete(session, SealedResult.__table__, wave)
    sheets = _delete(session, Response.__table__, wave) + _delete(session, Inbox.__table__, wave)
    texts = _delete(session, Comment.__table__, wave)
    unseen = ModeratedText.state != "released"
    texts += _delete(session, ModeratedText.__table__, wave, unseen)
    return sheets, texts


def has_responses(session: Session, wave: Wave) -> bool:
    """True when :func:`delete_responses` would find anything."""
    return any(
        session.scalar(sa.select(sa.exists().where(*_of(table, wave), *more)))
        for table, *more in (
            (Response.__table__,),
            (Inbox.__table__,),
            (SealedResult.__table__,),
            (Comment.__table__,),
            (ModeratedText.__table__, ModeratedText.state != "released"),
        )
    )


def destroy_study(
    parts: Services, organisation_id: int, study_id: int, *, actor: str = "cli"
) -> dict[str, int]:
    """Destroy a study: keys, rows of all tables, files of reports, and their physical traces.

    Returns how many rows went from each table. What stays: the events of the audit log (who did
    what when, without content), and backups taken before. Repeating it after a stop finishes it.
    Raises NotFound when there is no such study, Conflict while a task of it is running.
    """
    with parts.db.transaction() as session:
        study, waves = _hold(session, organisation_id, study_id)
        tasks = _tasks(session, study, waves)
        if any(task.state == "running" for task in tasks):
            raise Conflict("study_task_running")
        files = _files(parts, session, study, tasks)
        # Before the rows: after a stop here nobody can open an answer, and the study is still
        # listed, so that it can be destroyed again.
        for wave_id in waves:
            parts.keys.destroy_code_key(wave_id)
            parts.keys.destroy_signing_keys(wave_id)
            if not parts.keys.destroy_private_key(wave_id):
                raise Conflict("escrow_unreachable")
        for path in files:
            _remove(path)
        counts = _delete_study(session, study, waves, tasks)
        details = {"files": len(files)}  # rows would say how many have answered an open wave
        record(session, organisation_id, actor, "study.destroyed", f"study:{study_id}", details)
    erase_traces(parts, organisation_id, actor=actor)
    return counts


def erase_traces(parts: Services, organisation_id: int, *, actor: str = "worker") -> bool:
    """Rewrite files and tables when something was deleted since they were last rewritten.

    The audit log remembers it, so that a stop in between is made good by the next run. False when
    a reader held SQLite's log back: old pages stand in it until this is done again.
    """
    with parts.db.reading() as session:
        last = session.scalar(
            sa.select(Event.action)
            .where(Event.organisation_id == organisation_id, Event.action.in_([ERASED, *LEAVE]))
            .order_by(Event.sequence.desc())
            .limit(1)
        )
    if last is None or last == ERASED:
        return True
    tables = [table.name for table, _ in _tables_of_studies()]
    if not parts.db.compact(
        [*tables, Study.__tablename__, Task.__tablename__, Outbox.__tablename__]
    ):
        return False
    with parts.db.transaction() as session:
        record(session, organisation_id, actor, ERASED, f"organisation:{organisation_id}")
    return True


def _of(table: sa.FromClause, wave: Wave) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.organisation_id == wave.organisation_id,
        table.c.wave_id == wave.id,
    )


def _delete(
    session: Session, table: sa.FromClause, wave: Wave, *more: sa.ColumnElement[bool]
) -> int:
    return _run(session, sa.delete(_as_table(table)).where(*_of(table, wave), *more))


def _hold(session: Session, organisation_id: int, study_id: int) -> tuple[Study, list[int]]:
    """The study and its waves' ids, held: an answer being sent ends first, and none comes after."""
    study = session.get(Study, (organisation_id, study_id), with_for_update=True)
    if study is None:
        raise NotFound("no_such_study")
    waves = session.scalars(
        sa.select(Wave.id)
        .where(Wave.organisation_id == organisation_id, Wave.study_id == study_id)
        .order_by(Wave.id)
        .with_for_update()
    )
    return study, list(waves)


def _tasks(session: Session, study: Study, waves: list[int]) -> list[Task]:
    """Tasks that name the study or one of its waves."""
    all_tasks = session.scalars(
        sa.select(Task).where(Task.organisation_id == study.organisation_id).with_for_update()
    )
    return [
        task
        for task in all_tasks
        if task.payload.get("study") == study.code
        or task.payload.get("study_id") == study.id
        or task.payload.get("wave_id") in waves
    ]


def _files(parts: Services, session: Session, study: Study, tasks: list[Task]) -> list[Path]:
    """Reports that were made of the study, and folders of half-made ones."""
    home = parts.settings.data_dir / "reports" / str(study.organisation_id)
    if not home.is_dir():
        return []
    digests = session.scalars(
        sa.select(Release.digest).where(
            Release.organisation_id == study.organisation_id, Release.study_id == study.id
        )
    )
    starts = [f"units-{digest[:24]}" for digest in digests]
    starts += [f"{task.id}." for task in tasks]
    # A stop may have left the temporary file of a result: its name, with a dot before it.
    return [
        path
        for path in sorted(home.iterdir())
        if any(path.name.lstrip(".").startswith(start) for start in starts)
    ]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _delete_study(
    session: Session, study: Study, waves: list[int], tasks: list[Task]
) -> dict[str, int]:
    """Delete the study's rows, children before parents: every table with a column that names a
    study, a wave or a release. A table that hangs on one of these by another column makes this
    fail whole, by its foreign key."""
    organisation_id = study.organisation_id
    releases = list(
        session.scalars(
            sa.select(Release.id).where(
                Release.organisation_id == organisation_id, Release.study_id == study.id
            )
        )
    )
    for task in tasks:
        session.delete(task)
    session.flush()
    counts = {"task": len(tasks)}
    for wave_id in waves:  # before the invitations: what waits in the outbox names them
        wave = session.get_one(Wave, (organisation_id, wave_id))
        counts["contact"] = counts.get("contact", 0) + delete_contacts(session, wave)
    ids: Mapping[str, list[int]] = {
        "release_id": releases,
        "wave_id": waves,
        "study_id": [study.id],
    }
    for table, column in _tables_of_studies():
        counts[table.name] = counts.get(table.name, 0) + _run(
            session,
            sa.delete(table).where(
                table.c.organisation_id == organisation_id, table.c[column].in_(ids[column])
            ),
        )
    session.delete(study)
    session.flush()
    return {**counts, "study": 1}


def _tables_of_studies() -> list[tuple[sa.Table, str]]:
    """Tables that hang on a study and the column that says so, children before parents."""
    names = ("release_id", "wave_id", "study_id")
    return [
        (table, next(name for name in names if name in table.c))
        for table in reversed(Base.metadata.sorted_tables)
        if any(name in table.c for name in names)
    ]


def _run(session: Session, statement: sa.Delete) -> int:
    session.flush()
    done = session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult


def _as_table(table: sa.FromClause) -> sa.Table:
    assert isinstance(table, sa.Table)  # noqa: S101  # what a declarative class always has
    return table
