"""Invitations: made by count per unit; their codes leave once."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from survey.access import guard
from survey.access.guard import access
from survey.api.base import Blueprint, Schema
from survey.api.fields import Whole
from survey.api.waves import MergedSchema
from survey.core.services import services
from survey.invitations.issuing import (
    LONGEST_REASON,
    MOST_PER_UNIT,
    codes_file,
    create_invitations,
    export_codes,
)
from survey.invitations.replacing import REASONS, replace_known, replace_unknown
from survey.study.find import find_wave
from survey.study.studies import study_by_code

blp = Blueprint("invitations", "Invitations and their codes")

_INVITATIONS = "/organisations/<org>/studies/<study>/waves/<int:ordinal>/invitations"


class InvitationOrderSchema(Schema):
    """How many to invite; without counts, each unit's headcount."""

    counts = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 64)),
        values=Whole(validate=validate.Range(0, MOST_PER_UNIT)),
        load_default=None,
        allow_none=True,
        metadata={"description": "Unit code → how many (more)."},
    )
    reason = fields.String(
        load_default="",
        validate=validate.Length(0, LONGEST_REASON),
        metadata={
            "description": "Why a unit gets more codes than its headcount; without one that is "
            "refused. Kept in the event log for ever: name nobody."
        },
    )


class InvitationsMadeSchema(Schema):
    """How many were made, and which units are counted in a neighbour now."""

    invitations = fields.Integer(required=True)
    merged = fields.List(fields.Nested(MergedSchema), required=True)


class LostLetterSchema(Schema):
    """A lost letter that nobody can name."""

    unit = fields.String(required=True, validate=validate.Length(1, 64))
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))


class OldCodeSchema(Schema):
    """A code that is at hand and shall work no more."""

    code = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "Link or short code, as it is printed."},
    )
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))


class ReplacedSchema(Schema):
    """The unit that has a new code waiting; it leaves with the next letters or export."""

    unit_code = fields.String(required=True)
    unit_name = fields.String(required=True)
    count = fields.Integer(required=True)


@blp.route(_INVITATIONS)
class Invitations(MethodView):
    """Invitations of a wave."""

    @blp.arguments(InvitationOrderSchema, required=False)
    @blp.response(201, InvitationsMadeSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "invitations:write")
    def post(self, order: dict[str, Any], org: str, study: str, ordinal: int) -> Any:
        """Invite people to a draft or an open wave."""
        parts, who = services(), guard.principal()
        with parts.db.transaction() as session:
            wave = find_wave(session, study_by_code(session, who.organisation_id, study), ordinal)
            return create_invitations(
                session,
                parts.secret,
                parts.keys,
                wave,
                order["counts"],
                reason=order["reason"],
                actor=who.actor,
            )


@blp.route(_INVITATIONS + "/replacements")
class Replacements(MethodView):
    """New codes for lost letters."""

    @blp.arguments(LostLetterSchema)
    @blp.response(201, ReplacedSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "invitations:write")
    def post(self, order: dict[str, str], org: str, study: str, ordinal: int) -> Any:
        """Give a unit one code besides a lost one; few may be given, and each is counted.

        The new code is not in the answer: it leaves as all others do.
        """
        parts, who = services(), guard.principal()
        with parts.db.transaction() as session:
            wave = find_wave(session, study_by_code(session, who.organisation_id, study), ordinal)
            return replace_unknown(
                session,
                parts.secret,
                parts.keys,
                wave,
                order["unit"],
                reason=order["reason"],
                actor=who.actor,
            )


@blp.route(_INVITATIONS + "/revocations")
class Revocations(MethodView):
    """Codes that shall work no more."""

    @blp.arguments(OldCodeSchema)
    @blp.response(201, ReplacedSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "invitations:write")
    def post(self, order: dict[str, str], org: str, study: str, ordinal: int) -> Any:
        """Revoke a code that has not been used and make another in its place."""
        parts, who = services(), guard.principal()
        with parts.db.transaction() as session:
            wave = find_wave(session, study_by_code(session, who.organisation_id, study), ordinal)
            return replace_known(
                session,
                parts.secret,
                parts.keys,
                wave,
                order["code"],
                reason=order["reason"],
                actor=who.actor,
            )


@blp.route(_INVITATIONS + "/export")
class Export(MethodView):
    """The codes of a wave."""

    @blp.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
    @blp.alt_response(409, "CONFLICT")
    @access("api", "invitations:export")
    def post(self, org: str, study: str, ordinal: int) -> Response:
        """The codes that have not left yet, as CSV. Each leaves once: keep the answer."""
        parts, who = services(), guard.principal()
        with parts.db.transaction() as session:
            wave = find_wave(session, study_by_code(session, who.organisation_id, study), ordinal)
            content = codes_file(
                export_codes(session, parts.keys, wave, parts.settings.base_url, actor=who.actor)
            )
        response = Response(content, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="codes.csv"'
        response.headers["Cache-Control"] = "no-store"
        return response
