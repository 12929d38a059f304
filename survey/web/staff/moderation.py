"""Where innovation staff read free text and decide what may be shown."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.access.principal import Principal
from survey.errors import InvalidInput, NotFound
from survey.instrument.model import Instrument, pick
from survey.release import moderation, read
from survey.release.moderation import Decision
from survey.release.read import StoredRelease
from survey.study import studies
from survey.upkeep.services import services
from survey.web import catalogue

bp = Blueprint("moderation", __name__)

_PATH = "/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/tekster"
DECISIONS: dict[str, Decision] = {
    "release": "release",
    "redact": "redact",
    "withhold": "withhold",
}


@bp.get(_PATH)
@access("staff")
def show(org: str, study: str, ordinal: int) -> str:
    """The first text that waits, and how many there are."""
    return _page(guard.principal(), study, ordinal)


@bp.post(_PATH + "/<uuid:text>")
@access("staff")
def decide(org: str, study: str, ordinal: int, text: uuid.UUID) -> ResponseReturnValue:
    """Store one decision and go on to the next text."""
    who = guard.principal()
    decision = DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        return _page(who, study, ordinal, {"decision": "moderation.fault_decision"}), 422
    try:
        with services().db.transaction() as session:
            moderation.decide(
                session,
                who.organisation_id,
                text,
                decision,
                actor=who.actor,
                redacted=request.form.get("redacted", ""),
                reason=request.form.get("reason", ""),
            )
    except InvalidInput as error:
        faults = {fault.where: f"moderation.fault_{fault.where}" for fault in error.faults}
        return _page(who, study, ordinal, faults), 422
    return redirect(
        url_for("moderation.show", org=org, study=study, ordinal=ordinal, gjort="lagret"), 303
    )


def _page(who: Principal, study: str, ordinal: int, faults: dict[str, str] | None = None) -> str:
    with services().db.reading() as session:
        release = _release(session, who, study, ordinal)
        waiting = moderation.queue(session, who.organisation_id, release.wave_id)
    instrument = Instrument.from_dict(release.header.instrument)
    first = waiting[0] if waiting else None
    language = catalogue.language()
    return render_template(
        "staff/moderation.html",
        first=first,
        count=len(waiting),
        question=pick(instrument.question(first.question).text, language) if first else "",
        unit=next((u.name for u in release.header.units if first and u.code == first.code), ""),
        header=release.header,
        study=study,
        faults=[
            ("field-" + name, catalogue.text(text, language))
            for name, text in (faults or {}).items()
        ],
        given=request.form,
        menu="staff",
    )


def _release(session: Session, who: Principal, study: str, ordinal: int) -> StoredRelease:
    found = studies.study_by_code(session, who.organisation_id, study)
    for release in read.releases(session, who.organisation_id, found.id):
        if release.header.wave.ordinal == ordinal:
            return release
    raise NotFound("This wave has not been released.")
