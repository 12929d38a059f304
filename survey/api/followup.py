"""What units decide after a wave, over the API: actions, choices and targets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate
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
from survey.core.services import services
from survey.followup import actions, choices, place, targets
from survey.followup.actions import Draft
from survey.followup.model import (
    OWNER_LIMIT,
    SOURCES,
    STATUSES,
    TITLE_LIMIT,
    ActionFacts,
    ChoiceFacts,
    TargetFacts,
)
from survey.followup.place import Place
from survey.study.studies import study_by_code

blp = Blueprint("follow-up", "What units decide after a wave: actions, choices, targets")

_STUDY = "/organisations/<org>/studies/<study>"
_ACTIONS = _STUDY + "/actions"
_DIMENSION = "Id of a dimension of the released questionnaire."


class ActionSchema(Schema):
    """An action of a unit."""

    id = fields.Integer(required=True)
    unit = fields.String(required=True, metadata={"description": "Code of the unit."})
    wave = fields.Integer(
        required=True, metadata={"description": "Ordinal of the wave it was agreed after."}
    )
    title = fields.String(required=True)
    owner = fields.String(required=True, metadata={"description": "A name or a role."})
    deadline = fields.Date(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    dimension = fields.String(required=True, allow_none=True, metadata={"description": _DIMENSION})
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)


class ActionChangeSchema(Schema):
    """What may change; what is not sent stays."""

    title = fields.String(validate=validate.Length(1, TITLE_LIMIT))
    owner = fields.String(validate=validate.Length(1, OWNER_LIMIT))
    deadline = fields.Date()
    status = fields.String(validate=validate.OneOf(STATUSES))
    dimension = fields.String(allow_none=True, validate=validate.Length(1, 200))


class NewActionSchema(Schema):
    """An action to be agreed."""

    unit = fields.String(required=True, validate=validate.Length(1, 64))
    wave = Whole(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 9999),
        metadata={"description": "A released wave; null is the latest."},
    )
    title = fields.String(required=True, validate=validate.Length(1, TITLE_LIMIT))
    owner = fields.String(required=True, validate=validate.Length(1, OWNER_LIMIT))
    deadline = fields.Date(required=True)
    status = fields.String(load_default="planned", validate=validate.OneOf(STATUSES))
    dimension = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 200),
        metadata={"description": _DIMENSION},
    )


class ActionArguments(PageArguments):
    """Which actions, how many and from where."""

    unit = fields.String(load_default=None, validate=validate.Length(1, 64))
    wave = fields.Integer(load_default=None, validate=validate.Range(1, 9999))


class ChoiceSchema(Schema):
    """One dimension to keep and one to improve; null where nothing is chosen."""

    keep = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(1, 200),
        metadata={"description": _DIMENSION},
    )
    improve = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(1, 200),
        metadata={"description": _DIMENSION},
    )


class TargetSchema(Schema):
    """Where a dimension's index shall be."""

    dimension = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"description": _DIMENSION}
    )
    value = Whole(required=True, validate=validate.Range(0, 100))
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    year = Whole(
        load_default=None,
        allow_none=True,
        validate=validate.Range(actions.FIRST_YEAR, actions.LAST_YEAR),
    )


class TargetsSchema(Schema):
    """All targets of a unit, by dimension."""

    targets = fields.List(
        fields.Nested(TargetSchema), required=True, validate=validate.Length(max=100)
    )


@blp.route(_ACTIONS)
class Actions(MethodView):
    """The actions of a study."""

    @blp.arguments(ActionArguments, location="query")
    @blp.response(200, page_of(ActionSchema))
    @access("api", "followup:read")
    def get(self, arguments: dict[str, Any], org: str, study: str) -> dict[str, Any]:
        """Actions in the order they were made: all units', or one unit's or wave's."""
        who, secret, limit = guard.principal(), services().secret, arguments["limit"]
        unit, wave, cursor = arguments["unit"], arguments["wave"], arguments["cursor"]
        with services().db.reading() as session:
            stored_study = study_by_code(session, who.organisation_id, study)
            owner = f"{stored_study.organisation_id}:{stored_study.id}"
            purpose = f"actions:{owner}:{unit or ''}:{wave or ''}"
            after = None
            if cursor:
                moment, last = decode_cursor(secret, purpose, cursor)
                after = (datetime.fromisoformat(moment), int(last))
            rows = actions.listing(
                session,
                who.organisation_id,
                stored_study.id,
                unit=unit,
                ordinal=wave,
                after=after,
                limit=limit + 1,
            )
        return page(secret, purpose, rows, limit, lambda row: [row.created_at.isoformat(), row.id])

    @blp.arguments(NewActionSchema)
    @blp.response(201, ActionSchema)
    @access("api", "followup:write")
    def post(self, new: dict[str, Any], org: str, study: str) -> Any:
        """Agree an action after a released wave."""
        unit, wave = new.pop("unit"), new.pop("wave")
        with services().db.transaction() as session:
            here = _place(session, study, unit, wave, hold=True)
            action = actions.create(session, here, Draft(**new), actor=guard.principal().actor)
        address = f"{URL_PREFIX}/organisations/{org}/studies/{study}/actions/{action.id}"
        return action, {"Location": address}


@blp.route(_ACTIONS + "/<int:action>")
@blp.etag
class OneAction(MethodView):
    """An action."""

    @blp.response(200, ActionSchema)
    @access("api", "followup:read")
    def get(self, org: str, study: str, action: int) -> ActionFacts:
        """An action; its ETag is needed to change it."""
        with services().db.reading() as session:
            return _action(session, study, action)

    @blp.arguments(ActionChangeSchema)
    @blp.response(200, ActionSchema)
    @access("api", "followup:write")
    def patch(self, change: dict[str, Any], org: str, study: str, action: int) -> ActionFacts:
        """Change an action."""
        with services().db.transaction() as session:
            here, stored_action = _held(session, study, action)
            blp.check_etag(stored_action, ActionSchema)
            kept = {name: getattr(stored_action, name) for name in ActionChangeSchema().fields}
            draft = Draft(**kept | change)
            return actions.change(
                session, here, stored_action, draft, actor=guard.principal().actor
            )

    @blp.response(204)
    @access("api", "followup:write")
    def delete(self, org: str, study: str, action: int) -> None:
        """Delete an action that should never have been written."""
        with services().db.transaction() as session:
            here, stored_action = _held(session, study, action)
            blp.check_etag(stored_action, ActionSchema)
            actions.delete(session, here, stored_action, actor=guard.principal().actor)


@blp.route(_STUDY + "/waves/<int:ordinal>/units/<unit>/choice")
@blp.etag
class Choice(MethodView):
    """What a unit keeps and improves."""

    @blp.response(200, ChoiceSchema)
    @access("api", "followup:read")
    def get(self, org: str, study: str, ordinal: int, unit: str) -> ChoiceFacts:
        """The choice after a released wave; its ETag is needed to change it."""
        with services().db.reading() as session:
            return _choice(session, _place(session, study, unit, ordinal))

    @blp.arguments(ChoiceSchema)
    @blp.response(200, ChoiceSchema)
    @access("api", "followup:write")
    def put(
        self, choice: dict[str, Any], org: str, study: str, ordinal: int, unit: str
    ) -> ChoiceFacts:
        """Choose."""
        with services().db.transaction() as session:
            here = _place(session, study, unit, ordinal, hold=True)
            blp.check_etag(_choice(session, here), ChoiceSchema)
            wanted = ChoiceFacts(**choice)
            return choices.store(session, here, wanted, actor=guard.principal().actor)


@blp.route(_STUDY + "/units/<unit>/targets")
@blp.etag
class Targets(MethodView):
    """A unit's targets."""

    @blp.response(200, TargetsSchema)
    @access("api", "followup:read")
    def get(self, org: str, study: str, unit: str) -> dict[str, Any]:
        """All targets; their ETag is needed to change them."""
        with services().db.reading() as session:
            return _targets(session, _place(session, study, unit))

    @blp.arguments(TargetsSchema)
    @blp.response(200, TargetsSchema)
    @access("api", "followup:write")
    def put(self, sent: dict[str, Any], org: str, study: str, unit: str) -> dict[str, Any]:
        """Make these all of the unit's targets."""
        wanted = [TargetFacts(**target) for target in sent["targets"]]
        with services().db.transaction() as session:
            here = _place(session, study, unit, hold=True)
            blp.check_etag(_targets(session, here), TargetsSchema)
            stored = targets.store(session, here, wanted, actor=guard.principal().actor)
            return {"targets": stored}


def _place(
    session: Session, study: str, unit: str, ordinal: int | None = None, *, hold: bool = False
) -> Place:
    return place.find(session, guard.principal().organisation_id, study, unit, ordinal, hold=hold)


def _action(session: Session, study: str, action: int) -> ActionFacts:
    organisation_id = guard.principal().organisation_id
    stored_study = study_by_code(session, organisation_id, study)
    return actions.get(session, organisation_id, stored_study.id, action)


def _held(session: Session, study: str, action: int) -> tuple[Place, ActionFacts]:
    """The action and its unit's place, kept from others until the transaction ends."""
    stored_action = _action(session, study, action)
    here = _place(session, study, stored_action.unit, stored_action.wave, hold=True)
    return here, _action(session, study, action)


def _choice(session: Session, here: Place) -> ChoiceFacts:
    return choices.get(session, here.organisation_id, here.stored.wave_id, here.code)


def _targets(session: Session, here: Place) -> dict[str, Any]:
    return {"targets": targets.of_unit(session, here.organisation_id, here.study_id, here.code)}
