"""People, what they may do, how they prove who they are, their sessions, and API keys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base
from survey.core.languages import DEFAULT


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
    language: Mapped[str] = mapped_column(default=DEFAULT)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime | None] = mapped_column(default=None)
    """When an invitation was last asked for; None when nobody has."""
    signed_in_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the person last signed in; None when never."""


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
    last_used_at: Mapped[datetime]
    """Kept to within a few minutes; a session that is left alone ends before its time."""
    device: Mapped[str] = mapped_column(default="")
    """A rough label of browser and system, so that its owner knows it again."""
    method: Mapped[str] = mapped_column(default="link")
    """``password``, ``link`` or ``oidc``."""
    provider: Mapped[str | None] = mapped_column(default=None)
    """Name of the OpenID provider in the settings, for ``oidc``."""
    strong: Mapped[bool] = mapped_column(default=False)
    """True when a second factor was given, here or at a provider that is trusted with it."""


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
    purpose: Mapped[str] = mapped_column(default="signin")
    """``signin`` or ``password``: a link of one kind is of no use for the other."""


class SecondFactor(Base):
    """A person's authenticator app: its secret, sealed with a key derived from the service's."""

    __tablename__ = "second_factor"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes]
    confirmed_at: Mapped[datetime | None]
    """None until the person has typed a code of the app."""
    last_step: Mapped[int] = mapped_column(default=0)
    """The time step of the last code that was accepted; none before it is accepted again."""


class RecoveryCode(Base):
    """One of a person's codes for a lost phone. Only its keyed hash; gone when it is used."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[int]
    person_id: Mapped[int]


class Identity(Base):
    """Who a person is at an OpenID provider: bound once, and from then on the only thing asked."""

    __tablename__ = "identity"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int]
    created_at: Mapped[datetime]


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
