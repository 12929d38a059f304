"""Invitations and reminders by mail: who gets one is decided here, sending is upkeep's work.

A reminder is queued for *everybody* with an address, and looked at again when it would leave:
whoever has answered then gets none. So neither the queue nor a count tells how many have answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from survey.study.models import Wave

MOST_REMINDERS = 2
DAYS_BETWEEN = 4


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

    Raises Conflict when the wave is not open or nobody waits for a mail.
    """
    raise NotImplementedError


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
    raise NotImplementedError


def reminders(
    session: Session, wave: Wave, *, most: int = MOST_REMINDERS, days: int = DAYS_BETWEEN
) -> Reminders:
    """How many reminders went out and when the next one may."""
    raise NotImplementedError


def status(session: Session, wave: Wave) -> list[UnitDelivery]:
    """What became of the invitation mails, by unit, in order of codes."""
    raise NotImplementedError
