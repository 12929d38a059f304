"""Answering over the API: the same questionnaire, checks and intake as the form.

The code travels in the body of a POST, never in an address: addresses end in logs. Only sending
spends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from flask.views import MethodView
from marshmallow import fields, validate

from survey.access.guard import access
from survey.answering import failed_codes, intake
from survey.answering.admission import UnknownCode, find
from survey.answering.questionnaire import questionnaire
from survey.api.base import Blueprint, Schema
from survey.core.errors import Fault, InvalidInput
from survey.core.services import services
from survey.release.read import knew_looser_rules

BODY_LIMIT = 64 * 1024
_PLACE = re.compile(r"([^\[\]]+)\[([0-9]+)\]")
T = TypeVar("T")

blp = Blueprint("answers", "Answering with a code")


class CodeSchema(Schema):
    """Who asks: the code of an invitation."""

    code = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "The code of a link, or the short printed one."},
    )


class QuestionnaireArguments(CodeSchema):
    """Which questionnaire, and in which language."""

    language = fields.String(
        load_default="",
        validate=validate.Length(0, 10),
        metadata={"description": "For example `nb`; another one is chosen when it is not there."},
    )


class ValidateArguments(CodeSchema):
    """A code and answers."""

    answers = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": '`items`: item id → integer of its scale, or `"na"`. `questions`: '
            "question id → option id (single), list of option ids (multiple), text, or list of "
            "words. Absent and null mean unanswered."
        },
    )


class SubmitArguments(ValidateArguments):
    """A code, answers, and the client's own random number for this submission."""

    submission_id = fields.String(
        required=True,
        validate=validate.Regexp(
            rf"\A{intake.SUBMISSION_ID.pattern}\Z",
            error="is not a random id of 22 to 64 characters.",
        ),
        metadata={"description": "Random, made once; send the same again when no answer came."},
    )


class CredentialKeySchema(Schema):
    """What a program needs to ask for a credential (`POST /answers/credential`)."""

    key = fields.String(required=True, metadata={"description": "Name of the unit's key."})
    digest = fields.String(
        required=True, metadata={"description": "Of the file `/answers/keys/{digest}`."}
    )
    issued = fields.Boolean(
        required=True, metadata={"description": "The code has been exchanged already."}
    )


class QuestionnaireSchema(Schema):
    """The questionnaire in one language."""

    organisation = fields.String(required=True)
    study = fields.String(required=True)
    smallest_group = fields.Integer(
        required=True,
        metadata={
            "description": "Results are shown only for groups in which so many have answered."
        },
    )
    public_level = fields.Integer(
        required=True,
        metadata={
            "description": "Whose figures the municipality publishes: 0 its own only, 1 those of "
            "the areas directly below it too, 2 of those two levels below too, 3 of every unit."
        },
    )
    stricter = fields.Boolean(
        required=True,
        metadata={
            "description": "Results of this study were published under looser rules before: say "
            "on the first page what has become stricter."
        },
    )
    closes_at = fields.String(required=True, allow_none=True)
    languages = fields.List(fields.String(), required=True)
    instrument = fields.String(required=True)
    language = fields.String(required=True)
    title = fields.String(required=True)
    introduction = fields.String(required=True)
    not_applicable_value = fields.String(required=True)
    credential = fields.Nested(
        CredentialKeySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null in a study of the ordinary mode."},
    )
    pages = fields.List(fields.Dict(), required=True)


class ReceiptSchema(Schema):
    """What became of the answers."""

    status = fields.String(
        required=True, validate=validate.OneOf(["received", "already received", "valid"])
    )


@blp.route("/answers/questionnaire")
class Questionnaire(MethodView):
    """The questionnaire that a code opens."""

    @blp.arguments(QuestionnaireArguments)
    @blp.response(200, QuestionnaireSchema)
    @blp.alt_response(403, "FORBIDDEN")
    @blp.alt_response(404, "NOT_FOUND")
    @blp.alt_response(409, "CONFLICT")
    @blp.alt_response(410, "GONE")
    @access("respondent", max_body=BODY_LIMIT)
    def post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fetch the questionnaire; spends nothing."""

        def fetch() -> dict[str, Any]:
            with services().db.reading() as session:
                secret = services().secret
                code, language = arguments["code"], arguments["language"]
                asked = questionnaire(session, secret, code, language)
                _, wave = find(session, secret, code)
                return {**asked, "stricter": knew_looser_rules(session, wave)}

        return counting_failures(fetch)


@blp.route("/answers/validate")
class Validation(MethodView):
    """Whether answers would be accepted."""

    @blp.arguments(ValidateArguments)
    @blp.response(200, ReceiptSchema)
    @blp.alt_response(403, "FORBIDDEN")
    @blp.alt_response(404, "NOT_FOUND")
    @blp.alt_response(409, "CONFLICT")
    @blp.alt_response(410, "GONE")
    @access("respondent", max_body=BODY_LIMIT)
    def post(self, arguments: dict[str, Any]) -> dict[str, str]:
        """Check answers; stores and spends nothing."""

        def check() -> None:
            with services().db.reading() as session:
                intake.check(session, services().secret, arguments["code"], arguments["answers"])

        counting_failures(check)
        return {"status": "valid"}


@blp.route("/answers")
class Answers(MethodView):
    """Sending."""

    @blp.arguments(SubmitArguments)
    @blp.response(201, ReceiptSchema)
    @blp.alt_response(200, schema=ReceiptSchema, success=True)
    @blp.alt_response(403, "FORBIDDEN")
    @blp.alt_response(404, "NOT_FOUND")
    @blp.alt_response(409, "CONFLICT")
    @blp.alt_response(410, "GONE")
    @access("respondent", max_body=BODY_LIMIT)
    def post(self, arguments: dict[str, Any]) -> tuple[dict[str, str], int]:
        """Send answers: 201 when they are stored, 200 when this submission was stored before."""

        def submit() -> intake.Accepted | intake.AlreadyReceived:
            with services().db.transaction() as session:
                return intake.submit(
                    session,
                    services().secret,
                    arguments["code"],
                    arguments["submission_id"],
                    arguments["answers"],
                )

        outcome = counting_failures(submit)
        if isinstance(outcome, intake.Accepted):
            return {"status": "received"}, 201
        return {"status": "already received"}, 200


def counting_failures(work: Callable[[], T]) -> T:
    """Run ``work``; an unknown code is counted, and every fault's path becomes a JSON pointer."""
    try:
        return work()
    except UnknownCode:
        failed_codes.count_failure(services().db, services().secret, request.remote_addr or "")
        raise
    except InvalidInput as error:
        faults = [
            Fault(_pointer(str(fault.where)), fault.message, fault.fix) for fault in error.faults
        ]
        raise InvalidInput(error.message, faults) from error


def _pointer(where: str) -> str:
    """``answers.questions.words[1]`` → ``/answers/questions/words/1``."""
    *parts, last = where.split(".", 2)
    if match := _PLACE.fullmatch(last):
        parts += match.groups()
    else:
        parts.append(last)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
