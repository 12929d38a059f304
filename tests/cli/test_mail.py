"""``survey mail`` from file to delivery, as an operator types it; and what deleting leaves."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from survey.core import metrics
from survey.core.db import now
from survey.core.errors import SurveyError
from survey.core.services import Services
from survey.followup import reminders
from survey.invitations.address_models import Contact, ReminderMailing
from survey.jobs import outbox
from survey.jobs.models import Outbox
from survey.mail.mail_worker import Sender
from survey.operations import erasure, retention
from survey.release.close import close_and_release
from tests.access.world import fresh
from tests.mail.postoffice import PostOffice, posted, rows
from tests.mail.test_bounces import maildir, report_on
from tests.mail.test_mail_worker import _days_pass, drain, send_due
from tests.operations.town import Town, address, people_file, ready

WAVE = ["--study", "kultur", "--wave", "1"]


def test_from_a_file_of_addresses_to_a_reminder_and_a_bounce(
    survey: Any, office: PostOffice, tmp_path: Path
) -> None:
    town = Town(survey.parts)
    file = tmp_path / "adresser.csv"
    file.write_bytes(people_file({"n1": 6, "n2": 3, "s1": 5}) + b"s1,n1.0@provevik.test,en\n")
    said = survey("invite", *WAVE, str(file))
    assert "15 people in 3 units" in said
    assert "n1.0@provevik.test stands in n1 and s1" in said
    assert "n2 Fjellheim skole has too few" in said
    town.open()
    assert "15 invitations are queued" in survey("send", *WAVE)
    office.rcpt[address("s1", 4)] = "550 5.1.1 no"
    sender = Sender(survey.parts)
    drain(sender)
    box = maildir(tmp_path / "Maildir")
    (box / "new" / "1.mx").write_bytes(report_on(office, address("s1", 1)))
    with pytest.raises(SurveyError, match="no mailbox"):
        survey("bounces")
    survey.parts = replace(
        survey.parts, settings=replace(survey.parts.settings, bounce_maildir=box)
    )
    assert "1 messages read; 1 invitations did not arrive" in survey("bounces")
    _days_pass(town, 5)
    assert "Reminder 1 is queued" in survey("remind", *WAVE)
    drain(sender)
    sender.close()
    said = survey("status", *WAVE)
    assert "Waiting: 0, being sent: 0" in said
    assert "Reminders: 1 of 2" in said
    assert "s1 Elvestien sykehjem: 6 addresses; 0 waiting, 4 sent, 1 refused, 1 bounced" in said
    assert "n2 Fjellheim skole: 3 addresses; no trouble known" in said
    assert "provevik.test" not in said


def test_an_outbox_that_is_stuck_is_seen(survey: Any, office: PostOffice) -> None:
    town = ready(survey.parts)
    for number in range(3):
        office.rcpt[address("n1", number)] = "451 4.3.0 later"
    send_due(survey.parts)
    with survey.parts.db.transaction() as session:
        session.execute(sa.update(Outbox).values(due_at=now() - timedelta(hours=2)))
    said = survey("status")
    assert "Waiting: 3" in said
    assert "The oldest is due since" in said
    assert "invitation, queued: 451 4.3.0 (3)" in said
    with town.parts.db.reading() as session:
        text = metrics.text({}, outbox.standing(session).numbers()).decode()
    assert 'survey_outbox{state="queued"} 3.0' in text
    [late] = re.findall(r"^survey_outbox_late_seconds (\S+)", text, re.MULTILINE)
    assert 7200 <= float(late) < 7300
    assert re.search(r'survey_mails_total{outcome="handled"} \d', text)


def test_a_test_mail_says_what_the_server_answered(survey: Any, office: PostOffice) -> None:
    assert "took it" in survey("test", "meg@provevik.test", "--language", "nn")
    [got] = office.got
    assert got.message["Subject"] == "Prøve: e-post frå undersøkingstenesta verkar"
    office.rcpt["meg@provevik.test"] = "550 5.1.1 no"
    assert "Not sent (refused): 550 5.1.1" in survey("test", "meg@provevik.test")
    assert "not an e-mail address" in survey("test", "meg")
    survey.parts = replace(survey.parts, settings=replace(survey.parts.settings, smtp_host=""))
    with pytest.raises(SurveyError, match="No mail can be sent"):
        survey("test", "meg@provevik.test")
    with pytest.raises(SurveyError, match="No mail can be sent"):
        survey("send", *WAVE)


def traces(parts: Services) -> bytes:
    return b"".join(path.read_bytes() for path in parts.settings.data_dir.glob("survey.db*"))


def test_addresses_go_with_the_invitations_without_a_trace(
    services: Services, office: PostOffice
) -> None:
    town = ready(posted(services, office))
    send_due(town.parts)
    _days_pass(town, 5)
    town.remind()
    close_and_release(town.parts.db, town.parts.keys, town.organisation_id, town.wave_id)
    assert b"n1.0@provevik.test" in traces(town.parts)
    done = retention.run(town.parts, moment=now() + timedelta(days=31))
    assert done.invitations == 11
    assert town.states() == {}
    assert rows(town.parts) == []
    assert b"provevik.test" not in traces(town.parts)


def test_a_destroyed_study_leaves_no_address(services: Services, office: PostOffice) -> None:
    town = ready(posted(services, office))
    with town.parts.db.reading() as session:
        study_id = town.study(session).id
    counts = erasure.destroy_study(town.parts, town.organisation_id, study_id)
    assert counts["contact"] == 11
    assert counts["reminder_mailing"] == 1
    for table in (Contact, ReminderMailing, Outbox):
        with town.parts.db.reading() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert b"provevik.test" not in traces(town.parts)


def test_a_manager_is_mailed_about_units_that_have_agreed_nothing(
    tmp_path: Path, office: PostOffice
) -> None:
    world = fresh(tmp_path)
    parts = posted(world.parts, office)
    with parts.db.transaction() as session:
        reminders.make_due(session, now() + timedelta(weeks=8))
    sender = Sender(parts)
    drain(sender)
    [got] = office.to("sykehjem@kommune.example")
    assert got.message["Subject"].startswith("Er neste steg avtalt?")
    assert "Elvestien sykehjem" in got.text
    assert "/enhet/3999/kultur/s1\n" in got.text
    with parts.db.transaction() as session:  # somebody has left meanwhile
        outbox.put(session, world.journey.organisation_id, "followup_reminder", "1:2")
    assert drain(sender) == ["dropped"]
    sender.close()
    parts.db.dispose()
