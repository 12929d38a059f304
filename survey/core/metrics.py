"""Counters and clocks of the running service, for Prometheus.

Labels are route templates, methods and states: nothing that grows with people or points to them.
Nothing here moves when somebody answers, else whoever reads it every second would see when.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

import flask
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from survey.core.logs import route_of_request

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_registry = CollectorRegistry()
_requests = Counter(
    "survey_requests",
    "Requests of those who are signed in or sign in.",
    ["method", "route", "status"],
    registry=_registry,
)
_seconds = Histogram(
    "survey_request_seconds", "Time to answer.", ["method", "route"], registry=_registry
)

_mails = Counter(
    "survey_mails",
    "Mails by what became of them, without reminders: what becomes of those depends on who has "
    "answered. Handled: sent, or no longer needed.",
    ["outcome"],
    registry=_registry,
)


def count_mail(outcome: str) -> None:
    """Count one mail: handled, deferred, refused or uncertain."""
    _mails.labels(outcome).inc()


def measure_requests(app: flask.Flask, may_leave_trace: Callable[[], bool]) -> None:
    """Count and time the requests of ``app`` that may leave a trace."""

    def before() -> None:
        flask.g.measured_from = time.perf_counter()

    def after(response: flask.Response) -> flask.Response:
        if not may_leave_trace():
            return response
        method, route = flask.request.method, route_of_request()
        _requests.labels(method, route, str(response.status_code)).inc()
        started = flask.g.get("measured_from")
        if started is not None:
            _seconds.labels(method, route).observe(time.perf_counter() - started)
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, before)
    app.after_request(after)


def text(tasks: Mapping[str, int], mails: Mapping[str, int] | None = None) -> bytes:
    """Everything in Prometheus' text format; ``tasks`` is the number of tasks in each state,
    ``mails`` that of rows of the outbox (and ``late``: for how many seconds the oldest is due)."""
    registry = _registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    now_registry = CollectorRegistry()
    gauge = Gauge("survey_tasks", "Tasks in each state.", ["state"], registry=now_registry)
    for state in ("queued", "running", "done", "failed", "cancelled"):
        gauge.labels(state).set(tasks.get(state, 0))
    if mails is not None:
        outbox = Gauge(
            "survey_outbox", "Mails in each state, but reminders.", ["state"], registry=now_registry
        )
        for state in ("queued", "sending", "failed"):
            outbox.labels(state).set(mails.get(state, 0))
        late = Gauge("survey_outbox_late_seconds", "Oldest mail due.", registry=now_registry)
        late.set(mails.get("late", 0))
    return generate_latest(registry) + generate_latest(now_registry)
