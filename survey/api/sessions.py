"""Signed-in browsers, over the API."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import fields

from survey.access import guard, people, sessions
from survey.access.guard import access
from survey.api.base import Blueprint, Schema
from survey.audit import log
from survey.core.services import services

blp = Blueprint("sessions", "Browsers that are signed in")


class SessionSchema(Schema):
    """A signed-in browser; ``reference`` names it and is of no use for signing in."""

    reference = fields.String(required=True)
    person_id = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True)
    device = fields.String(required=True, metadata={"description": "Browser and system, roughly."})
    method = fields.String(required=True, metadata={"description": "password, link or oidc."})


class SessionsSchema(Schema):
    """All sessions of an organisation."""

    items = fields.List(fields.Nested(SessionSchema), required=True)


class EndedSchema(Schema):
    """How many sessions ended."""

    ended = fields.Integer(required=True)


@blp.route("/organisations/<org>/sessions")
class Sessions(MethodView):
    """Sessions of the whole organisation."""

    @blp.response(200, SessionsSchema)
    @access("api", "people:read")
    def get(self, org: str) -> dict[str, Any]:
        """Who is signed in now."""
        with services().db.reading() as session:
            return {"items": sessions.listing(session, guard.principal().organisation_id)}


@blp.route("/organisations/<org>/people/<int:person>/sessions")
class PersonSessions(MethodView):
    """Sessions of one person."""

    @blp.response(200, EndedSchema)
    @access("api", "people:write")
    def delete(self, org: str, person: int) -> dict[str, int]:
        """Sign a person out everywhere."""
        who = guard.principal()
        with services().db.transaction() as session:
            stored_person = people.get(session, who.organisation_id, person)
            ended = sessions.end_all(session, who.organisation_id, stored_person.id)
            subject = f"person:{stored_person.id}"
            log.record(session, who.organisation_id, who.actor, "sessions.ended", subject)
        return {"ended": ended}
