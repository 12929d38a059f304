"""How often something may be tried in a window of time: by account, by network, or by everybody.

What is counted stands in the table as a keyed hash of purpose, window and value, so it holds
neither an address nor an e-mail, and hashes of two windows cannot be compared. Nothing is logged.
An attempt is counted before it is checked, so that parallel guesses cannot slip through beside
each other; over the limit nothing is written, so that a flood of guesses costs reads.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from survey.core.db import Database, now
from survey.core.errors import RateLimited
from survey.core.limit_models import AttemptCount
from survey.core.secret import Secret

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where attempts of one kind are counted: its hash, the window's end, and the most allowed."""

    key: bytes
    until: datetime
    most: int


def of_value(
    secret: Secret, purpose: str, value: str, most: int, window: timedelta = QUARTER
) -> Bucket:
    """The present bucket of an account or an e-mail, whatever its case."""
    until = _EPOCH + ((now() - _EPOCH) // window + 1) * window
    counted = f"{until.isoformat()} {value.strip().lower()}"
    return Bucket(secret.hash(purpose, counted.encode()), until, most)


def of_network(
    secret: Secret, purpose: str, address: str, most: int, window: timedelta = QUARTER
) -> Bucket:
    """The present bucket of a network address; IPv6 gives a household 2⁶⁴ of them: /64 is one."""
    return of_value(secret, purpose, _network(address), most, window)


def count(db: Database, *buckets: Bucket) -> None:
    """Count one attempt in every bucket, in a transaction of its own.

    Raises RateLimited, and counts in none, when one is full.
    """
    with db.reading() as session:
        _refuse(_over(session, buckets, room=1))
    with db.transaction() as session:
        _refuse(exceeded(session, *buckets))


def exceeded(session: Session, *buckets: Bucket) -> list[Bucket]:
    """Count one attempt in every bucket; returns those that have more than their most now."""
    session.execute(sa.delete(AttemptCount).where(AttemptCount.until <= now()))
    for bucket in sorted(buckets, key=lambda bucket: bucket.key):  # so nobody waits in a circle
        if _add(session, bucket, 1):
            continue
        try:
            with session.begin_nested():
                session.execute(
                    sa.insert(AttemptCount).values(bucket=bucket.key, until=bucket.until, count=1)
                )
        except IntegrityError:  # another was first
            _add(session, bucket, 1)
    return _over(session, buckets, room=0)


def forget(session: Session, *buckets: Bucket) -> None:
    """Start these buckets anew: who got it right made no failure."""
    keys = [bucket.key for bucket in buckets]
    session.execute(sa.delete(AttemptCount).where(AttemptCount.bucket.in_(keys)))


def give_back(session: Session, *buckets: Bucket) -> None:
    """Take one attempt back in each: it was no failure, and others' in them stay counted."""
    for bucket in buckets:
        _add(session, bucket, -1)


def _over(session: Session, buckets: tuple[Bucket, ...], room: int) -> list[Bucket]:
    """The buckets in which ``room`` more would be too many."""
    keys = [bucket.key for bucket in buckets]
    rows = session.execute(
        sa.select(AttemptCount.bucket, AttemptCount.count).where(AttemptCount.bucket.in_(keys))
    )
    counts = {bytes(key): counted for key, counted in rows}
    return [bucket for bucket in buckets if counts.get(bucket.key, 0) + room > bucket.most]


def _refuse(full: list[Bucket]) -> None:
    if full:
        seconds = max((bucket.until - now()).total_seconds() for bucket in full)
        raise RateLimited("too_many_attempts", max(1, int(seconds)))


def _add(session: Session, bucket: Bucket, number: int) -> bool:
    """Add to a bucket, never below nothing; False when it has no row yet."""
    row = AttemptCount.bucket == bucket.key
    changed = session.execute(
        sa.update(AttemptCount)
        .where(row, AttemptCount.count + number >= 0)
        .values(count=AttemptCount.count + number)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it


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
