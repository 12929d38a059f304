"""Studies: one organisation, one instrument line, many waves."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate

from survey.access import guard
from survey.access.guard import access
from survey.api.base import Blueprint, PageArguments, Schema, decode_cursor, page, page_of
from survey.api.fields import Whole
from survey.core.services import services
from survey.instrument.library import Library
from survey.study import studies

blp = Blueprint("studies", "Studies and their settings")


_MODE = {
    "description": "How answers are kept apart from codes: `ordinary` (sealed until the wave "
    "closes) or `cryptographic` (blind signatures besides). Fixed when the first wave opens."
}


_K = {"minimum": studies.SMALLEST_K, "maximum": studies.LARGEST_K}
_LEVELS = {
    "minimum": min(studies.PUBLIC_LEVELS),
    "maximum": max(studies.PUBLIC_LEVELS),
    "description": "Whose figures anybody may see, from "
    f"{studies.PUBLIC_FROM} answers: 0 the whole municipality, 1 the areas directly below it too, "
    "2 those two levels below too, 3 every unit. Respondents are told before they answer. Once the "
    "first wave has opened it can only be lowered.",
}
"""Told in the document, checked with everything else: all faults come at once."""


class StudySchema(Schema):
    """A study."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    instrument = fields.String(attribute="instrument_id", required=True)
    languages = fields.List(fields.String(), required=True)
    k = fields.Integer(
        required=True, metadata={"description": "Fewest answers behind any published number."}
    )
    mode = fields.String(required=True, validate=validate.OneOf(studies.MODES), metadata=_MODE)
    public_level = fields.Integer(required=True, metadata=_LEVELS)
    created_at = fields.AwareDateTime(required=True)
    frozen_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When the first wave opened: what people were promised is fixed."},
    )


class NewStudySchema(Schema):
    """A study to be made."""

    code = fields.String(required=True, validate=validate.Length(1, 64))
    name = fields.String(required=True, validate=validate.Length(1, 200))
    instrument = fields.String(required=True, validate=validate.Length(1, 100))
    languages = fields.List(
        fields.String(),
        load_default=list,
        validate=validate.Length(max=10),
        metadata={"description": "Empty: all of the instrument's."},
    )
    k = Whole(load_default=5, metadata=_K)
    mode = fields.String(
        load_default="ordinary", validate=validate.OneOf(studies.MODES), metadata=_MODE
    )
    public_level = Whole(load_default=1, metadata=_LEVELS)


class StudyChangeSchema(Schema):
    """What may change: the name always, the public level downwards; the rest (k only upwards)
    until the first wave opens."""

    name = fields.String(validate=validate.Length(1, 200))
    languages = fields.List(fields.String(), validate=validate.Length(1, 10))
    k = Whole(metadata=_K)
    mode = fields.String(validate=validate.OneOf(studies.MODES), metadata=_MODE)
    public_level = Whole(metadata=_LEVELS)


@blp.route("/organisations/<org>/studies")
class Studies(MethodView):
    """All studies of an organisation."""

    @blp.arguments(PageArguments, location="query")
    @blp.response(200, page_of(StudySchema))
    @access("api", "studies:read")
    def get(self, arguments: dict[str, Any], org: str) -> dict[str, Any]:
        """Studies by code."""
        who = guard.principal()
        secret, limit = services().secret, arguments["limit"]
        purpose = f"studies:{who.organisation_id}"
        cursor = arguments["cursor"]
        after = decode_cursor(secret, purpose, cursor)[0] if cursor else ""
        with services().db.reading() as session:
            rows = studies.studies(session, who.organisation_id, after=after, limit=limit + 1)
        return page(secret, purpose, rows, limit, lambda row: [row.code])

    @blp.arguments(NewStudySchema)
    @blp.response(201, StudySchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "studies:write")
    def post(self, new: dict[str, Any], org: str) -> Any:
        """Make a study."""
        who = guard.principal()
        with services().db.transaction() as session:
            return studies.create_study(
                session, _library(), who.organisation_id, **new, actor=who.actor
            )


@blp.route("/organisations/<org>/studies/<study>")
@blp.etag
class OneStudy(MethodView):
    """A study."""

    @blp.response(200, StudySchema)
    @access("api", "studies:read")
    def get(self, org: str, study: str) -> Any:
        """A study; its ETag is needed to change it."""
        with services().db.reading() as session:
            return studies.study_by_code(session, guard.principal().organisation_id, study)

    @blp.arguments(StudyChangeSchema)
    @blp.response(200, StudySchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "studies:write")
    def patch(self, change: dict[str, Any], org: str, study: str) -> Any:
        """Change a study."""
        who = guard.principal()
        with services().db.transaction() as session:
            stored_study = studies.study_by_code(session, who.organisation_id, study)
            blp.check_etag(stored_study, StudySchema)
            return studies.update_study(
                session, _library(), stored_study, **change, actor=who.actor
            )


def _library() -> Library:
    return Library(services().settings.instrument_dir)
