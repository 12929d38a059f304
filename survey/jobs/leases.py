"""Timed work is done by one at a time: whoever holds the lease row of its name."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from survey.core.db import now
from survey.jobs.models import Lease


def hold(session: Session, name: str, holder: str, length: timedelta) -> bool:
    """Take or renew the lease ``name`` until now + ``length``; False when another holds it."""
    until = now() + length
    changed = session.execute(
        sa.update(Lease)
        .where(Lease.name == name, sa.or_(Lease.holder == holder, Lease.until < now()))
        .values(holder=holder, until=until)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has it
    if changed:
        return True
    if session.scalar(sa.select(Lease.name).where(Lease.name == name)) is not None:
        return False
    try:
        with session.begin_nested():
            session.execute(sa.insert(Lease).values(name=name, holder=holder, until=until))
    except IntegrityError:  # another was first
        return False
    return True


def is_held(session: Session, name: str) -> bool:
    """True while somebody holds the lease ``name``: a worker is there."""
    query = sa.select(Lease.name).where(Lease.name == name, Lease.until > now())
    return session.scalar(query) is not None


def let_go(session: Session, name: str, holder: str) -> None:
    """Give the lease back, so that the next one need not wait for its end."""
    session.execute(sa.delete(Lease).where(Lease.name == name, Lease.holder == holder))
