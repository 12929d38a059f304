"""Who did what to which thing: rows are added in the transaction that did it, hash-chained.

Each row's digest covers its content and the digest before it, so a row that is changed, removed or
put between others later is found. What was cut off at the end is found by comparing with a head
(sequence, digest) that was noted elsewhere: ``survey audit verify`` prints it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.models import Event
from survey.core.db import now

_LOCK_CLASS = 0x41554449  # "AUDI": keeps this lock apart from others on PostgreSQL


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold: the row's sequence and what is wrong with it."""

    sequence: int
    what: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain; (0, '') when there is none."""

    sequence: int
    digest: str


def record(
    session: Session,
    organisation_id: int,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event in the caller's write transaction and return it.

    ``actor`` is ``person:<id>``, ``key:<id>``, ``worker`` or ``cli``; ``action`` a dotted verb;
    ``subject`` ``wave:<id>`` and the like; ``details`` plain JSON. Never give it a code, an answer
    or a respondent's address.
    """
    _lock(session, organisation_id)
    last = head(session, organisation_id)
    event = Event(
        organisation_id=organisation_id,
        sequence=last.sequence + 1,
        at=now(),
        actor=actor,
        action=action,
        subject=subject,
        details=json.loads(json.dumps(dict(details or {}))),
        previous=last.digest,
        digest="",
    )
    event.digest = _digest(event)
    session.add(event)
    session.flush()
    return event


def head(session: Session, organisation_id: int) -> Head:
    """The end of the organisation's chain, to be noted outside the database."""
    row = session.execute(
        sa.select(Event.sequence, Event.digest)
        .where(Event.organisation_id == organisation_id)
        .order_by(Event.sequence.desc())
        .limit(1)
    ).one_or_none()
    return Head(0, "") if row is None else Head(row.sequence, row.digest)


def verify(session: Session, organisation_id: int) -> list[Break]:
    """Walk the whole chain; every break in it, in order. An empty list means that it holds."""
    breaks: list[Break] = []
    expected, previous = 1, ""
    rows = session.scalars(
        sa.select(Event)
        .where(Event.organisation_id == organisation_id)
        .order_by(Event.sequence)
        .execution_options(yield_per=1000)
    )
    for event in rows:
        if event.sequence != expected:
            breaks.append(Break(event.sequence, f"row {expected} should come here and is missing"))
        if event.previous != previous:
            breaks.append(Break(event.sequence, "does not follow from the row before it"))
        if event.digest != _digest(event):
            breaks.append(Break(event.sequence, "its content was changed after it was written"))
        expected, previous = event.sequence + 1, event.digest
    return breaks


def compare(session: Session, organisation_id: int, noted: Iterable[Head]) -> list[Break]:
    """Heads that were noted elsewhere and are not in the chain: it was cut off, or written anew."""
    breaks = []
    for head in noted:
        event = session.get(Event, (organisation_id, head.sequence))
        if event is None:
            breaks.append(Break(head.sequence, "was noted elsewhere and is missing"))
        elif event.digest != head.digest:
            breaks.append(Break(head.sequence, "has another digest than was noted elsewhere"))
    return breaks


def events(
    session: Session, organisation_id: int, *, before: int | None = None, limit: int = 100
) -> list[Event]:
    """The newest events first; ``before`` continues from a sequence number."""
    query = sa.select(Event).where(Event.organisation_id == organisation_id)
    if before is not None:
        query = query.where(Event.sequence < before)
    return list(session.scalars(query.order_by(Event.sequence.desc()).limit(limit)))


def _digest(event: Event) -> str:
    content = [
        event.previous,
        event.organisation_id,
        event.sequence,
        event.at.isoformat(),
        event.actor,
        event.action,
        event.subject,
        event.details,
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _lock(session: Session, organisation_id: int) -> None:
    """One writer of a chain at a time. SQLite has one writer anyway (BEGIN IMMEDIATE)."""
    if session.get_bind().dialect.name == "postgresql":
        key = (_LOCK_CLASS << 32) ^ (organisation_id & 0xFFFFFFFF)
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
