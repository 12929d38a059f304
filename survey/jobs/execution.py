"""Carrying out one claimed task: its lease is renewed meanwhile, and its end is written down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog

from survey.core.db import Database
from survey.core.errors import Exposed, SurveyError, say
from survey.jobs import tasks
from survey.jobs.tasks import LEASE, Claim

LONGEST = timedelta(hours=2)
"""Work that takes longer than this is believed to hang; its lease is not renewed any more."""

Work = Callable[["Job"], dict[str, Any]]


class Lost(Exception):
    """The attempt no longer holds its task (cancelled, or taken over): stop working."""


class Job:
    """What the function of a kind gets: its payload, and a way to say how far it is."""

    def __init__(self, db: Database, claimed: Claim) -> None:
        self._db = db
        self._told = 0.0
        self.claim = claimed
        self.lost = threading.Event()

    def progress(self, done: int, total: int) -> None:
        """Write how far the work is, at most twice a second. Raises Lost: then stop."""
        if self.lost.is_set():
            raise Lost
        if done < total and time.monotonic() - self._told < 0.5:
            return
        self._told = time.monotonic()
        with self._db.transaction() as session:
            if not tasks.progress(session, self.claim, done, total):
                raise Lost


def carry_out(
    db: Database,
    works: Mapping[str, Work],
    claimed: Claim,
    *,
    lease: timedelta = LEASE,
    on_lost: Callable[[], None] | None = None,
) -> bool:
    """Do the work and write down how it ended; True when the result was written.

    A ``SurveyError`` is final: it would end the same way again. Anything else is tried again.
    ``on_lost`` is called, in another thread, when the task was cancelled or taken over.
    """
    log = structlog.get_logger("survey").bind(
        kind=claimed.kind, task=claimed.task_id, attempt=claimed.attempt
    )
    job = Job(db, claimed)
    try:
        with _renewed(db, job, lease, on_lost):
            work = works.get(claimed.kind)
            if work is None:
                raise SurveyError(say("this_worker_knows_no_work_of_kind", kind=claimed.kind))
            result = work(job)
        with db.transaction() as session:
            written = tasks.finish(session, claimed, result)
    except Lost:
        log.warning("task lost")
        return False
    except SurveyError as error:
        with db.transaction() as session:
            tasks.fail(session, claimed, error, for_people=isinstance(error, Exposed))
        log.warning("task refused", error=type(error).__name__)
        return False
    except Exception as error:  # whatever a kind of work may raise
        log.exception("task failed")
        with db.transaction() as session:
            broken = SurveyError(say("see_log", name=type(error).__name__))
            tasks.fail(session, claimed, broken, final=False)
        return False
    log.info("task done" if written else "task lost")
    return written


@contextmanager
def _renewed(
    db: Database, job: Job, lease: timedelta, on_lost: Callable[[], None] | None
) -> Iterator[None]:
    """Renew the lease three times in its length, until the block ends."""
    ended = threading.Event()
    last = time.monotonic() + LONGEST.total_seconds()

    def renew() -> None:
        while not ended.wait(lease.total_seconds() / 3) and time.monotonic() < last:
            try:
                with db.transaction() as session:
                    alive = tasks.renew(session, job.claim, lease)
            except Exception:  # the database is away for a moment: try again until the lease ends
                structlog.get_logger("survey").exception("lease not renewed")
                continue
            if not alive:
                if not ended.is_set():
                    job.lost.set()
                    if on_lost is not None:
                        on_lost()
                return

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
