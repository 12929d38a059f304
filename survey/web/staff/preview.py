"""A questionnaire before it is chosen: the form as respondents see it, in all its languages."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from markupsafe import Markup

from survey.access import guard
from survey.access.guard import access
from survey.answering.questionnaire import choose, describe
from survey.core.errors import NotFound
from survey.core.languages import LANGUAGES
from survey.core.services import services
from survey.instrument.model import Instrument
from survey.instrument.parts import pick
from survey.study import studies
from survey.web import catalogue
from survey.web.answer.form import Filled
from survey.web.staff.common import library

bp = Blueprint("staff_preview", __name__)


@bp.get("/stab/<org>/skjema/<line>")
@access("staff")
def show(org: str, line: str) -> str:
    """The form, read-only, in the language asked for, and what it measures."""
    who = guard.principal()
    instrument = library().get(line, _version(request.args.get("versjon", "")))
    shown = choose(list(instrument.languages), request.args.get("sprak", catalogue.language()))
    k, level, study = studies.SMALLEST_K, 1, None
    if code := request.args.get("undersokelse", ""):
        with services().db.reading() as session:
            study = studies.study_by_code(session, who.organisation_id, code)
            k, level = study.k, study.public_level
    return render_template(
        "staff/instrument.html",
        instrument=instrument,
        shown=shown,
        study=study,
        form=_form(instrument, shown, k, level),
        title=pick(instrument.title, catalogue.language()),
        text=lambda texts: pick(texts or {}, shown),
        menu="staff",
    )


def _form(instrument: Instrument, language: str, k: int, public_level: int) -> Markup:
    """The respondents' form in ``language``; its own words in that language too, where they
    exist."""
    spoken = language if language in LANGUAGES else catalogue.language()
    promised = {"smallest_group": k, "public_level": public_level}
    return Markup(  # noqa: S704  # made by a template of ours, which escapes
        render_template(
            "staff/form.html",
            view=describe(instrument, language) | promised,
            public_from=studies.PUBLIC_FROM,
            filled=Filled(),
            t=catalogue.translator(spoken),
        )
    )


def _version(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise NotFound("no_such_version")
    return int(text)
