"""The tables of answers. Protected: only ``answering.intake``, ``release.raw`` and
``operations.erasure`` may import this module, and a listener in the tests fails any statement on
these tables that is issued from anywhere else.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from survey.core.db import Base, SheetText


class Inbox(Base):
    """A sealed answer while its wave is open: a ciphertext of fixed length, and nothing else."""

    __tablename__ = "inbox"
    __table_args__ = ({"sqlite_with_rowid": False},)

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wave_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class Response(Base):
    """One person's answer sheet after the wave has closed. No time, no order, no way back.

    ``answers`` is the fixed-width sheet of ``survey.instrument.layout``; ``role`` is ``leader`` or
    ``employee``. ``unit_id`` is the unit (or the ancestor it was lifted to) of the frozen tree.
    """

    __tablename__ = "response"
    __table_args__ = (
        sa.Index("ix_response_cover", "wave_id", "unit_id", "role", "answers"),
        {"sqlite_with_rowid": False},
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    unit_id: Mapped[int]
    role: Mapped[str]
    answers: Mapped[str] = mapped_column(SheetText)


class Comment(Base):
    """One free text or one word, without its writer: no shared key or order with responses."""

    __tablename__ = "comment"
    __table_args__ = (
        sa.Index("ix_comment_wave", "wave_id", "unit_id", "question"),
        {"sqlite_with_rowid": False},
    )

    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    unit_id: Mapped[int]
    question: Mapped[str]
    text: Mapped[str]
