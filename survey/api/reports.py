"""Have PDFs made: one unit's, or all units' as a ZIP. The worker makes them; the task says when."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.access.principal import Principal
from survey.api.base import URL_PREFIX, Blueprint, Schema
from survey.core.errors import Fault, InvalidInput, say
from survey.core.languages import LANGUAGES
from survey.core.services import services
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.release import read
from survey.study.studies import study_by_code

blp = Blueprint("reports", "Reports as PDF")


class ReportOrderSchema(Schema):
    """Which reports to make."""

    unit = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 64),
        metadata={"description": "Code of one unit; null for all units, as a ZIP."},
    )
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)),
        load_default=list,
        validate=validate.Length(max=3),
        metadata={"description": "Of the study's languages; empty for its first."},
    )


class OrderedSchema(Schema):
    """The task that makes the reports; follow it at ``/organisations/{org}/tasks/{id}``."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)


@blp.route("/organisations/<org>/studies/<study>/waves/<int:ordinal>/reports")
class Reports(MethodView):
    """Reports of a released wave."""

    @blp.arguments(ReportOrderSchema)
    @blp.response(202, OrderedSchema)
    @access("api", "reports:write")
    def post(self, order: dict[str, Any], org: str, study: str, ordinal: int) -> Any:
        """Order reports. An equal order that is still being carried out is given back."""
        who = guard.principal()
        with services().db.transaction() as session:
            stored_study = study_by_code(session, who.organisation_id, study)
            languages = _languages(order["languages"], stored_study.languages)
            payload: dict[str, Any] = {"study": stored_study.code, "ordinal": ordinal}
            if order["unit"] is None:
                read.latest(session, who.organisation_id, stored_study.id, ordinal)
                payload["languages"] = languages
                task = _order(session, who, "unit_reports", payload)
            else:
                read.unit_document(
                    session, who.organisation_id, stored_study.id, order["unit"], ordinal
                )
                payload |= {"unit": order["unit"], "language": languages[0]}
                task = _order(session, who, "unit_report", payload)
        return task, {"Location": f"{URL_PREFIX}/organisations/{org}/tasks/{task.id}"}


def _order(session: Session, who: Principal, kind: str, payload: dict[str, Any]) -> Task:
    return tasks.enqueue_once(session, who.organisation_id, kind, payload, who.actor)


def _languages(asked: list[str], known: list[str]) -> list[str]:
    faults = [
        Fault(f"/languages/{place}", say("study_has_no", language=language))
        for place, language in enumerate(asked)
        if language not in known
    ]
    if faults:
        raise InvalidInput("order_has_faults", faults)
    return asked or known[:1]
