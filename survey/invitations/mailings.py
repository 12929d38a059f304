"""Invitations and reminders by mail: who gets one is decided here; the mail worker sends.

A reminder is queued for *everybody* with an address, and looked at again when it would leave:
whoever has answered then gets none. From then on what is left of it depends on who has answered, so
only the round as a whole is ever told (:func:`rounds_under_way`), never its mails.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import now
from survey.core.errors import Conflict, say
from survey.invitations.address_models import Contact, ReminderMailing
from survey.jobs import outbox
from survey.study.freezing import wave_units
from survey.study.models import Invitation, Wave
from survey.study.waves import lock, study_of

MOST_REMINDERS = 2
DAYS_BETWEEN = 4
REACHED = ("sent", "uncertain")
"""States of a contact that a reminder may go to: the code has left, or may have."""

ROUND = timedelta(hours=36)
"""For so long a round of reminders counts as under way: longer than mails are tried again."""


@dataclass(frozen=True, slots=True)
class UnitDelivery:
    """What became of the invitation mails of one unit; no count says anything about answers.

    In a unit with fewer than k addresses all but ``addresses`` is None, and only ``trouble`` says
    whether any mail could not be delivered.
    """

    code: str
    name: str
    addresses: int
    waiting: int | None
    """Not sent yet."""
    sent: int | None
    """The server took it; whether it was delivered is unknown."""
    uncertain: int | None
    """It may have been sent; it is not sent again."""
    refused: int | None
    """The mail server refused the address, or sending was given up."""
    bounced: int | None
    """A delivery report said later that it did not arrive."""
    trouble: bool


@dataclass(frozen=True, slots=True)
class Reminders:
    """Where a wave stands with its reminders. ``next_at``: when the next may go; None: none may."""

    sent: int
    most: int
    last_at: datetime | None
    next_at: datetime | None


def send_invitations(session: Session, wave: Wave, actor: str = "cli") -> int:
    """Queue a mail for each contact that has none yet; returns how many.

    They leave when people can answer. Raises Conflict when the wave is not open or nobody waits.
    """
    lock(session, wave)
    if wave.state != "open":
        raise Conflict(say("wave_not_open_for_mailing", state=wave.state))
    ids = _waiting(session, wave)
    if not ids:
        raise Conflict("nobody_waits_for_invitation_by_mail")
    _mark(session, wave, ids, "queued")
    moment = now()
    outbox.put_many(
        session,
        wave.organisation_id,
        "invitation",
        [invitation_id.hex for invitation_id in ids],
        due_at=max(wave.opens_at or moment, moment),
    )
    first = session.get(ReminderMailing, (wave.organisation_id, wave.id, 0))
    if first is None:
        session.add(_mailing(wave, 0, moment))
    else:
        first.made_at = moment
    session.flush()
    details = {"count": len(ids)}
    record(session, wave.organisation_id, actor, "invitations.mailed", f"wave:{wave.id}", details)
    return len(ids)


def send_reminders(
    session: Session,
    wave: Wave,
    actor: str = "cli",
    *,
    most: int = MOST_REMINDERS,
    days: int = DAYS_BETWEEN,
) -> int:
    """Remind those who have not used their code; returns the reminder's number (1, 2, …).

    Raises Conflict when the wave is not open, ``most`` reminders were sent, or the last mailing
    was less than ``days`` days ago. Nobody is told how many or who.
    """
    lock(session, wave)
    if wave.state != "open":
        raise Conflict(say("wave_not_open_for_reminders", state=wave.state))
    standing = reminders(session, wave, most=most, days=days)
    if standing.last_at is None:
        raise Conflict("nobody_to_remind")
    if standing.next_at is None:
        raise Conflict(say("reminded_often_enough", sent=standing.sent))
    if standing.next_at > now():
        raise Conflict(say("reminder_too_early", days=days, next_at=standing.next_at))
    everybody = session.scalars(
        sa.select(Contact.invitation_id).where(*_of(wave), Contact.state.in_(REACHED))
    )
    references = [invitation_id.hex for invitation_id in everybody]
    outbox.put_many(session, wave.organisation_id, "reminder", references)
    number = standing.sent + 1
    session.add(_mailing(wave, number, now()))
    session.flush()
    details = {"number": number}  # not how many: it would be invited minus answered
    record(session, wave.organisation_id, actor, "reminders.sent", f"wave:{wave.id}", details)
    return number


def reminders(
    session: Session, wave: Wave, *, most: int = MOST_REMINDERS, days: int = DAYS_BETWEEN
) -> Reminders:
    """How many reminders went out and when the next one may."""
    rows = session.execute(
        sa.select(ReminderMailing.number, ReminderMailing.made_at).where(
            ReminderMailing.organisation_id == wave.organisation_id,
            ReminderMailing.wave_id == wave.id,
        )
    ).all()
    sent = max((row.number for row in rows), default=0)
    last_at = max((row.made_at for row in rows), default=None)
    may = wave.state == "open" and last_at is not None and sent < most
    next_at = last_at + timedelta(days=days) if may and last_at is not None else None
    return Reminders(sent, most, last_at, next_at)


def rounds_under_way(session: Session) -> list[tuple[int, int, int]]:
    """(organisation, wave, number) of reminders that were asked for lately in waves still open.

    Whether any of their mails still waits makes no difference: that depends on who has answered.
    """
    rows = session.execute(
        sa.select(ReminderMailing.organisation_id, ReminderMailing.wave_id, ReminderMailing.number)
        .join(
            Wave,
            sa.and_(
                Wave.organisation_id == ReminderMailing.organisation_id,
                Wave.id == ReminderMailing.wave_id,
            ),
        )
        .where(
            ReminderMailing.number > 0,
            ReminderMailing.made_at > now() - ROUND,
            Wave.state == "open",
        )
    )
    return [(organisation_id, wave_id, number) for organisation_id, wave_id, number in rows]


def status(session: Session, wave: Wave) -> list[UnitDelivery]:
    """What became of the invitation mails, by unit, in order of codes; units without any are left
    out."""
    counts: dict[int, Counter[str]] = {}
    number = sa.func.count()
    rows = session.execute(
        sa.select(Invitation.unit_id, Contact.state, number)
        .join(
            Contact,
            sa.and_(
                Invitation.organisation_id == Contact.organisation_id,
                Invitation.id == Contact.invitation_id,
            ),
        )
        .where(*_of(wave))
        .group_by(Invitation.unit_id, Contact.state)
    )
    for unit_id, state, count in rows:
        counts.setdefault(unit_id, Counter())[state] = count
    k = study_of(session, wave).k
    return [
        _delivery(unit.code, unit.name, counts[unit.unit_id], k)
        for unit in wave_units(session, wave)
        if unit.unit_id in counts
    ]


def settle(session: Session, organisation_id: int, invitation_id: uuid.UUID, outcome: str) -> None:
    """Write down what became of an invitation mail: sent, uncertain, refused, failed or dropped.

    A code that has left, or may have, counts as handed out from this transaction on.
    """
    contact = session.get(Contact, (organisation_id, invitation_id))
    if contact is None or contact.state not in ("queued", "uncertain"):
        return
    contact.state = "waiting" if outcome == "dropped" else outcome
    if outcome in REACHED:
        session.execute(
            sa.update(Invitation)
            .where(
                Invitation.organisation_id == organisation_id,
                Invitation.id == invitation_id,
                Invitation.exported.is_(False),
            )
            .values(exported=True)
            .execution_options(synchronize_session=False)
        )
    session.flush()


def bounced(session: Session, token: str) -> bool:
    """A delivery report says that the mail with this token did not arrive; False when it is no
    token that is known."""
    contact = session.scalar(sa.select(Contact).where(Contact.token == token))
    if contact is None or contact.state not in (*REACHED, "bounced"):
        return False
    contact.state = "bounced"
    session.flush()
    return True


def _delivery(code: str, name: str, counts: Counter[str], k: int) -> UnitDelivery:
    addresses = counts.total()
    refused = counts["refused"] + counts["failed"]
    trouble = bool(refused or counts["bounced"])
    if addresses < k:
        return UnitDelivery(code, name, addresses, None, None, None, None, None, trouble)
    waiting = counts["waiting"] + counts["queued"]
    numbers = (waiting, counts["sent"], counts["uncertain"], refused, counts["bounced"])
    return UnitDelivery(code, name, addresses, *numbers, trouble)


def _waiting(session: Session, wave: Wave) -> list[uuid.UUID]:
    """Invitations with an address whose code has not left in any way."""
    query = (
        sa.select(Invitation.id)
        .join(
            Contact,
            sa.and_(
                Invitation.organisation_id == Contact.organisation_id,
                Invitation.id == Contact.invitation_id,
            ),
        )
        .where(
            *_of(wave),
            Contact.state.in_(("waiting", "failed")),
            Invitation.exported.is_(False),
            Invitation.spent.is_(False),
        )
    )
    return list(session.scalars(query))


def _mark(session: Session, wave: Wave, ids: Sequence[uuid.UUID], state: str) -> None:
    for start in range(0, len(ids), 500):
        session.execute(
            sa.update(Contact)
            .where(*_of(wave), Contact.invitation_id.in_(ids[start : start + 500]))
            .values(state=state)
        )


def _mailing(wave: Wave, number: int, moment: datetime) -> ReminderMailing:
    return ReminderMailing(
        organisation_id=wave.organisation_id, wave_id=wave.id, number=number, made_at=moment
    )


def _of(wave: Wave) -> tuple[sa.ColumnElement[bool], ...]:
    return Contact.organisation_id == wave.organisation_id, Contact.wave_id == wave.id
