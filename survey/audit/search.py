"""Finding events: by who did it, what was done, to what, and when. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.models import Event


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None means any.

    ``involved`` are names such as ``person:7``: an event counts when one of them did it or it was
    done to one of them. ``subjects`` are names of things; ``action`` is an action, or its part
    before the dot for all of a kind; ``since`` counts, ``until`` does not.
    """

    involved: Collection[str] | None = None
    subjects: Collection[str] | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(
    session: Session,
    organisation_id: int,
    wanted: Wanted,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[Event]:
    """The newest events that match, newest first; ``before`` goes on from a sequence number."""
    query = _query(organisation_id, wanted)
    if before is not None:
        query = query.where(Event.sequence < before)
    return list(session.scalars(query.order_by(Event.sequence.desc()).limit(limit)))


def every(session: Session, organisation_id: int, wanted: Wanted) -> Iterator[list[Event]]:
    """All events that match, newest first, some at a time."""
    before = None
    while page := find(session, organisation_id, wanted, before=before, limit=500):
        yield page
        before = page[-1].sequence


def _query(organisation_id: int, wanted: Wanted) -> sa.Select[Event]:
    query = sa.select(Event).where(Event.organisation_id == organisation_id)
    if wanted.involved is not None:
        names = list(wanted.involved)
        query = query.where(Event.actor.in_(names) | Event.subject.in_(names))
    if wanted.subjects is not None:
        query = query.where(Event.subject.in_(list(wanted.subjects)))
    if wanted.action and "." in wanted.action:
        query = query.where(Event.action == wanted.action)
    elif wanted.action:
        query = query.where(Event.action.startswith(f"{wanted.action}.", autoescape=True))
    if wanted.since is not None:
        query = query.where(Event.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Event.at < wanted.until)
    return query
