"""People, what they may do, their sessions, one-time sign-in links and API keys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


class Person(Base):
    """Someone who signs in: innovation staff, a unit manager, an auditor. Never a respondent."""

    __tablename__ = "person"
    __table_args__ = (
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.UniqueConstraint("organisation_id", "email"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    email: Mapped[str]
    """Lower case."""
    password_hash: Mapped[str | None]
    """argon2id; None for people who sign in elsewhere."""
    language: Mapped[str] = mapped_column(default="nb")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Grant(Base):
    """A role of a person: ``staff`` or ``auditor`` of the organisation, ``manager`` of one unit."""

    __tablename__ = "grant"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        sa.UniqueConstraint("organisation_id", "person_id", "role", "unit_id"),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int]
    role: Mapped[str]
    unit_id: Mapped[int | None]
    """The unit a manager leads; the units below come with it."""


class StaffSession(Base):
    """A signed-in browser. Only the keyed hash of the cookie's token is stored."""

    __tablename__ = "staff_session"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[int]
    person_id: Mapped[int]
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SigninLink(Base):
    """A one-time link: GET shows it, POST redeems it."""

    __tablename__ = "signin_link"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[int]
    person_id: Mapped[int]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]


class ApiKey(Base):
    """A program's key with its scopes; only its keyed hash is stored."""

    __tablename__ = "api_key"
    __table_args__ = (
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.Index("ix_api_key_key_hash", "key_hash", unique=True),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    key_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SigninFailure(Base):
    """How often signing in failed in one quarter of an hour, by keyed hash of address or account.

    Holds neither an address nor an e-mail; rows of windows that have passed are swept away.
    """

    __tablename__ = "signin_failure"

    bucket: Mapped[bytes] = mapped_column(primary_key=True)
    window: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]
