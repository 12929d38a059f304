"""The organisation and its units; the tree comes in as a file, as it does on the command line."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from marshmallow import fields

from survey.access import guard
from survey.access.guard import access
from survey.api.base import Blueprint, PageArguments, Schema, decode_cursor, page, page_of
from survey.core.csv_files import SIZE_LIMIT
from survey.core.services import services
from survey.organisation import changes, imports
from survey.organisation.units import organisation_by_code, unit_by_code, units_by_code

blp = Blueprint("organisations", "The organisation and its units")


class OrganisationSchema(Schema):
    """A municipality."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class OrganisationUnitSchema(Schema):
    """A unit as it is today; waves keep frozen copies."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    parent_id = fields.Integer(required=True, allow_none=True)
    kind = fields.String(required=True)
    headcount = fields.Integer(required=True, allow_none=True)
    manager_email = fields.String(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)


class UnitChangeSchema(Schema):
    """A unit that a file changes."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    before = fields.String(required=True)
    after = fields.String(required=True)


class DeclaredSchema(Schema):
    """Units that a file says were merged, split or given another code."""

    kind = fields.String(required=True)
    before = fields.List(fields.String(), required=True)
    after = fields.List(fields.String(), required=True)
    continues = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Unit after → the unit before that it is compared with."},
    )


class RecordedUnitChangeSchema(Schema):
    """What was done to units between waves, and what it means for comparison."""

    id = fields.Integer(required=True)
    sequence = fields.Integer(required=True)
    kind = fields.String(required=True)
    from_codes = fields.List(fields.String(), required=True)
    to_codes = fields.List(fields.String(), required=True)
    before = fields.String(
        required=True, metadata={"description": "The name, or the name of the unit above, before."}
    )
    after = fields.String(required=True)
    continues = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Unit after → the unit before that it is compared with."},
    )
    reasons = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    same_staff = fields.Integer(required=True, allow_none=True)
    made_at = fields.AwareDateTime(required=True)
    frozen_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When a wave opened and the decision became final."},
    )


class ImportArguments(Schema):
    """Whether the file is only compared, or carried out."""

    apply = fields.Boolean(
        load_default=False, metadata={"description": "true carries out what is listed."}
    )


class ImportPlanSchema(Schema):
    """What a file changes, or has changed when `applied` is true."""

    applied = fields.Boolean(required=True)
    unchanged = fields.Integer(required=True)
    notes = fields.List(fields.String(), required=True)
    new = fields.List(fields.Nested(UnitChangeSchema), required=True)
    renamed = fields.List(fields.Nested(UnitChangeSchema), required=True)
    moved = fields.List(fields.Nested(UnitChangeSchema), required=True)
    closed = fields.List(fields.Nested(UnitChangeSchema), required=True)
    reopened = fields.List(fields.Nested(UnitChangeSchema), required=True)
    kinds = fields.List(fields.Nested(UnitChangeSchema), required=True)
    headcounts = fields.List(fields.Nested(UnitChangeSchema), required=True)
    managers = fields.List(fields.Nested(UnitChangeSchema), required=True)
    declared = fields.List(fields.Nested(DeclaredSchema), required=True)


@blp.route("/organisations/<org>")
class OneOrganisation(MethodView):
    """An organisation."""

    @blp.response(200, OrganisationSchema)
    @access("api", "organisations:read")
    def get(self, org: str) -> Any:
        """The organisation that the key belongs to."""
        with services().db.reading() as session:
            return organisation_by_code(session, org)


@blp.route("/organisations/<org>/units")
class Units(MethodView):
    """All units of an organisation."""

    @blp.arguments(PageArguments, location="query")
    @blp.response(200, page_of(OrganisationUnitSchema))
    @access("api", "organisations:read")
    def get(self, arguments: dict[str, Any], org: str) -> dict[str, Any]:
        """Units, open and closed, by code."""
        who = guard.principal()
        secret, limit = services().secret, arguments["limit"]
        purpose = f"units:{who.organisation_id}"
        cursor = arguments["cursor"]
        after = decode_cursor(secret, purpose, cursor)[0] if cursor else ""
        with services().db.reading() as session:
            rows = units_by_code(session, who.organisation_id, after=after, limit=limit + 1)
        return page(secret, purpose, rows, limit, lambda row: [row.code])


@blp.route("/organisations/<org>/units/<unit>")
class OneUnit(MethodView):
    """A unit."""

    @blp.response(200, OrganisationUnitSchema)
    @access("api", "organisations:read")
    def get(self, org: str, unit: str) -> Any:
        """A unit, open or closed."""
        with services().db.reading() as session:
            return unit_by_code(session, guard.principal().organisation_id, unit)


@blp.route("/organisations/<org>/reorganisations")
class Reorganisations(MethodView):
    """What was done to units between waves."""

    @blp.arguments(PageArguments, location="query")
    @blp.response(200, page_of(RecordedUnitChangeSchema))
    @access("api", "organisations:read")
    def get(self, arguments: dict[str, Any], org: str) -> dict[str, Any]:
        """Changes of units, the newest first."""
        who = guard.principal()
        secret, limit = services().secret, arguments["limit"]
        purpose = f"reorganisations:{who.organisation_id}"
        cursor = arguments["cursor"]
        before = decode_cursor(secret, purpose, cursor)[0] if cursor else None
        with services().db.reading() as session:
            rows = changes.listed(session, who.organisation_id, before=before, limit=limit + 1)
        return page(secret, purpose, rows, limit, lambda row: [row.sequence])


@blp.route("/organisations/<org>/imports")
class Imports(MethodView):
    """Bring the tree up to date."""

    @blp.doc(
        requestBody={
            "required": True,
            "description": "The whole organisation; a unit that is missing has closed.",
            "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
        }
    )
    @blp.arguments(ImportArguments, location="query")
    @blp.response(200, ImportPlanSchema)
    @blp.alt_response(409, "CONFLICT")
    @blp.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
    @blp.alt_response(422, "UNPROCESSABLE_ENTITY")
    @access("api", "organisations:write", max_body=SIZE_LIMIT)
    def post(self, arguments: dict[str, Any], org: str) -> dict[str, Any]:
        """Compare a CSV file with the organisation, and carry it out with `apply=true`."""
        who = guard.principal()
        rows = imports.read_csv(request.get_data())
        if not arguments["apply"]:
            with services().db.reading() as session:
                plan = imports.plan(session, who.organisation_id, rows)
        else:
            with services().db.transaction() as session:
                plan = imports.plan(session, who.organisation_id, rows)
                imports.apply(session, who.organisation_id, plan, actor=who.actor)
        return {
            "applied": arguments["apply"],
            "unchanged": plan.unchanged,
            "notes": [str(note) for note in plan.notes],
            "declared": list(plan.declared),
            **dict(plan.lists()),
        }
