"""What a respondent is asked, in one language, as plain JSON for the form and for the API."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from survey.answering.admission import admit, study_of
from survey.answering.credentials import of_code
from survey.core.languages import FRAME_ONLY, nearest
from survey.core.secret import Secret
from survey.instrument.items import NA
from survey.instrument.model import Instrument
from survey.instrument.parts import Item, Page, Question, Scale, pick
from survey.instrument.question_types.registry import type_of


def questionnaire(
    session: Session, secret: Secret, code: str, language: str = ""
) -> dict[str, Any]:
    """Return the questionnaire that a code opens, in ``language`` or the nearest one there is.

    Reads only: opening it spends nothing. Raises what ``admission.admit`` raises.
    """
    admission = admit(session, secret, code)
    study, organisation = study_of(session, admission.wave)
    closes_at = admission.wave.closes_at
    languages = list(study.languages) or list(admission.layout.instrument.languages)
    return {
        "organisation": organisation,
        "study": study.name,
        "smallest_group": study.k,
        "public_level": study.public_level,
        "closes_at": closes_at.isoformat() if closes_at else None,
        "languages": languages,
        "credential": of_code(session, admission.wave, admission.invitation),
        **describe(admission.layout.instrument, choose(languages, language)),
    }


def choose(languages: list[str], wanted: str) -> str:
    """Return ``wanted`` when it is one of the languages; else the nearest to one that only the
    frame speaks; else the first."""
    if wanted in languages or wanted in FRAME_ONLY:
        return nearest(wanted, languages)
    return languages[0]


def describe(instrument: Instrument, language: str) -> dict[str, Any]:
    """Return title, introduction and pages of an instrument in one language.

    A page is ``{"title", "blocks"}``. A block is ``{"kind", "id", "text", "required"}`` with
    ``options`` (``value`` and ``label``) and ``not_applicable`` (its label or None) for an item,
    and with what a question's type describes.
    """
    return {
        "instrument": f"{instrument.id}/{instrument.version}",
        "language": language,
        "title": pick(instrument.title, language),
        "introduction": pick(instrument.introduction or {}, language),
        "not_applicable_value": NA,
        "pages": [_page(instrument, page, language) for page in instrument.pages],
    }


def _page(instrument: Instrument, page: Page, language: str) -> dict[str, Any]:
    blocks = []
    for dimension_id in page.dimensions:
        dimension = instrument.dimension(dimension_id)
        scale = instrument.scales[dimension.scale]
        blocks += [_item(item, scale, language) for item in dimension.items]
    blocks += [
        _question(instrument.question(question_id), language) for question_id in page.questions
    ]
    return {"title": pick(page.title or {}, language), "blocks": blocks}


def _item(item: Item, scale: Scale, language: str) -> dict[str, Any]:
    na = scale.not_applicable
    return {
        "kind": "item",
        "id": item.id,
        "text": pick(item.text, language),
        "required": item.required,
        "options": [
            {"value": value, "label": pick(scale.labels.get(value, {}), language) or str(value)}
            for value in scale.values
        ],
        "not_applicable": None if na is None else pick(na, language),
    }


def _question(question: Question, language: str) -> dict[str, Any]:
    return {
        "kind": question.type,
        "id": question.id,
        "text": pick(question.text, language),
        "required": question.required,
        "purpose": question.purpose,
        **type_of(question).describe(question, language),
    }
