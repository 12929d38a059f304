"""The command line and background work: the worker does it, or the command does it itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from survey.background import task_handlers
from survey.cli.following import follow
from survey.core.errors import Conflict
from survey.core.services import Services
from survey.jobs import execution, leases, tasks
from survey.jobs.models import Task
from survey.study.closing import request_close
from survey.study.models import Wave
from tests.release.journey import SHORT, Journey, start

MINUTE = timedelta(minutes=1)


@pytest.fixture
def journey(services: Services) -> Journey:
    return start(services.db, services.keys, services.secret, instrument=SHORT)


def ask_to_close(parts: Services, journey: Journey, *, release: bool = True) -> int:
    with parts.db.transaction() as session:
        wave = session.get_one(Wave, (journey.organisation_id, journey.wave.id))
        return request_close(session, wave, actor="cli", release=release).id


def task_of(parts: Services, journey: Journey, task_id: int) -> Task:
    with parts.db.reading() as session:
        return tasks.get(session, journey.organisation_id, task_id)


def state_of(parts: Services, journey: Journey) -> str:
    with parts.db.reading() as session:
        return session.get_one(Wave, (journey.organisation_id, journey.wave.id)).state


@contextmanager
def a_worker(parts: Services, *, works: bool = True) -> Iterator[None]:
    """A worker holds its lease, and (in a thread) carries out what is queued."""
    ended = threading.Event()

    def work() -> None:
        while works and not ended.wait(0.05):
            with parts.db.transaction() as session:
                claimed = tasks.claim(session)
            if claimed is not None:
                execution.carry_out(parts.db, task_handlers.works(parts), claimed)

    with parts.db.transaction() as session:
        assert leases.hold(session, "timed", "the worker", MINUTE)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_without_a_worker_the_command_carries_the_task_out_itself(
    services: Services, journey: Journey
) -> None:
    journey.answer({"n1": 12})
    task_id = ask_to_close(services, journey)
    said: list[str] = []
    follow(services, journey.organisation_id, task_id, said.append)
    assert said == []
    task = task_of(services, journey, task_id)
    assert (task.kind, task.state, task.attempts) == ("release", "done", 1)
    assert state_of(services, journey) == "released"


def test_with_a_worker_the_command_waits_for_it_and_says_so(
    services: Services, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.answer({"n1": 12})
    task_id = ask_to_close(services, journey, release=False)

    def refused(*_arguments: Any) -> bool:
        raise AssertionError("the command did the worker's work")

    monkeypatch.setattr("survey.cli.following._carry_out", refused)
    said: list[str] = []
    with a_worker(services):
        follow(services, journey.organisation_id, task_id, said.append)
    assert said[0] == "Waiting for the worker."
    assert state_of(services, journey) == "closed"


def test_a_worker_that_stops_before_it_began_leaves_the_task_to_the_command(
    services: Services, journey: Journey
) -> None:
    task_id = ask_to_close(services, journey)

    def stop_worker(_text: str) -> None:
        with services.db.transaction() as session:
            leases.let_go(session, "timed", "the worker")

    with a_worker(services, works=False):
        follow(services, journey.organisation_id, task_id, stop_worker)
    assert state_of(services, journey) == "released"


def test_what_was_refused_is_told_in_the_words_of_the_task(
    services: Services, journey: Journey
) -> None:
    task_id = ask_to_close(services, journey, release=False)
    services.keys.destroy_private_key(journey.wave.id)
    with pytest.raises(Conflict) as refused:
        follow(services, journey.organisation_id, task_id)
    failure = tasks.failure_of(task_of(services, journey, task_id))
    assert failure is not None
    assert failure.message.code == "private_key_lost"
    assert str(refused.value) == str(failure)


def test_an_interrupted_command_leaves_the_task_for_the_next_one(
    services: Services, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = ask_to_close(services, journey)

    def interrupted(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("survey.release.raw.open_inbox", interrupted)
        with pytest.raises(KeyboardInterrupt):
            follow(services, journey.organisation_id, task_id)
    task = task_of(services, journey, task_id)
    assert (task.state, task.attempts) == ("queued", 0)
    follow(services, journey.organisation_id, task_id)
    assert state_of(services, journey) == "released"


def test_what_broke_off_is_not_tried_again_and_again(
    services: Services, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = ask_to_close(services, journey)

    def broken(*_arguments: Any) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr("survey.release.raw.open_inbox", broken)
    with pytest.raises(Conflict, match="OSError; see the log"):
        follow(services, journey.organisation_id, task_id)
    assert task_of(services, journey, task_id).attempts == 1
