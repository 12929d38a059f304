"""Celery as the carrier of tasks between machines. The task table remains the truth.

Measured (docs/decisions): with these settings a killed worker's message comes back, with Celery's
defaults it is lost. A message only says which task to look at: whoever receives it still has to
claim the task, so that doubled messages do nothing and a lost one is sent again.
"""

from __future__ import annotations

from celery import Celery

from survey.jobs.execution import LONGEST

TASK = "survey.carry_out"


def make(redis_url: str) -> Celery:
    """A Celery application on this Redis."""
    app = Celery("survey", broker=redis_url, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": int(LONGEST.total_seconds()) + 600,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
        },
    )
    return app


def send(app: Celery, organisation_id: int, task_id: int) -> None:
    """Ask some worker to look at this task."""
    app.send_task(TASK, args=[organisation_id, task_id], ignore_result=True)
