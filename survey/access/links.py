"""One-time links: looking at one changes nothing, posting to it redeems it, once.

A link is for signing in or for setting a password; one kind is of no use for the other.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Person, SigninLink
from survey.audit import log
from survey.core.db import now
from survey.core.errors import Closed
from survey.core.secret import Secret

Purpose = Literal["signin", "password"]
WEEK = 7 * 24 * 60
"""Minutes that an invitation is good for."""

_PURPOSE = "signin-link"


def create(
    session: Session,
    secret: Secret,
    person: Person,
    *,
    actor: str,
    minutes: int = 60,
    purpose: Purpose = "signin",
) -> str:
    """Make a link for a person; returns the token that stands at the end of its address."""
    session.execute(sa.delete(SigninLink).where(SigninLink.expires_at <= now() - timedelta(days=1)))
    token = secrets.token_urlsafe(32)
    session.add(
        SigninLink(
            token_hash=secret.hash(_PURPOSE, token.encode()),
            organisation_id=person.organisation_id,
            person_id=person.id,
            expires_at=now() + timedelta(minutes=minutes),
            redeemed_at=None,
            purpose=purpose,
        )
    )
    session.flush()
    details = {"for": purpose}
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "link.created", subject, details)
    return token


def usable(session: Session, secret: Secret, token: str) -> bool:
    """True while the link can still be redeemed for signing in."""
    return owner(session, secret, token) is not None


def owner(
    session: Session, secret: Secret, token: str, purpose: Purpose = "signin"
) -> Person | None:
    """Whose link it is, while it can still be redeemed."""
    link = session.scalar(_usable(secret, token, purpose))
    return None if link is None else _person(session, link)


def redeem(session: Session, secret: Secret, token: str, purpose: Purpose = "signin") -> Person:
    """Use the link up and return its person; Closed when it is unknown, used or too old."""
    link = session.scalar(_usable(secret, token, purpose).with_for_update())
    person = None if link is None else _person(session, link)
    if link is None or person is None:
        raise Closed("link_is_used_up_or_too_old")
    link.redeemed_at = now()
    session.flush()
    return person


def revoke_all(session: Session, person: Person, purpose: Purpose | None = None) -> None:
    """Make a person's links useless: all, or those of one kind."""
    which = [
        SigninLink.organisation_id == person.organisation_id,
        SigninLink.person_id == person.id,
    ]
    if purpose is not None:
        which.append(SigninLink.purpose == purpose)
    session.execute(sa.delete(SigninLink).where(*which))


def _person(session: Session, link: SigninLink) -> Person | None:
    person = session.get(Person, (link.organisation_id, link.person_id))
    return person if person is not None and person.active else None


def _usable(secret: Secret, token: str, purpose: Purpose) -> sa.Select[SigninLink]:
    return sa.select(SigninLink).where(
        SigninLink.token_hash == secret.hash(_PURPOSE, token.encode()),
        SigninLink.purpose == purpose,
        SigninLink.redeemed_at.is_(None),
        SigninLink.expires_at > now(),
    )
