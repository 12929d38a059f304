"""Whom a code lets in: from what was typed to the invitation and its open wave.

Nothing here writes. What is told about a code is no more than the person who holds it needs: that
it is unknown, too early, too late or used. A closed wave does not say whether the code was used.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from survey.core.db import now
from survey.core.errors import Closed, Conflict, NotFound, NotYetOpen
from survey.core.secret import Secret
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.invitations.codes import LINK_LENGTH, code_hash, normalise, short_hash
from survey.organisation.models import Organisation
from survey.study.models import Invitation, Study, Wave

_LAYOUTS_KEPT = 64


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
    link = len(normalise(code)) == LINK_LENGTH
    matches = (
        Invitation.code_hash == code_hash(secret, code)
        if link
        else Invitation.short_hash == short_hash(secret, code)
    )
    # The lookup is by a keyed hash, so its timing says nothing about codes that are near.
    row = session.execute(
        sa.select(Invitation, Wave)
        .join(
            Wave,
            sa.and_(
                Wave.organisation_id == Invitation.organisation_id, Wave.id == Invitation.wave_id
            ),
        )
        .where(matches)
        .options(defer(Wave.instrument))
    ).one_or_none()
    if row is None:
        raise UnknownCode("no_such_code")
    return row[0], row[1]


def admit(session: Session, secret: Secret, code: str) -> Admission:
    """Return the admission of a code that has not been used, to a wave that is open now.

    A code that was exchanged for a credential still shows the questions: whether the credential has
    been used, nobody can know. Raises MistypedCode, UnknownCode, NotYetOpen, Closed or UsedCode.
    """
    invitation, wave = find(session, secret, code)
    check_open(wave.state, wave.opens_at, wave.closes_at)
    if invitation.spent and not invitation.issued:
        raise UsedCode("this_code_has_been_used")
    return Admission(invitation, wave, layout_of(session, wave))


def check_open(state: str, opens_at: datetime | None, closes_at: datetime | None) -> None:
    """Raise NotYetOpen or Closed unless a wave in this state takes answers at this moment."""
    moment = now()
    if state in ("closed", "released") or (closes_at is not None and moment >= closes_at):
        raise Closed("this_survey_has_closed")
    if state != "open" or (opens_at is not None and moment < opens_at):
        raise NotYetOpen("this_survey_has_not_opened_yet")


def study_of(session: Session, wave: Wave) -> tuple[Study, str]:
    """Return the wave's study and the name of its organisation."""
    row = session.execute(
        sa.select(Study, Organisation.name)
        .join(Organisation, Organisation.id == Study.organisation_id)
        .where(Study.organisation_id == wave.organisation_id, Study.id == wave.study_id)
    ).one()
    return row[0], row[1]


class _Layouts:
    """Layouts by digest: a frozen instrument never changes, so a process reads each once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Layout] = OrderedDict()
        self._lock = Lock()

    def get(self, session: Session, wave: Wave) -> Layout:
        digest = wave.instrument_digest
        if digest is None:
            raise NotYetOpen("this_survey_has_not_opened_yet")
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        plain = session.scalar(
            sa.select(Wave.instrument).where(
                Wave.organisation_id == wave.organisation_id, Wave.id == wave.id
            )
        )
        if plain is None:
            raise NotYetOpen("this_survey_has_not_opened_yet")
        layout = Layout(Instrument.from_dict(plain))
        with self._lock:
            self._kept[digest] = layout
            while len(self._kept) > _LAYOUTS_KEPT:
                self._kept.popitem(last=False)
        return layout


_layouts = _Layouts()


def layout_of(session: Session, wave: Wave) -> Layout:
    """Return the layout of the wave's frozen instrument; NotYetOpen when none is frozen."""
    return _layouts.get(session, wave)
