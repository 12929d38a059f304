"""The organisation's units, and bringing them up to date from a file, with a look at it first."""

from __future__ import annotations

import base64
import binascii
import hashlib

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.errors import Conflict, Fault, InvalidInput
from survey.organisation import imports, units
from survey.organisation.imports import Plan
from survey.upkeep.services import services

bp = Blueprint("organisation", __name__)

LARGEST_FILE = 4 * 1024 * 1024


@bp.get("/stab/<org>/enheter")
@access("staff")
def show(org: str) -> str:
    """The tree of units, and the form for a file."""
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
    except InvalidInput as error:
        return _page(faults=error.faults), 422
    with services().db.reading() as session:
        plan = imports.plan(session, who.organisation_id, rows)
    return render_template(
        "staff/import.html",
        plan=plan,
        content=base64.b64encode(raw).decode(),
        digest=_digest(plan),
        menu="staff",
    )


@bp.post("/stab/<org>/enheter/innfor")
@access("staff", max_body=2 * LARGEST_FILE)
def carry_out(org: str) -> ResponseReturnValue:
    """Carry out what was shown; Conflict when it would be something else by now."""
    who = guard.principal()
    try:
        raw = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise InvalidInput("The file did not arrive whole. Choose it again.") from error
    rows = imports.read_csv(raw)
    with services().db.transaction() as session:
        plan = imports.plan(session, who.organisation_id, rows)
        if _digest(plan) != request.form.get("digest"):
            raise Conflict("The organisation has changed since the list was shown; look again.")
        imports.apply(session, who.organisation_id, plan, actor=who.actor)
    return redirect(url_for(".show", org=org, gjort="1"), 303)


def _page(*, faults: tuple[Fault, ...] = (), missing: bool = False) -> str:
    who = guard.principal()
    with services().db.reading() as session:
        listed = units.tree(session, who.organisation_id)
    depth: dict[int | None, int] = {None: -1}
    rows = []
    for unit in listed:
        depth[unit.id] = depth.get(unit.parent_id, -1) + 1
        rows.append((min(depth[unit.id], 3), unit))
    return render_template(
        "staff/units.html", rows=rows, faults=faults, missing=missing, menu="staff"
    )


def _digest(plan: Plan) -> str:
    return hashlib.sha256("\n".join(plan.lines()).encode()).hexdigest()
