"""How one attempt ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from survey.core.db import Database
from survey.core.errors import NotFound
from survey.jobs import execution, tasks
from survey.jobs.execution import Job, Lost

SHORT = timedelta(seconds=3)


def claim(db: Database, kind: str = "work") -> tasks.Claim:
    with db.transaction() as session:
        tasks.enqueue(session, 1, kind, {"a": 1}, "cli")
        claimed = tasks.claim(session, SHORT)
    assert claimed is not None
    return claimed


def after(db: Database, claimed: tasks.Claim) -> tuple[str, Any]:
    with db.reading() as session:
        task = tasks.get(session, 1, claimed.task_id)
        return task.state, task.result or str(tasks.failure_of(task))


def test_the_result_is_written(database: Database) -> None:
    claimed = claim(database)
    assert execution.carry_out(database, {"work": lambda job: dict(job.claim.payload)}, claimed)
    assert after(database, claimed) == ("done", {"a": 1})


def test_a_domain_error_is_told_and_final(database: Database) -> None:
    def work(_job: Job) -> dict[str, Any]:
        raise NotFound("no_such_task")

    claimed = claim(database)
    assert not execution.carry_out(database, {"work": work}, claimed)
    assert after(database, claimed) == ("failed", "There is no such task.")


def test_an_unexpected_error_is_tried_again_and_says_no_details(database: Database) -> None:
    def work(_job: Job) -> dict[str, Any]:
        raise ValueError("something with a person's data")

    claimed = claim(database)
    assert not execution.carry_out(database, {"work": work}, claimed)
    assert after(database, claimed) == ("queued", "ValueError; see the log.")


def test_an_unknown_kind_fails_at_once(database: Database) -> None:
    claimed = claim(database, "telepathy")
    assert not execution.carry_out(database, {}, claimed)
    state, error = after(database, claimed)
    assert state == "failed"
    assert "telepathy" in error


def test_long_work_keeps_its_lease(database: Database) -> None:
    def work(_job: Job) -> dict[str, Any]:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with database.transaction() as session:
                assert tasks.claim(session) is None
            time.sleep(0.2)
        return {}

    claimed = claim(database)
    assert execution.carry_out(database, {"work": work}, claimed, lease=SHORT)


@pytest.mark.parametrize("by", ["progress", "lease"])
def test_cancelled_work_stops(database: Database, by: str) -> None:
    def cancel() -> None:
        with database.transaction() as session:
            tasks.cancel(session, 1, claimed.task_id)

    lost = threading.Event()

    def work(job: Job) -> dict[str, Any]:
        cancel()
        if by == "lease":
            assert lost.wait(10)
        with pytest.raises(Lost):
            job.progress(1, 1)
        raise Lost

    claimed = claim(database)
    works: dict[str, Callable[[Job], dict[str, Any]]] = {"work": work}
    done = execution.carry_out(
        database, works, claimed, lease=timedelta(seconds=1), on_lost=lost.set
    )
    assert not done
    assert after(database, claimed)[0] == "cancelled"


def test_progress_is_written_but_not_for_every_step(database: Database) -> None:
    seen = []

    def work(job: Job) -> dict[str, Any]:
        for step in range(500):
            job.progress(step + 1, 500)
            with database.reading() as session:
                seen.append(tasks.get(session, 1, claimed.task_id).done)
        return {}

    claimed = claim(database)
    assert execution.carry_out(database, {"work": work}, claimed)
    assert seen[-1] == 500
    assert len(set(seen)) < 50
