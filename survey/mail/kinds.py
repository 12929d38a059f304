"""Every kind of mail, in one row of ``KINDS``.

Adding one: a function that renders it, its row here, and its texts in ``translations/mails``.
``survey.jobs.outbox`` says which kinds go first (``URGENT``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from survey.core.services import Services
from survey.jobs.models import Outbox
from survey.jobs.outbox import Claimed
from survey.mail import access, followup, invitations
from survey.mail.message import Mail

Renderer = Callable[[Session, Services, Outbox], Mail | None]
"""Runs inside a write transaction right before sending; it may make a one-time token there,
because only hashes are stored. None: there is nothing to send any more."""

Settled = Callable[[Session, Claimed, str], None]
"""Told in the transaction that records it what became of a row: sent, uncertain, refused, failed
or dropped (there was nothing to send any more)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of mail is made, and who is told what became of it (None: nobody)."""

    render: Renderer
    settled: Settled | None = None


KINDS: dict[str, Kind] = {
    "invitation": Kind(invitations.invitation, invitations.settle_invitation),
    "reminder": Kind(invitations.reminder),
    "followup_reminder": Kind(followup.followup_reminder),
    "person_invitation": Kind(access.person_invitation),
    "password_reset": Kind(access.password_reset),
}
