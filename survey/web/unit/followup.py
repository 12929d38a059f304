"""What a unit does about its results: one thing to keep, one to improve, actions and targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.access.principal import Principal
from survey.core import formats
from survey.core.db import now
from survey.core.errors import InvalidInput, NotFound
from survey.core.local_time import ZONE
from survey.core.services import services
from survey.followup import actions, choices, overview, place, targets
from survey.followup.model import (
    OWNER_LIMIT,
    SOURCES,
    STATUSES,
    TITLE_LIMIT,
    ActionFacts,
    ChoiceFacts,
    TargetFacts,
    state,
)
from survey.followup.place import Place
from survey.reports.common.context import Context
from survey.reports.common.pattern import extremes, keep_and_improve
from survey.web import catalogue
from survey.web.unit import followup_forms as forms

bp = Blueprint("followup", __name__)

_PATH = "/enhet/<org>/<study>/<unit>/oppfolging"
_TARGET_FIELDS = ("value", "source", "year")


@dataclass(frozen=True, slots=True)
class Named:
    """A dimension with its title in the page's language; what the report points at is marked."""

    id: str
    title: str
    highest: bool = False
    lowest: bool = False


@bp.app_template_filter("day")
def day(value: date) -> str:
    """A day in words, in the page's language."""
    return formats.day(value, catalogue.language())


@bp.app_template_global("today")
def today() -> date:
    """The day it is in Norway."""
    return now().astimezone(ZONE).date()


@bp.get(_PATH)
@access("manager_of_unit")
def show(org: str, study: str, unit: str) -> str:
    """Everything the unit has decided, seen from one wave (``?wave=``, else the latest)."""
    with services().db.reading() as session:
        return _page(session, _find(session, study, unit))


@bp.post(_PATH + "/valg")
@access("manager_of_unit")
def choose(org: str, study: str, unit: str) -> ResponseReturnValue:
    """Store what is kept and what is improved."""
    who, form = guard.principal(), request.form
    wanted = ChoiceFacts(form.get("keep") or None, form.get("improve") or None)
    try:
        with services().db.transaction() as session:
            here = _find(session, study, unit, change=True)
            present = choices.get(session, who.organisation_id, here.stored.wave_id, unit)
            if form.get("state") != state(present):
                return _page(session, here, form=form, stale=True), 409
            choices.store(session, here, wanted, actor=who.actor)
    except InvalidInput as error:
        with services().db.reading() as session:
            here = _find(session, study, unit, change=True)
            return _page(session, here, forms.told(error.faults), form), 422
    return _done(org, study, unit, "valg")


@bp.get(_PATH + "/tiltak")
@access("manager_of_unit")
def new_action(org: str, study: str, unit: str) -> str:
    """The form for a new action."""
    with services().db.reading() as session:
        here = _find(session, study, unit, change=True)
    return _action_page(here, {"status": "planned", "dimension": request.args.get("delmal", "")})


@bp.post(_PATH + "/tiltak")
@access("manager_of_unit")
def create_action(org: str, study: str, unit: str) -> ResponseReturnValue:
    """Agree an action."""
    who, form = guard.principal(), request.form
    try:
        with services().db.transaction() as session:
            here = _find(session, study, unit, change=True)
            actions.create(session, here, forms.draft(form), actor=who.actor)
    except InvalidInput as error:
        return _action_page(here, form, faults=forms.told(error.faults)), 422
    return _done(org, study, unit, "tiltak")


@bp.get(_PATH + "/tiltak/<int:action>")
@access("manager_of_unit")
def edit_action(org: str, study: str, unit: str, action: int) -> str:
    """The form for an action that exists."""
    with services().db.reading() as session:
        here = _find(session, study, unit, change=True)
        known = _action(session, here, action)
    return _action_page(here, forms.given_action(known), known)


@bp.post(_PATH + "/tiltak/<int:action>")
@access("manager_of_unit")
def change_action(org: str, study: str, unit: str, action: int) -> ResponseReturnValue:
    """Change an action, unless somebody else has changed it since the form was shown."""
    who, form = guard.principal(), request.form
    try:
        with services().db.transaction() as session:
            here = _find(session, study, unit, change=True)
            known = _action(session, here, action)
            if form.get("state") != state(known):
                return _action_page(here, form, known, stale=True), 409
            actions.change(session, here, known, forms.draft(form), actor=who.actor)
    except InvalidInput as error:
        return _action_page(here, form, known, faults=forms.told(error.faults)), 422
    return _done(org, study, unit, "endret")


@bp.get(_PATH + "/tiltak/<int:action>/slett")
@access("manager_of_unit")
def confirm_deletion(org: str, study: str, unit: str, action: int) -> str:
    """What deleting an action means, before it is done."""
    with services().db.reading() as session:
        here = _find(session, study, unit, change=True)
        known = _action(session, here, action)
    return render_template("unit/followup_delete.html", action=known, **_frame(here))


@bp.post(_PATH + "/tiltak/<int:action>/slett")
@access("manager_of_unit")
def delete_action(org: str, study: str, unit: str, action: int) -> ResponseReturnValue:
    """Delete an action."""
    with services().db.transaction() as session:
        here = _find(session, study, unit, change=True)
        known = _action(session, here, action)
        actions.delete(session, here, known, actor=guard.principal().actor)
    return _done(org, study, unit, "slettet")


@bp.get(_PATH + "/mal")
@access("manager_of_unit")
def edit_targets(org: str, study: str, unit: str) -> str:
    """The form for all targets of the unit."""
    with services().db.reading() as session:
        here = _find(session, study, unit, change=True)
        known = _targets(session, here)
    return _targets_page(here, known, forms.given_targets(known))


@bp.post(_PATH + "/mal")
@access("manager_of_unit")
def change_targets(org: str, study: str, unit: str) -> ResponseReturnValue:
    """Store all targets of the unit; a blank value takes a target away."""
    who, form = guard.principal(), request.form
    try:
        with services().db.transaction() as session:
            here = _find(session, study, unit, change=True)
            known = _targets(session, here)
            if form.get("state") != state(known):
                return _targets_page(here, known, form, stale=True), 409
            kept = [target for target in known if target.dimension not in here.dimensions]
            wanted, faults = forms.read_targets(here, form)
            if faults:
                faults += forms.told(targets.faults(here, wanted, known))
                return _targets_page(here, known, form, faults), 422
            targets.store(session, here, [*kept, *wanted], actor=who.actor)
    except InvalidInput as error:
        return _targets_page(here, known, form, forms.told(error.faults)), 422
    return _done(org, study, unit, "mal")


# --- what is there -------------------------------------------------------------------------------


def _find(session: Session, study: str, unit: str, *, change: bool = False) -> Place:
    """The place that the address names; with ``change`` only for those who may change it."""
    who, asked = guard.principal(), request.args.get("wave", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) <= 4):
        raise NotFound("no_such_wave")
    if change:
        place.require_change(session, who, unit)
    hold = request.method == "POST"
    return place.find(
        session, who.organisation_id, study, unit, int(asked) if asked else None, hold=hold
    )


def _action(session: Session, here: Place, action: int) -> ActionFacts:
    """An action of the unit in the address; another unit's is as unknown as none."""
    facts = actions.get(session, here.organisation_id, here.study_id, action)
    if facts.unit != here.code:
        raise NotFound("no_such_action")
    return facts


def _targets(session: Session, here: Place) -> tuple[TargetFacts, ...]:
    return targets.of_unit(session, here.organisation_id, here.study_id, here.code)


# --- pages ---------------------------------------------------------------------------------------


def _page(
    session: Session,
    here: Place,
    faults: Sequence[tuple[str, str]] = (),
    form: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
) -> str:
    who: Principal = guard.principal()
    context = _context(here)
    known = overview.of_unit(session, who.organisation_id, here.stored)
    chosen = {"keep": known.choice.keep or "", "improve": known.choice.improve or ""}
    return render_template(
        "unit/followup.html",
        known=known,
        may_change=place.may_change(session, who, here.code),
        suggestions=keep_and_improve(context),
        given=form if form is not None else chosen,
        state=state(known.choice),
        faults=faults,
        stale=stale,
        done=request.args.get("gjort", ""),
        **_frame(here),
    )


def _action_page(
    here: Place,
    form: Mapping[str, str],
    known: ActionFacts | None = None,
    *,
    faults: Sequence[tuple[str, str]] = (),
    stale: bool = False,
) -> str:
    return render_template(
        "unit/followup_action.html",
        action=known,
        given=form,
        state=state(known),
        faults=faults,
        stale=stale,
        statuses=STATUSES,
        limits={"title": TITLE_LIMIT, "owner": OWNER_LIMIT},
        **_frame(here),
    )


def _targets_page(
    here: Place,
    known: Sequence[TargetFacts],
    form: Mapping[str, str],
    faults: Sequence[tuple[str, str]] = (),
    *,
    stale: bool = False,
) -> str:
    frame = _frame(here)
    titles = cast("dict[str, str]", frame["titles"])
    fields = {f"field-{name}-{what}": name for name in titles for what in _TARGET_FIELDS}
    return render_template(
        "unit/followup_targets.html",
        given=form,
        summary=[(field, f"{titles[fields[field]]}: {text}") for field, text in faults],
        state=state(known),
        faults=faults,
        stale=stale,
        sources=SOURCES,
        **frame,
    )


def _frame(here: Place) -> dict[str, object]:
    """What every page of the follow-up knows."""
    context, header = _context(here), here.stored.header
    highest, lowest = ({row.id for row in rows} for rows in extremes(context))
    dimensions = {
        row.id: Named(row.id, row.title, row.id in highest, row.id in lowest)
        for row in context.rows[1:]
    }
    return {
        "unit": here.stored.unit.unit,
        "study_name": here.study_name,
        "wave": header.wave,
        "spoken": context.language,
        "address": {
            "org": guard.principal().organisation_code,
            "study": here.study_code,
            "unit": here.code,
            "wave": here.ordinal,
        },
        "dimensions": dimensions,
        "titles": {dimension.id: dimension.title for dimension in dimensions.values()},
        "menu": "units",
    }


def _context(here: Place) -> Context:
    """The result in the page's language when the study has it, else in the study's first."""
    wanted, spoken = catalogue.language(), here.stored.header.languages
    language = wanted if wanted in spoken else spoken[0]
    return Context(here.stored.header, here.stored.unit, language)


def _done(org: str, study: str, unit: str, what: str) -> ResponseReturnValue:
    wave = request.args.get("wave")
    address = url_for(".show", org=org, study=study, unit=unit, wave=wave, gjort=what)
    return redirect(address, 303)
