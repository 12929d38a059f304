"""People who sign in, and their roles, over the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from survey.access import guard, people, people_queries
from survey.access.guard import access
from survey.access.people_queries import PersonInfo
from survey.access.principal import ROLES
from survey.api.base import (
    Blueprint,
    PageArguments,
    Schema,
    decode_cursor,
    page,
    page_of,
)
from survey.api.fields import Flag
from survey.core.errors import Forbidden, NotFound
from survey.core.languages import DEFAULT, LANGUAGES
from survey.core.services import services

blp = Blueprint("people", "People who sign in, and what they may do")


class RoleSchema(Schema):
    """A role; a manager's names the unit that is led."""

    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 64),
        metadata={"description": "Code of the unit, for managers."},
    )


class PersonSchema(Schema):
    """A person with their roles."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    language = fields.String(required=True)
    active = fields.Boolean(required=True)
    has_password = fields.Boolean(required=True)
    has_second_factor = fields.Boolean(required=True)
    invited_at = fields.AwareDateTime(required=True, allow_none=True)
    signed_in_at = fields.AwareDateTime(required=True, allow_none=True)
    roles = fields.List(fields.Nested(RoleSchema), required=True)


class NewPersonSchema(Schema):
    """A person to be added. Sign-in is by a one-time link, or a password set on the server."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    email = fields.Email(required=True, validate=validate.Length(3, 254))
    language = fields.String(load_default=DEFAULT, validate=validate.OneOf(LANGUAGES))
    roles = fields.List(
        fields.Nested(RoleSchema), load_default=list, validate=validate.Length(max=50)
    )


class PersonChangeSchema(Schema):
    """What is to be changed of a person; what is left out stays."""

    active = Flag(metadata={"description": "Whether the person may sign in."})
    name = fields.String(validate=validate.Length(1, 200))
    email = fields.Email(validate=validate.Length(3, 254))
    language = fields.String(validate=validate.OneOf(LANGUAGES))


@blp.route("/organisations/<org>/people")
class People(MethodView):
    """All people of an organisation."""

    @blp.arguments(PageArguments, location="query")
    @blp.response(200, page_of(PersonSchema))
    @access("api", "people:read")
    def get(self, arguments: dict[str, Any], org: str) -> dict[str, Any]:
        """People with their roles."""
        who = guard.principal()
        purpose = f"people:{who.organisation_id}"
        secret = services().secret
        after = decode_cursor(secret, purpose, arguments["cursor"])[0] if arguments["cursor"] else 0
        with services().db.reading() as session:
            rows = people_queries.listing(
                session, who.organisation_id, after=after, limit=arguments["limit"] + 1
            )
        return page(secret, purpose, rows, arguments["limit"], lambda row: [row.id])

    @blp.arguments(NewPersonSchema)
    @blp.response(201, PersonSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "people:write")
    def post(self, new: dict[str, Any], org: str) -> PersonInfo:
        """Add a person with their roles."""
        who = guard.principal()
        _refuse_staff(role["role"] for role in new["roles"])
        with services().db.transaction() as session:
            person = people.create_person(
                session,
                who.organisation_id,
                name=new["name"],
                email=new["email"],
                language=new["language"],
                actor=who.actor,
            )
            for role in new["roles"]:
                people.grant(session, person, role["role"], unit=role["unit"], actor=who.actor)
            return _info(session, who.organisation_id, person.id)


@blp.route("/organisations/<org>/people/<int:person>")
@blp.etag
class OnePerson(MethodView):
    """One person."""

    @blp.response(200, PersonSchema)
    @access("api", "people:read")
    def get(self, org: str, person: int) -> PersonInfo:
        """A person with their roles; the ETag is needed to change them."""
        with services().db.reading() as session:
            return _info(session, guard.principal().organisation_id, person)

    @blp.arguments(PersonChangeSchema)
    @blp.response(200, PersonSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "people:write")
    def patch(self, change: dict[str, Any], org: str, person: int) -> PersonInfo:
        """Change a person. Who is kept out (`active`: false) is signed out everywhere.

        Refused with 409 for an address in use, and for the last of the innovation staff; with 403
        for another address of somebody among them.
        """
        who = guard.principal()
        with services().db.transaction() as session:
            stored_person = people.get(session, who.organisation_id, person)
            blp.check_etag(_info(session, who.organisation_id, person), PersonSchema)
            if change.get("email", stored_person.email).lower() != stored_person.email:
                _refuse_staff(
                    role.role for role in _info(session, who.organisation_id, person).roles
                )
            people.change(
                session,
                stored_person,
                name=change.get("name", stored_person.name),
                email=change.get("email", stored_person.email),
                language=change.get("language", stored_person.language),
                actor=who.actor,
            )
            people.set_active(
                session, stored_person, change.get("active", stored_person.active), actor=who.actor
            )
            return _info(session, who.organisation_id, person)


@blp.route("/organisations/<org>/people/<int:person>/roles")
class Roles(MethodView):
    """The roles of a person."""

    @blp.arguments(RoleSchema)
    @blp.response(200, PersonSchema)
    @access("api", "people:write")
    def post(self, role: dict[str, Any], org: str, person: int) -> PersonInfo:
        """Give a role; giving it twice changes nothing. No key makes innovation staff."""
        who = guard.principal()
        _refuse_staff([role["role"]])
        with services().db.transaction() as session:
            stored_person = people.get(session, who.organisation_id, person)
            people.grant(session, stored_person, role["role"], unit=role["unit"], actor=who.actor)
            return _info(session, who.organisation_id, person)

    @blp.arguments(RoleSchema, location="query")
    @blp.response(200, PersonSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "people:write")
    def delete(self, role: dict[str, Any], org: str, person: int) -> PersonInfo:
        """Take a role away; refused with 409 for the last of the innovation staff."""
        who = guard.principal()
        with services().db.transaction() as session:
            stored_person = people.get(session, who.organisation_id, person)
            people.withdraw(
                session, stored_person, role["role"], unit=role["unit"], actor=who.actor
            )
            return _info(session, who.organisation_id, person)


def _refuse_staff(roles: Iterable[str]) -> None:
    """Staff make codes and fetch them, which no key may do: so no key may become staff."""
    if "staff" in roles:
        raise Forbidden("staff_accounts_by_staff_only")


def _info(session: Session, organisation_id: int, person: int) -> PersonInfo:
    rows = people_queries.listing(session, organisation_id, after=person - 1, limit=1)
    if not rows or rows[0].id != person:
        raise NotFound("no_such_person")
    return rows[0]
