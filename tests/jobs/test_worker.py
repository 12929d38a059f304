"""The worker is killed, and nothing is lost and nothing is done twice visibly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from survey.core.services import Services, build
from survey.jobs import tasks
from survey.jobs.models import Task
from tests.databases import migrated_database
from tests.jobs import slow

ROOT = Path(__file__).parents[2]
LEASE = 3
"""Seconds; renewed three times in its length, also while the machine is busy."""


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    settings = slow.settings(tmp_path)
    migrated_database(settings.database).dispose()
    parts = build(settings)
    yield parts
    parts.db.dispose()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(*more: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", slow.__name__, str(tmp_path), str(LEASE), *more],
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=ROOT,
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def enqueue(parts: Services, *names: str) -> None:
    with parts.db.transaction() as session:
        for name in names:
            tasks.enqueue(session, 1, "wait", {"name": name}, "cli")


def go(folder: Path) -> None:
    """Let all work end that waits, and what begins from now on."""
    (folder / "go").touch()


def rows(parts: Services) -> dict[str, Task]:
    with parts.db.reading() as session:
        return {task.payload["name"]: task for task in session.query(Task)}


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def started(folder: Path, name: str = "*", attempt: str = "*") -> list[int]:
    """Process ids that began the work."""
    return [int(path.name.split(".")[2]) for path in folder.glob(f"{name}.{attempt}.*.started")]


def all_done(parts: Services) -> bool:
    return all(task.state == "done" for task in rows(parts).values())


def test_work_is_done_and_a_stop_waits_for_it(
    parts: Services, start: Callable[..., Any], tmp_path: Path
) -> None:
    enqueue(parts, "a", "b")
    worker = start()
    until(lambda: len(started(tmp_path)) == 2)
    worker.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    go(tmp_path)
    assert worker.wait(20) == 0
    assert {name: task.state for name, task in rows(parts).items()} == {"a": "done", "b": "done"}


def test_a_stop_queues_again_what_takes_too_long(
    parts: Services, start: Callable[..., Any], tmp_path: Path
) -> None:
    enqueue(parts, "endless")
    worker = start()
    [pid] = until(lambda: started(tmp_path))
    worker.send_signal(signal.SIGINT)
    assert worker.wait(30) == 0
    task = rows(parts)["endless"]
    assert (task.state, task.attempts, task.holder) == ("queued", 0, None)
    assert not psutil.pid_exists(pid)


def test_a_killed_process_is_replaced_at_once(
    parts: Services, start: Callable[..., Any], tmp_path: Path
) -> None:
    enqueue(parts, "a", "b")
    start()
    victim = until(lambda: started(tmp_path, "a"))[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: started(tmp_path, "a", "2"))
    go(tmp_path)
    until(lambda: all_done(parts))
    assert {name: task.attempts for name, task in rows(parts).items()} == {"a": 2, "b": 1}
    assert not list(tmp_path.glob("a.1.ended"))


def test_a_killed_worker_takes_its_processes_along_and_another_takes_over(
    parts: Services, start: Callable[..., Any], tmp_path: Path
) -> None:
    enqueue(parts, "a", "b")
    first = start()
    pids = until(lambda: len(found := started(tmp_path)) == 2 and found)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids), 5)
    enqueue(parts, "c")
    go(tmp_path)
    start()
    until(lambda: all_done(parts))
    assert {n: (t.attempts, t.result) for n, t in rows(parts).items()} == {
        "a": (2, {"name": "a", "attempt": 2}),
        "b": (2, {"name": "b", "attempt": 2}),
        "c": (1, {"name": "c", "attempt": 1}),
    }
    assert not list(tmp_path.glob("[ab].1.ended"))


def test_cancelled_work_ends(parts: Services, start: Callable[..., Any], tmp_path: Path) -> None:
    enqueue(parts, "endless")
    start()
    [pid] = until(lambda: started(tmp_path))
    with parts.db.transaction() as session:
        tasks.cancel(session, 1, rows(parts)["endless"].id)
    until(lambda: not psutil.pid_exists(pid), 10)
    assert rows(parts)["endless"].state == "cancelled"


@pytest.mark.redis
def test_celery_loses_nothing_when_its_worker_is_killed(
    parts: Services, start: Callable[..., Any], tmp_path: Path, redis_url: str
) -> None:
    enqueue(parts, "a", "b")
    first = start(redis_url)
    until(lambda: len(started(tmp_path)) == 2, 60)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(10)
    enqueue(parts, "c")
    go(tmp_path)
    second = start(redis_url)
    until(lambda: all_done(parts), 60)
    assert {n: t.attempts for n, t in rows(parts).items()} == {"a": 2, "b": 2, "c": 1}
    second.terminate()
    assert second.wait(30) == 0


@pytest.mark.redis
def test_celery_replaces_a_killed_process_and_a_stop_waits_for_work(
    parts: Services, start: Callable[..., Any], tmp_path: Path, redis_url: str
) -> None:
    enqueue(parts, "a")
    worker = start(redis_url)
    [victim] = until(lambda: started(tmp_path, "a"), 60)
    os.kill(victim, signal.SIGKILL)
    until(lambda: started(tmp_path, "a", "2"), 60)
    worker.terminate()
    go(tmp_path)
    assert worker.wait(30) == 0
    assert rows(parts)["a"].state == "done"
