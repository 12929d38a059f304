"""What every resource of the API has in common: strict JSON, problems, cursors, the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.views import MethodView
from marshmallow import fields, validate

from survey.access.guard import access
from survey.api import problems
from survey.api.base import (
    Api,
    Blueprint,
    PageArguments,
    Schema,
    decode_cursor,
    encode_cursor,
    page,
    page_of,
)
from survey.api.strict_json import MAX_DEPTH, MalformedJson, parse_json
from survey.core import errors
from survey.core.errors import InvalidInput, SurveyError, say
from survey.core.secret import Secret
from tests.access.world import World

PEOPLE = "/api/v1/organisations/3999/people"
SECRET = Secret(b"x" * 32)


def post(world: World, body: bytes, content_type: str = "application/json") -> Any:
    headers = {**world.key(), "Content-Type": content_type}
    return world.client().post(PEOPLE, data=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"name": "A", "name": "B", "email": "a@b.no"}', "stands twice"),
        (b"[" * 100_000, "levels deep"),
        (b'{"a":' * 40_000, "levels deep"),
        (b'{"name": "\xff\xfe"}', "not UTF-8"),
        (b"{", "not JSON"),
        (b'{"name": NaN}', "NaN"),
        (b'{"name": Infinity}', "Infinity"),
        (b'{"name": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'\xef\xbb\xbf{"name": "A"}', "not JSON"),
    ],
)
def test_json_that_can_be_misread_is_refused(world: World, body: bytes, reason: str) -> None:
    answer = post(world, body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert reason in answer.json["detail"]


def test_texts_that_cannot_be_stored_are_all_named(world: World) -> None:
    body = rb'{"name": "\ud800", "email": "a@b.no", "roles": ["x", "a\u0000b"], "b\u0000/": 1}'
    answer = post(world, body)
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json["errors"]] == ["/b?~1", "/name", "/roles/1"]
    assert {each["what"] for each in answer.json["errors"]} == {
        "Has a character that cannot be stored."
    }


def test_every_fault_is_told_at_once_by_its_path(world: World) -> None:
    body = {
        "name": "",
        "email": "nobody",
        "surname": "x",
        "roles": [{"role": "king"}, {"role": "staff", "colour": 1}, 7],
    }
    answer = post(world, json.dumps(body).encode())
    assert answer.status_code == 422
    assert {each["path"] for each in answer.json["errors"]} == {
        "/name",
        "/email",
        "/surname",
        "/roles/0/role",
        "/roles/1/colour",
        "/roles/2",
    }
    assert all(each["what"] for each in answer.json["errors"])


def test_a_body_of_another_kind_is_told_so(world: World) -> None:
    assert post(world, b"name=A", "application/x-www-form-urlencoded").status_code == 415
    assert post(world, b"", "application/json").status_code == 422


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    answer = post(world, b'{"name": "' + b"x" * 300_000 + b'"}')
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_unknown_questions_in_the_address_are_refused(world: World) -> None:
    answer = world.client().get(f"{PEOPLE}?colour=red&limit=0", headers=world.key())
    assert {each["path"] for each in answer.json["errors"]} == {"query/colour", "query/limit"}


def test_unknown_addresses_and_methods_are_problems_too(world: World) -> None:
    for method, address, status in (
        ("GET", "/api/v1/nothing", 404),
        ("PUT", PEOPLE, 405),
        ("OPTIONS", PEOPLE, 405),
    ):
        answer = world.client().open(address, method=method, headers=world.key())
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == status
    assert "Allow" in world.client().put(PEOPLE, headers=world.key()).headers


def test_who_has_no_key_is_told_how_to_come_in(world: World) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer ik_nothing"}):
        answer = world.client().get(PEOPLE, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_domain_error_has_a_status() -> None:
    known = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, SurveyError) and kind is not SurveyError
    }
    assert known <= set(problems.STATUS)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.InvalidInput, 422),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.Closed, 410),
        (errors.RateLimited, 429),
        (MalformedJson, 400),
    ],
)
def test_a_domain_error_becomes_its_problem(kind: type[SurveyError], status: int) -> None:
    app = Flask(__name__)
    problems.install(app)

    @app.get("/api/fails")
    def fails() -> str:
        raise kind(say("as_told", error="Told."))

    answer = app.test_client().get("/api/fails")
    assert answer.status_code == answer.json["status"] == status
    assert (answer.json["detail"], answer.json["code"]) == ("Told.", "as_told")
    assert ("Retry-After" in answer.headers) == (status == 429)


def test_what_broke_inside_stays_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setitem(world.app.config, "TESTING", False)
    rule = world.app.view_functions["documentation.openapi"].__survey_access__  # type: ignore[union-attr]
    broken.__survey_access__ = rule  # type: ignore[attr-defined]
    monkeypatch.setitem(world.app.view_functions, "documentation.openapi", broken)
    answer = world.client().get("/api/v1/openapi.json")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text


def test_pages_follow_each_other_until_the_last(world: World) -> None:
    headers, seen, cursor = world.key(), [], ""
    for _ in range(10):
        answer = world.client().get(f"{PEOPLE}?limit=2{cursor}", headers=headers).json
        assert len(answer["items"]) <= 2
        seen += [each["id"] for each in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    here = [p.id for p in world.people.values() if p.organisation_id != world.other_id]
    assert sorted(here) == seen


@pytest.mark.parametrize("cursor", ["x", "AAAA", "Æ", "", "a" * 600])
def test_an_invented_cursor_is_refused(world: World, cursor: str) -> None:
    answer = world.client().get(PEOPLE, query_string={"cursor": cursor}, headers=world.key())
    assert answer.status_code == 422
    assert answer.json["errors"][0]["path"] == "query/cursor"


def test_a_cursor_belongs_to_one_list() -> None:
    made = encode_cursor(SECRET, "people:1", [5, "å"])
    assert decode_cursor(SECRET, "people:1", made) == [5, "å"]
    for secret, purpose in ((SECRET, "people:2"), (Secret(b"y" * 32), "people:1")):
        with pytest.raises(InvalidInput):
            decode_cursor(secret, purpose, made)


def test_a_page_knows_whether_there_is_more() -> None:
    assert page(SECRET, "x", [1, 2], 2, lambda row: [row]) == {"items": [1, 2], "next": None}
    more = page(SECRET, "x", [1, 2, 3], 2, lambda row: [row])
    assert more["items"] == [1, 2]
    assert decode_cursor(SECRET, "x", more["next"]) == [2]


def test_strings_full_of_quotes_are_read_in_no_time() -> None:
    text = b'{"a": "' + b'\\"' * 100_000 + b"["
    with pytest.raises(MalformedJson):
        parse_json(text)
    assert parse_json(b'["[[[[", "\\"]", {"a": []}]') == ["[[[[", '"]', {"a": []}]
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json(deep)
    with pytest.raises(MalformedJson):
        parse_json(b"[" + deep + b"]")


def test_the_document_is_openapi_3_1_with_problems_and_scopes(world: World) -> None:
    document = world.client().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    operation = document["paths"]["/api/v1/organisations/{org}/people"]["post"]
    assert operation["security"] == [{"key": ["people:write"]}]
    for response in document["components"]["responses"].values():
        assert list(response.get("content", {"application/problem+json": 0})) == [
            "application/problem+json"
        ]
    assert {"401", "403", "404", "409", "422"} <= set(operation["responses"])


def test_the_docs_page_names_every_operation(world: World) -> None:
    document = world.client().get("/api/v1/openapi.json").json
    text = world.client().get("/api/v1/docs").text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in text


def test_a_resource_needs_nothing_but_a_schema_and_an_access_rule() -> None:
    class ThingSchema(Schema):
        size = fields.Integer(required=True, strict=True, validate=validate.Range(1, 9))

    blp = Blueprint("things", "Things")

    @blp.route("/things")
    class Things(MethodView):
        @blp.arguments(PageArguments, location="query")
        @blp.response(200, page_of(ThingSchema))
        @access("public")
        def get(self, arguments: dict[str, Any]) -> dict[str, Any]:
            return {"items": [{"size": arguments["limit"]}], "next": None}

        @blp.arguments(ThingSchema)
        @blp.response(201, ThingSchema)
        @access("public")
        def post(self, thing: dict[str, Any]) -> dict[str, Any]:
            return thing

    app = Flask(__name__)
    app.config.update(API_TITLE="T", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    problems.install(app)
    Api(app).register_blueprint(blp)
    client = app.test_client()
    assert client.get("/api/v1/things?limit=3").json == {"items": [{"size": 3}], "next": None}
    assert client.post("/api/v1/things", json={"size": 3}).status_code == 201
    for wrong in (True, 3.0, "3", 10, None):
        assert client.post("/api/v1/things", json={"size": wrong}).status_code == 422
