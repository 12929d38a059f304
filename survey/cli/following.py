"""Follows a background task on the command line until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import click

from survey.background import task_handlers
from survey.core import errors
from survey.core.errors import Conflict
from survey.core.services import Services
from survey.jobs import execution, leases, tasks
from survey.jobs.models import Task

PAUSE = 0.5
"""Seconds between two looks at a task that a worker carries out."""

Say = Callable[[str], None]
_say: Say = partial(click.echo, err=True)


def follow(parts: Services, organisation_id: int, task_id: int, say: Say = _say) -> None:
    """Return when the task is done; say meanwhile who carries it out and how far it is.

    While a worker runs, it does the work; otherwise, or when the worker stops on the way, this
    process does, once: what breaks off stays queued. Raises Conflict with the task's own words
    when it was not done.
    """
    last_state, tried = "", False
    while True:
        with parts.db.reading() as session:
            task = tasks.get(session, organisation_id, task_id)
            worker_runs = leases.is_held(session, "timed")
        if task.state not in tasks.OPEN_STATES or (tried and task.state == "queued"):
            break
        if not worker_runs and _carry_out(parts, organisation_id, task_id):
            tried = True
            continue
        if (state := _state(task)) != last_state:
            say(state)
            last_state = state
        time.sleep(PAUSE)
    if task.state != "done":
        failure = tasks.failure_of(task)
        raise Conflict(
            failure.message if failure else errors.say("work_ended", state=task.state),
            failure.faults if failure else (),
        )


def _carry_out(parts: Services, organisation_id: int, task_id: int) -> bool:
    """Do the task in this process; False when another holds it, or it has just ended."""
    with parts.db.transaction() as session:
        claimed = tasks.claim_one(session, organisation_id, task_id)
    if claimed is None:
        return False
    try:
        execution.carry_out(parts.db, task_handlers.works(parts), claimed)
    except BaseException:  # Ctrl-C: whoever comes next need not wait for the lease to end
        with parts.db.transaction() as session:
            tasks.give_back(session, claimed)
        raise
    return True


def _state(task: Task) -> str:
    """Who has the task, and how far it is."""
    if task.state == "queued":
        return "Waiting for the worker."
    steps = f": {task.done} of {task.total} steps done" if task.total else ""
    return f"Another process carries it out{steps}."
