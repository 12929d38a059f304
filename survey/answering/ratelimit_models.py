"""The table of failed codes: counts by day, of keyed hashes that are useless the day after."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class FailedCode(Base):
    """How many codes failed today from one bucket. No address, no code, no time of day."""

    __tablename__ = "failed_code"

    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    bucket: Mapped[bytes] = mapped_column(primary_key=True)
    """Keyed hash of day and network address, or of the day alone (all addresses together)."""
    count: Mapped[int]
