"""Pages for machines: alive, ready, metrics. Nothing here is of use to a person."""

from __future__ import annotations

import hmac

import flask

from survey.access.guard import access
from survey.core import metrics
from survey.core.services import services
from survey.jobs import outbox, tasks
from survey.operations import readiness

bp = flask.Blueprint("health", __name__)


@bp.get("/healthz")
@access("public")
def healthz() -> flask.Response:
    """The process answers."""
    return flask.Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@access("public")
def readyz() -> tuple[flask.Response, int]:
    """Everything that a request needs is there; 503 with what is missing otherwise."""
    checks = readiness.check(services())
    ready = all(answer == "ok" for answer in checks.values())
    return flask.jsonify(ready=ready, checks=checks), 200 if ready else 503


@bp.get("/metrics")
@access("public")
def show_metrics() -> flask.Response:
    """Prometheus' text for who knows the token of the settings; else there is no such page."""
    parts = services()
    token = parts.settings.metrics_token
    header = flask.request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(header.encode(), f"Bearer {token}".encode()):
        flask.abort(404)
    with parts.db.reading() as session:
        waiting, mails = tasks.counts(session), outbox.standing(session).numbers()
    return flask.Response(metrics.text(waiting, mails), content_type=metrics.CONTENT_TYPE)
