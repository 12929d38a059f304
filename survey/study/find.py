"""Things by the names that people type."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.errors import InvalidInput, NotFound, say
from survey.organisation.models import Organisation
from survey.study.models import Study, Wave
from survey.study.studies import study_by_code


def find_organisation(session: Session, code: str | None) -> Organisation:
    """The organisation with this code; without a code, the only one there is."""
    organisations = session.scalars(sa.select(Organisation).order_by(Organisation.code)).all()
    if code is not None:
        for organisation in organisations:
            if organisation.code == code:
                return organisation
        raise NotFound(say("no_organisation_with_code", code=code))
    if len(organisations) != 1:
        codes = ", ".join(organisation.code for organisation in organisations) or "none"
        raise InvalidInput(say("name_organisation_with_organisation_are", codes=codes))
    return organisations[0]


def find_study(session: Session, organisation: str | None, study: str) -> Study:
    """The study with this code, in the organisation named (or the only one)."""
    return study_by_code(session, find_organisation(session, organisation).id, study)


def find_wave(session: Session, study: Study, ordinal: int) -> Wave:
    """The study's wave with this ordinal; NotFound when there is none."""
    wave = session.scalar(
        sa.select(Wave).where(
            Wave.organisation_id == study.organisation_id,
            Wave.study_id == study.id,
            Wave.ordinal == ordinal,
        )
    )
    if wave is None:
        raise NotFound(say("no_such_wave_in_study", code=study.code, ordinal=ordinal))
    return wave


def wave_by_id(session: Session, organisation_id: int, wave_id: int) -> Wave:
    """The wave that a task or another row names; NotFound when the organisation has none of it."""
    wave = session.get(Wave, (organisation_id, wave_id))
    if wave is None:
        raise NotFound("no_such_wave")
    return wave
