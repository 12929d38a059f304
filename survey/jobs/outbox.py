"""The outbox: what is to be sent, by whom it is being sent, and that nothing is sent twice.

Whoever sends first *claims* a row in a transaction, then sends outside it, then writes down what
came of it. A row whose sender died in between may have been sent: it is never sent again
(:func:`abandoned`). A pace row holds all senders together to so many a minute.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from survey.core.db import new_id, now
from survey.jobs.models import Outbox, OutboxPace

LEASE = timedelta(minutes=15)
"""Longer than any exchange with a mail server takes before it times out."""

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480, 720))
"""How long to wait after the first, second … temporary failure; after the last one it has failed.
Together about a day."""

KEPT = timedelta(days=30)
"""How long a row that failed stays for people to look at."""

TOO_LATE = timedelta(days=7)
"""What could not even be tried for so long (nobody sends) is not worth sending any more."""

URGENT = ("password_reset", "person_invitation")
"""Somebody sits and waits for these: they overtake the rest."""

UNTOLD = ("reminder",)
"""Kinds of which nothing is counted, logged or shown, whatever becomes of a row: who has answered
gets none, so what waits, is tried again or fails would be those who have *not*."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One attempt at sending one row."""

    organisation_id: int
    id: int
    holder: str
    kind: str
    reference: str
    attempt: int

    @property
    def told(self) -> bool:
        """Whether what becomes of it may be counted and logged."""
        return self.kind not in UNTOLD


def put(
    session: Session,
    organisation_id: int,
    kind: str,
    reference: str,
    *,
    due_at: datetime | None = None,
) -> Outbox:
    """Add something to send once the surrounding transaction is committed and ``due_at`` has come.

    ``reference`` holds ids only, never a code, a text or an address.
    """
    moment = now()
    row = Outbox(
        organisation_id=organisation_id,
        id=new_id(),
        kind=kind,
        reference=reference,
        state="queued",
        attempts=0,
        due_at=due_at or moment,
        made_at=moment,
    )
    session.add(row)
    session.flush()
    return row


def put_many(
    session: Session,
    organisation_id: int,
    kind: str,
    references: Sequence[str],
    *,
    due_at: datetime | None = None,
) -> None:
    """Like :func:`put`, for many references of one kind."""
    moment = now()
    fixed = {"organisation_id": organisation_id, "kind": kind, "state": "queued", "attempts": 0}
    fixed |= {"due_at": due_at or moment, "made_at": moment}
    rows = [{**fixed, "id": new_id(), "reference": reference} for reference in references]
    for start in range(0, len(rows), 500):
        session.execute(sa.insert(Outbox), rows[start : start + 500])


def withdraw(
    session: Session, organisation_id: int, kinds: Sequence[str], references: Sequence[str]
) -> int:
    """Delete rows that are to be sent no more, whatever their state; returns how many."""
    gone = 0
    for start in range(0, len(references), 500):
        statement = sa.delete(Outbox).where(
            Outbox.organisation_id == organisation_id,
            Outbox.kind.in_(kinds),
            Outbox.reference.in_(references[start : start + 500]),
        )
        gone += _changed(session, statement)
    return gone


def is_due(session: Session) -> bool:
    """True when there is something to claim now. Cheap, for a reading transaction."""
    return bool(session.scalar(sa.select(sa.exists().where(_due()))))


def claim(session: Session, lease: timedelta = LEASE) -> tuple[Claimed, Outbox] | None:
    """Take the next due row for this attempt alone; None when there is none.

    Once this is committed the row counts as being sent.
    """
    candidates: list[tuple[int, int]] = []
    for first in (*(Outbox.kind == kind for kind in URGENT), sa.true()):
        # No order among those due at once: half a million may be, and an index has no more to give.
        query = sa.select(Outbox.organisation_id, Outbox.id).where(_due(), first)
        rows = session.execute(query.order_by(Outbox.due_at).limit(20))
        candidates += [(row.organisation_id, row.id) for row in rows]
    for organisation_id, row_id in candidates:
        holder = secrets.token_hex(16)
        conditions = (Outbox.organisation_id == organisation_id, Outbox.id == row_id, _due())
        values = {"state": "sending", "holder": holder, "running_until": now() + lease}
        statement = sa.update(Outbox).where(*conditions)
        if _changed(session, statement.values(**values, attempts=Outbox.attempts + 1)):
            row = session.get_one(Outbox, (organisation_id, row_id), populate_existing=True)
            return _claimed(row), row
    return None


def done(session: Session, taken: Claimed) -> bool:
    """The row has been handed over or is needed no more: delete it. False when it was not ours."""
    return _changed(session, sa.delete(Outbox).where(*_held(taken))) == 1


def defer(session: Session, taken: Claimed, error: str) -> bool:
    """It was clearly not sent and is worth another try; False, and nothing is written, when its
    tries are used up."""
    if taken.attempt > len(PAUSES):
        return False
    due_at = now() + PAUSES[taken.attempt - 1]
    values = {"state": "queued", "holder": None, "running_until": None}
    _changed(
        session,
        sa.update(Outbox).where(*_held(taken)).values(**values, due_at=due_at, error=error),
    )
    return True


def fail(session: Session, taken: Claimed, error: str) -> bool:
    """It will not be sent; the row stays for people to look at."""
    values = {"state": "failed", "holder": None, "running_until": None, "error": error}
    return _changed(session, sa.update(Outbox).where(*_held(taken)).values(**values)) == 1


def abandoned(session: Session) -> list[Claimed]:
    """Attempts whose sender fell silent: each may or may not have been sent. Still to be settled.

    The caller says what that means for the kind, then calls :func:`fail` or :func:`done`.
    """
    rows = session.scalars(
        sa.select(Outbox)
        .where(Outbox.state == "sending", Outbox.running_until < now())
        .limit(500)
        .with_for_update(skip_locked=True)
    )
    return [_claimed(row) for row in rows]


def stale(session: Session) -> list[Claimed]:
    """Claim rows that have been due for so long that sending them would only surprise people."""
    return _take(session, Outbox.due_at < now() - TOO_LATE, limit=500)


def take_all(session: Session) -> list[Claimed]:
    """Claim everything that waits, due or not, to settle it unsent."""
    return _take(session, sa.true(), limit=None)


def forget(session: Session) -> int:
    """Delete what failed long ago; returns how many rows."""
    old = (Outbox.state == "failed", Outbox.due_at < now() - KEPT)
    return _changed(session, sa.delete(Outbox).where(*old))


def may_leave(session: Session, per_minute: int) -> bool:
    """Take the next place in the row of mails, over all workers; False when it is too early.

    Places are evenly spaced: no burst at the turn of a minute.
    """
    moment, step = int(time.time() * 1000), max(60_000 // per_minute, 1)
    free = sa.update(OutboxPace).where(OutboxPace.name == "mail", OutboxPace.next_at <= moment)
    if _changed(session, free.values(next_at=moment + step)):
        return True
    if session.scalar(sa.select(OutboxPace.name).where(OutboxPace.name == "mail")) is not None:
        return False
    try:
        with session.begin_nested():
            session.execute(sa.insert(OutboxPace).values(name="mail", next_at=moment + step))
    except IntegrityError:  # another was first
        return False
    return True


@dataclass(frozen=True, slots=True)
class Standing:
    """How the outbox is: rows waiting, being sent and failed, and since when the oldest is due."""

    queued: int
    sending: int
    failed: int
    due_since: datetime | None

    def numbers(self) -> dict[str, int]:
        """The same as plain numbers; ``late`` is for how many seconds the oldest has been due."""
        late = 0 if self.due_since is None else int((now() - self.due_since).total_seconds())
        return {
            "queued": self.queued,
            "sending": self.sending,
            "failed": self.failed,
            "late": max(late, 0),
        }


def standing(session: Session) -> Standing:
    """Count the outbox over all organisations and kinds together, without those of ``UNTOLD``."""
    number, counted = sa.func.count(), Outbox.kind.not_in(UNTOLD)
    query = sa.select(Outbox.state, number).where(counted).group_by(Outbox.state)
    rows = session.execute(query).all()
    counts = {state: count for state, count in rows}  # noqa: C416 - rows are not tuples to mypy
    oldest = session.scalar(sa.select(sa.func.min(Outbox.due_at)).where(_due(), counted))
    return Standing(
        counts.get("queued", 0), counts.get("sending", 0), counts.get("failed", 0), oldest
    )


def errors(session: Session) -> list[tuple[str, str, str, int]]:
    """(kind, state, error, rows) of what has failed at least once, most rows first; none of a
    kind of ``UNTOLD``."""
    number = sa.func.count()
    rows = session.execute(
        sa.select(Outbox.kind, Outbox.state, Outbox.error, number)
        .where(Outbox.error.is_not(None), Outbox.kind.not_in(UNTOLD))
        .group_by(Outbox.kind, Outbox.state, Outbox.error)
        .order_by(number.desc())
    )
    return [(kind, state, error or "", count) for kind, state, error, count in rows]


def _take(session: Session, which: sa.ColumnElement[bool], *, limit: int | None) -> list[Claimed]:
    rows = session.scalars(
        sa.select(Outbox)
        .where(Outbox.state == "queued", which)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.state, row.holder = "sending", secrets.token_hex(16)
        row.running_until = now() + LEASE
    session.flush()
    return [_claimed(row) for row in rows]


def _claimed(row: Outbox) -> Claimed:
    return Claimed(
        row.organisation_id, row.id, row.holder or "", row.kind, row.reference, row.attempts
    )


def _due() -> sa.ColumnElement[bool]:
    return sa.and_(Outbox.state == "queued", Outbox.due_at <= now())


def _held(taken: Claimed) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Outbox.organisation_id == taken.organisation_id,
        Outbox.id == taken.id,
        Outbox.state == "sending",
        Outbox.holder == taken.holder,
    )


def _changed(session: Session, statement: sa.Update | sa.Delete) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]
