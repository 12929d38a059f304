"""``survey worker``: carries out background and timed work, in a process of its own.

Embedded: each task runs in a process of its own, forked from a clean server; such a process ends
with its parent, however that ends. Celery: the same tasks, carried by messages to any number of
machines. In both the task table decides who does what.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy as sa

from survey.background import task_handlers, timed_work
from survey.core import logs
from survey.core.config import Settings
from survey.core.errors import SurveyError
from survey.core.services import Services, build
from survey.jobs import execution, leases, tasks
from survey.jobs.execution import Work
from survey.jobs.tasks import LEASE, Claim
from survey.mail.mail_worker import Mailroom
from survey.operations import all_settings, backup, migrate

if TYPE_CHECKING:
    from celery import Celery

Works = Callable[[Services], Mapping[str, Work]]

GRACE = 10.0
"""Seconds that running work gets to finish when the worker is asked to stop."""

PRELOADED = ["survey.worker", "survey.reports.unit.report", "survey.release.compute"]


@dataclass
class _Running:
    claimed: Claim
    process: ForkServerProcess


class Embedded:
    """The worker's own processes. ``stop`` may be called from a signal handler."""

    def __init__(
        self,
        parts: Services,
        works: Works = task_handlers.works,
        *,
        lease: timedelta = LEASE,
        pause: float = 1.0,
    ) -> None:
        self._parts = parts
        self._works = works
        self._lease = lease
        self._pause = pause
        self._name = secrets.token_hex(8)
        self._running: list[_Running] = []
        self._mailroom = Mailroom(parts, self._name)
        self._stopping = False
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)

    def stop(self) -> None:
        """Take no more work and end soon."""
        self._stopping = True

    def run(self) -> None:
        """Work until :meth:`stop`; then let running work finish, or queue it again."""
        self._warm_up()
        self._mailroom.start()
        next_tick = 0.0
        while not self._stopping:
            try:
                if time.monotonic() >= next_tick:
                    self._timed()
                    next_tick = time.monotonic() + max(self._pause, 5.0)
                self._reap()
                self._start_more()
            except sa.exc.OperationalError:  # the database is away for a moment
                logs.logger().exception("database not reached")
            self._sleep(self._pause)
        self._finish()

    def _warm_up(self) -> None:
        """Have the server of processes import everything before a lease begins to run."""
        process = self._context.Process(target=os.getpid, name="warm-up")
        process.start()
        process.join()

    def _timed(self) -> None:
        with self._parts.db.transaction() as session:
            if leases.hold(session, "timed", self._name, 3 * self._lease):
                timed_work.tick(session, self._parts.keys)

    def _start_more(self) -> None:
        while not self._stopping and len(self._running) < self._parts.settings.processes:
            with self._parts.db.transaction() as session:
                claimed = tasks.claim(session, self._lease)
            if claimed is None:
                return
            process = self._context.Process(
                target=_child,
                args=(self._parts.settings, self._works, claimed, self._lease),
                name=f"task-{claimed.task_id}",
            )
            process.start()
            self._running.append(_Running(claimed, process))

    def _reap(self) -> None:
        """Forget ended processes; a task whose process died without a word is queued again."""
        for one in [one for one in self._running if not one.process.is_alive()]:
            self._running.remove(one)
            one.process.join()
            if one.process.exitcode:
                logs.logger().error(
                    "process died", kind=one.claimed.kind, exitcode=one.process.exitcode
                )
                with self._parts.db.transaction() as session:
                    tasks.fail(session, one.claimed, SurveyError("process_died"), final=False)

    def _sleep(self, seconds: float) -> None:
        """Until something ends, or for a moment; a signal does not wait longer than that."""
        sentinels = [one.process.sentinel for one in self._running]
        if sentinels:
            wait(sentinels, timeout=seconds)
        else:
            until = time.monotonic() + seconds
            while not self._stopping and time.monotonic() < until:
                time.sleep(0.05)

    def _finish(self) -> None:
        until = time.monotonic() + GRACE
        self._mailroom.stop(GRACE)
        while self._running and time.monotonic() < until:
            self._reap()
            self._sleep(0.1)
        for one in self._running:
            one.process.kill()
            one.process.join()
            with self._parts.db.transaction() as session:
                if tasks.give_back(session, one.claimed):
                    logs.logger().info("task queued again", kind=one.claimed.kind)
        with self._parts.db.transaction() as session:
            leases.let_go(session, "timed", self._name)


def _child(settings: Settings, works: Works, claimed: Claim, lease: timedelta) -> None:
    """One task, in a process that ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, name="parent", daemon=True).start()
    logs.configure(settings)
    parts = build(settings)
    try:
        execution.carry_out(
            parts.db, works(parts), claimed, lease=lease, on_lost=lambda: os._exit(0)
        )
    finally:
        parts.db.dispose()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Distributed:
    """A Celery worker, with a process beside it that hands queued tasks to the broker.

    Celery forks: this process has no connection to the database, for SQLite's do not survive it.
    """

    def __init__(
        self, parts: Services, works: Works = task_handlers.works, *, lease: timedelta = LEASE
    ) -> None:
        from survey.jobs import celery_app

        self._parts = parts
        self._works = works
        self._lease = lease
        self._own: tuple[int, Services] | None = None
        self.app: Celery = celery_app.make(parts.settings.redis_url)
        self.app.task(name=celery_app.TASK, ignore_result=True)(self._carry_out)

    def run(self) -> None:
        """Work until SIGTERM; running work is finished first."""
        self._parts.db.dispose()
        context = multiprocessing.get_context("spawn")
        dispatcher = context.Process(target=_dispatch, args=(self._parts.settings, self._lease))
        dispatcher.start()
        processes = self._parts.settings.processes
        arguments = ["worker", "--pool=prefork", f"--concurrency={processes}", "--loglevel=WARNING"]
        try:
            self.app.worker_main([*arguments, "--without-gossip", "--without-mingle"])
        finally:
            dispatcher.terminate()
            dispatcher.join()

    def _carry_out(self, organisation_id: int, task_id: int) -> None:
        parts = self._parts_of_process()
        with parts.db.transaction() as session:
            claimed = tasks.claim_one(session, organisation_id, task_id, self._lease)
        if claimed is not None:
            execution.carry_out(parts.db, self._works(parts), claimed, lease=self._lease)

    def _parts_of_process(self) -> Services:
        """Connections are never shared across a fork."""
        if self._own is None or self._own[0] != os.getpid():
            self._own = (os.getpid(), build(self._parts.settings))
        return self._own[1]


def _dispatch(settings: Settings, lease: timedelta) -> None:
    """Hand queued tasks to the broker and do timed work, one of all workers at a time."""
    from survey.jobs import celery_app

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="parent", daemon=True).start()
    logs.configure(settings)
    parts, name = build(settings), secrets.token_hex(8)
    app = celery_app.make(settings.redis_url)
    stopping = threading.Event()
    mailroom = Mailroom(parts, name)
    mailroom.start()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
    while not stopping.wait(1.0):
        try:
            with parts.db.transaction() as session:
                if not leases.hold(session, "timed", name, 3 * lease):
                    continue
                timed_work.tick(session, parts.keys)
                due = tasks.publishable(session, lease)
            for organisation_id, task_id in due:
                celery_app.send(app, organisation_id, task_id)
        except Exception:  # database or broker are away for a moment: the next round tries again
            logs.logger().exception("tasks not handed over")
    mailroom.stop(GRACE)
    with parts.db.transaction() as session:
        leases.let_go(session, "timed", name)
    parts.db.dispose()


def run(settings: Settings, works: Works = task_handlers.works, lease: timedelta = LEASE) -> None:
    """Run the worker of these settings until SIGTERM or SIGINT."""
    logs.configure(settings)
    parts = build(settings)
    migrate.require_current(parts.db)
    with backup.in_use(settings):
        if settings.jobs == "celery":
            Distributed(parts, works, lease=lease).run()
        else:
            embedded = Embedded(parts, works, lease=lease)
            _on_signals(embedded.stop)
            logs.logger().info("worker started", processes=settings.processes)
            embedded.run()
    parts.db.dispose()


def _on_signals(stop: Callable[[], None]) -> None:
    def handler(_number: int, _frame: Any) -> None:
        stop()

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


@click.command()
def worker() -> None:
    """Carry out background and timed work until stopped."""
    run(all_settings.load())
