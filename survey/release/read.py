"""Releases as pages, PDFs, exports and API read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.errors import NotFound, say
from survey.release.codec import digest, header_from_json, unit_from_json
from survey.release.document import ReleaseHeader, UnitResult
from survey.release.models import Release, ReleaseUnit
from survey.study.models import Wave, WaveUnit

_header = lru_cache(maxsize=16)(header_from_json)
"""Headers are frozen and list every unit of the municipality: each is built once, not per page."""


@dataclass(frozen=True)
class StoredRelease:
    """A release without its units."""

    id: int
    study_id: int
    wave_id: int
    created_at: datetime
    digest: str
    header: ReleaseHeader


@dataclass(frozen=True)
class StoredUnit:
    """One unit's result with the header it belongs to. ``digest`` is the whole release's."""

    release_id: int
    study_id: int
    wave_id: int
    digest: str
    header: ReleaseHeader
    unit: UnitResult


@dataclass(frozen=True)
class StoredDocuments:
    """A whole release as the JSON that was stored, for those who render many units."""

    wave_id: int
    digest: str
    header: str
    units: tuple[tuple[str, str], ...]
    """(unit code, document), in the order of the header's list."""


def releases(session: Session, organisation_id: int, study_id: int) -> list[StoredRelease]:
    """The latest release of each released wave, in the order of the waves."""
    rows = session.execute(
        sa.select(Release, Wave.ordinal)
        .join(
            Wave,
            sa.and_(Wave.organisation_id == Release.organisation_id, Wave.id == Release.wave_id),
        )
        .where(Release.organisation_id == organisation_id, Release.study_id == study_id)
        .order_by(Wave.ordinal, Release.number)
    ).all()
    return list({ordinal: _stored(release) for release, ordinal in rows}.values())


def latest(
    session: Session, organisation_id: int, study_id: int, ordinal: int | None = None
) -> StoredRelease:
    """The release of the wave ``ordinal``, else of the study's latest released wave.

    NotFound when there is none.
    """
    return _stored(_latest(session, organisation_id, study_id, ordinal))


def unit_document(
    session: Session,
    organisation_id: int,
    study_id: int,
    code: str,
    ordinal: int | None = None,
) -> StoredUnit:
    """One unit's result, of the latest released wave unless ``ordinal`` names one.

    Two queries, whatever the number of respondents and units. NotFound when there is none.
    """
    release = _latest(session, organisation_id, study_id, ordinal)
    text = session.scalar(
        sa.select(ReleaseUnit.document).where(
            ReleaseUnit.organisation_id == organisation_id,
            ReleaseUnit.release_id == release.id,
            ReleaseUnit.code == code,
        )
    )
    if text is None:
        raise NotFound(say("no_unit_in_this_release", code=code))
    header = _header(release.header)
    return StoredUnit(
        release.id, study_id, release.wave_id, release.digest, header, unit_from_json(text)
    )


def documents(
    session: Session, organisation_id: int, study_id: int, ordinal: int | None = None
) -> StoredDocuments:
    """A whole release as stored JSON; ValueError when it is not what was released."""
    release = _latest(session, organisation_id, study_id, ordinal)
    rows = session.execute(
        sa.select(ReleaseUnit.code, ReleaseUnit.document)
        .where(
            ReleaseUnit.organisation_id == organisation_id,
            ReleaseUnit.release_id == release.id,
        )
        .order_by(ReleaseUnit.position)
    ).all()
    if digest([release.header, *(text for _, text in rows)]) != release.digest:
        raise ValueError("the stored release does not match its digest")
    return StoredDocuments(
        release.wave_id, release.digest, release.header, tuple((code, text) for code, text in rows)
    )


def knew_looser_rules(session: Session, wave: Wave) -> bool:
    """True when results of the wave's study stand that were released under the first disclosure
    design, whose rules were looser: who is asked now may remember those."""
    old_release = sa.exists().where(
        Release.organisation_id == wave.organisation_id,
        Release.study_id == wave.study_id,
        Release.schema == 1,
    )
    return bool(session.scalar(sa.select(old_release)))


def merged_units(session: Session, wave: Wave) -> dict[str, str]:
    """Unit code → name of the neighbour that its answers are counted in; they have no report."""
    rows = session.scalars(
        sa.select(WaveUnit).where(
            WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id
        )
    ).all()
    name = {row.unit_id: row.name for row in rows}
    above = {row.parent_id for row in rows}
    return {
        row.code: name[row.reporting_unit_id]
        for row in rows
        if row.reporting_unit_id != row.unit_id and row.unit_id not in above
    }


def _latest(session: Session, organisation_id: int, study_id: int, ordinal: int | None) -> Release:
    query = (
        sa.select(Release)
        .join(
            Wave,
            sa.and_(Wave.organisation_id == Release.organisation_id, Wave.id == Release.wave_id),
        )
        .where(Release.organisation_id == organisation_id, Release.study_id == study_id)
        .order_by(Wave.ordinal.desc(), Release.number.desc())
        .limit(1)
    )
    if ordinal is not None:
        query = query.where(Wave.ordinal == ordinal)
    release = session.scalar(query)
    if release is None:
        raise NotFound("study_without_release")
    return release


def _stored(release: Release) -> StoredRelease:
    return StoredRelease(
        release.id,
        release.study_id,
        release.wave_id,
        release.created_at,
        release.digest,
        _header(release.header),
    )
