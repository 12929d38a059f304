"""Actions, choices and targets over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from survey.instrument.model import Instrument
from tests.access.world import World, fresh

STUDY = "/api/v1/organisations/3999/studies/kultur"
ACTION = {"unit": "n1", "title": "Idékveld", "owner": "Nestleder", "deadline": "2027-03-01"}


@dataclass
class Caller:
    world: World
    headers: dict[str, str]

    def __call__(self, method: str, path: str, match: str = "", **options: Any) -> TestResponse:
        headers = self.headers | ({"If-Match": match} if match else {})
        return self.world.client().open(STUDY + path, method=method, headers=headers, **options)


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Caller]:
    """A program with a key of all scopes, in a world of the test's own."""
    world = fresh(tmp_path)
    yield Caller(world, world.key())
    world.parts.db.dispose()


def dimensions(call: Caller) -> list[str]:
    header = call("GET", "/waves/1/release").json["header"]
    return [each.id for each in Instrument.from_dict(header["instrument"]).dimensions]


def test_an_action_is_agreed_read_changed_and_deleted(call: Caller) -> None:
    made = call("POST", "/actions", json=ACTION)
    assert made.status_code == 201
    assert (made.json["wave"], made.json["status"], made.json["dimension"]) == (1, "planned", None)
    path = made.headers["Location"].removeprefix(STUDY)
    seen = call("GET", path)
    assert seen.json == made.json
    change: dict[str, Any] = {"json": {"status": "done", "dimension": dimensions(call)[0]}}
    assert call("PATCH", path, **change).status_code == 428
    changed = call("PATCH", path, seen.headers["ETag"], **change)
    assert (changed.json["status"], changed.json["title"]) == ("done", "Idékveld")
    stale = call("PATCH", path, seen.headers["ETag"], **change)
    assert (stale.status_code, stale.mimetype) == (412, "application/problem+json")
    assert call("DELETE", path).status_code == 428
    assert call("DELETE", path, seen.headers["ETag"]).status_code == 412
    assert call("DELETE", path, changed.headers["ETag"]).status_code == 204
    assert call("GET", path).status_code == 404


def test_every_fault_is_told_by_its_path(call: Caller) -> None:
    wrong = {"unit": "n1", "title": "", "deadline": "soon", "status": "?", "colour": 1}
    answer = call("POST", "/actions", json=wrong)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    paths = {fault["path"] for fault in answer.json["errors"]}
    assert paths == {"/title", "/deadline", "/status", "/colour", "/owner"}
    answer = call("POST", "/actions", json=ACTION | {"title": " \u200b ", "dimension": "no"})
    assert {fault["path"] for fault in answer.json["errors"]} == {"title", "dimension"}
    for unknown in ({"unit": "nobody"}, {"wave": 2}, {"wave": 99}):
        assert call("POST", "/actions", json=ACTION | unknown).status_code == 404


def test_actions_come_in_pages_of_a_study_a_unit_or_a_wave(call: Caller) -> None:
    made = [
        call("POST", "/actions", json=ACTION | {"unit": unit, "title": str(number)}).json
        for number, unit in enumerate(("n1", "n2", "n1", "s1", "n1"))
    ]
    found, cursor = [], ""
    while cursor is not None:
        answer = call("GET", "/actions?limit=2" + (f"&cursor={cursor}" if cursor else "")).json
        assert len(answer["items"]) <= 2
        found += answer["items"]
        cursor = answer["next"]
    assert sorted(each["id"] for each in found) == sorted(each["id"] for each in made)
    mine = call("GET", "/actions?unit=n1&limit=2").json
    assert {each["unit"] for each in mine["items"]} == {"n1"}
    rest = call("GET", f"/actions?unit=n1&limit=2&cursor={mine['next']}").json
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert call("GET", "/actions?wave=2").json["items"] == []
    # A cursor belongs to the list that it came from.
    assert call("GET", f"/actions?limit=2&cursor={mine['next']}").status_code == 422


def test_a_unit_chooses_what_it_has_seen(call: Caller) -> None:
    keep, improve = dimensions(call)[:2]
    path = "/waves/1/units/n1/choice"
    seen = call("GET", path)
    assert seen.json == {"keep": None, "improve": None}
    sent: dict[str, Any] = {"json": {"keep": keep, "improve": improve}}
    assert call("PUT", path, **sent).status_code == 428
    assert call("PUT", path, seen.headers["ETag"], **sent).json == sent["json"]
    assert call("PUT", path, seen.headers["ETag"], **sent).status_code == 412
    tag = call("GET", path).headers["ETag"]
    same = call("PUT", path, tag, json={"keep": keep, "improve": keep})
    assert [fault["path"] for fault in same.json["errors"]] == ["improve"]
    assert call("GET", "/waves/2/units/n1/choice").status_code == 404


def test_targets_are_replaced_as_a_whole(call: Caller) -> None:
    a, b = sorted(dimensions(call)[:2])
    path = "/units/n1/targets"
    seen = call("GET", path)
    assert seen.json == {"targets": []}
    wanted = [
        {"dimension": a, "value": 70, "source": "leader_agreement", "year": 2028},
        {"dimension": b, "value": 0, "source": "other", "year": None},
    ]
    assert call("PUT", path, json={"targets": wanted}).status_code == 428
    stored = call("PUT", path, seen.headers["ETag"], json={"targets": wanted})
    assert stored.json["targets"] == wanted
    assert call("GET", path).json["targets"] == wanted
    tag = call("GET", path).headers["ETag"]
    wrong = {"targets": [wanted[0] | {"value": 101}, wanted[1] | {"source": "hope"}]}
    answer = call("PUT", path, tag, json=wrong)
    paths = {fault["path"] for fault in answer.json["errors"]}
    assert paths == {"/targets/0/value", "/targets/1/source"}
    unknown = {"targets": [wanted[0] | {"dimension": "no"}]}
    answer = call("PUT", path, tag, json=unknown)
    assert [fault["path"] for fault in answer.json["errors"]] == ["no/dimension"]
    assert call("PUT", path, tag, json={"targets": []}).json == {"targets": []}


def test_a_key_that_may_only_read_changes_nothing(call: Caller) -> None:
    reader = Caller(call.world, call.world.key("followup:read"))
    assert reader("GET", "/actions").status_code == 200
    assert reader("POST", "/actions", json=ACTION).status_code == 403
    assert reader("PUT", "/units/n1/targets", json={"targets": []}).status_code == 403


def test_an_action_of_another_study_is_unknown(call: Caller) -> None:
    made = call("POST", "/actions", json=ACTION).json
    path = STUDY.replace("kultur", "annet") + f"/actions/{made['id']}"
    assert call.world.client().get(path, headers=call.headers).status_code == 404
    assert call("GET", "/actions/1").status_code == 404


def test_the_openapi_document_names_the_resources_and_their_scopes(call: Caller) -> None:
    paths = call.world.client().get("/api/v1/openapi.json").json["paths"]
    listed = paths["/api/v1/organisations/{org}/studies/{study}/actions"]
    assert listed["get"]["security"] == [{"key": ["followup:read"]}]
    assert listed["post"]["security"] == [{"key": ["followup:write"]}]
