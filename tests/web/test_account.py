"""One's own page, the second step of signing in, and a forgotten password, from form to form."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.access import guard, passwords, people, resets, sessions
from survey.access.models import SigninLink, StaffSession
from survey.core import limits
from survey.core.db import now
from survey.jobs.models import Outbox
from survey.mail import mail_worker
from survey.mail.kinds import KINDS
from tests.access.world import World, fresh
from tests.mail import postoffice

PASSWORD = "riktig hest batteri"
BETTER = "fire ville kråker synger"


@pytest.fixture(scope="module")
def hashed() -> str:
    return passwords.make_hash(PASSWORD)


@pytest.fixture
def world(tmp_path: Any, hashed: str) -> Iterator[World]:
    made = fresh(tmp_path, smtp_host="127.0.0.1", mail_from="barometer@kommune.example")
    with made.parts.db.transaction() as session:
        for name in ("staff", "north"):
            person = people.get(session, made.journey.organisation_id, made.people[name].id)
            people.set_password(session, person, hashed, actor="cli")
    yield made
    made.parts.db.dispose()


def form(client: FlaskClient, address: str) -> str:
    return str(re.findall(r'name="csrf" value="([\w-]+)"', client.get(address).text)[-1])


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
    sent = {"csrf": form(client, "/logg-inn"), "email": f"{name}@kommune.example"}
    return client.post("/logg-inn", data={**sent, "password": password})


def post(client: FlaskClient, address: str, world: World, **sent: str) -> TestResponse:
    return client.post(address, data={"csrf": world.csrf(client), **sent})


def enrol(world: World, client: FlaskClient, password: str = PASSWORD) -> tuple[pyotp.TOTP, str]:
    assert post(client, "/min-side/totrinn/start", world, password=password).status_code == 303
    page = client.get("/min-side/totrinn").text
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert secret is not None
    app = pyotp.TOTP(secret.group(1).replace(" ", ""))
    wrong = post(client, "/min-side/totrinn/bekreft", world, code="000000")
    assert wrong.status_code == 422
    shown = post(client, "/min-side/totrinn/bekreft", world, code=app.now())
    assert shown.status_code == 200
    codes = re.findall(r"<code>(\w{5}-\w{5})</code>", shown.text)
    assert len(codes) == 10
    return app, codes[0]


def later(app: pyotp.TOTP) -> str:
    return app.generate_otp(int(time.time()) // 30 + 1)


def test_a_person_turns_on_the_second_step_and_signs_in_with_it(world: World) -> None:
    elsewhere = world.client("north")
    client = world.client()
    assert sign_in(client, "north").location == "/enhet"
    again = post(client, "/min-side/totrinn/start", world, password="feil hest batteri")
    assert again.status_code == 422
    app, recovery = enrol(world, client)
    assert elsewhere.get("/min-side").status_code == 303
    other = world.client()
    asked = sign_in(other, "north")
    assert asked.location == "/logg-inn/kode"
    assert other.get("/min-side").status_code == 303
    wrong = {"csrf": form(other, "/logg-inn/kode"), "code": "123456"}
    assert other.post("/logg-inn/kode", data=wrong).status_code == 422
    right = {**wrong, "code": later(app)}
    assert other.post("/logg-inn/kode", data=right).location == "/enhet"
    assert other.get("/min-side").status_code == 200
    third = world.client()
    sign_in(third, "north")
    replayed = {**right, "csrf": form(third, "/logg-inn/kode")}
    assert third.post("/logg-inn/kode", data=replayed).status_code == 422
    spare = {**replayed, "code": recovery}
    assert third.post("/logg-inn/kode", data=spare).location == "/enhet"
    assert "Du har 9 reservekoder igjen" in third.get("/min-side").text


def test_the_second_step_is_asked_after_a_link_too_and_not_without_a_first(world: World) -> None:
    client = world.client()
    assert client.get("/logg-inn/kode").location == "/logg-inn"
    assert client.post("/logg-inn/kode", data={"csrf": "x"}).location == "/logg-inn"
    signed = world.client()
    sign_in(signed, "north")
    app, _ = enrol(world, signed)
    staff = world.client("staff")
    north = world.people["north"].id
    page = post(staff, f"/stab/3999/personer/{north}/lenke", world)
    link = re.search(r"http://127\.0\.0\.1:8000(/inn/[\w-]+)", page.text)
    assert link is not None
    sent = {"csrf": form(client, link.group(1))}
    assert client.post(link.group(1), data=sent).location == "/logg-inn/kode"
    assert client.get("/enhet").status_code == 303
    code = {"csrf": form(client, "/logg-inn/kode"), "code": later(app)}
    assert client.post("/logg-inn/kode", data=code).location == "/enhet"


def test_the_second_step_is_taken_away_with_a_code_or_reset_by_staff(world: World) -> None:
    client = world.client()
    sign_in(client, "north")
    app, recovery = enrol(world, client)
    assert post(client, "/min-side/totrinn/fjern", world, code="000000").status_code == 422
    renewed = post(client, "/min-side/totrinn/koder", world, code=later(app))
    fresh_codes = re.findall(r"<code>(\w{5}-\w{5})</code>", renewed.text)
    assert recovery not in fresh_codes
    staff = world.client("staff")
    north = world.people["north"].id
    assert "Nullstill totrinnsinnlogging" in staff.get(f"/stab/3999/personer/{north}").text
    assert post(staff, f"/stab/3999/personer/{north}/totrinn", world).status_code == 303
    assert client.get("/min-side").status_code == 303
    assert sign_in(world.client(), "north").location == "/enhet"
    client = world.client()
    sign_in(client, "north")
    _, recovery = enrol(world, client)
    done = post(client, "/min-side/totrinn/fjern", world, code=recovery)
    assert done.location == "/min-side?gjort=totrinn"


def test_staff_must_have_a_second_step_where_the_settings_say_so(
    tmp_path: Any, hashed: str
) -> None:
    world = fresh(tmp_path, staff_second_factor=True)
    with world.parts.db.transaction() as session:
        person = people.get(session, world.journey.organisation_id, world.people["staff"].id)
        people.set_password(session, person, hashed, actor="cli")
    assert world.client("north").get("/enhet").status_code == 200
    client = world.client()
    sign_in(client, "staff")
    for address in ("/stab/3999", "/min-side", "/enhet", "/stab/3999/personer"):
        answer = client.get(address)
        assert (answer.status_code, answer.location) == (303, "/min-side/totrinn"), address
    assert "Innovasjonsstaben må bruke" in client.get("/min-side/totrinn").text
    asked = post(client, "/min-side/sprak", world, language="en")
    assert asked.location == "/min-side/totrinn"
    enrol(world, client)
    assert client.get("/min-side").status_code == 200
    refused = post(client, "/min-side/totrinn/fjern", world, code="000000")
    assert refused.status_code == 409
    weak = world.client("staff")
    assert "Denne innloggingen mangler trinn to" in weak.get("/min-side/totrinn").text
    assert post(weak, "/logg-ut", world).status_code == 303
    world.parts.db.dispose()


def test_a_password_is_changed_after_the_present_one(world: World) -> None:
    client, elsewhere = world.client(), world.client("staff")
    sign_in(client, "staff")
    wrong = post(
        client, "/min-side/passord", world, present="nei", password="Passord12345", again="x"
    )
    assert wrong.status_code == 422
    for field in ("present", "password", "again"):
        assert f'href="#{field}"' in wrong.text
        assert f'id="error-{field}"' in wrong.text
    right = {"present": PASSWORD, "password": BETTER, "again": BETTER}
    assert post(client, "/min-side/passord", world, **right).location == "/min-side?gjort=passord"
    assert client.get("/min-side").status_code == 200
    assert elsewhere.get("/min-side").status_code == 303
    assert sign_in(world.client(), "staff").status_code == 422
    assert sign_in(world.client(), "staff", BETTER).status_code == 303


def test_who_came_by_link_sets_a_first_password(world: World) -> None:
    client = world.client("sykehjem")
    sent = {"password": BETTER, "again": BETTER}
    assert post(client, "/min-side/passord", world, **sent).status_code == 303
    assert sign_in(world.client(), "sykehjem", BETTER).status_code == 303


def test_sessions_are_shown_roughly_and_ended_one_or_all(world: World) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    client = world.client()
    client.environ_base["HTTP_USER_AGENT"] = agent
    sign_in(client, "north")
    first, second = world.client("north"), world.client("north")
    page = client.get("/min-side").text
    assert "Firefox, Linux" in page
    assert "Gecko" not in page
    references = re.findall(r'name="session" value="(\w+)"', page)
    assert len(references) == 2
    assert post(client, "/min-side/okter", world, session=references[0]).status_code == 303
    assert sorted(each.get("/min-side").status_code for each in (first, second)) == [200, 303]
    third = world.client("north")
    assert post(client, "/min-side/okter", world).status_code == 303
    assert {each.get("/min-side").status_code for each in (first, second, third)} == {303}
    assert client.get("/min-side").status_code == 200
    strangers = world.client("staff")
    reference = re.findall(r"[0-9a-f]{16}", references[1])[0]
    post(strangers, "/min-side/okter", world, session=reference)


def test_nobody_ends_the_session_of_somebody_else(world: World) -> None:
    mine, theirs = world.client("north"), world.client("staff")
    with world.parts.db.reading() as session:
        other = sessions.listing(
            session, world.journey.organisation_id, person_id=world.people["staff"].id
        )
    assert post(mine, "/min-side/okter", world, session=other[0].reference).status_code == 303
    assert theirs.get("/min-side").status_code == 200


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Safari/537.36", "Chrome, Android"),
        ("curl/8.9", ""),
        ("", ""),
    ],
)
def test_a_browser_has_a_rough_name(agent: str, label: str) -> None:
    assert sessions.device_label(agent) == label


def test_a_session_left_alone_ends_and_one_in_use_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, left = world.client("north"), world.client("north")
    start = now()
    for minutes in (40, 80):
        moment = start + timedelta(minutes=minutes)
        monkeypatch.setattr(sessions, "now", lambda moment=moment: moment)
        monkeypatch.setattr(guard, "now", lambda moment=moment: moment)
        assert used.get("/min-side").status_code == 200
    assert left.get("/min-side").status_code == 303


def test_looking_writes_only_now_and_then(world: World) -> None:
    client = world.client("north")
    with world.parts.db.reading() as session:
        before = session.scalars(sa.select(StaffSession.last_used_at)).all()
    for _ in range(5):
        client.get("/min-side")
    with world.parts.db.reading() as session:
        assert session.scalars(sa.select(StaffSession.last_used_at)).all() == before


def test_the_language_is_chosen_for_good(world: World) -> None:
    client = world.client("north")
    assert post(client, "/min-side/sprak", world, language="nn").status_code == 303
    assert '<html lang="nn"' in world.client("north").get("/min-side").text
    assert post(client, "/min-side/sprak", world, language="fr").status_code == 422


# --- forgotten passwords -----------------------------------------------------------------------


def ask(world: World, email: str, client: FlaskClient | None = None) -> TestResponse:
    client = client or world.client()
    sent = {"csrf": form(client, "/glemt-passord"), "email": email}
    return client.post("/glemt-passord", data=sent)


def queued(world: World) -> list[Outbox]:
    with world.parts.db.reading() as session:
        return list(session.scalars(sa.select(Outbox).where(Outbox.kind == "password_reset")))


def mailed(world: World, row: Outbox) -> str:
    """The path in the mail that a row of the outbox becomes."""
    with world.parts.db.transaction() as session:
        mail = KINDS[row.kind].render(session, world.parts, row)
    assert mail is not None
    assert mail.to == "north@kommune.example"
    found = re.findall(r"http://127\.0\.0\.1:8000(/\S+)", mail.text)
    assert len(found) == 1
    assert found[0] in mail.html
    return str(found[0])


def test_a_forgotten_password_is_replaced_by_mail_once(world: World) -> None:
    signed_in = world.client("north")
    known, unknown = ask(world, " North@kommune.example "), ask(world, "x@kommune.example")
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    rows = queued(world)
    assert [row.reference for row in rows] == [str(world.people["north"].id)]
    first, path = mailed(world, rows[0]), mailed(world, rows[0])
    client = world.client()
    assert client.get(first).status_code == 410  # a mail that was tried again has the only link
    for _ in range(2):
        assert "north@kommune.example" in client.get(path).text
    token = form(client, path)
    poor = client.post(path, data={"csrf": token, "password": "kort", "again": "kortere"})
    assert poor.status_code == 422
    assert "minst 12 tegn" in poor.text
    good = {"csrf": token, "password": BETTER, "again": BETTER}
    assert client.post(path, data=good).location == "/logg-inn?ut=passord"
    assert signed_in.get("/min-side").status_code == 303
    assert client.post(path, data=good).status_code == 410
    assert sign_in(world.client(), "north").status_code == 422
    assert sign_in(world.client(), "north", BETTER).status_code == 303


def test_a_link_for_a_password_signs_nobody_in_and_the_other_way_round(world: World) -> None:
    ask(world, "north@kommune.example")
    path = mailed(world, queued(world)[0])
    token = path.rpartition("/")[2]
    client = world.client()
    assert client.get(f"/inn/{token}").status_code == 410
    row = Outbox(
        organisation_id=world.journey.organisation_id,
        kind="person_invitation",
        reference=str(world.people["north"].id),
    )
    invitation = mailed(world, row).rpartition("/")[2]
    assert client.get(f"/nytt-passord/{invitation}").status_code == 410
    assert client.get(f"/inn/{invitation}").status_code == 200
    assert client.get(path).status_code == 200  # an invitation leaves it alone


def test_a_link_for_a_password_is_good_for_an_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(world, "north@kommune.example")
    mailed(world, queued(world)[0])
    with world.parts.db.reading() as session:
        link = session.scalars(sa.select(SigninLink)).one()
    assert timedelta(minutes=59) < link.expires_at - now() <= timedelta(minutes=60)


def test_nobody_is_flooded_and_nobody_learns_it(world: World) -> None:
    for _ in range(resets.PER_ACCOUNT + 2):
        assert ask(world, "north@kommune.example").status_code == 303
        assert ask(world, "x@kommune.example").status_code == 303
    assert len(queued(world)) == resets.PER_ACCOUNT


def test_one_network_cannot_ask_for_everybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resets, "PER_ADDRESS", 2)
    answers = [ask(world, f"n{number}@kommune.example") for number in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert int(answers[2].headers["Retry-After"]) <= limits.QUARTER.total_seconds()


def test_who_is_kept_out_gets_no_mail_even_when_it_was_queued(world: World) -> None:
    ask(world, "north@kommune.example")
    row = queued(world)[0]
    with world.parts.db.transaction() as session:
        person = people.get(session, world.journey.organisation_id, world.people["north"].id)
        people.set_active(session, person, False, actor="cli")
    with world.parts.db.transaction() as session:
        assert KINDS[row.kind].render(session, world.parts, row) is None
    ask(world, "north@kommune.example")
    assert len(queued(world)) == 1


def test_without_a_mail_server_people_are_told_whom_to_ask(tmp_path: Any) -> None:
    world = fresh(tmp_path)
    assert "Be innovasjonsstaben" in world.client().get("/glemt-passord").text
    world.parts.db.dispose()


def test_mails_go_over_a_real_mail_server_to_whom_they_are_for(tmp_path: Any) -> None:
    office, controller = postoffice.start()
    world = fresh(
        tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=office.port,
        smtp_tls="none",
        mail_from="Prøvevik kommune <barometer@provevik.test>",
        mail_per_minute=60_000,
    )
    sender = mail_worker.Sender(world.parts)
    try:
        ask(world, "north@kommune.example")
        staff, idle = world.client("staff"), world.people["idle"].id
        post(staff, f"/stab/3999/personer/{idle}/inviter", world)
        for _ in range(20):
            outcome = sender.step()
            if outcome is None:
                break
            if outcome.what == "early":
                time.sleep(0.01)
        (reset,), (invitation,) = (office.to(f"{n}@kommune.example") for n in ("north", "idle"))
    finally:
        sender.close()
        controller.stop()
    assert reset.message["Subject"] == "Lag et nytt passord"
    for got, place in ((reset, "nytt-passord"), (invitation, "inn")):
        path = re.search(rf"http://127\.0\.0\.1:8000(/{place}/\S+)", got.text)
        assert path is not None
        assert path.group(1) in got.html
        assert world.client().get(path.group(1)).status_code == 200
    with world.parts.db.reading() as session:
        assert session.scalars(sa.select(Outbox)).all() == []
    world.parts.db.dispose()
