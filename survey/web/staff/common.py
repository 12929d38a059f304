"""What the staff's pages of studies and waves share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import current_app, request, url_for
from sqlalchemy.orm import Session

from survey.access.principal import Principal
from survey.core import local_time
from survey.core.errors import Fault, InvalidInput
from survey.core.local_time import RepeatedTime, SkippedTime
from survey.core.services import services
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.study import studies
from survey.study.find import find_wave
from survey.study.models import Study, Wave
from survey.study.reasons import Reason
from survey.web import catalogue

STUDY = "/stab/<org>/undersokelse/<study>"
WAVE = STUDY + "/maling/<int:ordinal>"

Wrong = dict[str, str]
"""Field → what is wrong with it, in the reader's language."""


def wave_of(session: Session, who: Principal, study: str, ordinal: int) -> tuple[Study, Wave]:
    """The study and the wave of an address; NotFound when there is none."""
    stored_study = studies.study_by_code(session, who.organisation_id, study)
    return stored_study, find_wave(session, stored_study, ordinal)


def library() -> Library:
    """The instruments that this service has."""
    return Library(services().settings.instrument_dir)


def newest() -> list[Instrument]:
    """The newest version of every line, by id."""
    instruments = library()
    return [instruments.get(line) for line in instruments.lines()]


def address_of(endpoint: str, **values: Any) -> str:
    """The address of another part's page, '' while this service has no such page."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


def told(part: str, faults: Iterable[Fault], **values: Any) -> Wrong:
    """Faults as texts of a catalogue (``fault_<field>``), the first of each field."""
    language = catalogue.language()
    texts: Wrong = {}
    for fault in faults:
        name = str(fault.where).partition("/")[0]
        texts.setdefault(name, catalogue.text(f"{part}.fault_{name}", language, **values))
    return texts


def summary(wrong: Mapping[str, str]) -> list[tuple[str, str]]:
    """The lines of an error summary: (field's id, text)."""
    return [(f"f-{name}", text) for name, text in wrong.items()]


def moment_field(name: str, wrong: Wrong) -> datetime | None:
    """A date and time of the form, in UTC; None when empty. What cannot be used is in ``wrong``."""
    text = request.form.get(name, "").strip()[:40]
    if not text:
        return None
    try:
        return local_time.parse_local(text, name)
    except SkippedTime:
        fault = "fault_time_skipped"
    except RepeatedTime:
        fault = "fault_time_repeated"
    except InvalidInput:
        fault = "fault_time"
    wrong[name] = catalogue.text(f"waves.{fault}", catalogue.language())
    return None


def whole_field(name: str, otherwise: int) -> int:
    """A whole number of the form; ``otherwise`` when it is none."""
    text = request.form.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def reason_field() -> Reason:
    """The reason and its note of the form."""
    return Reason(request.form.get("reason", "")[:40], request.form.get("note", "")[:2000])
