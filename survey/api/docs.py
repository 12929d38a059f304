"""The OpenAPI document, and the same as a page to read (made here, from no other host)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, current_app, json, render_template

from survey.access.guard import access
from survey.api.base import Blueprint

blp = Blueprint("documentation", "This documentation")

_METHODS = ("get", "post", "put", "patch", "delete")


@blp.route("/openapi.json")
@blp.doc(responses={"200": {"description": "The OpenAPI document"}})
@access("public")
def openapi() -> Response:
    """The OpenAPI 3.1 document of this API."""
    body = json.dumps(_document(), sort_keys=False)
    return Response(body, mimetype="application/json", headers={"Cache-Control": "no-cache"})


@blp.route("/docs")
@blp.doc(responses={"200": {"description": "A page for people"}})
@access("public")
def docs() -> str:
    """The same as a page to read."""
    document = _document()
    return render_template(
        "api/docs.html",
        info=document["info"],
        groups=list(_groups(document)),
        schemas=document.get("components", {}).get("schemas", {}),
    )


def _document() -> dict[str, Any]:
    document: dict[str, Any] = current_app.extensions["openapi"].spec.to_dict()
    return document


def _groups(document: Mapping[str, Any]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """(tag, description, operations) in the order in which resources were registered."""
    for tag in document.get("tags", ()):
        operations = [
            {"path": path, "method": method.upper(), **item[method], **_plain(item[method])}
            for path, item in document["paths"].items()
            for method in _METHODS
            if method in item and tag["name"] in item[method].get("tags", ())
        ]
        if operations:
            yield tag["name"], tag.get("description", ""), operations


def _plain(operation: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader looks for: scope, and the names of the schemas that go in and out."""
    scopes = [scope for entry in operation.get("security", ()) for scope in entry.get("key", ())]
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "scope": ", ".join(scopes),
        "body": [(kind, _name(content.get("schema", {}))) for kind, content in body.items()],
        "answers": [
            (status, _answer_text(answer)) for status, answer in operation["responses"].items()
        ],
    }


def _answer_text(answer: Mapping[str, Any]) -> tuple[str, str]:
    if "$ref" in answer:
        return answer["$ref"].rsplit("/", 1)[-1].replace("_", " ").capitalize(), ""
    schemas = [_name(content.get("schema", {})) for content in answer.get("content", {}).values()]
    return answer.get("description", ""), next(filter(None, schemas), "")


def _name(schema: Mapping[str, Any]) -> str:
    reference = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
    return str(reference).rsplit("/", 1)[-1]
