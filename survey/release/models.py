"""Releases as stored: immutable documents, the blocks behind them, texts that moderators see."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


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
    """The blocks behind a release: what its auditor reads, and no page, API or export.

    ``table`` is a ``survey.disclosure.model.Blocks`` as JSON; of a release of schema 1 what its
    own auditor read, which nothing reads any more.
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


class SealedResult(Base):
    """The protected result of a closed wave, until it is released or its answers are deleted.

    Small counts are rounded at random, so a wave is protected once: what is looked at before the
    release and what is released are the same computation. ``sealed`` opens with the wave's private
    key only. ``look`` is a ``survey.release.look.Look`` as JSON: how many answers count where.
    """

    __tablename__ = "sealed_result"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes]
    look: Mapped[str]


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
