"""People, sessions and keys over the API."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from survey.audit import log
from tests.access.world import World

HERE = "/api/v1/organisations/3999"


def change(client: FlaskClient, one: str, headers: dict[str, str], **body: object) -> Any:
    """Change a person as it was last seen."""
    seen = client.get(one, headers=headers).headers["ETag"]
    return client.patch(one, json=body, headers={**headers, "If-Match": seen})


def test_a_person_is_changed_only_as_it_was_last_seen(world: World) -> None:
    client, headers = world.client(), world.key()
    one = f"{HERE}/people/{world.people['idle'].id}"
    seen = {**headers, "If-Match": client.get(one, headers=headers).headers["ETag"]}
    assert client.patch(one, json={"name": "Berit"}, headers=headers).status_code == 428
    assert client.patch(one, json={"name": "Berit"}, headers=seen).status_code == 200
    assert client.patch(one, json={"name": "Kari"}, headers=seen).status_code == 412
    assert client.get(one, headers=headers).json["name"] == "Berit"


def test_a_person_is_added_with_roles_and_kept_out_again(world: World) -> None:
    client, headers = world.client(), world.key()
    body = {
        "name": "Kari",
        "email": "Kari@kommune.no",
        "roles": [{"role": "manager", "unit": "n1"}, {"role": "auditor"}],
    }
    made = client.post(f"{HERE}/people", json=body, headers=headers)
    assert made.status_code == 201
    assert made.json["email"] == "kari@kommune.no"
    assert {each["role"] for each in made.json["roles"]} == {"manager", "auditor"}
    assert client.post(f"{HERE}/people", json=body, headers=headers).status_code == 409
    one = f"{HERE}/people/{made.json['id']}"
    assert client.get(one, headers=headers).json == made.json
    left = client.delete(f"{one}/roles?role=auditor", headers=headers)
    assert left.json["roles"] == [{"role": "manager", "unit": "n1"}]
    added = client.post(f"{one}/roles", json={"role": "auditor"}, headers=headers)
    assert len(added.json["roles"]) == 2
    changed = change(client, one, headers, name="Berit", language="nn").json
    assert (changed["name"], changed["language"], changed["active"]) == ("Berit", "nn", True)
    assert change(client, one, headers, active=False).json["active"] is False
    assert client.get(f"{HERE}/people/1", headers=headers).status_code == 404


def test_no_key_becomes_innovation_staff_by_way_of_a_person(world: World) -> None:
    """Staff make codes and fetch them: a key with people:write would do both, by mail."""
    client, headers = world.client(), world.key("people:write", "people:read")
    mine = {"name": "Program", "email": "program@evil.example"}
    staff = {**mine, "roles": [{"role": "staff"}]}
    assert client.post(f"{HERE}/people", json=staff, headers=headers).status_code == 403
    made = client.post(f"{HERE}/people", json=mine, headers=headers).json["id"]
    role = {"role": "staff"}
    granted = client.post(f"{HERE}/people/{made}/roles", json=role, headers=headers)
    assert granted.status_code == 403
    one = f"{HERE}/people/{world.people['staff'].id}"
    moved = change(client, one, headers, email="me@evil.example")
    assert moved.status_code == 403
    assert client.get(one, headers=headers).json["email"] == "staff@kommune.example"
    assert change(client, one, headers, language="nn").status_code == 200


def test_a_person_with_a_wrong_role_is_not_added_at_all(world: World) -> None:
    client, headers = world.client(), world.key()
    body = {"name": "Ola", "email": "ola@kommune.no", "roles": [{"role": "manager"}]}
    assert client.post(f"{HERE}/people", json=body, headers=headers).status_code == 422
    listed = client.get(f"{HERE}/people?limit=200", headers=headers).json["items"]
    assert "ola@kommune.no" not in {each["email"] for each in listed}


def test_sessions_are_listed_without_what_opens_them_and_ended(world: World) -> None:
    browser, headers = world.client("auditor"), world.key()
    cookie = browser.get_cookie("session")
    assert cookie is not None
    listed = world.client().get(f"{HERE}/sessions", headers=headers)
    person = world.people["auditor"].id
    assert person in {each["person_id"] for each in listed.json["items"]}
    assert cookie.value not in listed.text
    ended = world.client().delete(f"{HERE}/people/{person}/sessions", headers=headers)
    assert ended.json["ended"] >= 1
    assert browser.get("/enhet").status_code == 303


def test_a_key_makes_keys_with_no_more_than_its_own_scopes(world: World) -> None:
    headers = world.key("api-keys:write", "studies:read")
    client = world.client()
    wide = {"name": "Stor", "scopes": ["people:write"]}
    assert client.post(f"{HERE}/api-keys", json=wide, headers=headers).status_code == 403
    made = client.post(
        f"{HERE}/api-keys", json={"name": "HR", "scopes": ["studies:read"]}, headers=headers
    )
    assert made.status_code == 201
    key = made.json["key"]
    listed = client.get(f"{HERE}/api-keys", headers=headers)
    assert key not in listed.text
    assert made.json["id"] in {each["id"] for each in listed.json["items"]}
    own = {"Authorization": f"Bearer {key}"}
    assert client.get(f"{HERE}/people", headers=own).status_code == 403
    revoked = client.delete(f"{HERE}/api-keys/{made.json['id']}", headers=headers)
    assert revoked.json["revoked_at"] is not None
    assert client.get(f"{HERE}/people", headers=own).status_code == 401


def test_what_programs_do_stands_in_the_event_log(world: World) -> None:
    headers = world.key()
    body = {"name": "Per", "email": "per@kommune.no"}
    world.client().post(f"{HERE}/people", json=body, headers=headers)
    with world.parts.db.reading() as session:
        last = log.events(session, world.journey.organisation_id, limit=1)[0]
        assert log.verify(session, world.journey.organisation_id) == []
    assert last.action == "person.created"
    assert last.actor.startswith("key:")
