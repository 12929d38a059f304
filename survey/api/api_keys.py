"""Keys of programs, over the API. A key can make others with no more than its own scopes."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate

from survey.access import api_keys, guard
from survey.access.guard import access
from survey.access.models import ApiKey
from survey.access.principal import SCOPES
from survey.api.base import Blueprint, Schema
from survey.audit import log
from survey.core.errors import Forbidden, say
from survey.core.services import services

blp = Blueprint("api-keys", "Keys for programs")


class KeySchema(Schema):
    """A key without its secret."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class MadeKeySchema(KeySchema):
    """A new key; ``key`` is shown now and never again."""

    key = fields.String(required=True)


class KeysSchema(Schema):
    """All keys of an organisation."""

    items = fields.List(fields.Nested(KeySchema), required=True)


class NewKeySchema(Schema):
    """A key to be made."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(SCOPES))),
        required=True,
        validate=validate.Length(1, len(SCOPES)),
    )
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)


@blp.route("/organisations/<org>/api-keys")
class Keys(MethodView):
    """All keys of an organisation."""

    @blp.response(200, KeysSchema)
    @access("api", "api-keys:write")
    def get(self, org: str) -> dict[str, Any]:
        """Keys, revoked ones too, without their secrets."""
        with services().db.reading() as session:
            return {"items": api_keys.listing(session, guard.principal().organisation_id)}

    @blp.arguments(NewKeySchema)
    @blp.response(201, MadeKeySchema)
    @access("api", "api-keys:write")
    def post(self, new: dict[str, Any], org: str) -> dict[str, Any]:
        """Make a key. The answer is the only place where it can be read."""
        who = guard.principal()
        beyond = sorted(set(new["scopes"]) - who.scopes)
        if beyond:
            raise Forbidden(say("key_cannot_give_scopes", beyond=", ".join(beyond)))
        with services().db.transaction() as session:
            stored_key, key = api_keys.create(
                session,
                services().secret,
                who.organisation_id,
                new["name"],
                new["scopes"],
                expires_at=new["expires_at"],
            )
            details = {"scopes": stored_key.scopes}
            subject = f"key:{stored_key.id}"
            log.record(session, who.organisation_id, who.actor, "key.created", subject, details)
        names = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")
        return {**{name: getattr(stored_key, name) for name in names}, "key": key}


@blp.route("/organisations/<org>/api-keys/<int:key>")
class OneKey(MethodView):
    """One key."""

    @blp.response(200, KeySchema)
    @access("api", "api-keys:write")
    def delete(self, org: str, key: int) -> ApiKey:
        """Revoke a key: it is useless from now on."""
        who = guard.principal()
        with services().db.transaction() as session:
            revoked = api_keys.revoke(session, who.organisation_id, key)
            log.record(session, who.organisation_id, who.actor, "key.revoked", f"key:{key}")
        return revoked
