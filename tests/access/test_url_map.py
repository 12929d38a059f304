"""Walk every address of the application as people who have no business there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule as Url

from survey.access import guard
from survey.access.guard import Rule
from survey.access.principal import SCOPES
from tests.access.world import World, arguments

DENIED = {401, 403, 404}
OPEN = ("public", "respondent")


def routes(app: Flask) -> Iterator[tuple[Url, str, Rule]]:
    for url in app.url_map.iter_rules():
        for method in sorted(url.methods or ()):
            rule = guard.rule_of(app, url.endpoint, method)
            assert rule is not None
            yield url, method, rule


def address(app: Flask, url: Url, **changes: object) -> str:
    values = {name: arguments(**changes)[name] for name in url.arguments}
    with app.test_request_context():
        return app.url_for(url.endpoint, **values)


def test_every_route_and_method_declares_its_access(app: Flask) -> None:
    silent = [
        f"{method} {rule} ({endpoint})"
        for rule, endpoint, method, declared in guard.declarations(app)
        if declared is None
    ]
    assert silent == []


def test_what_declares_nothing_is_denied(app: Flask) -> None:
    app.add_url_rule("/glemt", "forgotten", lambda: "secret")
    answer = app.test_client().get("/glemt")
    assert answer.status_code == 403
    assert b"secret" not in answer.data


def test_the_open_addresses_are_these_and_no_others(app: Flask) -> None:
    found = {url.rule for url, _, rule in routes(app) if rule.kind in OPEN}
    assert {each for each in found if not each.startswith("/api/v1/answers")} == {
        "/",
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/glemt-passord",
        "/healthz",
        "/inn/<token>",
        "/kode",
        "/logg-inn",
        "/logg-inn/<provider>",
        "/logg-inn/<provider>/svar",
        "/logg-inn/kode",
        "/logg-ut/<provider>",
        "/metrics",
        "/nytt-passord/<token>",
        "/readyz",
        "/s/<code>",
        "/skrift/<name>",
        "/static/<path:filename>",
        "/sender",
        "/sender/sender.js",
        "/svar",
        "/takk",
        "/tilgjengelighet",
    }


def test_nobody_gets_through_any_closed_door(world: World) -> None:
    for url, method, rule in routes(world.app):
        if rule.kind in OPEN:
            continue
        answer = world.client().open(address(world.app, url), method=method)
        place = f"{method} {url.rule}"
        if rule.kind == "api":
            assert answer.status_code == 401, place
            if method != "HEAD":
                assert answer.mimetype == "application/problem+json", place
        elif method in guard.SAFE:
            assert answer.status_code == 303, place
            assert answer.location.startswith("/logg-inn?next="), place
        else:
            assert answer.status_code == 401, place


@pytest.mark.parametrize("name", ["sykehjem", "north", "idle", "stranger", "auditor"])
def test_nobody_but_their_staff_reaches_staff_pages(world: World, name: str) -> None:
    client = world.client(name)
    for url, method, rule in routes(world.app):
        if rule.kind == "staff":
            sent = {} if method in guard.SAFE else {"csrf": world.csrf(client)}
            answer = client.open(address(world.app, url), method=method, data=sent)
            assert answer.status_code in DENIED, f"{method} {url.rule} as {name}"


@pytest.mark.parametrize("name", ["north", "idle", "stranger"])
def test_a_unit_is_closed_to_the_manager_of_another(world: World, name: str) -> None:
    client = world.client(name)
    for url, method, rule in routes(world.app):
        if rule.kind == "manager_of_unit":
            place = f"{method} {url.rule} as {name}"
            answer = client.open(address(world.app, url), method=method)
            assert answer.status_code == 404, place


def test_a_unit_that_is_not_ones_own_answers_like_one_that_does_not_exist(world: World) -> None:
    client = world.client("sykehjem")
    other = client.get("/enhet/3999/kultur/n1")
    none = client.get("/enhet/3999/kultur/n999")
    assert other.status_code == none.status_code == 404
    assert other.data == none.data


def test_staff_of_another_organisation_find_nothing_whatever_they_ask(world: World) -> None:
    client = world.client("stranger")
    for url, method, rule in routes(world.app):
        if rule.kind not in OPEN and rule.kind != "api" and "org" in url.arguments:
            sent = {} if method in guard.SAFE else {"csrf": world.csrf(client)}
            answer = client.open(address(world.app, url), method=method, data=sent)
            assert answer.status_code == 404, f"{method} {url.rule}"


def test_a_key_of_another_organisation_finds_nothing(world: World) -> None:
    headers = world.key(organisation_id=world.other_id)
    for url, method, rule in routes(world.app):
        if rule.kind == "api" and "org" in url.arguments:
            answer = world.client().open(
                address(world.app, url), method=method, headers=headers, json={}
            )
            assert answer.status_code == 404, f"{method} {url.rule}"


def test_a_key_needs_the_scope_that_the_route_declares(world: World) -> None:
    for url, method, rule in routes(world.app):
        if rule.kind != "api":
            continue
        others = sorted(set(SCOPES) - set(rule.scopes))
        answer = world.client().open(
            address(world.app, url), method=method, headers=world.key(*others), json={}
        )
        assert answer.status_code == 403, f"{method} {url.rule}"


def test_a_browsers_session_opens_nothing_of_the_api(world: World) -> None:
    client = world.client("staff")
    assert client.get("/api/v1/organisations/3999/people").status_code == 401


def test_a_key_opens_no_page(world: World) -> None:
    answer = world.client().get("/stab/3999", headers=world.key())
    assert answer.status_code == 303


def test_managers_reach_their_unit_and_those_below_it(world: World) -> None:
    north = world.client("north")
    for unit in ("nord", "n1", "n2"):
        assert north.get(f"/enhet/3999/kultur/{unit}").status_code == 200, unit
    for unit in ("k", "sor", "s1"):
        assert north.get(f"/enhet/3999/kultur/{unit}").status_code == 404, unit


def test_staff_and_auditors_reach_every_unit(world: World) -> None:
    for name in ("staff", "auditor"):
        assert world.client(name).get("/enhet/3999/kultur/s1").status_code == 200


def test_every_form_of_signed_in_people_needs_its_token(world: World) -> None:
    client = world.client("staff")
    for url, method, rule in routes(world.app):
        if rule.kind in (*OPEN, "api") or method in guard.SAFE:
            continue
        for sent in ({}, {"csrf": "x" * 32}, {"csrf": world.csrf(world.client("auditor"))}):
            answer = client.open(address(world.app, url), method=method, data=sent)
            assert answer.status_code == 403, f"{method} {url.rule} {sent}"


def test_ids_that_no_database_holds_are_unknown_and_not_an_error(world: World) -> None:
    client = world.client("staff")
    huge = 10**30
    assert client.get(f"/stab/3999/undersokelse/kultur/maling/{huge}").status_code == 404
    headers = world.key()
    answer = client.get(f"/api/v1/organisations/3999/people/{huge}", headers=headers)
    assert answer.status_code == 404


def test_a_text_that_no_database_can_hold_is_refused_wherever_it_stands(world: World) -> None:
    client = world.client("staff")
    for address in ("/stab/3999?q=a%00b", "/stab/3999/undersokelse/a%00b", "/logg-inn?a=%00"):
        assert client.get(address).status_code == 400, address
    form = {"csrf": world.csrf(client), "email": "a\0b@kommune.example"}
    assert client.post("/logg-inn", data=form).status_code == 400
