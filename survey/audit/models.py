"""The append-only event log's table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class Event(Base):
    """Who did what to which thing. Rows are only ever added, each chained to the one before.

    Never holds a code, an answer, or the address of a respondent.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index("ix_audit_event_actor", "organisation_id", "actor", "sequence"),
        sa.Index("ix_audit_event_subject", "organisation_id", "subject", "sequence"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    """``person:<id>``, ``key:<id>``, ``worker`` or ``cli``."""
    action: Mapped[str]
    """Dotted verb, for example ``wave.opened``."""
    subject: Mapped[str]
    """``wave:<id>``, ``study:<id>`` …"""
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    previous: Mapped[str]
    """Digest of the row before ('' for the first)."""
    digest: Mapped[str]
    """SHA-256 over previous and this row's content."""
