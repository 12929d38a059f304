"""Signing in: with e-mail and password, with a link, or vouched for by an OpenID provider; and the
second factor that comes after it for those who have one.

Whether an e-mail is known here shows neither in the answer nor in the time it takes: exactly one
argon2 verification is made for every attempt, of a hash of nobody's when there is no person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import links, passwords, people, second_factor, sessions
from survey.access.models import Person
from survey.access.sessions import How
from survey.audit import log
from survey.core import limits
from survey.core.db import Database, now
from survey.core.errors import Unauthenticated
from survey.core.secret import Secret
from survey.organisation.models import Organisation

PER_ACCOUNT = 10
PER_ADDRESS = 60
"""A municipality shares one address, so many people may mistype from there."""

PER_FACTOR = 5
"""Wrong codes of an app that one person may give in a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody who has shown the first factor and not yet the second. Sealed, never shown."""

    organisation_id: int
    person_id: int
    how: How
    stamp: str
    """Of the password that was right; a new password makes this useless."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for a sealed cookie."""
        return {
            "organisation": self.organisation_id,
            "person": self.person_id,
            "method": self.how.method,
            "device": self.how.device,
            "provider": self.how.provider,
            "stamp": self.stamp,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Pending:
        """What :meth:`as_dict` gave."""
        how = How(value["method"], value["device"], value["provider"])
        return cls(value["organisation"], value["person"], how, value["stamp"])


def with_password(
    db: Database,
    secret: Secret,
    *,
    email: str,
    password: str,
    address: str,
    hours: int,
    organisation: str | None = None,
    old_token: str | None = None,
    device: str = "",
) -> str | Pending | None:
    """Check and begin a session: the new cookie's token, or None when the two do not match.

    Pending when the person has a second factor, which comes next. ``address`` is the caller's
    network address, ``organisation`` a code for people who are known to several. The session
    behind ``old_token`` ends. Raises RateLimited after too many failures.
    """
    account = limits.of_value(secret, "signin-account", email, PER_ACCOUNT)
    network = limits.of_network(secret, "signin-address", address, PER_ADDRESS)
    limits.count(db, account, network)
    with db.reading() as session:
        person = _candidate(session, email, organisation)
    stored = person.password_hash if person is not None and person.active else None
    right = passwords.verify(stored, password)
    if not right or person is None or stored is None:
        return None
    renewed = passwords.renewed(password) if passwords.outdated(stored) else None
    with db.transaction() as session:
        current = session.get(Person, (person.organisation_id, person.id))
        if current is None or not current.active or current.password_hash != stored:
            return None
        if renewed is not None:
            current.password_hash = renewed
        limits.forget(session, account)
        limits.give_back(session, network)
        return _begin(session, secret, current, hours, old_token, How("password", device))


def with_link(
    db: Database,
    secret: Secret,
    *,
    token: str,
    hours: int,
    old_token: str | None = None,
    device: str = "",
) -> str | Pending:
    """Redeem a one-time link: the new cookie's token, or Pending when a second factor comes next.

    Raises Closed when the link cannot be used.
    """
    with db.transaction() as session:
        person = links.redeem(session, secret, token)
        return _begin(session, secret, person, hours, old_token, How("link", device))


def with_provider(
    session: Session,
    secret: Secret,
    person: Person,
    *,
    how: How,
    hours: int,
    old_token: str | None = None,
) -> str | Pending:
    """Sign in a person for whom an OpenID provider has vouched, in the caller's transaction."""
    return _begin(session, secret, person, hours, old_token, how)


def with_second_factor(
    db: Database,
    secret: Secret,
    pending: Pending,
    *,
    code: str,
    hours: int,
    old_token: str | None = None,
) -> str | None:
    """Check the second factor and begin the session: its token, or None when the code is wrong.

    Raises RateLimited after too many wrong codes, Unauthenticated when the first factor does not
    count any more.
    """
    place = f"{pending.organisation_id}:{pending.person_id}"
    tried = limits.of_value(secret, "second-factor", place, PER_FACTOR)
    limits.count(db, tried)
    with db.transaction() as session:
        person = session.get(Person, (pending.organisation_id, pending.person_id))
        if person is None or not person.active or _stamp(secret, person) != pending.stamp:
            raise Unauthenticated("sign_in_again")
        if not second_factor.check(session, secret, person, code):
            return None
        limits.forget(session, tried)
        how = replace(pending.how, strong=True)
        return _open(session, secret, person, hours, old_token, how)


def check_again(
    db: Database, secret: Secret, person: Person, *, password: str = "", code: str = ""
) -> bool:
    """Have somebody who is signed in prove it again before something that matters.

    The password when ``password`` is given, else a code of the app. Raises RateLimited after too
    many failures. Takes as long as signing in.
    """
    purpose, most = ("password-again", PER_ACCOUNT) if password else ("second-factor", PER_FACTOR)
    tried = limits.of_value(secret, purpose, f"{person.organisation_id}:{person.id}", most)
    limits.count(db, tried)
    if password:
        right = passwords.verify(person.password_hash, password)
    else:
        with db.transaction() as session:
            current = people.get(session, person.organisation_id, person.id)
            right = second_factor.check(session, secret, current, code)
    if right:
        with db.transaction() as session:
            limits.forget(session, tried)
    return right


def _begin(
    session: Session,
    secret: Secret,
    person: Person,
    hours: int,
    old_token: str | None,
    how: How,
) -> str | Pending:
    if not how.strong and second_factor.enrolled(session, person.organisation_id, person.id):
        return Pending(person.organisation_id, person.id, how, _stamp(secret, person))
    return _open(session, secret, person, hours, old_token, how)


def _open(
    session: Session,
    secret: Secret,
    person: Person,
    hours: int,
    old_token: str | None,
    how: How,
) -> str:
    if old_token:
        sessions.end(session, secret, old_token)
    person.signed_in_at = now()
    subject = f"person:{person.id}"
    details: dict[str, Any] = {"how": how.method}
    if how.provider:
        details["provider"] = how.provider
    if how.strong:
        details["second_factor"] = True
    log.record(session, person.organisation_id, subject, "person.signed_in", subject, details)
    return sessions.start(session, secret, person, hours, how)


def _stamp(secret: Secret, person: Person) -> str:
    return secret.hash("password-stamp", (person.password_hash or "").encode()).hex()[:32]


def _candidate(session: Session, email: str, organisation: str | None) -> Person | None:
    candidates = people.with_email(session, email)
    if organisation:
        wanted = session.scalar(sa.select(Organisation.id).where(Organisation.code == organisation))
        candidates = [person for person in candidates if person.organisation_id == wanted]
    return next((person for person in candidates if person.active), None)
