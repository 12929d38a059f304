"""Releases as stored: immutable documents, and the log of what was hidden."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


class Release(Base):
    """The frozen result of one wave. ``header`` is a ``ReleaseHeader`` as canonical JSON."""

    __tablename__ = "release"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
        sa.UniqueConstraint("organisation_id", "wave_id", "number"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    study_id: Mapped[int]
    wave_id: Mapped[int]
    number: Mapped[int] = mapped_column(default=1)
    schema: Mapped[int]
    created_at: Mapped[datetime]
    digest: Mapped[str]
    software: Mapped[str]
    header: Mapped[str]


class ReleaseUnit(Base):
    """One unit's result: a ``UnitResult`` as canonical JSON."""

    __tablename__ = "release_unit"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"], ["release.organisation_id", "release.id"]
        ),
        {"sqlite_with_rowid": False},
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    release_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    """Place in the header's list of units; the digest runs in this order."""
    document: Mapped[str]


class ReleaseTable(Base):
    """Everything that a release printed, as one table with its tree, so that anyone can audit it.

    ``table`` is a ``survey.release.clearance.Printed`` as JSON: counts that were printed as shares,
    None for what was hidden, nothing that was not printed.
    """

    __tablename__ = "release_table"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"], ["release.organisation_id", "release.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    release_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    table: Mapped[str]


class HiddenValue(Base):
    """That a value was hidden: read off the documents, with one reason for all.

    Rows of earlier versions hold finer reasons; ``survey.release.hidden.folded`` takes them away.
    """

    __tablename__ = "hidden_value"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"], ["release.organisation_id", "release.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    release_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    statistic: Mapped[str]
    reason: Mapped[str]


class ModeratedText(Base):
    """A comment (or a word with its count) waiting for, or past, a moderator's decision.

    Only from cells of at least ten answers; a word only from k people. ``text`` is what may be
    shown (a redaction replaces it); nothing tells who wrote it or what else that person answered.
    """

    __tablename__ = "moderated_text"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
        sa.Index("ix_moderated_text_wave", "organisation_id", "wave_id", "code"),
        {"sqlite_with_rowid": False},
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    code: Mapped[str]
    """The unit under which it may be shown."""
    question: Mapped[str]
    kind: Mapped[str]
    """comment or word."""
    text: Mapped[str]
    count: Mapped[int]
    state: Mapped[str]
    """waiting, released or withheld."""
    reason: Mapped[str]
