"""A wave's way: drafted, opened after a check, extended or closed with a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.core.db import now
from survey.core.errors import Conflict, InvalidInput, say
from survey.core.local_time import form_value
from survey.core.services import services
from survey.invitations import opening_checklist
from survey.study import closing, participation, signing_keys, studies, waves
from survey.study.models import Study, Wave
from survey.study.reasons import LONGEST_NOTE, offered
from survey.web.staff.common import (
    STUDY,
    WAVE,
    Wrong,
    address_of,
    library,
    moment_field,
    reason_field,
    summary,
    told,
    wave_of,
)
from survey.web.staff.reports import to_task

bp = Blueprint("staff_waves", __name__)

NEW = STUDY + "/maling/ny"


@bp.get(NEW)
@access("staff")
def new(org: str, study: str) -> str:
    """The form for a draft; the phase that comes next is chosen."""
    with services().db.reading() as session:
        stored_study = studies.study_by_code(session, guard.principal().organisation_id, study)
        present_phases = {wave.phase for wave in waves.waves(session, stored_study)}
    phase = next((name for name in waves.PHASES if name not in present_phases), waves.PHASES[-1])
    return _form(stored_study, None, {"label": "", "phase": phase, "opens_at": "", "closes_at": ""})


@bp.post(NEW)
@access("staff")
def create(org: str, study: str) -> ResponseReturnValue:
    """Make a draft, or show the form with every fault."""
    who = guard.principal()
    wrong: Wrong = {}
    change = _change(wrong)
    with services().db.reading() as session:
        stored_study = studies.study_by_code(session, who.organisation_id, study)
    try:
        with services().db.transaction() as session:
            current_study = studies.study_by_code(session, who.organisation_id, study)
            draft = waves.create_wave(session, current_study, **change, actor=who.actor)
            if wrong:
                raise InvalidInput("times_cannot_be_used")
    except InvalidInput as error:
        return _form(stored_study, None, _sent(), _ordered(wrong, error)), 422
    return _to_wave(org, study, draft.ordinal, "laget")


@bp.get(WAVE + "/endre")
@access("staff")
def edit(org: str, study: str, ordinal: int) -> str:
    """The form of a draft."""
    stored_study, wave = _draft(study, ordinal)
    values = {
        "label": wave.label,
        "phase": wave.phase,
        "opens_at": form_value(wave.opens_at),
        "closes_at": form_value(wave.closes_at),
        "release_after_close": "1" if wave.release_after_close else "",
    }
    return _form(stored_study, wave, values)


@bp.post(WAVE + "/endre")
@access("staff")
def save(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Change a draft, or show the form with every fault."""
    who = guard.principal()
    stored_study, wave = _draft(study, ordinal)
    wrong: Wrong = {}
    change = _change(wrong)
    try:
        with services().db.transaction() as session:
            _, draft = wave_of(session, who, study, ordinal)
            waves.update_draft(session, draft, **change, actor=who.actor)
            if wrong:
                raise InvalidInput("times_cannot_be_used")
    except InvalidInput as error:
        return _form(stored_study, wave, _sent(), _ordered(wrong, error)), 422
    return _to_wave(org, study, ordinal, "endret")


@bp.get(WAVE + "/apne")
@access("staff")
def confirm_open(org: str, study: str, ordinal: int) -> str:
    """What is checked before a wave is opened, and what opening means: it cannot be undone."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        if wave.state != "draft":
            raise Conflict(say("wave_in_other_state", state=wave.state))
        checked = opening_checklist.checklist(session, services().keys, library(), wave)
    return render_template(
        "staff/open.html",
        study=stored_study,
        wave=wave,
        checked=checked,
        invitations=address_of("staff_invitations.show", org=org, study=study, ordinal=ordinal),
        menu="staff",
    )


@bp.post(WAVE + "/apne")
@access("staff")
def open_wave(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Open a draft."""
    who = guard.principal()
    signing_keys.make_ready(
        services().db, services().keys, lambda session: wave_of(session, who, study, ordinal)[1]
    )
    with services().db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        waves.open_wave(session, services().keys, library(), wave, actor=who.actor)
    return _to_wave(org, study, ordinal, "apnet")


@bp.get(WAVE + "/lukk")
@access("staff")
def confirm_close(org: str, study: str, ordinal: int) -> str:
    """What closing a wave means, before it is done: it cannot be undone."""
    return _closing(study, ordinal)


@bp.post(WAVE + "/lukk")
@access("staff")
def close_wave(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Close a wave now; the worker opens its answers, and releases them where that was chosen."""
    who = guard.principal()
    try:
        with services().db.transaction() as session:
            _, wave = wave_of(session, who, study, ordinal)
            why = reason_field() if closing.is_early(wave) else None
            task = closing.request_close(session, wave, actor=who.actor, reason=why)
    except InvalidInput as error:
        return _closing(study, ordinal, told("waves", error.faults, most=LONGEST_NOTE)), 422
    return to_task(org, study, ordinal, task)


@bp.get(WAVE + "/forleng")
@access("staff")
def confirm_extend(org: str, study: str, ordinal: int) -> str:
    """The form for a later closing time."""
    return _extending(study, ordinal)


@bp.post(WAVE + "/forleng")
@access("staff")
def extend(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Give people more time, and keep why."""
    who = guard.principal()
    wrong: Wrong = {}
    closes_at = moment_field("closes_at", wrong)
    try:
        with services().db.transaction() as session:
            _, wave = wave_of(session, who, study, ordinal)
            never = wave.opened_at or wave.opens_at or now()
            closing.extend_wave(session, wave, closes_at or never, reason_field(), actor=who.actor)
    except InvalidInput as error:
        texts = {**told("waves", error.faults, most=LONGEST_NOTE), **wrong}
        return _extending(study, ordinal, texts), 422
    return _to_wave(org, study, ordinal, "forlenget")


def _draft(study: str, ordinal: int) -> tuple[Study, Wave]:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
    if wave.state != "draft":
        raise Conflict(say("wave_no_longer_draft", state=wave.state))
    return stored_study, wave


def _change(wrong: Wrong) -> dict[str, Any]:
    """What the form says of a draft."""
    return {
        "phase": request.form.get("phase", "")[:20],
        "label": " ".join(request.form.get("label", "")[:500].split()),
        "opens_at": moment_field("opens_at", wrong),
        "closes_at": moment_field("closes_at", wrong),
        "release_after_close": request.form.get("release_after_close") == "1",
    }


def _sent() -> dict[str, str]:
    names = ("label", "phase", "opens_at", "closes_at", "release_after_close")
    return {name: request.form.get(name, "")[:500] for name in names}


def _ordered(wrong: Wrong, error: InvalidInput) -> Wrong:
    """All faults in the order of the form's fields; a time that cannot be read comes first."""
    texts = {**told("waves", error.faults, most=LONGEST_NOTE), **wrong}
    return {n: texts[n] for n in ("label", "phase", "opens_at", "closes_at") if n in texts}


def _form(
    study: Study, wave: Wave | None, values: dict[str, str], wrong: Wrong | None = None
) -> str:
    return render_template(
        "staff/wave_form.html",
        study=study,
        wave=wave,
        given=values,
        wrong=wrong or {},
        summary=summary(wrong or {}),
        phases=waves.PHASES,
        menu="staff",
    )


def _closing(study: str, ordinal: int, wrong: Wrong | None = None) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
        if wave.state not in ("open", "closed"):
            raise Conflict(say("wave_in_other_state", state=wave.state))
        counts = participation.participation(session, wave)
    return render_template(
        "staff/close.html",
        study=stored_study,
        wave=wave,
        early=closing.is_early(wave),
        key_found=bool(services().keys.left(wave.id) & {"private", "escrow"}) or wave.settled,
        counts=counts,
        **_reasons("close", wrong),
    )


def _extending(study: str, ordinal: int, wrong: Wrong | None = None) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
        if wave.state != "open":
            raise Conflict(say("wave_not_open_for_extension", state=wave.state))
        counts = participation.participation(session, wave)
    return render_template(
        "staff/extend.html",
        study=stored_study,
        wave=wave,
        closes_at=request.form.get("closes_at", "")[:40] or form_value(wave.closes_at),
        counts=counts,
        **_reasons("extend", wrong),
    )


def _reasons(act: str, wrong: Wrong | None) -> dict[str, Any]:
    return {
        "wrong": wrong or {},
        "summary": summary(wrong or {}),
        "reasons": offered(act),
        "reason": reason_field(),
        "longest": LONGEST_NOTE,
        "menu": "staff",
    }


def _to_wave(org: str, study: str, ordinal: int, done: str) -> ResponseReturnValue:
    address = url_for("staff.show_wave", org=org, study=study, ordinal=ordinal, gjort=done)
    return redirect(address, 303)
