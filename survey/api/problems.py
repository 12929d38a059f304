"""Domain errors become answers here, and only here.

Under ``/api/`` an answer is ``application/problem+json`` (RFC 9457); elsewhere it is a page, which
``app.extensions["error_page"]`` makes (set by ``survey.web.blueprints``).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Flask, Response, current_app, json, request
from marshmallow import fields
from werkzeug.exceptions import HTTPException

from survey.api.strict_json import MalformedJson
from survey.core import errors
from survey.core.errors import Fault, Message, SurveyError

PROBLEM_JSON = "application/problem+json"

STATUS: dict[type[SurveyError], int] = {
    MalformedJson: 400,
    errors.InvalidInput: 422,
    errors.TooLarge: 413,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Exposed: 409,
    errors.NotYetOpen: 403,
    errors.Closed: 410,
    errors.RateLimited: 429,
    errors.ConfigurationError: 500,
    errors.KeyLost: 500,
}
"""Class of a domain error → HTTP status; a subclass has the status of its nearest base."""


class ProblemFaultSchema(ma.Schema):
    """One thing that is wrong."""

    path = fields.String(required=True, metadata={"description": "JSON pointer, or the place."})
    code = fields.String(required=True, metadata={"description": "What is wrong, for programs."})
    what = fields.String(required=True, metadata={"description": "What is wrong."})
    fix = fields.String(metadata={"description": "What to do about it."})


class ProblemSchema(ma.Schema):
    """An error as RFC 9457 has it, with every fault at once."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    code = fields.String(metadata={"description": "What is wrong, for programs; it never changes."})
    errors = fields.List(fields.Nested(ProblemFaultSchema))


def status_of(error: SurveyError) -> int:
    """The HTTP status of a domain error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def install(app: Flask) -> None:
    """Answer every domain error and every HTTP error of ``app``."""
    app.register_error_handler(SurveyError, _domain)
    app.register_error_handler(HTTPException, _http)


def _domain(error: SurveyError) -> Response:
    status = status_of(error)
    response = _answer(status, error.message, error.faults, error)
    if isinstance(error, errors.RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # redirects of the router
    status = error.code or 500
    detail = (error.description or "") if status < 500 else ""
    response = _answer(status, detail, (), error)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _answer(
    status: int,
    detail: Message | str,
    faults: tuple[Fault, ...],
    error: SurveyError | HTTPException,
) -> Response:
    if request.path.startswith("/api/"):
        return problem(status, detail, faults)
    page = current_app.extensions.get("error_page")
    if page is None:
        return Response(f"{status} {detail}\n", status, mimetype="text/plain")
    response: Response = page(status, detail, faults, error)
    return response


def problem(status: int, detail: Message | str, faults: tuple[Fault, ...] = ()) -> Response:
    """An RFC 9457 answer."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
    }
    if detail:
        body["detail"] = str(detail)
    if isinstance(detail, Message):
        body["code"] = detail.code
    if faults:
        body["errors"] = [
            {
                "path": str(fault.where),
                "code": fault.code,
                "what": str(fault.message),
                **({"fix": str(fault.fix)} if fault.fix else {}),
            }
            for fault in faults
        ]
    response = Response(json.dumps(body), status, content_type=PROBLEM_JSON)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="survey"'
    return response
