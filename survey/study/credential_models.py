"""Tables of the cryptographic mode: public keys by unit, and the credentials that came back."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class WaveUnitKey(Base):
    """The key that signs a unit's credentials: whose signature verifies, that unit it was.

    The private half lies with the wave's other keys outside the database, and is destroyed when
    the wave closes.
    """

    __tablename__ = "wave_unit_key"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id", "unit_id"],
            ["wave_unit.organisation_id", "wave_unit.wave_id", "wave_unit.unit_id"],
        ),
        sa.Index("ix_wave_unit_key_key_id", "key_id", unique=True),
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_id: Mapped[bytes]
    """The first 16 bytes of the SHA-256 of ``modulus``."""
    modulus: Mapped[bytes]
    """RSA modulus, big-endian; the exponent is 65537."""


class RedeemedCredential(Base):
    """A credential that an answer came with, so that it serves once. Nothing here was ever seen
    when the credential was signed, and there is no time on it."""

    __tablename__ = "redeemed_credential"
    __table_args__ = ({"sqlite_with_rowid": False},)

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    """Keyed hash of the credential's random message."""
    unit_id: Mapped[int]
    """The unit whose key had signed it."""
