"""Organisations and their units."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


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
