"""Organisations and their units."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class Organisation(Base):
    """A municipality. Its id is the first part of every other key (PostgreSQL partitions by it)."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    """Short name in addresses and commands, for example the municipality number."""
    name: Mapped[str]
    created_at: Mapped[datetime]


class Unit(Base):
    """A node of the organisation's tree as it is today; waves keep frozen copies of their own."""

    __tablename__ = "unit"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "code"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(
            ["organisation_id", "parent_id"], ["unit.organisation_id", "unit.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None]
    kind: Mapped[str]
    """Type of service (for example barnehage); '' when not told."""
    headcount: Mapped[int | None]
    """Own employees, children not counted; None when not told."""
    manager_email: Mapped[str | None]
    closed_at: Mapped[datetime | None]


class UnitChange(Base):
    """What was done to units, and whether they may be compared with what they were.

    Open until the next wave of any study opens; then it is frozen. Which waves it stands between
    is told by ``survey.study.models.WaveUnitChange``.
    """

    __tablename__ = "unit_change"
    __table_args__ = (
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.UniqueConstraint("organisation_id", "sequence"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    """The order in which changes were made, from 1: times are to the second only."""
    kind: Mapped[str]
    """renamed, moved, merged, split, regrouped, recoded, new or closed."""
    from_codes: Mapped[list[str]] = mapped_column(sa.JSON)
    """Units before; [] for a new one."""
    to_codes: Mapped[list[str]] = mapped_column(sa.JSON)
    """Units after; [] for one that has closed."""
    names: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    """Code → name of every unit in the two lists, as they were called."""
    before: Mapped[str]
    """The name, or the name of the unit above, before; '' for other kinds."""
    after: Mapped[str]
    continues: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    """Unit after → the one unit before whose published figures it is compared with. A unit that is
    not named here is not compared with anything before."""
    same_staff: Mapped[int | None]
    """How many per cent of the staff are said to be the same; None when not told."""
    reasons: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    """Unit after → why it may or may not be compared, in staff's words; printed in reports."""
    decided_by: Mapped[str]
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
