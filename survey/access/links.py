"""One-time sign-in links: looking at one changes nothing, posting to it redeems it, once."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Person, SigninLink
from survey.audit import log
from survey.db import now
from survey.errors import Closed
from survey.secret import Secret

_PURPOSE = "signin-link"


def create(
    session: Session, secret: Secret, person: Person, *, actor: str, minutes: int = 60
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
        )
    )
    session.flush()
    log.record(session, person.organisation_id, actor, "link.created", f"person:{person.id}")
    return token


def usable(session: Session, secret: Secret, token: str) -> bool:
    """True while the link can still be redeemed."""
    return session.scalar(_usable(secret, token)) is not None


def redeem(session: Session, secret: Secret, token: str) -> Person:
    """Use the link up and return its person; Closed when it is unknown, used or too old."""
    link = session.scalar(_usable(secret, token).with_for_update())
    person = None if link is None else session.get(Person, (link.organisation_id, link.person_id))
    if link is None or person is None or not person.active:
        raise Closed("The link is used up or too old.")
    link.redeemed_at = now()
    session.flush()
    return person


def _usable(secret: Secret, token: str) -> sa.Select[SigninLink]:
    return sa.select(SigninLink).where(
        SigninLink.token_hash == secret.hash(_PURPOSE, token.encode()),
        SigninLink.redeemed_at.is_(None),
        SigninLink.expires_at > now(),
    )
