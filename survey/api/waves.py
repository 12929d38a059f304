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
from survey.api.fields import Flag, Whole
from survey.core.errors import InvalidInput
from survey.core.local_time import parse_local
from survey.core.services import services
from survey.instrument.library import Library
from survey.study import closing, waves
from survey.study.find import find_wave
from survey.study.models import Study, Wave
from survey.study.participation import participation
from survey.study.reasons import LONGEST_NOTE, REASONS, Reason
from survey.study.signing_keys import make_ready
from survey.study.studies import study_by_code

blp = Blueprint("waves", "Waves: drafts, opening, closing, participation")
blp.METHODS_NEEDING_CHECK_ETAG = [*blp.METHODS_NEEDING_CHECK_ETAG, "POST"]
"""An extension is a POST: people were promised the time that it changes."""

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
            raise ValidationError(f"{fault.message} {fault.fix or ''}".rstrip()) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else None


_RELEASE = {
    "description": "Whether the results are released as soon as the wave has closed. When false, "
    "staff look at what each unit will show and release them."
}
_NOTE = {"description": "The reason in words. It is kept for ever: name nobody."}


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
    release_after_close = Flag(required=True, metadata=_RELEASE)


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
    release_after_close = Flag(load_default=True, metadata=_RELEASE)


class DraftChangeSchema(Schema):
    """What may change in a draft; what is not sent stays."""

    phase = fields.String(validate=validate.OneOf(waves.PHASES))
    label = fields.String(validate=validate.Length(1, 200))
    opens_at = Moment(allow_none=True)
    closes_at = Moment(allow_none=True)
    release_after_close = Flag(metadata=_RELEASE)


class ExtensionSchema(Schema):
    """A later closing time, and why."""

    closes_at = Moment(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = fields.String(required=True, validate=validate.Length(1, LONGEST_NOTE), metadata=_NOTE)


class ClosingSchema(Schema):
    """How to close. Before the wave's closing time `reason` and `note` are needed."""

    release = Flag(
        load_default=None,
        allow_none=True,
        metadata={"description": "Release at once, too. Default: the wave's own setting."},
    )
    reason = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf((*REASONS, None))
    )
    note = fields.String(
        load_default="", validate=validate.Length(max=LONGEST_NOTE), metadata=_NOTE
    )


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
    """A unit with everybody below it, as it was counted last."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent_code = fields.String(required=True, allow_none=True)
    invited = fields.Integer(required=True)
    answered = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "At least so many. A unit's number is rounded down to a multiple of "
            "five: 0 says that fewer than five have answered. Above units stands the sum of their "
            "numbers, without staff of no unit. The whole of a municipality with 20 units and 100 "
            "answers has a number of its own, rounded down to a multiple of ten. Null before the "
            "first count, for a merged unit, and once the wave is released."
        },
    )
    merged_into = fields.String(required=True, allow_none=True)
    replaced = fields.Integer(
        required=True,
        metadata={
            "description": "Codes given besides lost ones: as many answers may be second ones. "
            "They make nobody invited."
        },
    )


class ParticipationListSchema(Schema):
    """The wave's units, parents before children. Answers are counted once a day, at six o'clock
    in Norway; no request starts a count."""

    counted_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When this was counted; null before the first count."},
    )
    next_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When the next count is due; null when there will be none."},
    )
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
            stored_study = _study(session, study)
            purpose = f"waves:{stored_study.organisation_id}:{stored_study.id}"
            after = decode_cursor(secret, purpose, cursor)[0] if cursor else None
            rows = waves.waves(session, stored_study, after=after, limit=limit + 1)
        return page(secret, purpose, rows, limit, lambda row: [row.ordinal])

    @blp.arguments(NewWaveSchema)
    @blp.response(201, WaveSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, new: dict[str, Any], org: str, study: str) -> Any:
        """Make a draft."""
        with services().db.transaction() as session:
            stored_study = _study(session, study)
            return waves.create_wave(session, stored_study, **new, actor=guard.principal().actor)


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
@blp.etag
class Extension(MethodView):
    """Extending a wave."""

    @blp.arguments(ExtensionSchema)
    @blp.response(200, WaveSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, change: dict[str, Any], org: str, study: str, ordinal: int) -> Any:
        """Set a later closing time for an open wave; the reason is kept in the event log."""
        why = Reason(change["reason"], change["note"])
        with services().db.transaction() as session:
            wave = _wave(session, study, ordinal)
            blp.check_etag(wave, WaveSchema)
            return closing.extend_wave(
                session, wave, change["closes_at"], why, actor=guard.principal().actor
            )


@blp.route(_WAVE + "/close")
class Closing(MethodView):
    """Closing a wave."""

    @blp.arguments(ClosingSchema, required=False)
    @blp.response(202, TaskStartedSchema)
    @blp.alt_response(409, "CONFLICT")
    @access("api", "waves:write")
    def post(self, how: dict[str, Any], org: str, study: str, ordinal: int) -> Any:
        """Close a wave: no answer is taken from now on. The worker opens the answers and, when it
        is asked to, makes the release; asking twice is asking once."""
        who, reason = guard.principal(), how["reason"]
        why = Reason(reason or "", how["note"]) if reason or how["note"] else None
        with services().db.transaction() as session:
            wave = _wave(session, study, ordinal)
            task = closing.request_close(
                session, wave, actor=who.actor, reason=why, release=how["release"]
            )
        return task, {"Location": f"{URL_PREFIX}/organisations/{org}/tasks/{task.id}"}


@blp.route(_WAVE + "/participation")
class WaveParticipation(MethodView):
    """How many have answered."""

    @blp.response(200, ParticipationListSchema)
    @access("api", "studies:read")
    def get(self, org: str, study: str, ordinal: int) -> Any:
        """Invited and answered per unit, by the last daily count."""
        with services().db.reading() as session:
            return participation(session, _wave(session, study, ordinal))


def _study(session: Session, code: str) -> Study:
    return study_by_code(session, guard.principal().organisation_id, code)


def _wave(session: Session, study: str, ordinal: int) -> Wave:
    return find_wave(session, _study(session, study), ordinal)
