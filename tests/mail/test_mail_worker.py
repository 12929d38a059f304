"""Mails over a real SMTP server: each once, with its code, and what became of it written down."""

from __future__ import annotations

import io
import multiprocessing
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import AuthResult

from survey.core.config import Settings
from survey.core.db import now
from survey.core.errors import Conflict
from survey.core.services import Services, build
from survey.invitations import mailings
from survey.invitations.address_models import Contact, ReminderMailing
from survey.invitations.codes import code_hash, short_hash
from survey.invitations.issuing import export_codes
from survey.jobs import outbox
from survey.jobs.models import Outbox
from survey.mail import mail_worker
from survey.mail import transport as transport_module
from survey.mail.kinds import KINDS, Kind
from survey.mail.mail_worker import Mailroom, Sender
from survey.mail.message import Mail
from survey.mail.transport import Outcome, Transport
from survey.study import closing
from survey.study.models import Invitation
from tests.mail.certificate import certificate
from tests.mail.postoffice import PostOffice, posted, rows, start
from tests.operations.town import PEOPLE, Town, address, ready

EVERYBODY = sum(PEOPLE.values())


@pytest.fixture
def town(services: Services, office: PostOffice) -> Town:
    return ready(posted(services, office))


@pytest.fixture
def sender(town: Town) -> Iterator[Sender]:
    made = Sender(town.parts)
    yield made
    made.close()


def drain(sender: Sender) -> list[str]:
    """Handle all that is due; what became of each."""
    found = []
    while (outcome := sender.step()) is not None:
        if outcome.what == "early":
            time.sleep(0.001)
            continue
        found.append(outcome.what)
        if outcome.down:
            break
    return found


def send_due(parts: Services) -> list[str]:
    """The same with a sender of its own."""
    sender = Sender(parts)
    try:
        return drain(sender)
    finally:
        sender.close()


def due_now(parts: Services) -> None:
    with parts.db.transaction() as session:
        session.execute(sa.update(Outbox).values(due_at=now() - timedelta(seconds=1)))


def silent(parts: Services) -> None:
    """The lease of whoever was sending has run out."""
    with parts.db.transaction() as session:
        session.execute(sa.update(Outbox).values(running_until=now() - timedelta(seconds=1)))


def test_everybody_gets_one_mail_with_a_code_that_works(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    assert drain(sender) == ["sent"] * EVERYBODY
    assert sorted(got.to for got in office.got) == sorted(town.states())
    assert set(town.states().values()) == {"sent"}
    assert rows(town.parts) == []
    assert office.connections == 1
    codes = set()
    for got in office.got:
        row = town.invitation(got.to)
        [link] = re.findall(r"http://127\.0\.0\.1:8000/s/([0-9A-Z]{26})", got.text)
        [short] = re.findall(r": ([0-9A-Z]{5}-[0-9A-Z]{5})", got.text)
        assert code_hash(town.parts.secret, link) == row.code_hash
        assert short_hash(town.parts.secret, short) == row.short_hash
        assert row.exported
        assert not row.spent
        assert link in got.html
        assert short in got.html
        for said in ("grupper der minst 5 har svart", "sammen med minst 4 andre i området"):
            assert said in " ".join(got.text.split())
            assert said in got.html
        codes.add(link)
    assert len(codes) == EVERYBODY
    with town.parts.db.transaction() as session, pytest.raises(Conflict):
        export_codes(session, town.parts.keys, town.wave(session))


def test_a_mail_says_who_sends_it_and_nothing_about_who_reads_it(
    town: Town, office: PostOffice
) -> None:
    parts = replace(
        town.parts,
        settings=replace(
            town.parts.settings,
            mail_reply_to="Innovasjonsstaben <stab@provevik.test>",
            mail_bounce="retur+{token}@post.provevik.test",
        ),
    )
    send_due(parts)
    with parts.db.reading() as session:
        tokens = {row.email: row.token for row in session.scalars(sa.select(Contact))}
        ids = [row.id for row in session.scalars(sa.select(Invitation))]
    seen = set()
    for got in office.got:
        message = got.message
        assert message["From"] == "Prøvevik kommune <undersokelse@provevik.test>"
        assert message["Reply-To"] == "Innovasjonsstaben <stab@provevik.test>"
        assert message["To"] == got.to
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Content-Language"] == "nb"
        assert message["Date"].datetime.tzinfo is not None
        assert message["Message-ID"].endswith("@provevik.test>")
        assert message["Message-ID"].startswith(f"<{tokens[got.to]}.")
        assert got.sender == f"retur+{tokens[got.to]}@post.provevik.test"
        assert got.dsn == ["RET=HDRS", f"ENVID={tokens[got.to]}", "NOTIFY=FAILURE"]
        seen.add(message["Message-ID"])
        whole = message.as_string()
        assert not [each for each in ids if each.hex in whole or str(each) in whole]
        assert not re.search(r"<img|<script|<link|url\(|https?://(?!127\.0\.0\.1:8000/)", got.html)
        assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert len(seen) == EVERYBODY


def test_an_address_that_is_refused_is_struck_off_and_its_code_can_go_out_on_paper(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    wrong = address("n1", 0)
    office.rcpt[wrong] = f"550 5.1.1 <{wrong}> unknown here"
    drain(sender)
    assert town.states()[wrong] == "refused"
    assert len(office.got) == EVERYBODY - 1
    assert rows(town.parts) == []
    assert not town.invitation(wrong).exported
    with town.parts.db.reading() as session:
        units = {unit.code: unit for unit in mailings.status(session, town.wave(session))}
    assert (units["n1"].sent, units["n1"].refused, units["n1"].trouble) == (5, 1, True)
    assert (units["s1"].sent, units["s1"].refused, units["s1"].trouble) == (5, 0, False)
    with town.parts.db.transaction() as session:
        assert len(export_codes(session, town.parts.keys, town.wave(session))) == 1


def test_what_the_server_cannot_take_now_is_tried_again_ever_later_and_then_given_up(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    busy = address("s1", 1)
    office.rcpt[busy] = "451 4.7.1 greylisted, come back"
    assert drain(sender).count("deferred") == 1
    [row] = rows(town.parts)
    assert row.error == "451 4.7.1"
    pauses = [row.due_at - now()]
    for _ in range(len(outbox.PAUSES) - 1):
        due_now(town.parts)
        assert drain(sender) == ["deferred"]
        pauses.append(rows(town.parts)[0].due_at - now())
    assert [round(each / timedelta(minutes=1)) for each in pauses] == [1, 5, 15, 60, 240, 480, 720]
    due_now(town.parts)
    drain(sender)
    assert rows(town.parts) == []
    assert town.states()[busy] == "failed"
    del office.rcpt[busy]
    assert town.mail() == 1
    drain(sender)
    assert [len(office.to(busy)), town.states()[busy]] == [1, "sent"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_lost_before_the_final_dot_is_tried_again_and_after_it_never(
    town: Town, sender: Sender, office: PostOffice, when: str
) -> None:
    for number in range(PEOPLE["n1"]):
        (office.rcpt if when == "before" else office.data)[address("n1", number)] = "drop"
    for _ in range(20):
        drain(sender)
    state = {town.states()[address("n1", number)] for number in range(PEOPLE["n1"])}
    assert state == {"queued"} if when == "before" else {"uncertain"}
    office.rcpt.clear()
    office.data.clear()
    due_now(town.parts)
    drain(sender)
    assert [len(office.to(email)) for email in town.states()] == [1] * EVERYBODY
    if when == "after":
        assert town.invitation(address("n1", 0)).exported  # the code may have left


def test_trouble_with_the_sender_strikes_nobody_off(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    office.mail_from = "553 5.7.1 sender not allowed"
    assert drain(sender) == ["deferred"]
    office.mail_from = ""
    for email in town.states():
        office.rcpt[email] = "554 5.7.1 relay access denied"
    drain(sender)
    assert set(town.states().values()) == {"queued"}


def test_a_mail_server_that_is_down_or_not_to_be_trusted_costs_one_try_at_a_time(
    town: Town, office: PostOffice
) -> None:
    nobody = replace(town.parts, settings=replace(town.parts.settings, smtp_port=1))
    assert send_due(nobody) == ["deferred"]
    plain = replace(town.parts, settings=replace(town.parts.settings, smtp_tls="starttls"))
    assert send_due(plain) == ["deferred"]
    assert office.got == []
    assert sorted(row.attempts for row in rows(town.parts))[-3:] == [0, 1, 1]
    assert {row.error for row in rows(town.parts)} == {
        None,
        "ConnectionRefusedError",
        "SMTPNotSupportedError",
    }


def test_only_unused_codes_are_reminded_and_nothing_tells_how_many(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    drain(sender)
    for number in range(4):
        town.spend(address("n1", number))
    with pytest.raises(Conflict, match="less than 4 days"):
        town.remind()
    _days_pass(town, 5)
    before = len(office.got)
    assert town.remind() == 1
    queued = rows(town.parts)
    assert len(queued) == EVERYBODY  # also for those who have answered
    handled = drain(sender)
    assert len(handled) == EVERYBODY
    reminded = office.got[before:]
    assert {got.to for got in reminded} == set(town.states()) - {
        address("n1", number) for number in range(4)
    }
    assert {got.message["Subject"] for got in reminded} == {"Påminnelse: Innovasjonskultur"}
    [link] = re.findall(r"/s/([0-9A-Z]{26})", reminded[0].text)
    assert code_hash(town.parts.secret, link) == town.invitation(reminded[0].to).code_hash
    assert rows(town.parts) == []
    assert town.events("reminders.sent") == [{"number": 1}]
    assert set(town.states().values()) == {"sent"}
    _days_pass(town, 5)
    assert town.remind() == 2
    _days_pass(town, 5)
    with pytest.raises(Conflict, match="enough"):
        town.remind()


def test_a_reminder_that_fails_leaves_nothing_that_tells_whose_code_was_unused(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    drain(sender)
    _days_pass(town, 5)
    town.remind()
    for number in range(3):
        office.rcpt[address("n1", number)] = "550 5.1.1 gone"
        office.rcpt[address("s1", number)] = "450 4.2.0 full"
    for _ in range(len(outbox.PAUSES) + 1):
        drain(sender)
        due_now(town.parts)
    assert rows(town.parts) == []
    assert set(town.states().values()) == {"sent"}
    with town.parts.db.reading() as session:
        tokens = set(session.scalars(sa.select(Contact.token)))
    reminders = [got for got in office.got if "Påminnelse" in got.message["Subject"]]
    assert reminders
    assert not [t for got in reminders for t in tokens if t in got.message.as_string()]


def test_what_waits_when_the_wave_closes_is_never_sent(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    with town.parts.db.transaction() as session:
        closing.mark_closed(session, town.wave(session))
    assert drain(sender) == ["dropped"] * EVERYBODY
    assert office.got == []
    assert rows(town.parts) == []


def test_a_mail_waits_until_people_can_answer(services: Services, office: PostOffice) -> None:
    town = Town(posted(services, office))
    town.invite()
    with pytest.raises(Conflict, match="draft"):
        town.mail()
    town.open()
    with town.parts.db.transaction() as session:
        town.wave(session).opens_at = now() + timedelta(days=1)
    assert town.mail() == EVERYBODY
    assert send_due(town.parts) == []
    with pytest.raises(Conflict, match="Nobody waits"):
        town.mail()


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_sender_that_is_killed_sends_nothing_twice(
    services: Services, office: PostOffice, stage: str
) -> None:
    """kill -9 while the server has the mail (or is about to get it): it is not sent again."""
    town = ready(posted(services, office), {"n1": 6})
    for number in range(6):
        office.data[address("n1", number)] = "kill"
        if stage == "rcpt":
            office.rcpt[address("n1", number)] = "kill"
    process = multiprocessing.get_context("spawn").Process(
        target=send_all, args=(town.parts.settings,)
    )
    process.start()
    office.kill = lambda: process.pid or 0
    process.join(30)
    assert process.exitcode == -9
    assert len(office.got) == (1 if stage == "data" else 0)
    office.rcpt.clear()
    office.data.clear()
    [struck] = [row for row in rows(town.parts) if row.state == "sending"]
    sender = Sender(town.parts)
    assert mail_worker.sweep(town.parts) == 0  # its lease still runs
    drain(sender)
    silent(town.parts)
    assert mail_worker.sweep(town.parts) == 1
    assert struck.id not in {row.id for row in rows(town.parts)}
    drain(sender)
    sender.close()
    sent = [len(office.to(address("n1", number))) for number in range(6)]
    assert sorted(sent) == ([1] * 6 if stage == "data" else [0, *[1] * 5])
    states = sorted(town.states().values())
    assert states == [*["sent"] * 5, "uncertain"]
    with town.parts.db.reading() as session:
        assert set(session.scalars(sa.select(Invitation.exported))) == {True}


def send_all(settings: Any) -> None:
    """In a process of its own: send until killed."""
    parts = build(settings)
    send_due(parts)


@pytest.mark.postgresql
def test_several_workers_send_each_mail_once_on_postgresql(
    migrated_postgres_url: str, settings: Any, office: PostOffice
) -> None:
    parts = build(replace(settings, database_url=migrated_postgres_url))
    town = ready(posted(parts, office))
    workers = [Mailroom(town.parts, str(number), pause=0.05) for number in range(4)]
    for worker in workers:
        worker.start()
    _until(lambda: len(office.got) >= EVERYBODY)
    for worker in workers:
        worker.stop(10)
    assert sorted(got.to for got in office.got) == sorted(town.states())
    assert set(town.states().values()) == {"sent"}
    assert office.connections > 1
    parts.db.dispose()


def test_workers_together_keep_the_pace(town: Town, office: PostOffice) -> None:
    parts = replace(town.parts, settings=replace(town.parts.settings, mail_per_minute=600))
    times: list[float] = []

    def work() -> None:
        sender = Sender(parts)
        while len(times) < 8:
            outcome = sender.step()
            if outcome is not None and outcome.what == "sent":
                times.append(time.monotonic())
            time.sleep(0.002)
        sender.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(times) - min(times) >= 0.6  # eight mails, a tenth of a second apart at least


def test_nobody_waits_behind_thousands_who_sits_and_waits(
    town: Town, sender: Sender, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reset(_session: Any, _parts: Services, row: Outbox) -> Mail:
        return Mail("leder@provevik.test", "Nytt passord", "tekst", "<p>tekst</p>", row.kind)

    monkeypatch.setitem(KINDS, "password_reset", Kind(reset))
    with town.parts.db.transaction() as session:
        outbox.put(session, town.organisation_id, "password_reset", "1")
    sender.step()
    assert [got.to for got in office.got] == ["leder@provevik.test"]


def test_a_mail_that_cannot_be_made_stops_nobody_elses(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    with town.parts.db.transaction() as session:
        outbox.put(session, town.organisation_id, "unheard_of", "1")
    while len(office.got) < EVERYBODY:
        drain(sender)
        time.sleep(0.01)
    [row] = rows(town.parts)
    assert (row.kind, row.state, row.error) == ("unheard_of", "queued", "SurveyError")


def test_what_nobody_sent_for_a_week_is_not_sent_any_more(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    with town.parts.db.transaction() as session:
        outbox.put(session, town.organisation_id, "followup_reminder", "1:1")
        session.execute(sa.update(Outbox).values(due_at=now() - timedelta(days=8)))
    assert mail_worker.sweep(town.parts) == EVERYBODY + 1
    assert drain(sender) == []
    [row] = rows(town.parts)
    assert (row.kind, row.state, row.error) == ("followup_reminder", "failed", "too late")
    assert set(town.states().values()) == {"failed"}
    assert office.got == []


def test_what_waited_in_a_backup_can_be_dropped_before_it_leaves_twice(
    town: Town, sender: Sender, office: PostOffice
) -> None:
    assert mail_worker.drop_waiting(town.parts) == EVERYBODY
    assert drain(sender) == []
    assert set(town.states().values()) == {"uncertain"}
    assert office.got == []


def test_nothing_gets_into_a_header(services: Services, office: PostOffice) -> None:
    parts = posted(services, office)
    evil = "Hei\r\nBcc: alle@provevik.test\r\n\r\nKjøp"
    with Transport(parts.settings) as transport:
        mail = Mail("en@provevik.test", evil, ".\r\n.\nto punktum", "<p>x</p>", "test")
        assert transport.send(mail).what == "sent"
        for wrong in ("en@provevik.test\r\nRCPT TO:<to@x.no>", "en@x.no, to@x.no", "", "a b@x.no"):
            with pytest.raises((ValueError, IndexError)):
                transport.send(replace(mail, to=wrong))
    [got] = office.got
    assert got.message["Subject"] == "Hei Bcc: alle@provevik.test Kjøp"
    assert got.message["Bcc"] is None
    assert got.text.splitlines()[:3] == [".", ".", "to punktum"]


def test_a_link_leads_to_this_service_only(town: Town, office: PostOffice) -> None:
    settings = replace(town.parts.settings, base_url="https://evil.example")
    send_due(replace(town.parts, settings=settings))
    assert office.got == []
    assert {row.error for row in rows(town.parts)} >= {"ConfigurationError"}


def test_the_worker_s_thread_sends_and_stops(town: Town, office: PostOffice) -> None:
    room = Mailroom(town.parts, "worker", pause=0.05)
    room.start()
    _until(lambda: len(office.got) == EVERYBODY)
    room.stop(10)
    assert not room.is_alive()


def test_no_address_or_code_stands_in_logs_or_events(
    town: Town, sender: Sender, office: PostOffice, written_logs: io.StringIO
) -> None:
    for number, reply in enumerate(("550 5.1.1 <{}> no", "451 4.1.1 <{}> later", "drop")):
        wrong = address("n1", number)
        office.rcpt[wrong] = reply.format(wrong)
    for _ in range(4):
        drain(sender)
    written = written_logs.getvalue()
    with town.parts.db.reading() as session:
        written += str(list(session.execute(sa.text("SELECT * FROM audit_event"))))
        written += str(list(session.execute(sa.text("SELECT * FROM outbox"))))
    assert "mail not sent" in written
    assert "provevik.test" not in written
    codes = {code for got in office.got for code in re.findall(r"/s/(\w{26})", got.text)}
    assert codes
    assert not [code for code in codes if code in written]
    stored = b"".join(path.read_bytes() for path in town.parts.settings.data_dir.glob("survey.db*"))
    assert b"n1.0@provevik.test" in stored
    assert not [code for code in codes if code.encode() in stored]


def sent(settings: Settings) -> Outcome:
    """One mail over a connection of its own."""
    with Transport(settings) as transport:
        return transport.send(Mail("en@provevik.test", "Hei", "tekst", "<p>tekst</p>", "test"))


def test_a_server_that_speaks_tls_from_the_start_is_checked_too(
    services: Services, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))  # aiosmtpd asks itself once, at its start
    office, controller = start(ssl_context=context)
    monkeypatch.delenv("SSL_CERT_FILE")
    try:
        parts = posted(services, office)
        settings = replace(parts.settings, smtp_host="localhost", smtp_tls="tls")
        assert sent(settings).error == "SSLCertVerificationError"
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert sent(settings).what == "sent"
        assert [got.to for got in office.got] == ["en@provevik.test"]
    finally:
        controller.stop()


def test_tls_is_demanded_and_the_server_is_checked(
    services: Services, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path)

    def check(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password == b"hemmelig")

    office, controller = start(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=check
    )
    try:
        parts = posted(services, office)
        secret = tmp_path / "secret"
        secret.write_text("hemmelig\n")
        settings = replace(
            parts.settings,
            smtp_host="localhost",
            smtp_tls="starttls",
            smtp_user="undersokelse",
            smtp_password_file=secret,
        )
        assert sent(settings).error == "SSLCertVerificationError"
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert sent(settings).what == "sent"
        secret.write_text("feil")
        monkeypatch.setattr(transport_module, "TIMEOUT", 2.0)  # this server then says nothing more
        outcome = sent(settings)
        assert (outcome.what, outcome.down) == ("deferred", True)
        assert outcome.error.startswith(("SMTPAuthenticationError 535", "SMTPServerDisconnected"))
        assert len(office.got) == 1
    finally:
        controller.stop()


def _days_pass(town: Town, days: int) -> None:
    with town.parts.db.transaction() as session:
        for row in session.scalars(sa.select(ReminderMailing)):
            row.made_at -= timedelta(days=days)


def _until(true: Any) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
