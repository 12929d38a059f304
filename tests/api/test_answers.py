"""Answering over the API: strict about what comes in, silent about everything else."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from survey.answering import failed_codes
from tests.answering.conftest import World, build

ANSWERS = "/api/v1/answers"


@pytest.fixture
def world(services: Any) -> World:
    return build(services.db, secret=services.secret)


def body(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "code": world.codes["north"][0].link,
        "submission_id": str(uuid.uuid4()),
        "answers": {"items": {"trust": 3, "leader": "na"}, "questions": {"tenure": "long"}},
        **changed,
    }


def paths(response: Any) -> set[str]:
    assert response.content_type == "application/problem+json"
    return {each["path"] for each in response.json.get("errors", [])}


def nothing_stored(world: World) -> bool:
    return world.inbox() == [] and world.spent() == 0


def test_a_program_fetches_validates_and_sends(client: FlaskClient, world: World) -> None:
    code = {"code": world.codes["north"][0].short}
    asked = client.post(f"{ANSWERS}/questionnaire", json={**code, "language": "nn"})
    assert asked.status_code == 200
    assert asked.json["language"] == "nn"
    assert (asked.json["smallest_group"], asked.json["public_level"]) == (5, 1)
    assert asked.json["stricter"] is False
    assert asked.json["pages"][0]["blocks"][0] == {
        "kind": "item",
        "id": "trust",
        "text": "Vi stoler på kvarandre.",
        "required": True,
        "options": [
            {"value": 1, "label": "Heilt ueinig"},
            {"value": 2, "label": "Litt ueinig"},
            {"value": 3, "label": "Litt einig"},
            {"value": 4, "label": "Heilt einig"},
        ],
        "not_applicable": "Veit ikkje",
    }
    given = body(world, **code)
    checked = {key: given[key] for key in ("code", "answers")}
    assert client.post(f"{ANSWERS}/validate", json=checked).json == {"status": "valid"}
    assert nothing_stored(world)
    first, again = client.post(ANSWERS, json=given), client.post(ANSWERS, json=given)
    assert (first.status_code, first.json) == (201, {"status": "received"})
    assert (again.status_code, again.json) == (200, {"status": "already received"})
    assert client.post(ANSWERS, json=body(world)).status_code == 409
    assert len(world.inbox()) == 1


@pytest.mark.parametrize("path", ["", "/validate", "/questionnaire"])
def test_states_have_their_own_status_and_say_little(
    client: FlaskClient, world: World, path: str
) -> None:
    def ask(code: str) -> Any:
        given = body(world, code=code)
        keep = {
            "": given.keys(),
            "/validate": {"code", "answers"},
            "/questionnaire": {"code"},
        }[path]
        return client.post(ANSWERS + path, json={key: given[key] for key in keep})

    used, fresh = (each.link for each in world.codes["north"][1:])
    client.post(ANSWERS, json=body(world, code=used))
    assert ask("0" * 26).status_code == 404
    assert ask("tull").status_code == 404
    assert ask(used).status_code == 409
    world.change_wave(state="draft")
    assert ask(fresh).status_code == 403
    world.change_wave(state="closed")
    gone = ask(fresh)
    assert gone.status_code == 410
    assert gone.json == {
        "type": "about:blank",
        "title": "Gone",
        "status": 410,
        "detail": "This survey has closed.",
        "code": "this_survey_has_closed",
    }
    assert len(world.inbox()) == 1


def test_every_fault_comes_by_its_path(client: FlaskClient, world: World) -> None:
    answers = {
        "items": {"trust": True, "time": 3.0, "leader": "3", "tust": 1, "a/b": 1},
        "questions": {"effects": ["better", "worse"], "help": 7, "words": ["a", 1]},
        "unit": "south",
    }
    response = client.post(ANSWERS, json=body(world, answers=answers))
    assert response.status_code == 422
    assert paths(response) == {
        "/answers/unit",
        "/answers/items/trust",
        "/answers/items/time",
        "/answers/items/leader",
        "/answers/items/tust",
        "/answers/items/a~1b",
        "/answers/questions/effects/1",
        "/answers/questions/help",
        "/answers/questions/words/1",
    }
    assert nothing_stored(world)


@pytest.mark.parametrize("value", [0, 5, -1, 10**30, True, 3.0, "3", [3], {"v": 3}, "NA", None])
def test_a_required_item_takes_an_integer_of_its_scale(
    client: FlaskClient, world: World, value: Any
) -> None:
    response = client.post(ANSWERS, json=body(world, answers={"items": {"trust": value}}))
    assert response.status_code == 422
    assert paths(response) == {"/answers/items/trust"}
    assert nothing_stored(world)


@pytest.mark.parametrize("forged", ["wave", "unit", "unit_id", "role", "organisation_id"])
def test_wave_unit_and_role_cannot_be_forged_in_the_body(
    client: FlaskClient, world: World, forged: str
) -> None:
    value = str(world.units["south"])
    outside = client.post(ANSWERS, json=body(world, **{forged: value}))
    inside = client.post(ANSWERS, json=body(world, answers={forged: value, "items": {"trust": 1}}))
    assert outside.status_code == inside.status_code == 422
    assert paths(outside) == {f"/{forged}"}
    assert paths(inside) == {f"/answers/{forged}"}
    assert nothing_stored(world)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"answers": []}, "/answers"),
        ({"answers": {"items": [1]}}, "/answers/items"),
        ({"code": 7}, "/code"),
        ({"code": None}, "/code"),
        ({"submission_id": 1}, "/submission_id"),
        ({"submission_id": "short"}, "/submission_id"),
    ],
)
def test_wrong_types_are_named(
    client: FlaskClient, world: World, changed: dict[str, Any], path: str
) -> None:
    response = client.post(ANSWERS, json=body(world, **changed))
    assert response.status_code == 422
    assert path in paths(response)
    assert nothing_stored(world)


def raw(world: World) -> str:
    return json.dumps(body(world))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda text: text.replace('"trust": 3', '"trust": 3, "trust": 4'), 400),
        (lambda text: text.replace('"code"', '"code": "x", "code"'), 400),
        (lambda text: text.replace('"trust": 3', '"trust": ' + "[" * 50_000), 400),
        (lambda text: text.replace('"trust": 3', '"trust": ' + "[" * 20_000 + "]" * 20_000), 400),
        (lambda text: text.replace('"trust": 3', '"trust": NaN'), 400),
        (lambda text: text[:-5], 400),
        (lambda text: text.replace("long", "\\ud800"), 422),
        (lambda text: text.replace("long", "x" * 70_000), 413),
        (lambda text: "[]", 422),
        (lambda text: "", 422),
    ],
)
def test_a_body_that_could_be_read_two_ways_or_not_stored_is_refused(
    client: FlaskClient, world: World, change: Any, status: int
) -> None:
    response = client.post(ANSWERS, data=change(raw(world)), content_type="application/json")
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert nothing_stored(world)


def test_a_body_that_is_not_utf8_is_refused(client: FlaskClient, world: World) -> None:
    data = raw(world).replace("long", "lång").encode("latin-1")
    response = client.post(ANSWERS, data=data, content_type="application/json")
    assert response.status_code == 400
    assert nothing_stored(world)


def test_a_form_is_not_json(client: FlaskClient, world: World) -> None:
    assert client.post(ANSWERS, data=body(world)).status_code == 415


def test_failed_codes_are_limited_and_good_ones_are_not(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_codes, "PER_ADDRESS", 2)
    statuses = [client.post(ANSWERS, json=body(world, code="0" * 26)).status_code for _ in range(4)]
    assert statuses == [404, 404, 429, 429]
    limited = client.post(f"{ANSWERS}/questionnaire", json={"code": "0" * 26})
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 0
    assert client.post(ANSWERS, json=body(world)).status_code == 201


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_a_post_answers(client: FlaskClient, world: World, method: str) -> None:
    assert getattr(client, method)(ANSWERS).status_code == 405
