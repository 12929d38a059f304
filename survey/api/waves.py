"""Waves: drafts, opening, extending, closing, and how many have answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask.views import MethodView
from marshmallow import ValidationError, fields, validate
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.api.base import (
    URL_PREFIX,
    Blueprint,
    PageArguments,
    Schema,
    decode_cursor,
    page,
    page_of,
)
from survey.api.fields import Whole
from survey.errors import Conflict, InvalidInput
from survey.instrument.library import Library
from survey.jobs import tasks
from survey.study import waves
from survey.study.clock import parse_local
from survey.study.models import Study, Wave
from survey.study.participation import participation
from survey.study.signing import make_ready
from survey.study.studies import study_by_code
from survey.upkeep.services import services

blp = Blueprint("waves", "Waves: drafts, opening, closing, participation")

_WAVES = "/organisations/<org>/studies/<study>/waves"
_WAVE = _WAVES + "/<int:ordinal>"


class Moment(fields.String):
    """A time in ISO 8601; without an offset it is Norwegian time, and must exist once."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return parse_local(str(text))
        except InvalidInput as error:
            fault = error.faults[0]
            raise ValidationError(f"{fault.what} {fault.fix}".rstrip()) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else None


class WaveSchema(Schema):
    """A wave."""

    ordinal = fields.Integer(required=True)
    phase = fields.String(required=True, validate=validate.OneOf(waves.PHASES))
    label = fields.String(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(("draft", "open", "closed", "released"))
    )
    source = fields.String(required=True, validate=validate.OneOf(waves.SOURCES))
    opens_at = Moment(required=True, allow_none=True)
    closes_at = Moment(required=True, allow_none=True)
    opened_at = Moment(required=True, allow_none=True)
    closed_at = Moment(required=True, allow_none=True)
    released_at = Moment(required=True, allow_none=True)
    instrument_version = fields.String(required=True, allow_none=True)
    instrument_digest = fields.String(required=True, allow_none=True)
    keys_digest = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Cryptographic mode: of the file `/answers/keys/{digest}`, for letters."
        },
    )
    codes_exported_at = Moment(required=True, allow_none=True)


class NewWaveSchema(Schema):
    """A draft to be made. Without an ordinal it comes last."""

    phase = fields.String(required=True, validate=validate.OneOf(waves.PHASES))
    label = fields.String(load_default="", validate=validate.Length(max=200))
    ordinal = Whole(load_default=None, allow_none=True)
    opens_at = Moment(load_default=None, allow_none=True)
    closes_at = Moment(load_default=None, allow_none=True)
    source = fields.String(
        load_default="answers",
        validate=validate.OneOf(waves.SOURCES),
        metadata={"description": "`import` for a measurement from another tool."},
    )


class DraftChangeSchema(Schema):
    """What may change in a draft; what is not sent stays."""

    phase = fields.String(validate=validate.OneOf(waves.PHASES))
    label = fields.String(validate=validate.Length(1, 200))
    opens_at = Moment(allow_none=True)
    closes_at = Moment(allow_none=True)


class ExtensionSchema(Schema):
    """A later closing time."""

    closes_at = Moment(required=True)


class MergedSchema(Schema):
    """A unit with fewer than k invited, and the neighbour that it is counted in."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    into_code = fields.String(required=True)
    into_name = fields.String(required=True)


class OpenedSchema(Schema):
    """What opening did."""

    units = fields.Integer(required=True)
    merged = fields.List(fields.Nested(MergedSchema), required=True)
    warnings = fields.List(fields.String(), required=True)


class TaskStartedSchema(Schema):
    """The task that closes the wave; follow it at ``/organisations/{org}/tasks/{id}``."""

    id = fields.Integer(required=True)
    state = fields.String(required=True)


class UnitParticipationSchema(Schema):
    """A unit with everybody below it. `answered` is null where it is masked."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent_code = fields.String(required=True, allow_none=True)
    invited = fields.Integer(required=True)
    answered = fields.Integer(required=True, allow_none=True)
    merged_into = fields.String(required=True, allow_none=True)


class ParticipationListSchema(Schema):
    """The wave's units, parents before children."""

    units = fields.List(fields.Nested(UnitParticipationSchema), required=True)


@blp.route(_WAVES)
class Waves(MethodView):
    """All waves of a study."""

    @blp.arguments(PageArguments, location="query")
    @blp.response(200, page_of(WaveSchema))
    @access("api", "studies:read")
    def get(self, arguments: dict[str, Any], org: str, study: str) -> dict[str, Any]:
        """Waves by ordinal."""
        secret, limit, cursor = services().secret, arguments["limit"], arguments["cursor"]
        with services().db.reading() as session:
            found = _study(session, study)
            purpose = f"waves:{found.organisation_id}:{found.id}"
            after = decode_cursor(secret, purpose, cursor)[0] if cursor else None
            rows = waves.waves(session, found, after=after, limit=limit + 1)
        return page(secret, purpose, rows, limit, lambda row: [row.ordinal])

    @blp.arguments(NewWaveSchema)
    @blp.response(201, WaveSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, new: dict[str, Any], org: str, study: str) -> Any:
        """Make a draft."""
        with services().db.transaction() as session:
            found = _study(session, study)
            return waves.create_wave(session, found, **new, actor=guard.principal().actor)


@blp.route(_WAVE)
@blp.etag
class OneWave(MethodView):
    """A wave."""

    @blp.response(200, WaveSchema)
    @access("api", "studies:read")
    def get(self, org: str, study: str, ordinal: int) -> Any:
        """A wave; its ETag is needed to change it."""
        with services().db.reading() as session:
            return _wave(session, study, ordinal)

    @blp.arguments(DraftChangeSchema)
    @blp.response(200, WaveSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def patch(self, change: dict[str, Any], org: str, study: str, ordinal: int) -> Any:
        """Change a draft."""
        with services().db.transaction() as session:
            wave = _wave(session, study, ordinal)
            blp.check_etag(wave, WaveSchema)
            kept = {name: getattr(wave, name) for name in DraftChangeSchema().fields}
            return waves.update_draft(session, wave, **kept | change, actor=guard.principal().actor)


@blp.route(_WAVE + "/open")
class Opening(MethodView):
    """Opening a wave."""

    @blp.response(200, OpenedSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, org: str, study: str, ordinal: int) -> Any:
        """Open a draft: freezes questionnaire, tree and headcounts, and makes its keys."""
        parts = services()
        make_ready(parts.db, parts.keys, lambda session: _wave(session, study, ordinal))
        with parts.db.transaction() as session:
            wave = _wave(session, study, ordinal)
            library = Library(parts.settings.instrument_dir)
            return waves.open_wave(
                session, parts.keys, library, wave, actor=guard.principal().actor
            )


@blp.route(_WAVE + "/extend")
class Extension(MethodView):
    """Extending a wave."""

    @blp.arguments(ExtensionSchema)
    @blp.response(200, WaveSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, change: dict[str, Any], org: str, study: str, ordinal: int) -> Any:
        """Set a later closing time for an open wave."""
        with services().db.transaction() as session:
            wave = _wave(session, study, ordinal)
            return waves.extend_wave(
                session, wave, change["closes_at"], actor=guard.principal().actor
            )


@blp.route(_WAVE + "/close")
class Closing(MethodView):
    """Closing a wave."""

    @blp.response(202, TaskStartedSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, org: str, study: str, ordinal: int) -> Any:
        """Close a wave and make its release. The worker does it; asking twice is asking once."""
        who = guard.principal()
        with services().db.transaction() as session:
            wave = _wave(session, study, ordinal)
            if wave.state not in ("open", "closed"):
                raise Conflict(f"The wave is {wave.state}; only an open wave can be closed.")
            task = tasks.enqueue_once(
                session, who.organisation_id, "release", {"wave_id": wave.id}, who.actor
            )
        return task, {"Location": f"{URL_PREFIX}/organisations/{org}/tasks/{task.id}"}


@blp.route(_WAVE + "/participation")
class WaveParticipation(MethodView):
    """How many have answered."""

    @blp.response(200, ParticipationListSchema)
    @access("api", "studies:read")
    def get(self, org: str, study: str, ordinal: int) -> dict[str, Any]:
        """Invited and answered per unit, small counts masked."""
        with services().db.reading() as session:
            return {"units": participation(session, _wave(session, study, ordinal))}


def _study(session: Session, code: str) -> Study:
    return study_by_code(session, guard.principal().organisation_id, code)


def _wave(session: Session, study: str, ordinal: int) -> Wave:
    return waves.wave_by_ordinal(session, _study(session, study), ordinal)
