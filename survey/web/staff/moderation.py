"""Where innovation staff read free text and decide what may be shown: many at once, or one by one
with a redaction that is looked at first."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Fault, InvalidInput, NotFound
from survey.core.services import services
from survey.instrument.model import Instrument
from survey.instrument.parts import pick
from survey.release import moderation, read
from survey.release.models import ModeratedText
from survey.release.moderation import Decision
from survey.release.read import StoredRelease
from survey.study import studies
from survey.web import catalogue
from survey.web.staff.common import WAVE, Wrong, summary, told

bp = Blueprint("moderation", __name__)

_PATH = WAVE + "/tekster"
DECISIONS: dict[str, Decision] = {
    "release": "release",
    "redact": "redact",
    "withhold": "withhold",
}
STATES = ("waiting", "released", "withheld")
PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Shown:
    """A text with the names of its unit and its question."""

    text: ModeratedText
    unit: str
    question: str


@bp.get(_PATH)
@access("staff")
def show(org: str, study: str, ordinal: int) -> str:
    """Texts in a state, filtered by unit and question; those that wait can be decided together."""
    return _list(study, ordinal)


@bp.post(_PATH)
@access("staff")
def decide_many(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Store the same decision, with one reason, for every text that was chosen."""
    who = guard.principal()
    decision = DECISIONS.get(request.form.get("decision", ""))
    chosen = _ids(request.form.getlist("texts"))
    missing = [] if decision else [Fault("decision", "none_was_made")]
    try:
        if missing:
            empty = [] if chosen else [Fault("texts", "no_text_was_chosen")]
            raise InvalidInput("nothing_was_decided", [*empty, *missing])
        with services().db.transaction() as session:
            release = _release(session, study, ordinal)
            moderation.decide_many(
                session,
                who.organisation_id,
                release.wave_id,
                chosen,
                decision or "withhold",
                actor=who.actor,
                reason=request.form.get("reason", "")[:300],
            )
    except InvalidInput as error:
        return _list(study, ordinal, told("moderation", error.faults)), 422
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("enhet", "sporsmal") if name in request.args
    }
    address = url_for(
        ".show", org=org, study=study, ordinal=ordinal, gjort=f"{len(chosen)}", **kept
    )
    return redirect(address, 303)


@bp.get(_PATH + "/<uuid:text>")
@access("staff")
def one(org: str, study: str, ordinal: int, text: uuid.UUID) -> str:
    """One text by itself."""
    return _one(study, ordinal, text)


@bp.post(_PATH + "/<uuid:text>")
@access("staff")
def decide(org: str, study: str, ordinal: int, text: uuid.UUID) -> ResponseReturnValue:
    """Show how a redaction would look; or store one decision and go on to the next text."""
    who = guard.principal()
    if "look" in request.form:
        return _one(study, ordinal, text)
    decision = DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        return _one(
            study, ordinal, text, told("moderation", [Fault("decision", "none_was_made")])
        ), 422
    try:
        with services().db.transaction() as session:
            wave_id = _release(session, study, ordinal).wave_id
            moderation.text_of_wave(session, who.organisation_id, wave_id, text)
            moderation.decide(
                session,
                who.organisation_id,
                text,
                decision,
                actor=who.actor,
                redacted=request.form.get("redacted", ""),
                reason=request.form.get("reason", "")[:300],
            )
            following = moderation.next_waiting(session, who.organisation_id, wave_id, text)
    except InvalidInput as error:
        return _one(study, ordinal, text, told("moderation", error.faults)), 422
    here: dict[str, Any] = {"org": org, "study": study, "ordinal": ordinal, "gjort": "1"}
    if following is None:
        return redirect(url_for(".show", **here), 303)
    return redirect(url_for(".one", text=following.id, **here), 303)


def _list(study: str, ordinal: int, wrong: Wrong | None = None) -> str:
    state = request.args.get("tilstand", STATES[0])
    unit, question = request.args.get("enhet", "")[:100], request.args.get("sporsmal", "")[:100]
    start = request.args.get("fra", "0")
    start_at = int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 0
    with services().db.reading() as session:
        release = _release(session, study, ordinal)
        matches = moderation.search(
            session,
            guard.principal().organisation_id,
            release.wave_id,
            state=state if state in STATES else STATES[0],
            unit=unit,
            question=question,
            start=start_at,
            limit=PER_PAGE,
        )
    units, questions = _names(release)
    return render_template(
        "staff/moderation.html",
        texts=_shown(release, matches.texts),
        total=matches.total,
        units=[(code, units.get(code, code)) for code in matches.units],
        questions=[
            (question_id, questions.get(question_id, question_id))
            for question_id in matches.questions
        ],
        state=state if state in STATES else STATES[0],
        states=STATES,
        unit=unit,
        question=question,
        start=start_at,
        per_page=PER_PAGE,
        chosen=request.form.getlist("texts"),
        **_common(release, study, wrong),
    )


def _one(study: str, ordinal: int, text: uuid.UUID, wrong: Wrong | None = None) -> str:
    organisation_id = guard.principal().organisation_id
    with services().db.reading() as session:
        release = _release(session, study, ordinal)
        stored_text = moderation.text_of_wave(session, organisation_id, release.wave_id, text)
        following = moderation.next_waiting(session, organisation_id, release.wave_id, text)
        count = moderation.search(session, organisation_id, release.wave_id, limit=1).total
    [shown] = _shown(release, [stored_text])
    return render_template(
        "staff/text.html",
        shown=shown,
        following=following,
        count=count,
        looked="look" in request.form,
        **_common(release, study, wrong),
    )


def _common(release: StoredRelease, study: str, wrong: Wrong | None) -> dict[str, Any]:
    return {
        "header": release.header,
        "study": study,
        "wrong": wrong or {},
        "summary": summary(wrong or {}),
        "given": request.form,
        "menu": "staff",
    }


def _shown(release: StoredRelease, texts: Iterable[ModeratedText]) -> list[Shown]:
    units, questions = _names(release)
    return [
        Shown(text, units.get(text.code, text.code), questions.get(text.question, text.question))
        for text in texts
    ]


def _names(release: StoredRelease) -> tuple[dict[str, str], dict[str, str]]:
    """Code → name of every unit, and question → what was asked."""
    instrument = Instrument.from_dict(release.header.instrument)
    language = catalogue.language()
    questions = {question.id: pick(question.text, language) for question in instrument.questions}
    return {unit.code: unit.name for unit in release.header.units}, questions


def _ids(texts: Iterable[str]) -> list[uuid.UUID]:
    ids = []
    for text in texts:
        try:
            ids.append(uuid.UUID(text))
        except ValueError as error:
            raise NotFound("no_such_text") from error
    return ids


def _release(session: Session, study: str, ordinal: int) -> StoredRelease:
    organisation_id = guard.principal().organisation_id
    stored_study = studies.study_by_code(session, organisation_id, study)
    for release in read.releases(session, organisation_id, stored_study.id):
        if release.header.wave.ordinal == ordinal:
            return release
    raise NotFound("this_wave_has_not_been_released")
