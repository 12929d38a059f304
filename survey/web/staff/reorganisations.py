"""What was done to units between measurements: listed, told, and decided for comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Conflict, Fault, InvalidInput, say
from survey.core.services import services
from survey.organisation import changes, editing, units
from survey.organisation.changes import Decision
from survey.organisation.models import Unit
from survey.web import catalogue, faults

bp = Blueprint("reorganisations", __name__)

_PATH = "/stab/<org>/enheter/endringer"
DONE = {"fort": "declared", "bestemt": "decided", "angret": "withdrawn"}


@dataclass(frozen=True, slots=True)
class Part:
    """A unit after a change, as its question is asked; ``place`` numbers its fields."""

    place: int
    code: str
    name: str


@bp.get(_PATH)
@access("staff")
def show(org: str) -> str:
    """Every change: those that the next wave will freeze, then those that are final."""
    who = guard.principal()
    with services().db.reading() as session:
        recorded = changes.listed(session, who.organisation_id)
    return render_template(
        "staff/reorganisations.html",
        pending=[change for change in recorded if change.frozen_at is None],
        final=[change for change in recorded if change.frozen_at is not None],
        plain=changes.PLAIN,
        joined=changes.DECLARED,
        same_staff_limit=changes.SAME_STAFF,
        done=DONE.get(request.args.get("gjort", "")),
        menu="organisation",
    )


@bp.get(f"{_PATH}/ny")
@access("staff")
def add(org: str) -> str:
    """Choose the units (step 1), then decide (step 2, with ``?fra=…&til=…&valgt=1``)."""
    before, after = request.args.getlist("fra"), request.args.getlist("til")
    if "valgt" in request.args and before and after:
        return _decide_new(before, after)
    return _choose(before, after, missing="valgt" in request.args)


@bp.post(f"{_PATH}/ny")
@access("staff")
def declare(org: str) -> ResponseReturnValue:
    """Record a merger or a split, and close the units that are no more."""
    who, form = guard.principal(), request.form
    before, after = form.getlist("fra"), form.getlist("til")
    decision, wrong = _decision(after)
    try:
        if wrong:
            raise InvalidInput("decision_cannot_be_recorded", wrong)
        with services().db.transaction() as session:
            for code in form.getlist("close"):
                if code in before and code not in after:
                    editing.close_unit(session, who.organisation_id, code, actor=who.actor)
            changes.declare(session, who.organisation_id, before, after, decision, actor=who.actor)
    except InvalidInput as error:
        return _decide_new(before, after, error.faults), 422
    except Conflict as error:
        return _decide_new(before, after, (Fault("", error.message),)), 409
    return redirect(url_for(".show", org=org, gjort="fort"), 303)


@bp.get(f"{_PATH}/<int:change>")
@access("staff")
def look(org: str, change: int) -> str:
    """The decision on one change, while it can be changed."""
    return _decide_page(change)


@bp.post(f"{_PATH}/<int:change>")
@access("staff")
def decide(org: str, change: int) -> ResponseReturnValue:
    """Decide anew; Conflict once a wave has opened."""
    who = guard.principal()
    with services().db.reading() as session:
        after = changes.find(session, who.organisation_id, change).to_codes
    decision, wrong = _decision(after)
    try:
        if wrong:
            raise InvalidInput("decision_cannot_be_recorded", wrong)
        with services().db.transaction() as session:
            changes.decide(session, who.organisation_id, change, decision, actor=who.actor)
    except InvalidInput as error:
        return _decide_page(change, error.faults), 422
    return redirect(url_for(".show", org=org, gjort="bestemt"), 303)


@bp.post(f"{_PATH}/<int:change>/angre")
@access("staff")
def withdraw(org: str, change: int) -> ResponseReturnValue:
    """Take back what was told by mistake."""
    who = guard.principal()
    with services().db.transaction() as session:
        changes.withdraw(session, who.organisation_id, change, actor=who.actor)
    return redirect(url_for(".show", org=org, gjort="angret"), 303)


def _decision(after: Sequence[str]) -> tuple[Decision, list[Fault]]:
    """What the form says of each unit after."""
    form, wrong = request.form, []
    continues = {
        code: chosen
        for place, code in enumerate(after)
        if (chosen := form.get(f"compare-{place}", ""))
    }
    reasons = {
        code: " ".join(form.get(f"reason-{place}", "").split()) for place, code in enumerate(after)
    }
    share = form.get("same_staff", "").strip().removesuffix("%").strip()
    if share and not (share.isascii() and share.isdigit() and len(share) <= 3):
        wrong.append(Fault("same_staff", say("not_whole_number", text=share)))
        share = ""
    return Decision(continues, int(share) if share else None, reasons), wrong


def _said(after: Sequence[str], wrong: Sequence[Fault]) -> list[tuple[str, Markup]]:
    """Faults beside their fields; those of a unit's question carry its code behind a slash."""
    t = catalogue.translator(catalogue.language())
    entries: list[tuple[str, Markup]] = []
    for fault in wrong:
        name, _, code = fault.field.partition("/")
        said = faults.told(fault, catalogue.language(), where=False)
        if code in after:
            label = f"{t('organisation.' + name)} ({code})"
            entries.append((f"field-{name}-{after.index(code)}", _labelled(label, said)))
        elif name == "same_staff":
            entries.append(("field-same_staff", _labelled(t("organisation.same_staff"), said)))
        else:
            entries.append(("", said))
    return entries


def _labelled(label: str, said: Markup) -> Markup:
    return Markup("{}: {}").format(label, said)


def _units(session: Session) -> dict[str, Unit]:
    tree = units.tree(session, guard.principal().organisation_id, closed=True)
    return {unit.code: unit for unit in tree}


def _choose(before: list[str], after: list[str], *, missing: bool) -> str:
    with services().db.reading() as session:
        tree = units.tree(session, guard.principal().organisation_id, closed=True)
    rows = [(min(len(branch.path), 3), branch.unit) for branch in units.every(units.branches(tree))]
    return render_template(
        "staff/reorganisation_choose.html",
        rows=rows,
        before=before,
        after=after,
        missing=missing,
        menu="organisation",
    )


def _decide_new(before: list[str], after: list[str], wrong: Sequence[Fault] = ()) -> str:
    before, after = list(dict.fromkeys(before)), list(dict.fromkeys(after))
    with services().db.reading() as session:
        known = _units(session)
    gone = [code for code in before if code in known and code not in after]
    closing = request.form.getlist("close") if request.method == "POST" else gone
    return _form(
        changes.kind_of(before, after),
        before,
        after,
        {code: unit.name for code, unit in known.items()},
        request.form,
        wrong,
        closable=[(c, known[c].name, c in closing) for c in gone if known[c].closed_at is None],
    )


def _decide_page(change: int, wrong: Sequence[Fault] = ()) -> str:
    with services().db.reading() as session:
        reorganisation = changes.find(session, guard.principal().organisation_id, change)
    if reorganisation.frozen_at is not None:
        raise Conflict("wave_has_opened_since_decision_is_final")
    values = dict(request.form)
    if request.method != "POST":
        for place, code in enumerate(reorganisation.to_codes):
            values[f"compare-{place}"] = reorganisation.continues.get(code, "")
            values[f"reason-{place}"] = reorganisation.reasons.get(code, "")
        values["same_staff"] = (
            "" if reorganisation.same_staff is None else str(reorganisation.same_staff)
        )
    return _form(
        reorganisation.kind,
        reorganisation.from_codes,
        reorganisation.to_codes,
        reorganisation.names,
        values,
        wrong,
        change=reorganisation.id,
    )


def _form(
    kind: str,
    before: Sequence[str],
    after: Sequence[str],
    names: Mapping[str, str],
    values: Mapping[str, str],
    wrong: Sequence[Fault],
    *,
    change: int | None = None,
    closable: Sequence[tuple[str, str, bool]] = (),
) -> str:
    return render_template(
        "staff/reorganisation.html",
        kind=kind,
        before=[(code, names.get(code, code)) for code in before],
        after=[Part(place, code, names.get(code, code)) for place, code in enumerate(after)],
        given=values,
        faults=_said(after, wrong),
        change=change,
        closable=closable,
        same_staff_limit=changes.SAME_STAFF,
        menu="organisation",
    )
