"""Signing in through OpenID providers: a real mock provider, and one that can misbehave."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.access import people
from survey.audit import log
from tests.access import issuer as issuers
from tests.access.issuer import CLIENT_ID, CLIENT_SECRET, Issuer
from tests.access.world import World, fresh
from tests.conftest import free_port


@contextmanager
def mock_provider(*users: dict[str, object]) -> Iterator[str]:
    """oidc-provider-mock in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    command += ["true", *(x for user in users for x in ("--user-claims", json.dumps(user)))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(400):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with issuers.running() as made:
        yield made


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    server.reset()
    return server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, server: Issuer) -> Iterator[World]:
    made = made_world(tmp_path_factory.mktemp("world"), server.url)
    yield made
    made.parts.db.dispose()


def made_world(folder: Path, issuer: str, more: str = "") -> World:
    (folder / "secret").write_text(CLIENT_SECRET)
    (folder / "oidc.toml").write_text(
        f'[entra]\nlabel = "kommunekonto"\nissuer = "{issuer}"\nclient_id = "{CLIENT_ID}"\n'
        f'client_secret_file = "secret"\n{more}'
    )
    return fresh(folder, oidc_file=folder / "oidc.toml")


def come_back(client: FlaskClient, issuer: Issuer, start: str = "/logg-inn/entra") -> TestResponse:
    sent = client.get(start)
    assert sent.status_code == 303, sent.text
    return client.get(issuer.back(sent.location))


def vouch(issuer: Issuer, email: str, subject: str = "subject-1") -> None:
    issuer.claims = {"sub": subject, "email": email, "email_verified": True}


def test_a_real_provider_signs_in_who_is_known_and_shows_the_way_out(tmp_path: Path) -> None:
    known = {"sub": "s-1", "email": "Staff@kommune.example", "email_verified": True}
    unknown = {"sub": "s-2", "email": "noen@kommune.example", "email_verified": True}
    with mock_provider(known, unknown) as address:
        world = made_world(tmp_path, address)
        client = world.client()
        assert "Logg inn med kommunekonto" in client.get("/logg-inn").text

        def through(subject: str) -> TestResponse:
            sent = client.get("/logg-inn/entra?next=/stab/3999/personer")
            answer = requests.post(
                sent.location, data={"sub": subject}, allow_redirects=False, timeout=10
            )
            back = answer.headers["Location"]
            assert back.startswith("http://127.0.0.1:8000/logg-inn/entra/svar?")
            return client.get(back.removeprefix("http://127.0.0.1:8000"))

        refused = through("s-2")
        assert refused.status_code == 403
        assert "Du har ikke tilgang her ennå" in refused.text
        assert client.get_cookie("session") is None
        let_in = through("s-1")
        assert (let_in.status_code, let_in.location) == (303, "/stab/3999/personer")
        page = client.get("/min-side").text
        assert "gjennom en annen tjeneste" in page
        token = re.search(r'name="csrf" value="([\w-]+)"', page)
        assert token is not None
        out = client.post("/logg-ut", data={"csrf": token.group(1)})
        assert out.location == "/logg-inn?ut=1&fra=entra"
        assert "Logg ut av kommunekonto også" in client.get(out.location).text
        leave = client.get("/logg-ut/entra").location
        assert leave.startswith(f"{address}/oauth2/end_session?client_id={CLIENT_ID}")
        assert requests.get(leave, timeout=10).status_code == 200
        world.parts.db.dispose()


def test_the_first_time_binds_and_from_then_on_the_address_is_not_asked(
    world: World, issuer: Issuer
) -> None:
    vouch(issuer, "north@kommune.example", "north-there")
    assert come_back(world.client(), issuer).status_code == 303
    vouch(issuer, "new-name@kommune.example", "north-there")
    assert come_back(world.client(), issuer).status_code == 303
    vouch(issuer, "north@kommune.example", "somebody who got the address later")
    assert come_back(world.client(), issuer).status_code == 403
    with world.parts.db.reading() as session:
        events = log.events(session, world.journey.organisation_id, limit=10)
    bound = [event for event in events if event.action == "identity.bound"]
    assert [event.details for event in bound] == [{"provider": "entra"}]
    assert "north-there" not in str([event.details for event in events])


def test_unknown_unverified_and_kept_out_get_the_same_page(world: World, issuer: Issuer) -> None:
    with world.parts.db.transaction() as session:
        person = people.get(session, world.journey.organisation_id, world.people["sykehjem"].id)
        people.set_active(session, person, False, actor="cli")
    pages = set()
    for email, verified in (
        ("noen@kommune.example", True),
        ("staff@kommune.example", False),
        ("sykehjem@kommune.example", True),
    ):
        issuer.claims = {"sub": f"x-{email}", "email": email, "email_verified": verified}
        answer = come_back(world.client(), issuer)
        assert answer.status_code == 403
        assert email not in answer.text
        pages.add(answer.text)
    assert len(pages) == 1
    with world.parts.db.reading() as session:
        assert people.with_email(session, "noen@kommune.example") == []


def test_an_answer_in_another_browser_signs_nobody_in(world: World, issuer: Issuer) -> None:
    vouch(issuer, "staff@kommune.example")
    sent = world.client().get("/logg-inn/entra")
    victim = world.client()
    answer = victim.get(issuer.back(sent.location))
    assert answer.status_code == 403
    assert victim.get_cookie("session") is None
    own = world.client()
    own.get("/logg-inn/entra")
    assert own.get(issuer.back(sent.location)).status_code == 403
    assert "/token" not in issuer.asked


def test_the_answer_is_of_use_once_and_its_cookie_is_sealed(world: World, issuer: Issuer) -> None:
    vouch(issuer, "staff@kommune.example")
    client = world.client()
    sent = client.get("/logg-inn/entra")
    cookie = client.get_cookie("outside")
    assert cookie is not None
    state = re.search(r"state=([\w-]+)", sent.location)
    assert state is not None
    assert state.group(1) not in cookie.value
    back = issuer.back(sent.location)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 403
    client.set_cookie("outside", cookie.value[:-2] + "xx")
    assert client.get(back).status_code == 403


def test_a_session_that_was_planted_ends_when_somebody_signs_in(
    world: World, issuer: Issuer
) -> None:
    vouch(issuer, "staff@kommune.example")
    client = world.client("idle")
    before = client.get_cookie("session")
    assert come_back(client, issuer).status_code == 303
    assert before is not None
    other = world.client()
    other.set_cookie("session", before.value)
    assert other.get("/min-side").status_code == 303


@pytest.mark.parametrize(
    ("claims", "status"), [({"nonce": "another"}, 403), ({"exp": 1}, 403), ({"aud": "x"}, 403)]
)
def test_a_bad_token_is_refused_with_a_page(
    world: World, issuer: Issuer, claims: dict[str, object], status: int
) -> None:
    issuer.claims = {"email": "staff@kommune.example", "email_verified": True, **claims}
    answer = come_back(world.client(), issuer)
    assert answer.status_code == status
    assert "kunne ikke brukes" in answer.text


def test_a_provider_that_is_away_is_told(tmp_path: Path) -> None:
    world = made_world(tmp_path, "http://127.0.0.1:1")
    answer = world.client().get("/logg-inn/entra")
    assert answer.status_code == 502
    assert "Vi fikk ikke kontakt med kommunekonto" in answer.text
    assert world.client().get("/logg-ut/entra").location.endswith("/logg-inn")
    world.parts.db.dispose()


def test_an_account_without_an_address_is_connected_on_ones_own_page(
    world: World, issuer: Issuer
) -> None:
    issuer.claims = issuer.userinfo = {"sub": "no address at all"}
    assert come_back(world.client(), issuer).status_code == 403
    client = world.client("auditor")
    link = re.search(r'href="(/logg-inn/entra\?koble=\w+)"', client.get("/min-side").text)
    assert link is not None
    assert come_back(client, issuer, link.group(1)).location == "/min-side?gjort=koblet"
    assert come_back(world.client(), issuer).status_code == 303
    other = world.client("idle")
    link = re.search(r'href="(/logg-inn/entra\?koble=\w+)"', other.get("/min-side").text)
    assert link is not None
    taken = come_back(other, issuer, link.group(1))
    assert taken.status_code == 409
    sent = {"csrf": world.csrf(client), "provider": "entra"}
    assert client.post("/min-side/koblinger", data=sent).status_code == 303
    assert come_back(world.client(), issuer).status_code == 403


def test_a_session_that_ended_on_the_way_connects_nothing(world: World, issuer: Issuer) -> None:
    issuer.claims = issuer.userinfo = {"sub": "too late"}
    client = world.client("idle")
    link = re.search(r'href="(/logg-inn/entra\?koble=\w+)"', client.get("/min-side").text)
    assert link is not None
    sent = client.get(link.group(1))
    client.post("/logg-ut", data={"csrf": world.csrf(client)})
    assert client.get(issuer.back(sent.location)).location == "/logg-inn?next=/min-side"
    assert come_back(world.client(), issuer).status_code == 403


def test_nobody_can_be_made_to_connect_an_account(world: World, issuer: Issuer) -> None:
    client = world.client("idle")
    assert client.get("/logg-inn/entra?koble=guessed").status_code == 404
    nobody = world.client().get("/logg-inn/entra?koble=guessed")
    assert nobody.location == "/logg-inn?next=/min-side"
    foreign = re.search(r"koble=(\w+)", world.client("auditor").get("/min-side").text)
    assert foreign is not None
    assert client.get(f"/logg-inn/entra?koble={foreign.group(1)}").status_code == 404


def test_a_provider_vouches_for_its_own_organisations_only(tmp_path: Path, issuer: Issuer) -> None:
    world = made_world(tmp_path, issuer.url, 'organisations = ["4000"]\n')
    vouch(issuer, "staff@kommune.example")
    assert come_back(world.client(), issuer).status_code == 403
    vouch(issuer, "stranger@kommune.example", "subject-2")
    assert come_back(world.client(), issuer).status_code == 303
    world.parts.db.dispose()
