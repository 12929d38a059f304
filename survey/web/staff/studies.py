"""Making a study and changing its settings, until its first wave opens and they are fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Fault, InvalidInput
from survey.core.services import services
from survey.organisation import units
from survey.study import studies
from survey.study.models import Study
from survey.study.visibility_forecast import USUAL, Forecast, forecasts
from survey.web.staff.common import STUDY, Wrong, library, newest, summary, told, whole_field

bp = Blueprint("staff_studies", __name__)

NEW = "/stab/<org>/undersokelse/ny"
_SETTINGS = ("name", "languages", "k", "public_level", "mode")
_LOOK = "look"
"""Name of the button that shows what the k that is filled in means, and stores nothing."""


@bp.get(NEW)
@access("staff")
def new(org: str) -> str:
    """The form for a new study."""
    values = {"k": studies.SMALLEST_K, "mode": "ordinary", "languages": []}
    values["public_level"] = 1
    lines = newest()
    if len(lines) == 1:
        values |= {"instrument": lines[0].id}
    return _page(None, values)


@bp.post(NEW)
@access("staff")
def create(org: str) -> ResponseReturnValue:
    """Make the study, or show the form with every fault."""
    who = guard.principal()
    values = _given()
    if _LOOK in request.form:
        return _page(None, values)
    with services().db.transaction() as session:
        code = values["code"] or studies.suggest_code(session, who.organisation_id, values["name"])
        study = {**values, "code": code}
        faults, _ = studies.faults_of_study(library(), **study)
        if studies.is_taken(session, who.organisation_id, code):
            faults.append(Fault("taken", code))
        if not faults:
            studies.create_study(session, library(), who.organisation_id, **study, actor=who.actor)
    if faults:
        return _page(None, values, _wrong(faults, values)), 422
    return redirect(url_for("staff.show_study", org=org, study=code, gjort="laget"), 303)


@bp.get(STUDY + "/endre")
@access("staff")
def edit(org: str, study: str) -> str:
    """The settings that may still change; the fixed ones with the reason."""
    stored_study = _study(study)
    values = {name: getattr(stored_study, name) for name in _SETTINGS}
    return _page(stored_study, {**values, "instrument": stored_study.instrument_id})


@bp.post(STUDY + "/endre")
@access("staff")
def save(org: str, study: str) -> ResponseReturnValue:
    """Store the settings, or show the form with every fault."""
    who = guard.principal()
    stored_study = _study(study)
    values = {**_given(stored_study.public_level), "instrument": stored_study.instrument_id}
    if _LOOK in request.form:
        return _page(stored_study, values)
    names = ("name", "public_level") if stored_study.frozen_at else _SETTINGS
    try:
        if not stored_study.frozen_at and values["k"] < stored_study.k:
            raise InvalidInput("k_not_lowered", [Fault("lowered", str(stored_study.k))])
        with services().db.transaction() as session:
            current_study = studies.study_by_code(session, who.organisation_id, study)
            changes = {name: values[name] for name in names}
            studies.update_study(session, library(), current_study, **changes, actor=who.actor)
    except InvalidInput as error:
        return _page(stored_study, values, _wrong(error.faults, values, stored_study)), 422
    return redirect(url_for("staff.show_study", org=org, study=study, gjort="endret"), 303)


def _study(code: str) -> Study:
    with services().db.reading() as session:
        return studies.study_by_code(session, guard.principal().organisation_id, code)


def _given(public_level: int = 1) -> dict[str, Any]:
    form = request.form
    return {
        "instrument": form.get("instrument", "")[:100],
        "name": form.get("name", "")[:500].strip(),
        "code": form.get("code", "")[:100].strip(),
        "languages": form.getlist("languages")[:20],
        "k": whole_field("k", -1),
        "mode": form.get("mode", ""),
        "public_level": whole_field("public_level", public_level),
    }


def _wrong(faults: Iterable[Fault], values: Mapping[str, Any], study: Study | None = None) -> Wrong:
    lowest = study.k if study else studies.SMALLEST_K
    texts = told("studies", faults, least=lowest, most=studies.LARGEST_K)
    if study is None and not values["code"] and "name" in texts:
        texts.pop("code", None)  # it would have been made of the name
    for fault, field in (("taken", "code"), ("lowered", "k")):
        if fault in texts:
            texts[field] = texts.pop(fault)
    order = ("instrument", "name", "code", *_SETTINGS[1:])
    return {name: texts[name] for name in order if name in texts}


def _page(study: Study | None, values: Mapping[str, Any], wrong: Wrong | None = None) -> str:
    chosen = values["k"] if studies.SMALLEST_K <= values["k"] <= studies.LARGEST_K else 0
    return render_template(
        "staff/study_form.html",
        study=study,
        given=values,
        wrong=wrong or {},
        summary=summary(wrong or {}),
        instruments=newest(),
        forecasts=_forecasts(chosen),
        chosen=chosen,
        looked=_LOOK in request.form,
        levels=_levels(study),
        public_from=studies.PUBLIC_FROM,
        least=studies.SMALLEST_K if study is None else study.k,
        most=studies.LARGEST_K,
        menu="staff",
    )


def _levels(study: Study | None) -> list[int]:
    """The public levels that may be chosen: a fixed one is only lowered."""
    if study is None or study.frozen_at is None:
        return list(studies.PUBLIC_LEVELS)
    return [level for level in studies.PUBLIC_LEVELS if level <= study.public_level]


def _forecasts(chosen: int) -> list[Forecast]:
    with services().db.reading() as session:
        listed = units.tree(session, guard.principal().organisation_id)
    return forecasts(listed, [*USUAL, *([chosen] if chosen else [])])
