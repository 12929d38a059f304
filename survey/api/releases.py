"""Released results over the API: what pages and PDFs show, as data."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import fields

from survey.access import guard
from survey.access.guard import access
from survey.api.base import (
    Blueprint,
    PageArguments,
    Schema,
    decode_cursor,
    page,
    page_of,
)
from survey.api.documents import schema_of
from survey.core.services import services
from survey.release import read
from survey.release.codec import to_plain
from survey.release.document import ReleaseHeader, UnitResult, WaveFacts
from survey.study.studies import study_by_code

blp = Blueprint(
    "releases",
    "Released results. A number that is null or left out is not shown; other fields that are "
    "left out have their default",
)
_STUDY = "/organisations/<org>/studies/<study>"


class ReleaseSchema(Schema):
    """A release in the list."""

    id = fields.String(required=True, metadata={"description": "Of the release."})
    created_at = fields.AwareDateTime(required=True)
    digest = fields.String(
        required=True, metadata={"description": "SHA-256 over header and units, as printed."}
    )
    wave = fields.Nested(schema_of(WaveFacts), required=True, attribute="header.wave")


class HeaderSchema(Schema):
    """What is common to all units of a release."""

    digest = fields.String(required=True)
    header = fields.Nested(
        schema_of(ReleaseHeader),
        required=True,
        metadata={
            "description": "As it is stored. Releases of schema 1 come under today's forms: the "
            "digest is that of what was released."
        },
    )


class UnitSchema(Schema):
    """Everything that may be known of one unit in one wave."""

    digest = fields.String(required=True)
    wave = fields.Nested(schema_of(WaveFacts), required=True)
    result = fields.Nested(
        schema_of(UnitResult),
        required=True,
        metadata={
            "description": "As it is stored. `participation.answered` is the only number of "
            "people: it stands behind every figure of the unit."
        },
    )


@blp.route(_STUDY + "/releases")
class Releases(MethodView):
    """The releases of a study."""

    @blp.arguments(PageArguments, location="query")
    @blp.response(200, page_of(ReleaseSchema))
    @access("api", "releases:read")
    def get(self, arguments: dict[str, Any], org: str, study: str) -> dict[str, Any]:
        """The latest release of every released wave, in the waves' order."""
        who = guard.principal()
        parts = services()
        with parts.db.reading() as session:
            stored_study = study_by_code(session, who.organisation_id, study)
            rows = read.releases(session, who.organisation_id, stored_study.id)
        purpose = f"releases:{stored_study.id}"
        if arguments["cursor"]:
            after = decode_cursor(parts.secret, purpose, arguments["cursor"])[0]
            rows = [row for row in rows if row.header.wave.ordinal > after]
        limit = arguments["limit"]
        return page(parts.secret, purpose, rows, limit, lambda row: [row.header.wave.ordinal])


@blp.route(_STUDY + "/waves/<int:ordinal>/release")
class Release(MethodView):
    """The release of one wave."""

    @blp.response(200, HeaderSchema)
    @access("api", "releases:read")
    def get(self, org: str, study: str, ordinal: int) -> dict[str, Any]:
        """Instrument, method and list of units."""
        who = guard.principal()
        with services().db.reading() as session:
            stored_study = study_by_code(session, who.organisation_id, study)
            stored = read.latest(session, who.organisation_id, stored_study.id, ordinal)
        return {"digest": stored.digest, "header": to_plain(stored.header)}


@blp.route(_STUDY + "/waves/<int:ordinal>/release/units/<unit>")
class Unit(MethodView):
    """One unit's result."""

    @blp.response(200, UnitSchema)
    @access("api", "releases:read")
    def get(self, org: str, study: str, ordinal: int, unit: str) -> dict[str, Any]:
        """Scores, shares, changes and comparisons, as far as they may be shown."""
        who = guard.principal()
        with services().db.reading() as session:
            stored_study = study_by_code(session, who.organisation_id, study)
            stored = read.unit_document(
                session, who.organisation_id, stored_study.id, unit, ordinal
            )
        return {
            "digest": stored.digest,
            "wave": stored.header.wave,
            "result": to_plain(stored.unit),
        }
