"""Keys of programs: made with scopes in words, shown once, revoked."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import api_keys, guard
from survey.access.guard import access
from survey.access.principal import KEPT_APART, SCOPES
from survey.audit import log
from survey.core.db import now
from survey.core.errors import InvalidInput
from survey.core.local_time import ZONE
from survey.core.services import services
from survey.web import catalogue

bp = Blueprint("keys", __name__)

_PATH = "/stab/<org>/api-nokler"
LONGEST = timedelta(days=366 * 2)

Faults = list[tuple[str, str]]


@bp.get(_PATH)
@access("staff")
def show(org: str) -> str:
    """All keys, and the form for a new one."""
    return _page()


@bp.post(_PATH)
@access("staff")
def create(org: str) -> ResponseReturnValue:
    """Make a key and show it: here and now, never again."""
    who, parts = guard.principal(), services()
    scopes = [scope for scope in request.form.getlist("scope") if scope in SCOPES]
    faults = _faults(scopes)
    if faults:
        return _page(faults), 422
    try:
        with parts.db.transaction() as session:
            key, token = api_keys.create(
                session,
                parts.secret,
                who.organisation_id,
                request.form.get("name", "")[:200],
                scopes,
                expires_at=_expiry(),
            )
            subject, details = f"key:{key.id}", {"scopes": key.scopes}
            log.record(session, who.organisation_id, who.actor, "key.created", subject, details)
    except InvalidInput as error:
        places = {fault.field for fault in error.faults}
        return _page([(_FIELDS.get(field, ""), _text(field)) for field in sorted(places)]), 422
    response = make_response(
        render_template("staff/key_made.html", key=key, token=token, menu="keys")
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post(_PATH + "/<int:key>/trekk-tilbake")
@access("staff")
def revoke(org: str, key: int) -> ResponseReturnValue:
    """Make a key useless from now on."""
    who = guard.principal()
    with services().db.transaction() as session:
        known = api_keys.get(session, who.organisation_id, key)
        if known.revoked_at is None:
            api_keys.revoke(session, who.organisation_id, key)
            log.record(session, who.organisation_id, who.actor, "key.revoked", f"key:{key}")
    return redirect(url_for(".show", org=org, gjort="trukket"), 303)


def scope_text(scope: str) -> str:
    """A scope in the words of the page's language."""
    name, language = "scope_" + re.sub(r"\W", "_", scope), catalogue.language()
    if name not in catalogue.catalogue("keys", language):
        return SCOPES.get(scope, scope)
    return catalogue.text(f"keys.{name}", language)


_FIELDS = {"name": "name", "scopes": "scope-0", "expires_at": "expires"}


def _faults(scopes: list[str]) -> Faults:
    faults: Faults = []
    if not request.form.get("name", "").strip():
        faults.append(("name", _text("name")))
    if not scopes:
        faults.append(("scope-0", _text("scopes")))
    if any(together <= set(scopes) for together in KEPT_APART):
        faults.append(("scope-0", _text("apart")))
    moment = _expiry()
    if moment is None or not now() < moment <= now() + LONGEST:
        faults.append(("expires", _text("expires_at")))
    return faults


def _expiry() -> datetime | None:
    """The end of the day that was chosen; None when it is no day."""
    try:
        day = date.fromisoformat(request.form.get("expires", ""))
    except ValueError:
        return None
    return datetime.combine(day, time(23, 59), ZONE)


def _page(faults: Faults | None = None) -> str:
    who = guard.principal()
    with services().db.reading() as session:
        keys = api_keys.listing(session, who.organisation_id)
    keys.sort(key=lambda key: (key.revoked_at is not None, -key.created_at.timestamp()))
    moment = now()
    return render_template(
        "staff/keys.html",
        keys=keys,
        used_up={key.id for key in keys if key.expires_at and key.expires_at <= moment},
        scopes=[(scope, scope_text(scope)) for scope in SCOPES],
        scope_text=scope_text,
        given=request.form,
        chosen=request.form.getlist("scope"),
        expires=request.form.get("expires") or (moment.date() + timedelta(days=365)).isoformat(),
        faults=faults or [],
        menu="keys",
    )


def _text(name: str) -> str:
    return catalogue.text(f"keys.fault_{name}", catalogue.language())
