"""What the task table promises, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from survey.core.db import Database, now
from survey.core.errors import Conflict, NotFound, SurveyError, say
from survey.jobs import tasks
from survey.jobs.models import Task

GONE = timedelta(seconds=-5)  # a lease that has already ended


def enqueued(db: Database, kind: str = "sleep", **payload: object) -> int:
    with db.transaction() as session:
        return tasks.enqueue(session, 1, kind, dict(payload), "cli").id


def claimed(db: Database, lease: timedelta = tasks.LEASE) -> tasks.Claim | None:
    with db.transaction() as session:
        return tasks.claim(session, lease)


def state_of(db: Database, task_id: int) -> tuple[str, int]:
    with db.reading() as session:
        task = tasks.get(session, 1, task_id)
        return task.state, task.attempts


def test_a_task_is_claimed_once_with_its_payload(db: Database) -> None:
    task_id = enqueued(db, seconds=3)
    first = claimed(db)
    assert first is not None
    assert (first.task_id, first.payload, first.attempt) == (task_id, {"seconds": 3}, 1)
    assert claimed(db) is None


def test_the_oldest_task_comes_first(db: Database) -> None:
    ids = [enqueued(db) for _ in range(3)]
    with db.transaction() as session:
        for age, task_id in enumerate(ids):
            task = tasks.get(session, 1, task_id)
            task.created_at -= timedelta(minutes=age)
    order = [claim.task_id for _ in ids if (claim := claimed(db)) is not None]
    assert order == ids[::-1]


def test_many_workers_at_once_never_share_a_task(db: Database) -> None:
    expected = {enqueued(db) for _ in range(30)}
    got: list[int] = []
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        while (claim := claimed(db)) is not None:
            got.append(claim.task_id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever lost a race for the last rows may have gone home; nobody may have got one twice.
    while (claim := claimed(db)) is not None:
        got.append(claim.task_id)
    assert len(got) == len(set(got))
    assert set(got) == expected


def test_a_silent_worker_is_replaced_and_can_write_nothing_more(db: Database) -> None:
    task_id = enqueued(db)
    silent = claimed(db, GONE)
    second = claimed(db)
    assert silent is not None
    assert second is not None
    assert second.attempt == 2
    with db.transaction() as session:
        assert not tasks.renew(session, silent)
        assert not tasks.progress(session, silent, 1, 2)
        assert not tasks.finish(session, silent, {"from": "the dead"})
        assert not tasks.fail(session, silent, SurveyError(say("as_told", error="too late")))
        assert not tasks.give_back(session, silent)
        assert tasks.finish(session, second, {"from": "the living"})
    with db.reading() as session:
        task = tasks.get(session, 1, task_id)
        assert (task.state, task.result) == ("done", {"from": "the living"})
        assert task.finished_at is not None


def test_a_renewed_lease_keeps_others_away(db: Database) -> None:
    enqueued(db)
    claim = claimed(db, timedelta(seconds=-1))
    assert claim is not None
    with db.transaction() as session:
        assert tasks.renew(session, claim)
    assert claimed(db) is None


def test_after_five_silent_attempts_the_task_has_failed(db: Database) -> None:
    task_id = enqueued(db)
    for attempt in range(1, tasks.MOST_ATTEMPTS + 1):
        claim = claimed(db, GONE)
        assert claim is not None
        assert claim.attempt == attempt
    assert claimed(db) is None
    with db.transaction() as session:
        assert tasks.sweep(session) == 1
        assert tasks.sweep(session) == 0
    assert state_of(db, task_id) == ("failed", 5)


def test_a_failure_is_tried_again_unless_it_is_final(db: Database) -> None:
    task_id = enqueued(db)
    claim = claimed(db)
    assert claim is not None
    with db.transaction() as session:
        assert tasks.fail(
            session, claim, SurveyError(say("as_told", error="the database was away")), final=False
        )
    assert state_of(db, task_id) == ("queued", 1)
    claim = claimed(db)
    assert claim is not None
    with db.transaction() as session:
        assert tasks.fail(
            session, claim, SurveyError(say("as_told", error="there is no such unit"))
        )
    assert state_of(db, task_id) == ("failed", 2)
    assert claimed(db) is None


def test_work_given_back_counts_no_attempt(db: Database) -> None:
    task_id = enqueued(db)
    for _ in range(10):
        claim = claimed(db)
        assert claim is not None
        with db.transaction() as session:
            assert tasks.give_back(session, claim)
    assert state_of(db, task_id) == ("queued", 0)


def test_cancelling_stops_queued_and_running_and_refuses_ended(db: Database) -> None:
    queued, running = enqueued(db), enqueued(db)
    with db.transaction() as session:
        tasks.cancel(session, 1, queued)
    claim = claimed(db)
    assert claim is not None
    assert claim.task_id == running
    with db.transaction() as session:
        assert tasks.cancel(session, 1, running).state == "cancelled"
        assert not tasks.finish(session, claim, {})
        assert tasks.cancel(session, 1, running).state == "cancelled"  # again: no harm
    done = enqueued(db)
    claim = claimed(db)
    assert claim is not None
    with db.transaction() as session:
        tasks.finish(session, claim, {})
    with db.transaction() as session, pytest.raises(Conflict, match="done"):
        tasks.cancel(session, 1, done)


def test_an_equal_task_is_not_queued_twice(db: Database) -> None:
    with db.transaction() as session:
        first = tasks.enqueue_once(session, 1, "release", {"wave_id": 7}, "worker").id
        assert tasks.enqueue_once(session, 1, "release", {"wave_id": 7}, "worker").id == first
        assert tasks.enqueue_once(session, 1, "release", {"wave_id": 8}, "worker").id != first
        assert tasks.enqueue_once(session, 2, "release", {"wave_id": 7}, "worker").id != first


def test_a_rolled_back_transaction_leaves_no_task(db: Database) -> None:
    def interrupted() -> None:
        with db.transaction() as session:
            tasks.enqueue(session, 1, "sleep", {}, "cli")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert claimed(db) is None


def test_another_organisations_task_is_not_found(db: Database) -> None:
    task_id = enqueued(db)
    with db.reading() as session, pytest.raises(NotFound):
        tasks.get(session, 2, task_id)


def test_tasks_are_handed_to_a_broker_once_in_a_while(db: Database) -> None:
    task_id = enqueued(db)
    with db.transaction() as session:
        assert tasks.publishable(session) == [(1, task_id)]
        assert tasks.publishable(session) == []
    with db.transaction() as session:  # the message was lost: its time has passed
        session.execute(sa.update(Task).values(running_until=now() - timedelta(hours=1)))
    with db.transaction() as session:
        assert tasks.publishable(session) == [(1, task_id)]
    with db.transaction() as session:  # waiting for the broker does not prevent a claim
        assert tasks.claim_one(session, 1, task_id) is not None
        assert tasks.publishable(session) == []


def test_states_are_counted(db: Database) -> None:
    for _ in range(3):
        enqueued(db)
    claimed(db)
    with db.reading() as session:
        assert tasks.counts(session) == {"queued": 2, "running": 1}


def test_a_failure_that_another_version_wrote_is_told_as_it_is(db: Database) -> None:
    for kept, told in (
        ("The disk was full.", "The disk was full."),
        ('{"message": {"code": "of_another_time"}, "faults": []}', "of_another_time"),
        ("[1, 2]", "[1, 2]"),
    ):
        assert told in str(tasks.failure_of(Task(error=kept)))
    assert tasks.failure_of(Task(error=None)) is None
