"""Studies, their waves, the tree as each wave froze it, and invitations."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class Study(Base):
    """One organisation, one instrument line, many waves; what people are promised is fixed at
    ``frozen_at``."""

    __tablename__ = "study"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "code"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.CheckConstraint("k >= 5", name="k_at_least_5"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    name: Mapped[str]
    instrument_id: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(sa.JSON)
    k: Mapped[int]
    """Fewest answers behind any published number; at least 5, raised only, fixed when frozen."""
    public_level: Mapped[int] = mapped_column(default=1, server_default="1")
    """Whose figures anybody may see: 0 the whole municipality's, 1 the areas' directly below it
    too, 2 those one level further down too, 3 every unit's. Lowered only once frozen."""
    mode: Mapped[str] = mapped_column(default="ordinary", server_default="ordinary")
    """``ordinary`` (sealed answers) or ``cryptographic`` (blind signatures besides); fixed when
    frozen."""
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]


class Wave(Base):
    """One measurement. Opening freezes instrument, tree and headcounts."""

    __tablename__ = "wave"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "study_id", "ordinal"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "study_id"], ["study.organisation_id", "study.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    study_id: Mapped[int]
    ordinal: Mapped[int]
    phase: Mapped[str]
    """before, during or after."""
    label: Mapped[str]
    state: Mapped[str]
    """draft, open, closed or released."""
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    """When the last answer could be given; of an import that lies where its own time says."""
    closed_here_at: Mapped[datetime | None]
    """When this service closed it, which retention counts from. None: closed by a version that
    did not write it down."""
    released_at: Mapped[datetime | None]
    instrument_version: Mapped[str | None]
    instrument_digest: Mapped[str | None]
    instrument: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    """The frozen instrument as plain JSON."""
    public_key: Mapped[bytes | None]
    """Answers are sealed to it; the private half lies outside the database."""
    keys_digest: Mapped[str | None]
    """SHA-256 of the file of public signing keys, printed with the codes; cryptographic mode."""
    codes_exported_at: Mapped[datetime | None]
    """When codes last left as a list; each code leaves once (``Invitation.exported``)."""
    settled: Mapped[bool] = mapped_column(default=False)
    """True once the sealed answers were opened and stored as responses."""
    source: Mapped[str] = mapped_column(default="answers")
    """``answers`` when people answer here, ``import`` when responses come from another tool."""
    release_after_close: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """False when staff look at what will be hidden before the results are released."""


class WaveUnit(Base):
    """A unit as it stood when the wave opened."""

    __tablename__ = "wave_unit"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "wave_id", "code"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None]
    kind: Mapped[str]
    headcount: Mapped[int | None]
    invited: Mapped[int] = mapped_column(default=0)
    """Invitations made for this unit itself, children not counted."""
    replaced: Mapped[int] = mapped_column(default=0, server_default="0")
    """Codes given out besides these for lost letters that nobody could name: as many people may
    have two (docs/decisions/0013)."""
    reporting_unit_id: Mapped[int]
    """Where its answers are counted: itself, or the neighbour it was merged with (invited < k)."""


class ParticipationCount(Base):
    """What may be told of how many have answered in a unit of an open wave, everybody below it
    included. Counted once a day and rounded then: the true number is stored nowhere."""

    __tablename__ = "participation_count"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id", "unit_id"],
            ["wave_unit.organisation_id", "wave_unit.wave_id", "wave_unit.unit_id"],
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answered: Mapped[int]
    """Rounded down; above units the sum of theirs."""
    counted_at: Mapped[datetime]


class WaveUnitChange(Base):
    """A change of units (``unit_change``) that lies between a wave and the one opened before it.

    Written when the wave opens; the change is frozen with it.
    """

    __tablename__ = "wave_unit_change"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"], ["wave.organisation_id", "wave.id"]
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "change_id"], ["unit_change.organisation_id", "unit_change.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since_wave_id: Mapped[int | None]
    """The wave of the study that was opened last before; None for a study's first wave."""


class Invitation(Base):
    """One code for one employment. The code itself is never stored, only keyed hashes of it.

    ``submission_hash`` is the keyed hash of the client's random submission id, or of the blinded
    message that a credential was given out for: the same again is a repeat, another one is
    refused. Nothing here is derived from the answers, and there is no time on it.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id", "unit_id"],
            ["wave_unit.organisation_id", "wave_unit.wave_id", "wave_unit.unit_id"],
        ),
        sa.Index("ix_invitation_code_hash", "code_hash", unique=True),
        sa.Index("ix_invitation_short_hash", "short_hash", unique=True),
        sa.Index("ix_invitation_wave", "organisation_id", "wave_id", "unit_id"),
        {"sqlite_with_rowid": False},
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    unit_id: Mapped[int]
    code_hash: Mapped[bytes]
    short_hash: Mapped[bytes]
    exported: Mapped[bool] = mapped_column(default=False)
    spent: Mapped[bool] = mapped_column(default=False)
    issued: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """True when it was spent for a credential (cryptographic mode), not for an answer."""
    submission_hash: Mapped[bytes | None] = mapped_column(default=lambda: secrets.token_bytes(32))
    """Random until it is spent: a row that grew would be moved, and SQLite's file would tell in
    which order rows were."""
