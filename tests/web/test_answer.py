"""The respondent's pages without JavaScript: one form, nothing stored before "send"."""

from __future__ import annotations

import html
import os
import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask.testing import FlaskClient

from survey.answering import failed_codes
from survey.core.db import now
from survey.core.limit_models import AttemptCount
from survey.instrument.model import Instrument
from tests.answering.conftest import World, build

LANGUAGES = ("nb", "nn", "en", "se")


@pytest.fixture
def answering(services: Any) -> World:
    return build(services.db, secret=services.secret)


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def checked(page: str) -> set[str]:
    return set(re.findall(r'id="([^"]+)" name="[^"]+" value="[^"]*" checked', page))


def opened(client: FlaskClient, world: World, number: int = 0) -> str:
    response = client.get(f"/s/{world.codes['north'][number].link}", follow_redirects=True)
    assert response.status_code == 200
    return response.text


def test_a_link_leads_to_an_address_without_the_code(client: FlaskClient, answering: World) -> None:
    code = answering.codes["north"][0].link
    response = client.get(f"/s/{code}")
    assert response.status_code == 303
    assert response.location == "/svar"
    assert code not in response.text
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"svar={code};")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/svar"):
        assert part in cookie
    assert "Expires" not in cookie
    assert "Max-Age" not in cookie
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


def test_opening_spends_nothing_and_writes_nothing(client: FlaskClient, answering: World) -> None:
    began: list[object] = []
    sa.event.listen(answering.db.writer, "begin", began.append)
    for _ in range(3):
        opened(client, answering)
        client.head(f"/s/{answering.codes['north'][0].link}")
        client.get(f"/s/{'0' * 26}", follow_redirects=True)
    assert began == []
    assert answering.spent() == 0
    client.post("/kode", data={"code": "0" * 26})
    assert len(began) == 1, "the listener sees what does write"


def test_the_form_preselects_nothing_and_keeps_dont_know_apart(
    client: FlaskClient, answering: World
) -> None:
    page = opened(client, answering)
    assert checked(page) == set()
    assert page.count("<fieldset") == page.count("<legend") == 7
    assert len(re.findall(r'class="choices__apart"', page)) == 3
    assert "<script>" not in page
    assert "style=" not in page
    assert 'maxlength="600"' in page


def test_an_answer_is_sent_once_however_often_the_button_is_pressed(
    client: FlaskClient, answering: World
) -> None:
    form = {**fields(opened(client, answering)), "i.trust": "4", "i.leader": "na"}
    form |= {"m.effects": ["better", "cheaper"], "s.position": "manager"}  # type: ignore[dict-item]
    form |= {"t.help": "Mer\r\ntid", "w.words": ["tid", ""]}  # type: ignore[dict-item]
    for _ in range(2):
        response = client.post("/svar", data=form)
        assert response.status_code == 303
        assert response.location.startswith("/takk")
        assert "svar=;" in response.headers["Set-Cookie"]
    (stored,) = answering.inbox()
    assert stored.role == "leader"
    assert stored.texts == {"help": ["Mer\ntid"], "words": ["tid"]}
    assert answering.layout.decode(stored.sheet) == {
        "items": {"trust": 4, "leader": "na"},
        "questions": {"effects": ["better", "cheaper"]},
    }
    assert "mottatt" in client.get(response.location, headers={"Accept-Language": "nb"}).text
    other = client.post("/svar", data={**form, "submission_id": str(uuid.uuid4())})
    assert other.status_code == 409


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rejected_form_comes_back_filled_in_with_its_faults_linked(
    client: FlaskClient, answering: World, language: str
) -> None:
    form = fields(opened(client, answering))
    response = client.post(
        "/svar",
        data={
            **form,
            "shown_language": language,
            "i.time": "2",
            "m.effects": ["better", "nothing"],
            "t.help": '<b>Hei & "hopp"</b>',
            "w.words": ["a", "b"],
        },
    )
    page = response.text
    assert response.status_code == 422
    assert f'<html lang="{language}">' in page
    assert checked(page) == {"f-time-1", "f-effects-0", "f-effects-2"}
    assert "&lt;b&gt;Hei &amp; &#34;hopp&#34;&lt;/b&gt;</textarea>" in page
    assert fields(page)["submission_id"] == form["submission_id"]
    summary = page[page.index('id="error-summary"') : page.index('id="start"')]
    targets = re.findall(r'href="#([^"]+)"', summary)
    assert targets == ["f-trust-0", "f-effects-0"]
    for target in targets:
        assert f'id="{target}"' in page
    assert 'aria-describedby="e-trust"' in page
    assert re.search(r"<title>(Feil|Error|Boasttuvuohta): ", page)
    assert answering.inbox() == []


def test_another_language_loses_nothing(client: FlaskClient, answering: World) -> None:
    form = fields(opened(client, answering))
    form |= {"i.trust": "3", "t.help": "Tid", "language": "nn"}
    response = client.post("/svar", data=form)
    assert response.status_code == 200
    assert '<html lang="nn">' in response.text
    assert "Vi stoler på kvarandre." in response.text
    assert checked(response.text) == {"f-trust-2"}
    assert ">\nTid</textarea>" in response.text
    again = fields(response.text)
    assert again["submission_id"] == form["submission_id"]
    assert again["shown_language"] == "nn"
    assert answering.spent() == 0


@pytest.mark.parametrize("forged", ["unit", "wave_id", "role", "organisation_id"])
def test_fields_that_the_form_does_not_have_change_nothing(
    client: FlaskClient, answering: World, forged: str
) -> None:
    form = fields(opened(client, answering))
    form |= {"i.trust": "1", forged: str(answering.units["south"])}
    assert client.post("/svar", data=form).status_code == 303
    (stored,) = answering.inbox()
    assert (stored.unit_id, stored.role) == (answering.units["north"], "employee")


@pytest.mark.parametrize(
    "field", [{"i.unknown": "1"}, {"s.tenure": "forever"}, {"i.trust": "x"}, {"t.effects": "a"}]
)
def test_an_unknown_field_or_value_is_refused(
    client: FlaskClient, answering: World, field: dict[str, str]
) -> None:
    form = fields(opened(client, answering))
    response = client.post("/svar", data={**form, "i.trust": "1", **field})
    assert response.status_code == 422
    assert 'id="error-summary"' in response.text
    assert answering.inbox() == []


def test_a_form_that_is_too_large_is_refused(client: FlaskClient, answering: World) -> None:
    form = fields(opened(client, answering))
    form |= {"i.trust": "1", "t.help": "x" * 70_000}
    assert client.post("/svar", data=form).status_code == 413
    assert answering.inbox() == []


REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "unknown": (404, {}),
    "early": (403, {"opens_at": now() + timedelta(days=1)}),
    "closed": (410, {"state": "closed"}),
    "used": (409, {}),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_has_a_page_of_its_own_that_says_no_more_than_needed(
    client: FlaskClient, answering: World, name: str, language: str
) -> None:
    status, change = REFUSALS[name]
    code = answering.codes["north"][0].link if name != "unknown" else "0" * 26
    if name == "used":
        client.post(
            "/svar", data={"code": code, "submission_id": str(uuid.uuid4()), "i.trust": "1"}
        )
    answering.change_wave(**change)
    client.get(f"/s/{code}")
    shown = client.get("/svar", query_string={"language": language})
    sent = client.post(
        "/svar?language=" + language,
        data={"code": code, "submission_id": str(uuid.uuid4()), "i.trust": "1"},
    )
    assert shown.status_code == sent.status_code == status
    assert f'<html lang="{language}">' in shown.text
    for word in (code, "North", "Fjordvik", "Barometer", "every-kind"):
        assert word not in shown.text.replace("Innovation Barometer", "")
    titles = {re.search(r"<h1>(.*?)</h1>", page.text)[1] for page in (shown, sent)}
    assert len(titles) == 1


@pytest.mark.parametrize("path", ["tull", "0" * 25, "0" * 27, "ABCDE-12345", "0000000000", "%F0"])
def test_a_broken_link_says_so(client: FlaskClient, answering: World, path: str) -> None:
    response = client.get(f"/s/{path}")
    assert response.status_code == 404
    assert "Set-Cookie" not in response.headers


def test_a_printed_code_is_typed_in(client: FlaskClient, answering: World) -> None:
    typed = answering.codes["north"][0].short.lower().replace("-", " ")
    response = client.post("/kode", data={"code": typed})
    assert (response.status_code, response.location) == (303, "/svar")
    page = client.get("/svar").text
    assert 'id="svar"' in page
    assert client.post("/svar", data={**fields(page), "i.trust": "2"}).status_code == 303
    assert answering.spent() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mistyped_code_is_told_kindly_and_not_counted(
    client: FlaskClient, answering: World, language: str
) -> None:
    short = answering.codes["north"][0].short
    wrong = short[:-1] + ("A" if short[-1] != "A" else "B")
    for typed in (wrong, "", "<script>", "x" * 5000):
        response = client.post(f"/kode?language={language}", data={"code": typed})
        assert response.status_code in (413, 422)
        assert "<script>" not in response.text
        if response.status_code == 422:
            assert 'href="#code"' in response.text
            assert 'aria-invalid="true"' in response.text
    with answering.db.reading() as session:
        assert session.scalars(sa.select(AttemptCount)).all() == []


def test_unknown_codes_are_limited_and_a_good_one_still_works(
    client: FlaskClient, answering: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_codes, "PER_ADDRESS", 2)
    statuses = [client.post("/kode", data={"code": "0" * 10}).status_code for _ in range(4)]
    assert statuses == [404, 404, 429, 429]
    good = client.post("/kode", data={"code": answering.codes["north"][0].short})
    assert good.status_code == 303


def test_a_made_up_cookie_is_no_way_round_the_count(client: FlaskClient, answering: World) -> None:
    short = answering.codes["north"][0].short.replace("-", "")
    for value in (short, f"{short}.", f"{short}.{'0' * 64}", f"{short}.é"):
        client.set_cookie("svar", value, path="/svar")
        response = client.get("/svar")
        assert (response.status_code, response.location) == (303, "/kode")


def test_the_code_stands_in_no_header_title_or_address_of_the_form(
    client: FlaskClient, answering: World
) -> None:
    code = answering.codes["north"][0].link
    client.get(f"/s/{code}")
    response = client.get("/svar")
    assert code not in str(response.headers)
    assert response.text.count(code) == 1
    assert f'<input type="hidden" name="code" value="{code}">' in response.text


def test_another_site_cannot_post_the_form(client: FlaskClient, answering: World) -> None:
    form = {**fields(opened(client, answering)), "i.trust": "1"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
        assert client.post("/svar", data=form, headers=headers).status_code == 403
    # no-referrer makes browsers send Origin: null with the form itself
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert client.post("/svar", data=form, headers=own).status_code == 303


def test_the_cookie_alone_answers_nothing(client: FlaskClient, answering: World) -> None:
    opened(client, answering)
    response = client.post("/svar", data={"submission_id": str(uuid.uuid4()), "i.trust": "1"})
    assert response.status_code == 404
    assert answering.spent() == 0


def locked(page: str, form: dict[str, str]) -> bytes:
    """A form as the page locks it to wait for a connection."""
    nonce, key = (
        bytes.fromhex(re.search(rf'data-{name}="([0-9a-f]+)"', page)[1])
        for name in ("nonce", "lock")
    )
    iv = os.urandom(12)
    return nonce + iv + AESGCM(key).encrypt(iv, urlencode(form).encode(), b"svar")


def test_an_answer_that_waited_is_opened_by_the_service_only_and_counts_once(
    client: FlaskClient, answering: World
) -> None:
    page = opened(client, answering)
    envelope = locked(page, {**fields(page), "i.trust": "4", "t.help": "Mer tid, ærlig talt"})
    for _ in range(2):
        assert client.post("/sender", data=envelope).json == {"received": True}
    (stored,) = answering.inbox()
    assert stored.sheet.startswith("4")
    assert stored.texts == {"help": ["Mer tid, ærlig talt"]}
    other = opened(client, answering, 1)
    assert re.findall("data-nonce=.*", other) != re.findall("data-nonce=.*", page)


@pytest.mark.parametrize(
    "harm", [lambda e: e[:-1], lambda e: e[:20], lambda e: b"", lambda e: e[1:]]
)
def test_what_was_not_locked_by_a_page_of_ours_is_refused(
    client: FlaskClient, answering: World, harm: Any
) -> None:
    page = opened(client, answering)
    envelope = locked(page, {**fields(page), "i.trust": "4"})
    assert client.post("/sender", data=harm(envelope)).status_code == 422
    assert client.post("/sender", data=b"x" * 70_000).status_code == 413
    assert answering.spent() == 0


def test_an_envelope_is_no_way_to_guess_codes_uncounted(
    client: FlaskClient, answering: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_codes, "PER_ADDRESS", 2)
    page = opened(client, answering)
    guess = {**fields(page), "code": "0" * 10, "i.trust": "4"}
    statuses = [client.post("/sender", data=locked(page, guess)).status_code for _ in range(3)]
    assert statuses == [404, 404, 429]


def test_an_answer_that_waited_too_long_is_refused(client: FlaskClient, answering: World) -> None:
    page = opened(client, answering)
    envelope = locked(page, {**fields(page), "i.trust": "4"})
    answering.change_wave(closes_at=now())
    assert client.post("/sender", data=envelope).status_code == 410
    assert answering.inbox() == []


def test_the_service_worker_controls_no_page_and_keeps_nothing(client: FlaskClient) -> None:
    response = client.get("/sender/sender.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Service-Worker-Allowed" not in response.headers, "no wider scope than /sender/"
    assert "worker-src 'self'" in response.headers["Content-Security-Policy"]
    listens = re.findall(r'addEventListener\("(\w+)"', response.text)
    assert listens == ["install", "sync"], "it answers no request, so it can cache none"
    assert "caches." not in response.text
    response.close()


def test_an_empty_choice_takes_an_answer_back(client: FlaskClient, answering: World) -> None:
    form = fields(opened(client, answering))
    data = {**form, "i.trust": "1", "i.time": "", "s.tenure": ""}
    assert client.post("/svar", data=data).status_code == 303
    (stored,) = answering.inbox()
    assert answering.layout.decode(stored.sheet) == {"items": {"trust": 1}, "questions": {}}


def test_a_whole_link_may_be_pasted_where_a_code_is_asked_for(
    client: FlaskClient, answering: World
) -> None:
    link = f" https://barometer.example/s/{answering.codes['north'][0].link} "
    assert client.post("/kode", data={"code": link}).location == "/svar"


def test_a_frame_in_sami_marks_the_questions_language(
    client: FlaskClient, answering: World
) -> None:
    opened(client, answering)
    page = client.get("/svar?language=se").text
    assert '<html lang="se">' in page
    assert page.count('<legend class="block__text" lang="nb">') == 7
    assert fields(page)["shown_language"] == "se"
    again = client.post("/svar", data={**fields(page), "i.time": "2"})
    assert again.status_code == 422
    assert '<html lang="se">' in again.text
    assert ' lang="' not in client.get("/svar?language=nn").text.split("<main")[1]


def test_the_title_says_the_service_once(client: FlaskClient, answering: World) -> None:
    plain = answering.instrument.to_dict()
    plain["title"] = dict.fromkeys(("nb", "nn", "en"), "Innovasjonsbarometeret")
    named = Instrument.from_dict(plain)
    answering.change_wave(instrument=named.to_dict(), instrument_digest=named.digest)
    page = opened(client, answering)
    assert "<title>Svar på undersøkelsen – Innovasjonsbarometeret</title>" in page
