"""How often something may be tried in a quarter of an hour, by account and by network address.

The table holds keyed hashes only: neither an address nor an e-mail. An attempt is counted before it
is checked, so that parallel guesses cannot slip through beside each other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from survey.access.models import SigninFailure
from survey.core.db import now
from survey.core.errors import RateLimited
from survey.core.secret import Secret

WINDOW = timedelta(minutes=15)


def bucket(secret: Secret, purpose: str, value: str) -> bytes:
    """The keyed hash under which attempts with ``value`` (an account, an e-mail) are counted."""
    return secret.hash(purpose, value.strip().lower().encode())


def network_bucket(secret: Secret, purpose: str, address: str) -> bytes:
    """The bucket of a network address; IPv6 gives a household 2⁶⁴ of them, so /64 is one."""
    return secret.hash(purpose, _network(address).encode())


def count(session: Session, limits: Mapping[bytes, int]) -> None:
    """Count one attempt in every bucket; RateLimited when one has more than its limit now."""
    over = exceeded(session, limits)
    if over:
        left = _window() + WINDOW - now()
        raise RateLimited("Too many attempts.", max(1, int(left.total_seconds())))


def exceeded(session: Session, limits: Mapping[bytes, int]) -> set[bytes]:
    """Count one attempt in every bucket; the buckets that have more than their limit now."""
    window = _window()
    session.execute(sa.delete(SigninFailure).where(SigninFailure.window < window))
    for each in sorted(limits):  # one order for all, so that nobody waits in a circle
        if _add_one(session, each, window):
            continue
        try:
            with session.begin_nested():
                session.add(SigninFailure(bucket=each, window=window, count=1))
        except IntegrityError:
            _add_one(session, each, window)
    rows = session.execute(
        sa.select(SigninFailure.bucket, SigninFailure.count).where(
            SigninFailure.window == window, SigninFailure.bucket.in_(list(limits))
        )
    ).all()
    return {bytes(each) for each, counted in rows if counted > limits[bytes(each)]}


def forget(session: Session, *buckets: bytes) -> None:
    """Start these buckets anew: who got it right made no failure."""
    session.execute(sa.delete(SigninFailure).where(SigninFailure.bucket.in_(buckets)))


def give_back(session: Session, buckets: Iterable[bytes]) -> None:
    """Take one attempt back in each: it was no failure, and others' in them stay counted."""
    window = _window()
    for each in buckets:
        session.execute(
            sa.update(SigninFailure)
            .where(
                SigninFailure.bucket == each,
                SigninFailure.window == window,
                SigninFailure.count > 0,
            )
            .values(count=SigninFailure.count - 1)
            .execution_options(synchronize_session=False)
        )


def _window() -> datetime:
    moment = now()
    return moment - timedelta(minutes=moment.minute % (WINDOW.seconds // 60), seconds=moment.second)


def _add_one(session: Session, each: bytes, window: datetime) -> bool:
    changed = session.execute(
        sa.update(SigninFailure)
        .where(SigninFailure.bucket == each, SigninFailure.window == window)
        .values(count=SigninFailure.count + 1)
        .returning(SigninFailure.bucket)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(changed)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
