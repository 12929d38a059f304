"""The table of counted attempts: keyed hashes that are useless when their time is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base


class AttemptCount(Base):
    """How often something was tried in one window of time. No address, no account, no code.

    Kept without row ids: rows in the order in which they came would tell between which sign-ins
    a code failed.
    """

    __tablename__ = "attempt_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    bucket: Mapped[bytes] = mapped_column(primary_key=True)
    """Keyed hash of purpose, window and what is counted: an account, a network, or everybody."""
    until: Mapped[datetime]
    """End of the window, the same for everything that is counted in it; then the row goes."""
    count: Mapped[int]
