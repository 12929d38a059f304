"""Reads what a release needs besides the answers: the frozen tree, and what was released before."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.errors import Conflict
from survey.instrument.model import Instrument
from survey.organisation.models import Organisation
from survey.release.codec import header_from_json, unit_from_json
from survey.release.document import Phase, WaveFacts
from survey.release.frame import Frame, FrameUnit, depth_first
from survey.release.lineage import Earlier, Recorded
from survey.release.models import Release, ReleaseUnit
from survey.study.comparability import frozen_changes
from survey.study.models import Study, Wave, WaveUnit

OSLO = ZoneInfo("Europe/Oslo")
_PHASES: dict[str, Phase] = {"before": "before", "during": "during", "after": "after"}


def load_frame(session: Session, wave: Wave) -> Frame:
    """The frame of a wave that has been opened."""
    study = session.get_one(Study, (wave.organisation_id, wave.study_id))
    organisation = session.get_one(Organisation, wave.organisation_id)
    if wave.instrument is None:
        raise Conflict("wave_never_opened")
    rows = session.scalars(
        sa.select(WaveUnit).where(
            WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id
        )
    ).all()
    code = {row.unit_id: row.code for row in rows}
    units = [
        FrameUnit(
            code=row.code,
            name=row.name,
            kind=row.kind,
            parent=None if row.parent_id is None else code[row.parent_id],
            headcount=row.headcount,
            invited=row.invited,
            reports_to=code[row.reporting_unit_id],
        )
        for row in rows
    ]
    return Frame(
        study=study.name,
        organisation=organisation.name,
        languages=tuple(study.languages),
        k=study.k,
        wave=wave_facts(wave),
        instrument=Instrument.from_dict(wave.instrument),
        units=depth_first(units),
        recorded=tuple(load_recorded(session, wave)),
        public_level=study.public_level,
    )


def load_recorded(session: Session, wave: Wave) -> list[Recorded]:
    """What was done to units up to a wave, in the order in which it was done."""
    return [
        Recorded(
            ordinal=ordinal,
            kind=change.kind,
            before=tuple(change.from_codes),
            after=tuple(change.to_codes),
            continues=change.continues,
            names=change.names,
            was=change.before,
            became=change.after,
            reasons=change.reasons,
        )
        for ordinal, change in frozen_changes(session, wave)
    ]


def wave_facts(wave: Wave) -> WaveFacts:
    """Name and days of a wave, as printed."""
    return WaveFacts(
        ordinal=wave.ordinal,
        phase=_PHASES[wave.phase],
        label=wave.label,
        opened_on=_day(wave.opened_at),
        closed_on=_day(wave.closed_at),
    )


def load_earlier(session: Session, wave: Wave) -> list[Earlier]:
    """The latest release of every earlier wave of the study, oldest first."""
    rows = session.execute(
        sa.select(Release.id, Release.header)
        .join(
            Wave,
            sa.and_(Wave.organisation_id == Release.organisation_id, Wave.id == Release.wave_id),
        )
        .where(
            Release.organisation_id == wave.organisation_id,
            Release.study_id == wave.study_id,
            Wave.ordinal < wave.ordinal,
        )
        .order_by(Wave.ordinal, Release.number)
    ).all()
    by_ordinal: dict[int, Earlier] = {}
    for release_id, header in rows:
        documents = session.scalars(
            sa.select(ReleaseUnit.document).where(
                ReleaseUnit.organisation_id == wave.organisation_id,
                ReleaseUnit.release_id == release_id,
            )
        )
        read = header_from_json(header)
        units = {unit.unit.code: unit for unit in map(unit_from_json, documents)}
        by_ordinal[read.wave.ordinal] = Earlier(read.wave, units, read.method)
    return list(by_ordinal.values())


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(OSLO).date().isoformat()
