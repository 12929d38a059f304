"""Signed-in browsers. The cookie carries a random token; the database only its keyed hash."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Grant, Person, StaffSession
from survey.access.principal import Principal
from survey.core.db import now
from survey.core.secret import Secret
from survey.organisation.models import Organisation

_PURPOSE = "staff-session"

# The first mark that is found counts: most browsers claim to be several others as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as its owner may see it; ``reference`` names it without being its token."""

    reference: str
    person_id: int
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    device: str
    method: str
    strong: bool


@dataclass(frozen=True, slots=True)
class How:
    """How somebody came in, for the session that begins; see ``StaffSession``'s columns."""

    method: str = "link"
    device: str = ""
    provider: str | None = None
    strong: bool = False


def start(
    session: Session, secret: Secret, person: Person, hours: int, how: How | None = None
) -> str:
    """Begin a session and return the token for the cookie. Ended sessions are swept away."""
    how = how or How()
    moment = now()
    session.execute(sa.delete(StaffSession).where(StaffSession.expires_at <= moment))
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            token_hash=secret.hash(_PURPOSE, token.encode()),
            organisation_id=person.organisation_id,
            person_id=person.id,
            csrf=secrets.token_urlsafe(24),
            created_at=moment,
            expires_at=moment + timedelta(hours=hours),
            last_used_at=moment,
            device=how.device,
            method=how.method,
            provider=how.provider,
            strong=how.strong,
        )
    )
    session.flush()
    return token


def find(
    session: Session, secret: Secret, token: str, idle: timedelta = timedelta(days=1)
) -> Principal | None:
    """The person behind a cookie; None when it is unknown, expired or the person is inactive.

    A session that was not used for ``idle`` has expired too.
    """
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
            StaffSession.last_used_at > now() - idle,
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
        session=_reference(signed_in),
        last_used_at=signed_in.last_used_at,
        provider=signed_in.provider,
        strong=signed_in.strong,
    )


def touch(session: Session, secret: Secret, token: str) -> None:
    """Note that the session is in use."""
    session.execute(
        sa.update(StaffSession)
        .where(StaffSession.token_hash == secret.hash(_PURPOSE, token.encode()))
        .values(last_used_at=now())
    )


def strengthen(session: Session, secret: Secret, token: str) -> None:
    """Note that a second factor was given in this session."""
    session.execute(
        sa.update(StaffSession)
        .where(StaffSession.token_hash == secret.hash(_PURPOSE, token.encode()))
        .values(strong=True)
    )


def end(session: Session, secret: Secret, token: str) -> None:
    """Sign out the browser with this token; nothing happens when there is none."""
    hashed = secret.hash(_PURPOSE, token.encode())
    session.execute(sa.delete(StaffSession).where(StaffSession.token_hash == hashed))


def end_all(
    session: Session, organisation_id: int, person_id: int, *, keep: str | None = None
) -> int:
    """Sign a person out everywhere but in the session ``keep`` (a reference); how many ended."""
    return _end_some(session, organisation_id, person_id, lambda reference: reference != keep)


def end_one(session: Session, organisation_id: int, person_id: int, reference: str) -> int:
    """End the session with this reference; 0 when the person has none such (any more)."""
    return _end_some(session, organisation_id, person_id, lambda candidate: candidate == reference)


def listing(
    session: Session,
    organisation_id: int,
    *,
    person_id: int | None = None,
    idle: timedelta = timedelta(days=1),
) -> list[SessionInfo]:
    """The present sessions of the organisation, or of one person, newest first."""
    query = sa.select(StaffSession).where(
        StaffSession.organisation_id == organisation_id,
        StaffSession.expires_at > now(),
        StaffSession.last_used_at > now() - idle,
    )
    if person_id is not None:
        query = query.where(StaffSession.person_id == person_id)
    rows = session.scalars(query.order_by(StaffSession.created_at.desc(), StaffSession.token_hash))
    return [
        SessionInfo(
            reference=_reference(row),
            person_id=row.person_id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            device=row.device,
            method=row.method,
            strong=row.strong,
        )
        for row in rows
    ]


def device_label(user_agent: str) -> str:
    """Browser and system in two words, for their owner: "Firefox, Windows"; '' for neither."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(word for word in (browser, system) if word)


def same(one: str, other: str) -> bool:
    """Equal and not empty, compared in a time that does not tell how much of it is equal."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def _reference(row: StaffSession) -> str:
    return row.token_hash.hex()[:16]


def _end_some(
    session: Session, organisation_id: int, person_id: int, wanted: Callable[[str], bool]
) -> int:
    rows = session.scalars(
        sa.select(StaffSession).where(
            StaffSession.organisation_id == organisation_id, StaffSession.person_id == person_id
        )
    )
    going = [row for row in rows if wanted(_reference(row))]
    for row in going:
        session.delete(row)
    session.flush()
    return len(going)
