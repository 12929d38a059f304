"""Failed codes are counted and limited; a good code is never refused.

See ``docs/decisions/0006-answering-rate-limit.md``: what keeps a code from being guessed is its
length; the limit keeps guessing from being cheap, unseen, and a load on the database.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from survey.answering.ratelimit_models import FailedCode
from survey.core.db import Database
from survey.core.errors import RateLimited
from survey.core.secret import Secret

PER_ADDRESS = 60
"""Failed codes a day from one network address. A whole municipality may share it: a mistyped
short code is caught by its check character 31 times of 32 and is not counted."""
IN_TOTAL = 10_000
"""Failed codes a day from everywhere: guessing spread over many addresses."""
KEPT = timedelta(days=1)


def refuse_failed(db: Database, secret: Secret, address: str) -> None:
    """Count one failed code in a transaction of its own; RateLimited when there were too many.

    Call it only when a well-formed code turned out to be unknown. Over the limit nothing more is
    written, so a flood of guesses costs reads.
    """
    today = datetime.now(UTC).date()
    buckets = {
        _bucket(secret, today, _network(address)): PER_ADDRESS,
        _bucket(secret, today, "all"): IN_TOTAL,
    }
    with db.reading() as session:
        over = _over(session, today, buckets)
    if not over:
        with db.transaction() as session:
            _count(session, today, list(buckets))
        return
    raise RateLimited("Too many codes have failed.", retry_after=_seconds_left_of_day())


def _over(session: Session, day: date, buckets: dict[bytes, int]) -> bool:
    rows = session.execute(
        sa.select(FailedCode.bucket, FailedCode.count).where(
            FailedCode.day == day, FailedCode.bucket.in_(buckets)
        )
    )
    return any(count >= buckets[bucket] for bucket, count in rows)


def _count(session: Session, day: date, buckets: list[bytes]) -> None:
    # Always in the same order: two requests then never wait for each other's rows.
    for bucket in sorted(buckets):
        if _add_one(session, day, bucket):
            continue
        try:
            with session.begin_nested():
                session.execute(sa.insert(FailedCode).values(day=day, bucket=bucket, count=1))
        except IntegrityError:
            _add_one(session, day, bucket)
    session.execute(sa.delete(FailedCode).where(FailedCode.day < day - KEPT))


def _add_one(session: Session, day: date, bucket: bytes) -> bool:
    key = (FailedCode.day == day, FailedCode.bucket == bucket)
    changed = session.execute(
        sa.update(FailedCode)
        .where(*key)
        .values(count=FailedCode.count + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


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


def _bucket(secret: Secret, day: date, what: str) -> bytes:
    return secret.hash("failed-code", f"{day.isoformat()} {what}".encode())


def _seconds_left_of_day() -> int:
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return int((midnight - now).total_seconds()) + 1
