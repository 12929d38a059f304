"""What was done to a wave, when and why, from the event log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.models import Event
from survey.study.models import Wave

ACTIONS = (
    "wave.created",
    "wave.opened",
    "wave.extended",
    "wave.closed",
    "wave.settled",
    "wave.released",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One of ACTIONS. ``until`` is the new closing time of an extension; ``reason`` and ``note``
    are '' where none was asked for."""

    at: datetime
    action: str
    reason: str = ""
    note: str = ""
    until: datetime | None = None


def moves(session: Session, wave: Wave) -> list[Move]:
    """The wave's moves in the order in which they were made."""
    rows = session.scalars(
        sa.select(Event)
        .where(
            Event.organisation_id == wave.organisation_id,
            Event.subject == f"wave:{wave.id}",
            Event.action.in_(ACTIONS),
        )
        .order_by(Event.sequence)
    )
    return [_move(row) for row in rows]


def _move(event: Event) -> Move:
    details = event.details
    until = details.get("closes_at") if event.action == "wave.extended" else None
    return Move(
        event.at,
        event.action,
        str(details.get("reason", "")),
        str(details.get("note", "")),
        datetime.fromisoformat(until) if until else None,
    )
