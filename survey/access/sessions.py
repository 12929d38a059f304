"""Signed-in browsers. The cookie carries a random token; the database only its keyed hash."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Grant, Person, StaffSession
from survey.access.principal import Principal
from survey.db import now
from survey.organisation.models import Organisation
from survey.secret import Secret

_PURPOSE = "staff-session"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as its owner may see it; ``reference`` names it without being its token."""

    reference: str
    person_id: int
    created_at: datetime
    expires_at: datetime


def start(session: Session, secret: Secret, person: Person, hours: int) -> str:
    """Begin a session and return the token for the cookie. Ended sessions are swept away."""
    session.execute(sa.delete(StaffSession).where(StaffSession.expires_at <= now()))
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            token_hash=secret.hash(_PURPOSE, token.encode()),
            organisation_id=person.organisation_id,
            person_id=person.id,
            csrf=secrets.token_urlsafe(24),
            created_at=now(),
            expires_at=now() + timedelta(hours=hours),
        )
    )
    session.flush()
    return token


def find(session: Session, secret: Secret, token: str) -> Principal | None:
    """The person behind a cookie; None when it is unknown, expired or the person is inactive."""
    row = session.execute(
        sa.select(StaffSession, Person, Organisation)
        .join(
            Person,
            sa.and_(
                Person.organisation_id == StaffSession.organisation_id,
                Person.id == StaffSession.person_id,
            ),
        )
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            StaffSession.token_hash == secret.hash(_PURPOSE, token.encode()),
            StaffSession.expires_at > now(),
            Person.active.is_(True),
        )
    ).one_or_none()
    if row is None:
        return None
    signed_in, person, organisation = row
    grants = session.execute(
        sa.select(Grant.role, Grant.unit_id).where(
            Grant.organisation_id == person.organisation_id, Grant.person_id == person.id
        )
    ).all()
    return Principal(
        kind="person",
        id=person.id,
        organisation_id=person.organisation_id,
        organisation_code=organisation.code,
        organisation_name=organisation.name,
        name=person.name,
        language=person.language,
        roles=frozenset(role for role, _ in grants),
        units=frozenset(unit for _, unit in grants if unit is not None),
        csrf=signed_in.csrf,
    )


def end(session: Session, secret: Secret, token: str) -> None:
    """Sign out the browser with this token; nothing happens when there is none."""
    hashed = secret.hash(_PURPOSE, token.encode())
    session.execute(sa.delete(StaffSession).where(StaffSession.token_hash == hashed))


def end_all(session: Session, organisation_id: int, person_id: int) -> int:
    """Sign a person out everywhere; the number of sessions that ended."""
    result = session.execute(
        sa.delete(StaffSession)
        .where(StaffSession.organisation_id == organisation_id, StaffSession.person_id == person_id)
        .returning(StaffSession.person_id)
    )
    return len(result.all())


def listing(session: Session, organisation_id: int) -> list[SessionInfo]:
    """The organisation's present sessions, newest first."""
    rows = session.scalars(
        sa.select(StaffSession)
        .where(StaffSession.organisation_id == organisation_id, StaffSession.expires_at > now())
        .order_by(StaffSession.created_at.desc(), StaffSession.token_hash)
    )
    return [
        SessionInfo(row.token_hash.hex()[:16], row.person_id, row.created_at, row.expires_at)
        for row in rows
    ]


def same(one: str, other: str) -> bool:
    """Equal and not empty, compared in a time that does not tell how much of it is equal."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())
