"""flask-smorest with what this service needs: strict JSON, RFC 9457 errors, cursors.

A resource file looks like this::

    blp = Blueprint("studies", "Studies and their settings")

    @blp.route("/organisations/<org>/studies")
    class Studies(MethodView):
        @blp.arguments(PageArguments, location="query")
        @blp.response(200, page_of(StudySchema))
        @access("api", "studies:read")
        def get(self, arguments, org): ...

Addresses are relative to ``/api/v1``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from typing import Any, NoReturn, TypeVar

import marshmallow as ma
from flask import Request, request
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # ships no types
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import fields, validate
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import UnsupportedMediaType

from survey.api.problems import PROBLEM_JSON, ProblemSchema
from survey.api.strict_json import parse_json
from survey.core.errors import Fault, InvalidInput, say
from survey.core.secret import Secret

URL_PREFIX = "/api/v1"
_Decorated = TypeVar("_Decorated")


class StrictParser(FlaskParser):
    """Refuses what is ambiguous before a schema sees it, and tells every fault by its path."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": ma.RAISE,
        "query": ma.RAISE,
        "querystring": ma.RAISE,
        "form": ma.RAISE,
        "files": ma.RAISE,
    }

    def _raw_load_json(self, req: Request) -> Any:
        if not req.get_data(cache=True):
            return missing
        if not is_json_request(req):
            raise UnsupportedMediaType("Send application/json.")
        return parse_json(req.get_data(cache=True))

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Turn marshmallow's nested messages into faults."""
        raise InvalidInput("request_has_faults", faults_of(error.messages)) from error


def faults_of(messages: Any) -> list[Fault]:
    """marshmallow's (webargs') messages as faults whose ``where`` is a JSON pointer.

    Outside the body the pointer begins with its location: ``query/limit``.
    """
    faults: list[Fault] = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, Mapping):
            for key, inner in node.items():
                step = "" if key == "_schema" else "/" + _pointer(key)
                walk(inner, path + step)
        elif isinstance(node, list | tuple):
            for inner in node:
                walk(inner, path)
        else:
            faults.append(Fault(path or "/", say("as_told", error=str(node))))

    for location, inner in (
        messages.items() if isinstance(messages, Mapping) else [("json", messages)]
    ):
        walk(inner, "" if location == "json" else str(location))
    return faults


def _pointer(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


class Api(SmorestApi):  # type: ignore[misc]  # the base class ships no types
    """OpenAPI 3.1 under ``/api/v1``; errors are left to ``survey.api.problems``."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Nothing: one table serves API and pages, see ``survey.api.problems``."""

    def _register_responses(self) -> None:
        super()._register_responses()
        # Lazy components are plain dicts until first used: say what errors are really sent as.
        components = self.spec.components
        for name, response in list(components.responses_lazy.items()):
            content = response.get("content", {})
            if "application/json" in content:
                content[PROBLEM_JSON] = content.pop("application/json")
            components.responses_lazy[name] = response


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # the base class ships no types
    """A resource of the API. ``description`` stands in the documentation."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, description: str, url_prefix: str = "") -> None:
        super().__init__(
            name, __name__, url_prefix=URL_PREFIX + url_prefix, description=description
        )
        self._prepare_doc_cbks.append(_access_doc)

    def route(self, rule: str, **options: Any) -> Callable[[_Decorated], _Decorated]:
        """Register a MethodView or a function under ``rule``."""
        decorator: Callable[[_Decorated], _Decorated] = super().route(rule, **options)
        return decorator

    def arguments(
        self, schema: type[ma.Schema] | ma.Schema, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Parse and validate a part of the request; see flask-smorest. A body that the document
        calls required must be there, were it only ``{}``."""
        decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = super().arguments(
            schema, **options
        )
        if options.get("location", "json") != "json" or not options.get("required", True):
            return decorator

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            parsed = decorator(view)

            @wraps(parsed)
            def with_body(*args: Any, **kwargs: Any) -> Any:
                if not request.get_data(cache=True):
                    raise InvalidInput("request_has_faults", [Fault("/", "no_body")])
                return parsed(*args, **kwargs)

            return with_body

        return decorate

    def response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Dump the result with ``schema`` and answer ``status_code``; see flask-smorest."""
        decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = super().response(
            status_code, schema, **options
        )
        return decorator

    def alt_response(
        self, status_code: int, response: str | None = None, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Document another answer, for example ``alt_response(409, "CONFLICT")``."""
        decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = super().alt_response(
            status_code, response, **options
        )
        return decorator

    @staticmethod
    def doc(**description: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add to what the document says of an operation; see flask-smorest."""
        decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = SmorestBlueprint.doc(
            **description
        )
        return decorator


def _access_doc(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say in the document which scope an operation needs."""
    scopes = info.get("access", ())
    doc["security"] = [{"key": [scope]} for scope in scopes]
    if scopes:
        responses = doc.setdefault("responses", {})
        for status in ("UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND"):
            code = {"UNAUTHORIZED": 401, "FORBIDDEN": 403, "NOT_FOUND": 404}[status]
            responses.setdefault(code, status)
    return doc


class Schema(ma.Schema):
    """Base of the API's schemas: fields in the order written, unknown ones refused."""

    class Meta:
        """marshmallow's settings."""

        unknown = ma.RAISE


class PageArguments(Schema):
    """How much of a list, and from where."""

    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, 200),
        metadata={"description": "How many items at most."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, 500),
        metadata={"description": "`next` of the page before; opaque."},
    )


@cache
def page_of(schema: type[ma.Schema]) -> ma.Schema:
    """The schema of a page of ``schema``: ``items`` and ``next`` (null on the last page)."""
    name = schema.__name__.removesuffix("Schema") + "PageSchema"
    page_schema = Schema.from_dict(
        {
            "items": fields.List(fields.Nested(schema), required=True),
            "next": fields.String(
                required=True, allow_none=True, metadata={"description": "Cursor of the next page."}
            ),
        },
        name=name,
    )
    return page_schema()


def encode_cursor(secret: Secret, purpose: str, position: Sequence[Any]) -> str:
    """An opaque, signed place in a list. ``purpose`` binds it to one list of one organisation."""
    body = json.dumps(list(position), separators=(",", ":")).encode()
    signature = secret.hash("cursor:" + purpose, body)[:16]
    return base64.urlsafe_b64encode(signature + body).decode().rstrip("=")


def decode_cursor(secret: Secret, purpose: str, cursor: str) -> list[Any]:
    """The place that :func:`encode_cursor` wrote; raises InvalidInput for any other text."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    signature, body = raw[:16], raw[16:]
    expected = secret.hash("cursor:" + purpose, body)[:16]
    if not body or not hmac.compare_digest(signature, expected):
        fault = Fault("query/cursor", "not_cursor_of_this_list", "use_next_unchanged")
        raise InvalidInput("request_has_faults", [fault])
    position: list[Any] = json.loads(body)
    return position


def page(
    secret: Secret,
    purpose: str,
    rows: Sequence[Any],
    limit: int,
    position: Callable[[Any], Sequence[Any]],
) -> dict[str, Any]:
    """Cut ``rows`` (fetched with ``limit + 1``) to a page with the cursor of the next one."""
    shown = list(rows[:limit])
    following = (
        encode_cursor(secret, purpose, position(shown[-1])) if len(rows) > limit and shown else None
    )
    return {"items": shown, "next": following}
