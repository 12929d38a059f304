"""Tables of background work: the task table is the truth, whoever carries tasks out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class Task(Base):
    """One piece of background work; past its lease ``running_until`` another may take over."""

    __tablename__ = "task"
    __table_args__ = (sa.Index("ix_task_state_running_until", "state", "running_until"),)

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    state: Mapped[str]
    """queued, running, done, failed or cancelled."""
    attempts: Mapped[int] = mapped_column(default=0)
    running_until: Mapped[datetime | None]
    """End of the lease while running; while queued, when to hand it to the broker again."""
    holder: Mapped[str | None]
    """Random name of the attempt that holds the lease."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    created_by: Mapped[str]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    error: Mapped[str | None]


class Outbox(Base):
    """Something to be sent after the commit that decided it. Holds ids, never codes or texts.

    A row goes when it has been handed over, or is needed no more; what failed for good stays for a
    while, for people to look at.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index("ix_outbox_state_due_at", "state", "due_at"),
        sa.Index("ix_outbox_state_kind", "state", "kind", "due_at"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    reference: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", server_default="queued")
    """queued, sending or failed."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    holder: Mapped[str | None]
    """Random name of the attempt that is sending it."""
    running_until: Mapped[datetime | None]
    """While it is being sent: when that attempt is believed to be dead."""
    error: Mapped[str | None]
    """A reply code of the mail server or the name of an error; never a text with an address."""


class OutboxPace(Base):
    """When the next mail may leave: one row for all workers of the service."""

    __tablename__ = "outbox_pace"

    name: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[int]
    """Milliseconds since 1970."""


class Lease(Base):
    """Who may do a kind of timed work now (closing, reminders, retention, sweep)."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]
