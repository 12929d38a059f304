"""Nothing that anybody can read tells, while reminders leave or fail, how many have answered."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from survey.core import metrics
from survey.core.db import now
from survey.core.services import Services
from survey.invitations.address_models import ReminderMailing
from survey.jobs import outbox
from survey.jobs.models import Outbox
from survey.mail import mail_worker
from survey.mail.mail_worker import Mailroom, Rounds, Sender
from survey.operations import readiness
from tests.mail.postoffice import PostOffice, rows
from tests.operations.town import Town, address, ready

ALL = 6
ANSWERED = (0, 3, ALL)


def asked(survey: Any, answered: int) -> Town:
    """A wave of six, all of whom have been mailed; some have answered, and all are reminded."""
    town = ready(survey.parts, {"n1": ALL})
    drain(survey.parts)
    for number in range(answered):
        town.spend(address("n1", number))
    with survey.parts.db.transaction() as session:
        session.execute(sa.update(ReminderMailing).values(made_at=now() - timedelta(days=9)))
    town.remind()
    return town


def drain(parts: Services) -> None:
    """Handle all that is due, also when the mail server is down."""
    sender = Sender(parts)
    while (outcome := sender.step()) is not None:
        time.sleep(0.001 if outcome.what == "early" else 0)
    sender.close()


def shift(parts: Services, **values: Any) -> None:
    with parts.db.transaction() as session:
        session.execute(sa.update(Outbox).values(**values))


def readable(survey: Any) -> dict[str, object]:
    """All that monitoring and operators see of the outbox."""
    with survey.parts.db.reading() as session:
        standing = outbox.standing(session).numbers()
        errors = outbox.errors(session)
    text = metrics.text({}, standing).decode()
    return {
        "metrics": re.findall(r"^survey_(?:outbox|mails).*", text, re.MULTILINE),
        "status": survey("status", "--study", "kultur", "--wave", "1"),
        "errors": errors,
        "ready": readiness.check(survey.parts),
    }


@pytest.mark.parametrize("answered", ANSWERED)
@pytest.mark.parametrize("reply", ["450 4.2.0 greylisted", "550 5.1.1 gone", "drop", "250 OK"])
def test_what_becomes_of_reminders_changes_nothing_that_can_be_read(
    survey: Any, office: PostOffice, written_logs: io.StringIO, answered: int, reply: str
) -> None:
    asked(survey, answered)
    before = readable(survey)
    written_logs.truncate(0)
    for number in range(ALL):
        office.rcpt[address("n1", number)] = reply
    for _ in range(len(outbox.PAUSES) + 1):
        drain(survey.parts)
        assert readable(survey) == before
        late = now() - timedelta(hours=2)
        shift(survey.parts, due_at=late)
        assert readable(survey) == before
    assert rows(survey.parts) == []  # the tries are used up, and nothing is left to look at
    assert written_logs.getvalue() == ""


@pytest.mark.parametrize("answered", ANSWERED)
def test_reminders_that_nobody_could_send_are_cleared_away_in_silence(
    survey: Any, office: PostOffice, written_logs: io.StringIO, answered: int
) -> None:
    asked(survey, answered)
    before = readable(survey)
    written_logs.truncate(0)
    for number in range(ALL):
        office.rcpt[address("n1", number)] = "450 4.2.0 greylisted"
    drain(survey.parts)
    left = rows(survey.parts)
    assert len(left) == ALL - answered
    wrong = replace(
        survey.parts, settings=replace(survey.parts.settings, allowed_hosts=("other.test",))
    )
    shift(survey.parts, due_at=now() - timedelta(seconds=1))
    drain(wrong)  # they cannot even be rendered
    for each in left[:1]:
        with survey.parts.db.transaction() as session:
            row = session.get_one(Outbox, (each.organisation_id, each.id))
            row.state, row.holder = "sending", "gone"
            row.running_until = now() - timedelta(seconds=1)
    assert readable(survey) == before
    assert mail_worker.sweep(survey.parts) == 0
    for each in left[1:2]:
        with survey.parts.db.transaction() as session:
            row = session.get_one(Outbox, (each.organisation_id, each.id))
            row.due_at = now() - timedelta(days=8)
    assert mail_worker.sweep(survey.parts) == 0
    assert len(rows(survey.parts)) == max(ALL - answered - 2, 0)
    assert survey("drop", "--yes").startswith("0 mails will not be sent")
    assert rows(survey.parts) == []
    assert readable(survey) == before
    assert written_logs.getvalue() == ""


@pytest.mark.parametrize("answered", ANSWERED)
def test_a_round_that_cannot_leave_is_told_once_whoever_has_answered(
    survey: Any, written_logs: io.StringIO, monkeypatch: pytest.MonkeyPatch, answered: int
) -> None:
    asked(survey, answered)
    assert "Reminders are under way" in survey("status")
    written_logs.truncate(0)
    clock = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    fine = Rounds(survey.parts)
    fine.look()
    assert written_logs.getvalue() == ""
    away = replace(survey.parts, settings=replace(survey.parts.settings, smtp_port=1))
    told = Rounds(away)
    for _ in range(3):
        told.look()
        clock += mail_worker.ASK_EVERY
    assert written_logs.getvalue().count("reminders cannot leave") == 1
    assert "ConnectionRefusedError" in written_logs.getvalue()
    with survey.parts.db.transaction() as session:
        session.execute(sa.update(ReminderMailing).values(made_at=now() - timedelta(days=3)))
    assert "Reminders are under way" not in survey("status")


def test_a_worker_asks_for_the_reminders_of_a_round(survey: Any, written_logs: io.StringIO) -> None:
    asked(survey, ALL)
    away = replace(survey.parts, settings=replace(survey.parts.settings, smtp_port=1))
    written_logs.truncate(0)
    room = Mailroom(away, "one", pause=0.05)
    room.start()
    for _ in range(200):
        if "reminders cannot leave" in written_logs.getvalue():
            break
        time.sleep(0.05)
    room.stop(10)
    assert written_logs.getvalue().count("reminders cannot leave") == 1
