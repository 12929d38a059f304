"""Where an invitation is mailed to. Personal data: deleted with the invitations, never exported."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base

NEVER_LEFT = ("refused", "failed")
"""States of a contact whose mail is certain not to have been sent."""


class Contact(Base):
    """The e-mail address of one invitation, and what became of the mail.

    Nothing here is written when somebody answers. Together with ``Invitation.spent`` it says *that*
    a person has answered, never what: see docs/anonymity.md.
    """

    __tablename__ = "contact"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "invitation_id"], ["invitation.organisation_id", "invitation.id"]
        ),
        sa.Index("ix_contact_wave", "organisation_id", "wave_id"),
        sa.Index("ix_contact_token", "token", unique=True),
        {"sqlite_with_rowid": False},
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    invitation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    email: Mapped[str]
    """Lower case, its domain in ASCII."""
    language: Mapped[str | None]
    token: Mapped[str]
    """Random: stands in the invitation mail, and leads a delivery report back to this row."""
    state: Mapped[str] = mapped_column(default="waiting")
    """waiting, queued, sent (the server took it), uncertain (it may have), refused (the server said
    no for good), failed (given up) or bounced (reported as undelivered later)."""


class ReminderMailing(Base):
    """That the wave's people were reminded; nothing tells whom or how many."""

    __tablename__ = "reminder_mailing"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0 when the invitations were first sent, then 1 for the first reminder."""
    made_at: Mapped[datetime]
