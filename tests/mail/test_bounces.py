"""Delivery reports as mail servers write them, from a Maildir and over IMAP."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from survey.core.errors import ConfigurationError
from survey.core.services import Services
from survey.invitations import mailings
from survey.invitations.address_models import Contact
from survey.mail import bounces
from survey.mail.bounces import parse
from survey.mail.mail_worker import Mailroom
from tests.mail.certificate import certificate
from tests.mail.imapserver import Folder, ImapServer
from tests.mail.postoffice import Got, PostOffice, posted
from tests.mail.test_mail_worker import _until, send_due
from tests.operations.town import Town, address, ready

TOKEN = "abcdefghijklmnopqrstuvw2"
ENVELOPE = "retur+{token}@provevik.test"


def postfix(
    to: str,
    message_id: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    arrived_at: str = "undersokelse@provevik.test",
    envelope_id: str = "",
    returned: str = "text/rfc822-headers",
) -> bytes:
    """A report in the form that Postfix writes."""
    original = f"\nOriginal-Envelope-Id: {envelope_id}" if envelope_id else ""
    return f"""\
Return-Path: <>
Delivered-To: {arrived_at}
Received: by mx.example.test (Postfix)
\tid 4F1A22; Sat, 21 Nov 2026 06:00:00 +0100 (CET)
Date: Sat, 21 Nov 2026 06:00:00 +0100 (CET)
From: MAILER-DAEMON@mx.example.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {arrived_at}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1A22.1763701200/mx.example.test"
Content-Transfer-Encoding: 8bit
Message-Id: <20261121050000.9C1D33@mx.example.test>

This is a MIME-encapsulated message.

--4F1A22.1763701200/mx.example.test
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

The mail could not be delivered: <{to}>: unknown user

--4F1A22.1763701200/mx.example.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test
X-Postfix-Queue-ID: 4F1A22
X-Postfix-Sender: rfc822; undersokelse@provevik.test
Arrival-Date: Sat, 21 Nov 2026 05:59:58 +0100 (CET){original}

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; mx2.example.test
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: Recipient address rejected: User unknown

--4F1A22.1763701200/mx.example.test
Content-Description: Undelivered Message
Content-Type: {returned}

From: =?utf-8?q?Pr=C3=B8vevik?= <undersokelse@provevik.test>
To: {to}
Subject: Hva mener du?
Message-ID: {message_id}
MIME-Version: 1.0

--4F1A22.1763701200/mx.example.test--
""".encode()


def exchange(to: str, message_id: str) -> bytes:
    """A report as Exchange Online writes it: the mail inside, its id repeated outside."""
    return f"""\
From: <postmaster@outlook.example.test>
To: <undersokelse@provevik.test>
Date: Sat, 21 Nov 2026 05:00:00 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="e1b_mail"
Content-Language: en-GB
Message-ID: <11@outlook.example.test>
In-Reply-To: {message_id}
References: {message_id}
Subject: Undeliverable: Hva mener du?
Auto-Submitted: auto-replied
MIME-Version: 1.0

--e1b_mail
Content-Type: multipart/alternative; differences=Content-Type; boundary="inner"

--inner
Content-Type: text/html; charset="us-ascii"

<p>Your message could not be delivered.</p>
--inner--

--e1b_mail
Content-Type: message/delivery-status

Reporting-MTA: dns;outlook.example.test
Received-From-MTA: dns;mx.provevik.test
Arrival-Date: Sat, 21 Nov 2026 05:00:00 +0000

Final-Recipient: rfc822;{to}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound

--e1b_mail
Content-Type: message/rfc822

From: undersokelse@provevik.test
To: {to}
Message-ID: {message_id}
Subject: Hva mener du?

tekst
--e1b_mail--
""".encode()


def id_of(token: str = TOKEN) -> str:
    return f"<{token}.0123456789ab@provevik.test>"


@pytest.mark.parametrize(
    "raw",
    [
        postfix("a@b.no", id_of()),
        postfix("a@b.no", id_of(), returned="message/rfc822"),
        postfix("a@b.no", "<other@x>", envelope_id=TOKEN),
        postfix("a@b.no", "<other@x>", arrived_at=f"retur+{TOKEN}@provevik.test"),
        postfix("a@b.no", "<other@x>", arrived_at=f"RETUR+{TOKEN.upper()}@Provevik.test"),
        postfix("a@b.no", id_of(), status="4.4.7"),  # given up after days
        postfix("a@b.no", id_of()).replace(b"\n", b"\r\n"),
        exchange("a@b.no", id_of()),
    ],
    ids=["headers", "whole", "envelope id", "address", "capitals", "late", "crlf", "exchange"],
)
def test_the_mail_that_did_not_arrive_is_found_however_the_server_tells(raw: bytes) -> None:
    report = parse(raw, ENVELOPE)
    assert report is not None
    assert report.failed
    assert report.tokens == (TOKEN,)


def test_a_delay_and_a_delivery_are_no_failures() -> None:
    for action in ("delayed", "delivered", "relayed", "expanded"):
        report = parse(postfix("a@b.no", id_of(), action=action, status="4.0.0"), ENVELOPE)
        assert report is not None
        assert not report.failed


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 100,
        b"From: a@b.no\nSubject: Automatic reply\nAuto-Submitted: auto-replied\n\nI am away",
        f"Subject: Undeliverable\nIn-Reply-To: {id_of()}\n\nuser unknown".encode(),
        b'Content-Type: multipart/report; boundary="x"\n\n--x\nContent-Type: text/plain\n\n--x--',
        b'Content-Type: multipart/report; boundary="x"\n\nno parts',
        b'Content-Type: multipart/report; boundary="x"\n\n--x\n'
        b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n!!!\n--x--",
    ],
)
def test_what_is_no_report_is_left_alone(raw: bytes) -> None:
    assert parse(raw, ENVELOPE) is None or parse(raw, ENVELOPE).tokens == ()


@given(st.data())
def test_no_message_brings_the_reader_down(data: Any) -> None:
    raw = bytearray(postfix("a@b.no", id_of()))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))
    parse(bytes(raw), ENVELOPE)


@pytest.fixture
def town(services: Services, office: PostOffice) -> Town:
    town = ready(posted(services, office))
    send_due(town.parts)
    return town


def maildir(path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (path / name).mkdir(parents=True)
    return path


def of(office: PostOffice, email: str) -> Got:
    [got] = office.to(email)
    return got


def report_on(office: PostOffice, email: str) -> bytes:
    return postfix(email, of(office, email).message["Message-ID"])


def test_reports_in_a_maildir_are_counted_by_unit_and_removed(
    town: Town, office: PostOffice, tmp_path: Path
) -> None:
    box = maildir(tmp_path / "Maildir")
    gone = [address("n1", 0), address("n1", 1), address("s1", 0)]
    for number, email in enumerate(gone):
        (box / "new" / f"1763701200.M{number}.mx").write_bytes(report_on(office, email))
    (box / "cur" / "1763701200.M8.mx:2,").write_bytes(
        exchange(address("s1", 3), of(office, address("s1", 3)).message["Message-ID"])
    )
    (box / "cur" / "1763701200.M9.mx:2,S").write_bytes(report_on(office, address("n1", 5)))
    (box / "new" / "1763701200.Z1.mx").write_bytes(b"Subject: Kommer det en til?\n\nHei")
    (box / "new" / "1763701200.Z2.mx").write_bytes(postfix("x@y.no", id_of()))
    parts = replace(town.parts, settings=replace(town.parts.settings, bounce_maildir=box))
    done = bounces.read(parts)
    assert (done.messages, done.bounced) == (6, 4)
    assert sorted(path.name for path in box.glob("*/*")) == [
        "1763701200.M9.mx:2,S",
        "1763701200.Z1.mx:2,S",
        "1763701200.Z2.mx:2,S",
    ]
    with parts.db.reading() as session:
        units = {unit.code: unit for unit in mailings.status(session, town.wave(session))}
    assert (units["n1"].sent, units["n1"].bounced) == (4, 2)
    assert (units["s1"].sent, units["s1"].bounced) == (3, 2)
    assert bounces.read(parts).messages == 0


def test_a_report_on_a_reminder_leads_nowhere(
    town: Town, office: PostOffice, tmp_path: Path
) -> None:
    from tests.mail.test_mail_worker import _days_pass

    _days_pass(town, 5)
    town.remind()
    office.got.clear()
    send_due(town.parts)
    box = maildir(tmp_path / "Maildir")
    for number, got in enumerate(office.got):
        (box / "new" / f"1.M{number}.mx").write_bytes(report_on(office, got.to))
    parts = replace(town.parts, settings=replace(town.parts.settings, bounce_maildir=box))
    assert bounces.read(parts).bounced == 0
    assert set(town.states().values()) == {"sent"}


def test_a_folder_that_is_no_maildir_is_told(town: Town, tmp_path: Path) -> None:
    parts = replace(town.parts, settings=replace(town.parts.settings, bounce_maildir=tmp_path))
    with pytest.raises(ConfigurationError, match="Maildir"):
        bounces.read(parts)


def reading(town: Town, server: ImapServer, tls: str) -> Services:
    """The town's services, with delivery reports on this server."""
    settings = replace(
        town.parts.settings,
        bounce_imap_host="localhost",
        bounce_imap_port=server.port,
        bounce_imap_tls=tls,
        bounce_imap_user="retur@provevik.test",
        bounce_imap_password="hemmelig",
        bounce_imap_folder="Retur post",
    )
    return replace(town.parts, settings=settings)


@pytest.mark.parametrize("uidplus", [True, False])
def test_reports_are_read_over_imap(town: Town, office: PostOffice, uidplus: bool) -> None:
    folder = Folder(uidplus=uidplus)
    server = ImapServer(folder)
    parts = reading(town, server, "none")
    try:
        folder.add(report_on(office, address("n1", 0)))
        folder.add(b"Subject: Hei\r\n\r\nHei")
        folder.add(report_on(office, address("s1", 0)))
        folder.add(b"Subject: stor\r\n\r\n" + b"x" * bounces.LARGEST)
        done = bounces.read(parts)
        assert (done.messages, done.bounced) == (4, 2)
        assert folder.flags == {8: {"\\Seen"}, 10: {"\\Seen"}}
        fetched = [line for line in folder.said if "BODY.PEEK" in line]
        assert len(fetched) == 3  # what is too large is not fetched
        assert any("UID EXPUNGE 7,9" in line for line in folder.said) is uidplus
        assert bounces.read(parts).messages == 0
        assert sorted(e for e, state in town.states().items() if state == "bounced") == [
            address("n1", 0),
            address("s1", 0),
        ]
        wrong = replace(parts, settings=replace(parts.settings, bounce_imap_folder="Andre"))
        with pytest.raises(ConfigurationError, match="no such folder"):
            bounces.read(wrong)
    finally:
        server.stop()


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_reports_are_read_over_tls_from_a_server_that_is_trusted_only(
    town: Town, office: PostOffice, tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path)
    folder = Folder()
    server = ImapServer(folder, context, at_once=tls == "tls")
    parts = reading(town, server, tls)
    try:
        folder.add(report_on(office, address("n1", 0)))
        with pytest.raises(ssl.SSLCertVerificationError):
            bounces.read(parts)
        assert not any("LOGIN" in line for line in folder.said)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert bounces.read(parts).bounced == 1
    finally:
        server.stop()


def test_the_worker_reads_reports_by_itself(town: Town, office: PostOffice, tmp_path: Path) -> None:
    box = maildir(tmp_path / "Maildir")
    (box / "new" / "1.M1.mx").write_bytes(report_on(office, address("n1", 0)))
    parts = replace(town.parts, settings=replace(town.parts.settings, bounce_maildir=box))
    room = Mailroom(parts, "worker", pause=0.05)
    room.start()
    _until(lambda: town.states()[address("n1", 0)] == "bounced")
    room.stop(10)


def test_no_token_tells_anything_of_ids(town: Town) -> None:
    with town.parts.db.reading() as session:
        for row in session.scalars(sa.select(Contact)):
            assert len(row.token) == 24
            assert row.invitation_id.hex[:6] not in row.token
