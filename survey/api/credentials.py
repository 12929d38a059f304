"""Answering in the cryptographic mode: a code for a credential, a credential for an answer.

Two requests that must have nothing in common. The first carries the code and something blinded;
the second carries answers and a credential, no code and no cookie. How a program draws its secrets
is RFC 9474, RSABSSA-SHA384-PSS-Randomized; docs/decisions/0007-blind-signatures.md says what it
must keep, and that what is lost cannot be given again.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import ValidationError, fields, validate

from survey.access.guard import access
from survey.answering import credentials
from survey.answering.intake import Accepted
from survey.api.answers import BODY_LIMIT, CodeSchema, ReceiptSchema, counting_failures
from survey.api.base import Blueprint, Schema
from survey.core.services import services
from survey.study.signing_keys import KEY_ID

blp = Blueprint("credentials", "Answering in the cryptographic mode")

FOR_EVER = "public, max-age=31536000, immutable"


def _raw(length: int, description: str) -> fields.String:
    """A field of a fixed number of bytes."""
    characters = -(-length * 4 // 3)

    def check(text: str) -> None:
        try:
            exact = encode(decode(text)) == text and len(decode(text)) == length
        except (binascii.Error, ValueError):
            exact = False
        if not exact:
            raise ValidationError(f"is not {length} bytes as base64url without padding.")

    return fields.String(
        required=True,
        validate=check,
        metadata={
            "description": f"{description} {length} bytes as base64url without padding.",
            "minLength": characters,
            "maxLength": characters,
            "pattern": "^[A-Za-z0-9_-]*$",
        },
    )


class IssueArguments(CodeSchema):
    """A code, and what is to be signed unseen."""

    blinded_message = _raw(
        credentials.LENGTH,
        "A blinded message for the code's key; the same again gets the same answer.",
    )


class IssuedSchema(Schema):
    """The signature, still blinded."""

    blind_signature = fields.String(required=True)


class RedeemArguments(Schema):
    """Answers and the credential that lets them in. Send neither cookie nor code with it."""

    key = fields.String(
        required=True,
        validate=validate.Regexp(rf"\A[0-9a-f]{{{2 * KEY_ID}}}\Z", error="is no name of a key."),
        metadata={"description": "The name of the key that signed."},
    )
    message = _raw(credentials.PREPARED, "What was signed: random, with the RFC's random prefix.")
    signature = _raw(credentials.LENGTH, "The signature, unblinded.")
    answers = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "As for `POST /answers`."},
    )


@blp.route("/answers/credential")
class Issue(MethodView):
    """Exchanging a code."""

    @blp.arguments(IssueArguments)
    @blp.response(200, IssuedSchema)
    @blp.alt_response(403, "FORBIDDEN")
    @blp.alt_response(404, "NOT_FOUND")
    @blp.alt_response(409, "CONFLICT")
    @blp.alt_response(410, "GONE")
    @access("respondent", max_body=BODY_LIMIT)
    def post(self, arguments: dict[str, Any]) -> dict[str, str]:
        """Exchange a code for a credential. Spends the code: keep your secrets until you have sent.

        The same code with the same blinded message gets the same signature again; with another one
        it is refused with 409, for good.
        """
        parts = services()
        signature = counting_failures(
            lambda: credentials.issue(
                parts.db,
                parts.secret,
                parts.keys,
                arguments["code"],
                decode(arguments["blinded_message"]),
            )
        )
        return {"blind_signature": encode(signature)}


@blp.route("/answers/redeem")
class Redemption(MethodView):
    """Sending with a credential."""

    @blp.arguments(RedeemArguments)
    @blp.response(201, ReceiptSchema)
    @blp.alt_response(200, schema=ReceiptSchema, success=True)
    @blp.alt_response(403, "FORBIDDEN")
    @blp.alt_response(410, "GONE")
    @access("respondent", max_body=BODY_LIMIT)
    def post(self, arguments: dict[str, Any]) -> tuple[dict[str, str], int]:
        """Send answers: 201 when they are stored, 200 when this credential has been used."""

        def redeem() -> object:
            with services().db.transaction() as session:
                return credentials.redeem(
                    session,
                    services().secret,
                    bytes.fromhex(arguments["key"]),
                    decode(arguments["message"]),
                    decode(arguments["signature"]),
                    arguments["answers"],
                )

        if isinstance(counting_failures(redeem), Accepted):
            return {"status": "received"}, 201
        return {"status": "already received"}, 200


@blp.route("/answers/keys/<digest>")
class Keys(MethodView):
    """Public keys."""

    @blp.response(200, {"type": "object"}, content_type="application/json")
    @blp.alt_response(404, "NOT_FOUND")
    @access("public")
    def get(self, digest: str) -> Response:
        """The public keys of a wave, one for each unit. ``digest`` is the SHA-256 of this answer.

        It is printed on letters: everybody of the wave must have been given the same keys.
        """
        with services().db.reading() as session:
            content = credentials.keys_file(session, digest)
        response = Response(content, content_type="application/json")
        response.headers["Cache-Control"] = FOR_EVER
        return response


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """What :func:`encode` made; ValueError when it is something else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
