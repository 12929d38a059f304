"""Which units a manager may see: those led, and everything below them in today's tree."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.principal import Principal
from survey.organisation.models import Unit


def leads(session: Session, who: Principal, code: str) -> bool:
    """True when ``who`` leads the unit with this code, or one above it."""
    if not who.units:
        return False
    above = (
        sa.select(Unit.id, Unit.parent_id)
        .where(Unit.organisation_id == who.organisation_id, Unit.code == code)
        .cte("above", recursive=True)
    )
    above = above.union(
        sa.select(Unit.id, Unit.parent_id).where(
            Unit.organisation_id == who.organisation_id, Unit.id == above.c.parent_id
        )
    )
    return any(unit_id in who.units for unit_id in session.scalars(sa.select(above.c.id)))


def own_units(session: Session, who: Principal) -> list[Unit]:
    """The units that ``who`` may open, by name: staff and auditors all, managers their own."""
    query = sa.select(Unit).where(Unit.organisation_id == who.organisation_id)
    if not who.roles & {"staff", "auditor"}:
        below = (
            sa.select(Unit.id)
            .where(Unit.organisation_id == who.organisation_id, Unit.id.in_(who.units))
            .cte("below", recursive=True)
        )
        below = below.union(
            sa.select(Unit.id).where(
                Unit.organisation_id == who.organisation_id, Unit.parent_id == below.c.id
            )
        )
        query = query.where(Unit.id.in_(sa.select(below.c.id)))
    return list(session.scalars(query.order_by(Unit.name, Unit.code)))
