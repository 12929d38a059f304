"""One unit at a time: look at it, change it, add one under it, close it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Conflict, Fault, InvalidInput, Message
from survey.core.services import services
from survey.organisation import changes, editing, units
from survey.organisation.changes import Decision
from survey.organisation.units import Branch
from survey.web import catalogue, faults

bp = Blueprint("units", __name__)

_PATH = "/stab/<org>/enheter/enhet/<unit>"
_FIELDS = ("code", *editing.FIELDS)


@bp.get("/stab/<org>/enheter/ny")
@access("staff")
def add(org: str) -> str:
    """The form for a new unit (``?under=`` names the one that it belongs to)."""
    return _add_page({"parent_code": request.args.get("under", "")})


@bp.post("/stab/<org>/enheter/ny")
@access("staff")
def store(org: str) -> ResponseReturnValue:
    """Add a unit."""
    who = guard.principal()
    try:
        with services().db.transaction() as session:
            editing.add_unit(session, who.organisation_id, _given(), actor=who.actor)
    except InvalidInput as error:
        return _add_page(_given(), error.faults), 422
    return redirect(url_for("organisation.show", org=org, gjort="ny"), 303)


@bp.get(_PATH)
@access("staff")
def show(org: str, unit: str) -> str:
    """A unit, its form, what is below it and what was done to it."""
    return _unit_page(unit)


@bp.post(_PATH)
@access("staff")
def change(org: str, unit: str) -> ResponseReturnValue:
    """Store a changed unit; 409 when somebody else has changed it meanwhile."""
    who, form = guard.principal(), request.form
    compared = form.get("compare", "yes") != "no"
    reason = " ".join(form.get("reason", "").split())
    decision = Decision({unit: unit} if compared else {}, None, {unit: reason})
    try:
        with services().db.transaction() as session:
            stored_unit = units.unit_by_code(session, who.organisation_id, unit)
            if _state(editing.values(session, stored_unit)) != form.get("state"):
                return _unit_page(unit, stale=True), 409
            values = {name: form[name] for name in editing.FIELDS if name in form}
            editing.update_unit(
                session, who.organisation_id, unit, values, decision=decision, actor=who.actor
            )
    except InvalidInput as error:
        return _unit_page(unit, form, error.faults), 422
    return redirect(url_for("organisation.show", org=org, gjort="lagret"), 303)


@bp.get(f"{_PATH}/legg-ned")
@access("staff")
def confirm(org: str, unit: str) -> str:
    """What closing a unit means, before it is done."""
    return _close_page(unit)


@bp.post(f"{_PATH}/legg-ned")
@access("staff")
def close(org: str, unit: str) -> ResponseReturnValue:
    """Close a unit."""
    who = guard.principal()
    try:
        with services().db.transaction() as session:
            editing.close_unit(session, who.organisation_id, unit, actor=who.actor)
    except Conflict as error:
        return _close_page(unit, error.message), 409
    return redirect(url_for("organisation.show", org=org, gjort="lagt-ned"), 303)


def _given() -> dict[str, str]:
    return {name: request.form.get(name, "")[:5000] for name in _FIELDS}


def _state(values: Mapping[str, str]) -> str:
    """What a form was made from, so that two people do not undo each other's changes."""
    return hashlib.sha256(json.dumps(dict(values), sort_keys=True).encode()).hexdigest()[:32]


def _labels() -> dict[str, str]:
    t = catalogue.translator(catalogue.language())
    labels = {name: t(f"organisation.{name}") for name in _FIELDS}
    return labels | {"reason": t("organisation.reason")}


def _said(wrong: tuple[Fault, ...]) -> list[tuple[str, Any]]:
    plain = [Fault(fault.field.partition("/")[0], fault.message, fault.fix) for fault in wrong]
    return list(faults.fields(plain, _labels()))


def _choices(session: Session, organisation_id: int, without: Branch | None) -> dict[str, Any]:
    """The units to stand under, and the kinds there are."""
    branches = units.branches(units.tree(session, organisation_id))
    own = {branch.unit.id for branch in units.every([without])} if without else set()
    every = list(units.every(branches))
    return {
        "parents": [(len(b.path), b.unit) for b in every if b.unit.id not in own],
        "kinds": sorted({b.unit.kind for b in every if b.unit.kind}),
    }


def _add_page(form: Mapping[str, str], wrong: tuple[Fault, ...] = ()) -> str:
    with services().db.reading() as session:
        choices = _choices(session, guard.principal().organisation_id, None)
    return render_template(
        "staff/unit_new.html", given=form, faults=_said(wrong), menu="organisation", **choices
    )


def _unit_page(
    code: str,
    form: Mapping[str, str] | None = None,
    wrong: tuple[Fault, ...] = (),
    *,
    stale: bool = False,
) -> str:
    who = guard.principal()
    with services().db.reading() as session:
        stored_unit = units.unit_by_code(session, who.organisation_id, code)
        values = editing.values(session, stored_unit)
        branches = units.branches(units.tree(session, who.organisation_id))
        branch = next((b for b in units.every(branches) if b.unit.id == stored_unit.id), None)
        choices = _choices(session, who.organisation_id, branch)
        recorded = [
            reorganisation
            for reorganisation in changes.listed(session, who.organisation_id)
            if code in reorganisation.from_codes or code in reorganisation.to_codes
        ]
    return render_template(
        "staff/unit.html",
        unit=stored_unit,
        branch=branch,
        given={**values, "compare": "yes", **(form or {})},
        state=_state(values),
        stale=stale,
        recorded=recorded,
        same_staff_limit=changes.SAME_STAFF,
        faults=_said(wrong),
        menu="organisation",
        **choices,
    )


def _close_page(code: str, refused: Message | None = None) -> str:
    who = guard.principal()
    with services().db.reading() as session:
        stored_unit = units.unit_by_code(session, who.organisation_id, code)
    return render_template(
        "staff/unit_close.html", unit=stored_unit, refused=refused, menu="organisation"
    )
