"""The organisation's units, and bringing them up to date from a file, with a look at it first."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Conflict, Fault, InvalidInput
from survey.core.services import services
from survey.organisation import changes, imports, units
from survey.organisation.imports import Answer, Plan, Rows
from survey.organisation.rows import NOTHING, split_codes
from survey.web import catalogue, faults

bp = Blueprint("organisation", __name__)

LARGEST_FILE = 4 * 1024 * 1024
DONE = {"1": "import", "lagret": "saved", "ny": "added", "lagt-ned": "closed"}
"""What an address says was done → the name of the text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A unit that a person must say something about before a file is carried out."""

    code: str
    name: str
    new: bool


@bp.get("/stab/<org>/enheter")
@access("staff")
def show(org: str) -> str:
    """The tree of units, a search in it (``?sok=``), and the form for a file."""
    return _page()


@bp.post("/stab/<org>/enheter/forhandsvis")
@access("staff", max_body=LARGEST_FILE + 4096)
def preview(org: str) -> ResponseReturnValue:
    """What a file would change. Changes nothing."""
    who = guard.principal()
    sent = request.files.get("file")
    raw = sent.read() if sent is not None else b""
    if not raw:
        return _page(missing=True), 422
    try:
        rows = imports.read_csv(raw)
        with services().db.reading() as session:
            plan = imports.plan(session, who.organisation_id, rows)
            first = not units.tree(session, who.organisation_id, closed=True)
    except InvalidInput as error:
        return _page(wrong=error.faults), 422
    return _preview(plan, raw, [] if first else _asked(plan))


@bp.post("/stab/<org>/enheter/innfor")
@access("staff", max_body=2 * LARGEST_FILE)
def carry_out(org: str) -> ResponseReturnValue:
    """Carry out what was shown; Conflict when it would be something else by now."""
    who = guard.principal()
    try:
        raw = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise InvalidInput("file_did_not_arrive_whole_choose_it_again") from error
    rows = imports.read_csv(raw)
    try:
        with services().db.transaction() as session:
            shown = imports.plan(session, who.organisation_id, rows)
            if _digest(shown) != request.form.get("digest"):
                raise Conflict("organisation_changed_since_shown")
            answered_rows = imports.answered(rows, _answers(request.form))
            plan = imports.plan(session, who.organisation_id, answered_rows)
            imports.apply(session, who.organisation_id, plan, actor=who.actor)
    except InvalidInput as error:
        page = _preview(shown, raw, _asked(shown), _placed(rows, error.faults), request.form)
        return page, 422
    return redirect(url_for(".show", org=org, gjort="1"), 303)


def _page(*, wrong: tuple[Fault, ...] = (), missing: bool = False) -> str:
    who = guard.principal()
    with services().db.reading() as session:
        listed = units.tree(session, who.organisation_id)
        recorded = changes.listed(session, who.organisation_id)
    branches = units.branches(listed)
    words = " ".join(request.args.get("sok", "").split())[:100]
    return render_template(
        "staff/units.html",
        branches=branches,
        count=len(listed),
        words=words,
        found=units.matching(branches, words) if words else [],
        pending=sum(change.frozen_at is None for change in recorded),
        done=DONE.get(request.args.get("gjort", "")),
        faults=wrong,
        missing=missing,
        menu="organisation",
    )


def _preview(
    plan: Plan,
    raw: bytes,
    asked: list[Asked],
    wrong: list[tuple[str, Markup]] | None = None,
    form: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "staff/import.html",
        plan=plan,
        content=base64.b64encode(raw).decode(),
        digest=_digest(plan),
        asked=asked,
        closed_codes=", ".join(unit.code for unit in plan.closed[:20]) or "–",
        same_staff_limit=changes.SAME_STAFF,
        faults=wrong or [],
        given=form or {},
        menu="organisation",
    )


def _asked(plan: Plan) -> list[Asked]:
    """Units whose comparability a person decides: new ones, and those renamed or moved, unless
    the file itself tells."""
    declared = {code for change in plan.declared for code in change.after}
    declared |= {row.code for row in plan.rows.rows if row.compare_with is not None}
    same = {unit.code: Asked(unit.code, unit.name, False) for unit in (*plan.renamed, *plan.moved)}
    new = {unit.code: Asked(unit.code, unit.name, True) for unit in plan.new}
    return [asked for code, asked in (new | same).items() if code not in declared]


def _answers(form: Mapping[str, str]) -> dict[str, Answer]:
    """What a person wrote of units, by code."""
    codes = {
        match[1]
        for name in form
        if (match := re.fullmatch(r"(?:predecessors|compare_with|reason)-(.+)", name))
    }
    answers = {}
    for code in codes:
        compared = form.get(f"compare_with-{code}", "").strip()
        answers[code] = Answer(
            split_codes(form.get(f"predecessors-{code}", "")[:2000]),
            None if not compared else "" if compared.casefold() in NOTHING else compared,
            " ".join(form.get(f"reason-{code}", "").split()),
        )
    return answers


def _placed(rows: Rows, wrong: tuple[Fault, ...]) -> list[tuple[str, Markup]]:
    """Faults of rows beside the fields of the questions about their units."""
    units_of = {row.number: row for row in rows.rows}
    placed = []
    for fault in wrong:
        row, column = units_of.get(fault.value("number")), fault.value("column")
        if row is None or column is None:
            placed.append(("", faults.told(fault, catalogue.language())))
            continue
        said = faults.told(fault, catalogue.language(), where=False)
        placed.append((f"field-{column}-{row.code}", Markup("{}: {}").format(row.name, said)))
    return placed


def _digest(plan: Plan) -> str:
    return hashlib.sha256("\n".join(plan.lines()).encode()).hexdigest()
