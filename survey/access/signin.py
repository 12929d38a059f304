"""Signing in with e-mail and password, or with a link.

Whether an e-mail is known here shows neither in the answer nor in the time it takes: exactly one
argon2 verification is made for every attempt, of a hash of nobody's when there is no person.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from survey.access import links, passwords, people, sessions
from survey.access.models import Person, SigninFailure
from survey.audit import log
from survey.db import Database, now
from survey.errors import RateLimited
from survey.organisation.models import Organisation
from survey.secret import Secret

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 60
"""A municipality shares one address, so many people may mistype from there."""


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
) -> str | None:
    """Check and begin a session: the new cookie's token, or None when the two do not match.

    ``address`` is the caller's network address, ``organisation`` a code for people who are known
    to several. The session behind ``old_token`` ends. Raises RateLimited after too many failures.
    """
    buckets = _buckets(secret, email, address)
    with db.transaction() as session:
        # Counted before it is checked: parallel guesses cannot slip through beside each other.
        _count(session, buckets)
    with db.reading() as session:
        person = _candidate(session, email, organisation)
    stored = person.password_hash if person is not None and person.active else None
    right = passwords.verify(stored, password)
    if not right or person is None or stored is None:
        return None
    renewed = passwords.make_hash(password) if passwords.outdated(stored) else None
    with db.transaction() as session:
        current = session.get(Person, (person.organisation_id, person.id))
        if current is None or not current.active or current.password_hash != stored:
            return None
        if renewed is not None:
            current.password_hash = renewed
        _forget(session, buckets)
        return _begin(session, secret, current, hours, old_token, how="password")


def with_link(
    db: Database, secret: Secret, *, token: str, hours: int, old_token: str | None = None
) -> str:
    """Redeem a one-time link: the new cookie's token. Raises Closed when it cannot be used."""
    with db.transaction() as session:
        person = links.redeem(session, secret, token)
        return _begin(session, secret, person, hours, old_token, how="link")


def _begin(
    session: Session, secret: Secret, person: Person, hours: int, old_token: str | None, *, how: str
) -> str:
    if old_token:
        sessions.end(session, secret, old_token)
    subject = f"person:{person.id}"
    details = {"how": how}
    log.record(session, person.organisation_id, subject, "person.signed_in", subject, details)
    return sessions.start(session, secret, person, hours)


def _candidate(session: Session, email: str, organisation: str | None) -> Person | None:
    found = people.with_email(session, email)
    if organisation:
        wanted = session.scalar(sa.select(Organisation.id).where(Organisation.code == organisation))
        found = [person for person in found if person.organisation_id == wanted]
    return next((person for person in found if person.active), None)


def _buckets(secret: Secret, email: str, address: str) -> dict[bytes, int]:
    account = secret.hash("signin-account", email.strip().lower().encode())
    network = secret.hash("signin-address", _network(address).encode())
    return {account: PER_ACCOUNT, network: PER_ADDRESS}


def _window() -> datetime:
    moment = now()
    return moment - timedelta(minutes=moment.minute % (WINDOW.seconds // 60), seconds=moment.second)


def _count(session: Session, buckets: dict[bytes, int]) -> None:
    window = _window()
    session.execute(sa.delete(SigninFailure).where(SigninFailure.window < window))
    for bucket in sorted(buckets):  # one order for all, so that nobody waits in a circle
        if _add_one(session, bucket, window):
            continue
        try:
            with session.begin_nested():
                session.add(SigninFailure(bucket=bucket, window=window, count=1))
        except IntegrityError:
            _add_one(session, bucket, window)
    rows = session.execute(
        sa.select(SigninFailure.bucket, SigninFailure.count).where(
            SigninFailure.window == window, SigninFailure.bucket.in_(list(buckets))
        )
    ).all()
    if any(count > buckets[bucket] for bucket, count in rows):
        left = window + WINDOW - now()
        raise RateLimited("Too many attempts to sign in.", max(1, int(left.total_seconds())))


def _add_one(session: Session, bucket: bytes, window: datetime) -> bool:
    changed = session.execute(
        sa.update(SigninFailure)
        .where(SigninFailure.bucket == bucket, SigninFailure.window == window)
        .values(count=SigninFailure.count + 1)
        .returning(SigninFailure.bucket)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(changed)


def _forget(session: Session, buckets: dict[bytes, int]) -> None:
    """A right password was no failure: the account starts anew, the address gets its one back."""
    window = _window()
    for bucket, limit in buckets.items():
        if limit == PER_ACCOUNT:
            session.execute(sa.delete(SigninFailure).where(SigninFailure.bucket == bucket))
        else:
            session.execute(
                sa.update(SigninFailure)
                .where(
                    SigninFailure.bucket == bucket,
                    SigninFailure.window == window,
                    SigninFailure.count > 0,
                )
                .values(count=SigninFailure.count - 1)
                .execution_options(synchronize_session=False)
            )


def _network(address: str) -> str:
    """One bucket a household or office: IPv6 gives each of them 2⁶⁴ addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
