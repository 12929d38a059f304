"""Whom a code lets in: from what was typed to the invitation and its open wave.

Nothing here writes. What is told about a code is no more than the person who holds it needs: that
it is unknown, too early, too late or used. A closed wave does not say whether the code was used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.db import now
from survey.errors import Closed, Conflict, NotFound, NotYetOpen
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.organisation.models import Organisation
from survey.secret import Secret
from survey.study import invitations
from survey.study.models import Invitation, Study, Wave

STATES_AFTER = ("closed", "released")


@dataclass(frozen=True, slots=True)
class Admission:
    """An invitation to a wave that takes answers now, and the wave's frozen questionnaire."""

    invitation: Invitation
    wave: Wave
    layout: Layout


class UsedCode(Conflict):
    """The code has been used for another submission."""


class UnknownCode(NotFound):
    """A well-formed code that belongs to no invitation; the only failure that is counted."""


def find(session: Session, secret: Secret, code: str) -> tuple[Invitation, Wave]:
    """Return invitation and wave of a typed code, whatever their state.

    Raises MistypedCode when it cannot be a code, UnknownCode when there is no such invitation.
    """
    ...


def admit(session: Session, secret: Secret, code: str) -> Admission:
    """Return the admission of a code that has not been used, to a wave that is open now.

    Raises MistypedCode, UnknownCode, NotYetOpen, Closed or UsedCode.
    """
    ...


def study_of(session: Session, wave: Wave) -> tuple[Study, str]:
    """Return the wave's study and the name of its organisation."""
    ...


def layout_of(wave: Wave) -> Layout:
    """Return the layout of the wave's frozen instrument."""
    ...


def check_open(state: str, opens_at: datetime | None, closes_at: datetime | None) -> None:
    """Raise NotYetOpen or Closed unless a wave in this state takes answers at this moment."""
    ...
