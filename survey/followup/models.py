"""Tables of the unit's follow-up. All hang on a study, so that they go with it."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


def _parents(*, wave: bool) -> tuple[sa.ForeignKeyConstraint, ...]:
    """Foreign keys to the unit and to the study, or to one of its waves."""
    unit = sa.ForeignKeyConstraint(
        ["organisation_id", "unit_id"], ["unit.organisation_id", "unit.id"]
    )
    table, column = ("wave", "wave_id") if wave else ("study", "study_id")
    return unit, sa.ForeignKeyConstraint(
        ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"]
    )


class Action(Base):
    """Something that the unit will do, agreed after the results of one wave."""

    __tablename__ = "followup_action"
    __table_args__ = (
        *_parents(wave=True),
        sa.Index("ix_followup_action_unit", "organisation_id", "study_id", "unit_id"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    study_id: Mapped[int]
    unit_id: Mapped[int]
    wave_id: Mapped[int]
    title: Mapped[str]
    owner: Mapped[str]
    """A name or a role, as the manager wrote it."""
    deadline: Mapped[date]
    status: Mapped[str]
    """planned, under_way, done or dropped."""
    dimension: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Choice(Base):
    """What the unit keeps and what it improves after one wave, as ids of dimensions."""

    __tablename__ = "followup_choice"
    __table_args__ = _parents(wave=True)

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    keep: Mapped[str | None]
    improve: Mapped[str | None]
    changed_at: Mapped[datetime]


class Target(Base):
    """Where a dimension of a unit shall be; the same for all waves of a study."""

    __tablename__ = "followup_target"
    __table_args__ = (
        *_parents(wave=False),
        sa.CheckConstraint("value BETWEEN 0 AND 100", name="value_is_an_index"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    study_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
    source: Mapped[str]
    """leader_agreement, action_programme or other."""
    year: Mapped[int | None]
    changed_at: Mapped[datetime]


class ReminderRound(Base):
    """That a wave's units were looked through once, eight weeks after its release."""

    __tablename__ = "followup_round"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]


class Reminder(Base):
    """A notice to those who lead a unit that no action was agreed: shown, and mailed once."""

    __tablename__ = "followup_reminder"
    __table_args__ = _parents(wave=True)

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
