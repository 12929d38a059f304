"""What a report is made from, gathered in one place, so that a page's PDF, the command's and the
worker's are the same: the release, the texts that moderators released, what the unit decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from survey.followup import overview
from survey.followup.model import FollowUp
from survey.release import read
from survey.release.codec import header_from_json, unit_from_json
from survey.release.moderation import ReleasedTexts, released_of_wave, released_texts
from survey.release.read import StoredUnit
from survey.reports.unit.content import FreeText
from survey.study.models import Study


@dataclass(frozen=True)
class UnitMaterial:
    """For one unit's report."""

    stored: StoredUnit
    free_text: FreeText
    follow_up: FollowUp


@dataclass(frozen=True)
class StudyMaterial:
    """For all units' reports; ``documents`` leaves out units that were merged into others."""

    digest: str
    header: str
    languages: tuple[str, ...]
    documents: tuple[str, ...]
    free_text: Mapping[str, FreeText]
    follow_up: Mapping[str, FollowUp]


def of_unit(session: Session, study: Study, code: str, ordinal: int | None = None) -> UnitMaterial:
    """Everything behind one unit's report; NotFound when the wave or the unit is not released."""
    stored = read.unit_document(session, study.organisation_id, study.id, code, ordinal)
    texts = released_texts(session, study.organisation_id, stored.wave_id, code)
    decided = overview.of_unit(session, study.organisation_id, stored)
    return UnitMaterial(stored, _free_text(texts), decided)


def of_study(session: Session, study: Study, ordinal: int | None = None) -> StudyMaterial:
    """Everything behind all units' reports of a released wave."""
    organisation_id = study.organisation_id
    stored = read.documents(session, organisation_id, study.id, ordinal)
    header = header_from_json(stored.header)
    texts = released_of_wave(session, organisation_id, stored.wave_id)
    return StudyMaterial(
        digest=stored.digest,
        header=stored.header,
        languages=header.languages,
        documents=tuple(
            text for _, text in stored.units if unit_from_json(text).unit.merged_into is None
        ),
        free_text={code: _free_text(unit_texts) for code, unit_texts in texts.items()},
        follow_up=overview.of_study(
            session, organisation_id, study.id, stored.wave_id, header.wave.ordinal
        ),
    )


def _free_text(texts: ReleasedTexts) -> FreeText:
    return FreeText(texts.comments, texts.words)
