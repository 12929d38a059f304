"""Signing in by browser, security headers, and error pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.access import links, passwords, people
from tests.access.world import World, fresh

PASSWORD = "riktig hest batteri"


@pytest.fixture(scope="module")
def anna(world: World) -> str:
    hashed = passwords.make_hash(PASSWORD)
    with world.parts.db.transaction() as session:
        person = people.create_person(
            session,
            world.journey.organisation_id,
            name="Anna <b>",
            email="anna@kommune.example",
            password_hash=hashed,
            language="nn",
            actor="cli",
        )
        people.grant(session, person, "staff", actor="cli")
    return person.email


def form(client: FlaskClient, address: str = "/logg-inn") -> str:
    found = re.findall(r'name="csrf" value="(\w+)"', client.get(address).text)
    return str(found[-1])  # the page's own form, not the one for signing out


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
    sent = {"csrf": form(client), "email": email, "password": password, **more}
    return client.post("/logg-inn", data=sent)


def test_signing_in_leads_to_the_pages_and_out_again(world: World, anna: str) -> None:
    client = world.client()
    answer = sign_in(client, anna)
    assert (answer.status_code, answer.location) == (303, "/enhet")
    page = client.get("/stab/3999")
    assert page.status_code == 200
    assert "Anna &lt;b&gt;" in page.text
    token = re.search(r'name="csrf" value="([\w-]+)"', page.text)
    assert token is not None
    out = client.post("/logg-ut", data={"csrf": token.group(1)})
    assert out.location == "/logg-inn?ut=1"
    assert client.get("/stab/3999").status_code == 303


def test_the_cookie_is_for_this_host_only_and_not_for_scripts(world: World, anna: str) -> None:
    cookies = sign_in(world.client(), anna).headers.getlist("Set-Cookie")
    session = next(each for each in cookies if each.startswith("session="))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/" in session
    assert "Domain" not in session


def test_over_tls_cookies_are_secure_and_hsts_is_sent(tmp_path: Any) -> None:
    world = fresh(tmp_path, base_url="https://barometer.example", allowed_hosts=())
    client = world.app.test_client()
    address = "https://barometer.example"
    answer = client.get("/logg-inn", base_url=address)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-form=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    token = re.search(r'name="csrf" value="(\w+)"', answer.text)
    assert token is not None
    with world.parts.db.transaction() as session:
        link = links.create(session, world.parts.secret, world.people["staff"], actor="cli")
    made = client.post(f"/inn/{link}", data={"csrf": token.group(1)}, base_url=address)
    assert made.status_code == 303
    signed = next(each for each in made.headers.getlist("Set-Cookie") if "session" in each)
    assert signed.startswith("__Host-session=")
    assert "Secure" in signed
    world.parts.db.dispose()


def test_a_wrong_password_and_an_unknown_address_look_the_same(world: World, anna: str) -> None:
    def page(email: str) -> str:
        client = world.client()
        answer = sign_in(client, email, "feil hest batteri")
        assert answer.status_code == 422
        return re.sub(r'name="csrf" value="\w+"', "", answer.text).replace(email, "")

    assert page(anna) == page("noen@kommune.example")


def test_a_planted_session_does_not_survive_signing_in(world: World, anna: str) -> None:
    client = world.client("sykehjem")
    before = client.get_cookie("session")
    assert before is not None
    sent = {"csrf": form(client, "/logg-inn?ut=1"), "email": anna, "password": PASSWORD}
    client.post("/logg-inn", data=sent)
    after = client.get_cookie("session")
    assert after is not None
    assert after.value != before.value
    other = world.client()
    other.set_cookie("session", before.value)
    assert other.get("/enhet").status_code == 303


def test_an_invented_session_is_nobody(world: World) -> None:
    client = world.client()
    client.set_cookie("session", "x" * 43)
    assert client.get("/enhet").status_code == 303


def test_a_form_without_its_token_signs_nobody_in(world: World, anna: str) -> None:
    for token in ("", "x" * 64, form(world.client())):
        sent = {"csrf": token, "email": anna, "password": PASSWORD}
        assert world.client().post("/logg-inn", data=sent).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_a_form_from_another_site_is_refused(
    world: World, anna: str, headers: dict[str, str]
) -> None:
    client = world.client()
    sent = {"csrf": form(client), "email": anna, "password": PASSWORD}
    assert client.post("/logg-inn", data=sent, headers=headers).status_code == 403
    assert client.post("/logg-inn", data=sent, headers={"Origin": "http://localhost"}).location


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/stab/3999", "/stab/3999"),
        ("/enhet?a=b", "/enhet?a=b"),
        ("https://evil.example/", "/enhet"),
        ("//evil.example", "/enhet"),
        ("/\\evil.example", "/enhet"),
        ("/\t/evil.example", "/enhet"),
        ("javascript:alert(1)", "/enhet"),
        ("", "/enhet"),
    ],
)
def test_signing_in_leads_to_no_other_site(
    world: World, anna: str, wanted: str, where: str
) -> None:
    assert sign_in(world.client(), anna, next=wanted).location == where


def test_who_must_sign_in_comes_back_to_where_they_were(world: World) -> None:
    answer = world.client().get("/enhet/3999/kultur/s1?wave=1")
    assert answer.location == "/logg-inn?next=%2Fenhet%2F3999%2Fkultur%2Fs1%3Fwave%3D1"


def test_a_link_is_shown_as_often_as_scanners_like_and_used_once(world: World) -> None:
    with world.parts.db.transaction() as session:
        token = links.create(session, world.parts.secret, world.people["north"], actor="cli")
    client = world.client()
    for _ in range(3):
        assert client.get(f"/inn/{token}").status_code == 200
        assert world.client().head(f"/inn/{token}").status_code == 200
    assert client.post(f"/inn/{token}", data={"csrf": "x"}).status_code == 403
    sent = {"csrf": form(client, f"/inn/{token}")}
    assert client.post(f"/inn/{token}", data=sent).location == "/enhet"
    assert client.get("/enhet").status_code == 200
    assert world.client().get(f"/inn/{token}").status_code == 410
    again = world.client()
    sent = {"csrf": form(again)}
    assert again.post(f"/inn/{token}", data=sent).status_code == 410
    assert again.get("/enhet").status_code == 303


def test_every_answer_carries_the_security_headers(world: World) -> None:
    client = world.client("staff")
    for address in ("/", "/logg-inn", "/stab/3999", "/nowhere", "/api/v1/docs", "/api/v1/x"):
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin"
        assert headers["Cache-Control"] == "no-store", address
        assert "Cookie" in headers["Vary"]
        assert "Strict-Transport-Security" not in headers


def test_static_files_are_kept_for_ever_under_an_address_of_their_content(world: World) -> None:
    page = world.client().get("/").text
    found = re.search(r'href="(/static/base\.css\?v=\w{12})"', page)
    assert found is not None
    with world.client().get(found.group(1)) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with world.client().get("/static/base.css") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


def test_no_page_names_another_host_or_runs_inline_code(world: World) -> None:
    client = world.client("staff")
    for address in ("/", "/logg-inn?ut=1", "/stab/3999", "/enhet/3999/kultur/s1", "/api/v1/docs"):
        page = client.get(address).text
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page), address
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), address
        assert not re.search(r"<style|\sstyle=|\son\w+=", page), address


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil", "x:y"]
)
def test_a_forged_host_gets_nothing(world: World, host: str) -> None:
    answer = world.client().get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_redirects_stay_on_the_path_alone(world: World) -> None:
    answer = world.client().get("/enhet", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.location.startswith("/logg-inn")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_an_unknown_address_is_told_in_the_readers_language(world: World, language: str) -> None:
    answer = world.client().get(f"/finnes-ikke?language={language}")
    assert answer.status_code == 404
    assert f'<html lang="{language}">' in answer.text


def test_a_broken_page_says_sorry_and_nothing_of_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setitem(world.app.config, "TESTING", False)
    monkeypatch.setitem(world.app.config, "PROPAGATE_EXCEPTIONS", False)
    broken.__survey_access__ = world.app.view_functions["base.start"].__survey_access__  # type: ignore[attr-defined, union-attr]
    monkeypatch.setitem(world.app.view_functions, "base.start", broken)
    answer = world.client("staff").get("/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Noe gikk galt" in answer.text


def test_staff_are_told_why_something_cannot_be_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client("staff")
    for language, why in (("nb", "Målingen er frigitt."), ("en", "The wave is released.")):
        answer = client.get(f"/stab/3999/undersokelse/kultur/maling/1/lukk?language={language}")
        assert answer.status_code == 409
        assert why in answer.text


def test_too_much_is_refused_before_it_is_read(world: World) -> None:
    client = world.client()
    sent = {"csrf": form(client), "email": "a", "password": "x" * 10_000}
    assert client.post("/logg-inn", data=sent).status_code == 413
