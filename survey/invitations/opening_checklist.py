"""What should be in order before a draft is opened: opening cannot be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import now
from survey.core.errors import Message, SurveyError
from survey.core.keystore import KeyStore
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.invitations.code_delivery import waiting
from survey.organisation.models import Unit
from survey.study.freezing import Merged, planned_merges, wave_units
from survey.study.models import Study, Wave
from survey.study.waves import study_of

State = Literal["good", "look", "stop"]
"""``stop``: opening would be refused."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was checked. ``name`` is the point, ``told`` how it stands."""

    name: str
    state: State
    told: str
    n: int = 0
    text: str | Message = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """All points, the questionnaire as it would be frozen, and the units that would be merged."""

    points: tuple[Point, ...]
    instrument: Instrument | None
    merged: tuple[Merged, ...]

    @property
    def ready(self) -> bool:
        """True when nothing would be refused."""
        return all(point.state != "stop" for point in self.points)


def checklist(session: Session, keys: KeyStore, library: Library, wave: Wave) -> Checklist:
    """Check a draft. Changes nothing."""
    study = study_of(session, wave)
    instrument, asked = _instrument(library, study)
    merged = planned_merges(session, wave, study.k)
    points = [asked, _units(session, wave), *_people(session, study, wave), _time(wave)]
    points += _others(session, wave)
    if wave.source == "answers":
        points.append(_escrow(keys, wave))
    if merged:
        points.append(Point("merged", "look", "merged", len(merged)))
    return Checklist(tuple(points), instrument, tuple(merged))


def _instrument(library: Library, study: Study) -> tuple[Instrument | None, Point]:
    try:
        instrument = library.get(study.instrument_id)
    except SurveyError as error:
        return None, Point("instrument", "stop", "instrument_missing", text=error.message)
    missing = [language for language in study.languages if language not in instrument.languages]
    if missing:
        return instrument, Point(
            "instrument", "stop", "instrument_languages", text=", ".join(missing)
        )
    return instrument, Point(
        "instrument", "good", "instrument", instrument.version, ", ".join(study.languages)
    )


def _units(session: Session, wave: Wave) -> Point:
    count = session.scalar(
        sa.select(sa.func.count()).where(
            Unit.organisation_id == wave.organisation_id, Unit.closed_at.is_(None)
        )
    )
    return Point(
        "units", "good" if count else "stop", "units" if count else "units_none", count or 0
    )


def _people(session: Session, study: Study, wave: Wave) -> list[Point]:
    """Whether people are invited, and how many codes lie here still."""
    if wave.source != "answers":
        return []
    invited = sum(row.invited for row in wave_units(session, wave))
    if not invited:
        return [Point("invited", "look", "invited_none")]
    points = [Point("invited", "good", "invited", invited)]
    codes_here = sum(waiting(session, wave).values())
    if study.mode == "cryptographic":
        points.append(Point("handed", "good", "handed_later"))
    elif codes_here:
        points.append(Point("handed", "look", "handed_none", codes_here))
    else:
        points.append(Point("handed", "good", "handed"))
    return points


def _time(wave: Wave) -> Point:
    if wave.closes_at is None:
        return Point("time", "look", "time_none")
    if wave.source == "answers" and wave.closes_at <= now():
        return Point("time", "stop", "time_past")
    return Point("time", "good", "time")


def _others(session: Session, wave: Wave) -> list[Point]:
    other = session.scalar(
        sa.select(Wave.label).where(
            Wave.organisation_id == wave.organisation_id,
            Wave.study_id == wave.study_id,
            Wave.state == "open",
            Wave.source == "answers",
        )
    )
    if other is None or wave.source != "answers":
        return []
    return [Point("other", "stop", "other", text=other)]


def _escrow(keys: KeyStore, wave: Wave) -> Point:
    """A second copy of the key, or whether there will be one."""
    if keys.escrow is None:
        return Point("escrow", "look", "escrow_none")
    if not keys.escrow.is_dir():
        return Point("escrow", "look", "escrow_away")
    if "private" not in keys.left(wave.id):
        return Point("escrow", "good", "escrow_coming")
    if keys.escrowed(wave.id):
        return Point("escrow", "good", "escrow")
    return Point("escrow", "stop", "escrow_differs")
