"""Background work over the API: how far it is, what came of it, and stopping it."""

from __future__ import annotations

from typing import Any

import flask
from flask.views import MethodView
from marshmallow import fields

from survey.access import guard
from survey.access.guard import access
from survey.api.base import Blueprint, Schema
from survey.core.services import services
from survey.jobs import result_files, tasks
from survey.jobs.models import Task

blp = Blueprint("tasks", "Background work that was ordered here or on the staff's pages")
_TASK = "/organisations/<org>/tasks/<int:task>"


def _failure(task: Task) -> str | None:
    failure = tasks.failure_of(task)
    return None if failure is None else str(failure)


class TaskSchema(Schema):
    """One piece of background work."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    state = fields.String(
        required=True, metadata={"description": "queued, running, done, failed or cancelled."}
    )
    done = fields.Integer(required=True, metadata={"description": "Steps done, of `total`."})
    total = fields.Integer(required=True, metadata={"description": "0 when not known yet."})
    attempts = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)
    error = fields.Function(_failure, required=True, allow_none=True)
    result = fields.Dict(
        required=True, allow_none=True, metadata={"description": "What came of it, when done."}
    )


@blp.route(_TASK)
class OneTask(MethodView):
    """A task of the key's organisation."""

    @blp.response(200, TaskSchema)
    @access("api", "reports:write", "waves:write")
    def get(self, org: str, task: int) -> Any:
        """How far it is, whoever ordered it: closing a wave, or making reports."""
        who = guard.principal()
        with services().db.reading() as session:
            return tasks.get(session, who.organisation_id, task)

    @blp.response(200, TaskSchema)
    @access("api", "reports:write")
    def delete(self, org: str, task: int) -> Any:
        """Cancel it, when it has not ended. The task stays to be looked at."""
        who = guard.principal()
        with services().db.transaction() as session:
            return tasks.cancel(session, who.organisation_id, task)


@blp.route(_TASK + "/file")
class TaskFile(MethodView):
    """What a finished task has made."""

    @blp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
    @access("api", "reports:write")
    def get(self, org: str, task: int) -> flask.Response:
        """The PDF, or the ZIP of PDFs; 404 while there is none."""
        who = guard.principal()
        parts = services()
        with parts.db.reading() as session:
            stored_task = tasks.get(session, who.organisation_id, task)
        path, name, media_type = result_files.result_of(parts.settings, stored_task)
        response = flask.send_file(
            path, mimetype=media_type, as_attachment=True, download_name=name
        )
        response.headers["Cache-Control"] = "no-store"
        return response
