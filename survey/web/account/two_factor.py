"""The second factor: asked for when signing in, set up and taken away on one's own page."""

from __future__ import annotations

import segno
from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard, people, second_factor, sessions, signin
from survey.access.guard import access
from survey.access.models import Person
from survey.access.signin import Pending
from survey.core.errors import Conflict, Forbidden, RateLimited, Unauthenticated
from survey.core.services import services
from survey.web import catalogue
from survey.web.account import login
from survey.web.base import forms

bp = Blueprint("factor", __name__)


@bp.get("/logg-inn/kode")
@access("public")
def ask() -> ResponseReturnValue:
    """Ask for a code of the app. Only for who has just shown the first factor."""
    if login.kept("factor") is None:
        return redirect(url_for("base.sign_in"), 303)
    return render_template("account/factor_ask.html")


@bp.post("/logg-inn/kode")
@access("public", max_body=8192)
def check() -> ResponseReturnValue:
    """Check the code and begin the session."""
    kept = login.kept("factor")
    if kept is None:
        return redirect(url_for("base.sign_in"), 303)
    parts = services()
    try:
        forms.check_form_token()
        token = signin.with_second_factor(
            parts.db,
            parts.secret,
            Pending.from_dict(kept),
            code=request.form.get("code", "")[:40],
            hours=parts.settings.session_hours,
            old_token=login.session_token(),
        )
    except Forbidden:
        return render_template("account/factor_ask.html", reason="base.form_expired"), 403
    except Unauthenticated:
        return redirect(url_for("base.sign_in"), 303)
    except RateLimited as error:
        page = render_template("account/factor_ask.html", reason="base.signin_slow")
        return page, 429, {"Retry-After": str(error.retry_after)}
    if token is None:
        return render_template("account/factor_ask.html", reason="account.code_wrong"), 422
    response = current_app.make_response(login.admit(token, login.destination(kept["next"])))
    login.drop(response, "factor")
    return response


@bp.get(guard.SECOND_FACTOR_PAGE)
@access("signed_in", weak=True)
def show() -> str:
    """How things stand with the second factor, and the way to set one up."""
    return _page()


@bp.post("/min-side/totrinn/start")
@access("signed_in", weak=True)
def start() -> ResponseReturnValue:
    """Make a secret for a new app, after the password where there is one."""
    person = _me()
    wrong = _not_again(person)
    if wrong is not None:
        return _page(wrong), 422
    with services().db.transaction() as session:
        current = people.get(session, person.organisation_id, person.id)
        second_factor.begin(session, services().secret, current)
    return redirect(url_for(".show"), 303)


@bp.post("/min-side/totrinn/bekreft")
@access("signed_in", weak=True)
def confirm() -> ResponseReturnValue:
    """Confirm the app with a code of it, and show the recovery codes, once."""
    who, parts = guard.principal(), services()
    with parts.db.transaction() as session:
        person = people.get(session, who.organisation_id, who.id)
        code = request.form.get("code", "")[:40]
        codes = second_factor.confirm(session, parts.secret, person, code, actor=who.actor)
        if codes is not None:
            sessions.strengthen(session, parts.secret, login.session_token() or "")
            sessions.end_all(session, who.organisation_id, who.id, keep=who.session)
    if codes is None:
        return _page([("code", catalogue.text("account.code_wrong", catalogue.language()))]), 422
    return _codes(codes)


@bp.post("/min-side/totrinn/koder")
@access("signed_in")
def renew() -> ResponseReturnValue:
    """New recovery codes, after a code of the app."""
    who, parts = guard.principal(), services()
    wrong = _not_with_code(_me())
    if wrong is not None:
        return _page(wrong), 422
    with parts.db.transaction() as session:
        person = people.get(session, who.organisation_id, who.id)
        codes = second_factor.renew_codes(session, parts.secret, person, actor=who.actor)
    return _codes(codes)


@bp.post("/min-side/totrinn/fjern")
@access("signed_in")
def remove() -> ResponseReturnValue:
    """Take the app away, after a code of it."""
    who = guard.principal()
    if services().settings.staff_second_factor and "staff" in who.roles:
        raise Conflict("innovation_staff_must_have_second_factor_here")
    wrong = _not_with_code(_me())
    if wrong is not None:
        return _page(wrong), 422
    with services().db.transaction() as session:
        person = people.get(session, who.organisation_id, who.id)
        second_factor.remove(session, person, actor=who.actor)
    return redirect(url_for("account.show", gjort="totrinn"), 303)


def _me() -> Person:
    who = guard.principal()
    with services().db.reading() as session:
        return people.get(session, who.organisation_id, who.id)


def _not_again(person: Person) -> list[tuple[str, str]] | None:
    """What is wrong with the password that was given again; None when nothing is."""
    if person.password_hash is None:
        return None
    password = request.form.get("password", "")
    return _tried(person, "password", password=password or " ")


def _not_with_code(person: Person) -> list[tuple[str, str]] | None:
    return _tried(person, "code", code=request.form.get("code", "")[:40])


def _tried(
    person: Person, field: str, *, password: str = "", code: str = ""
) -> list[tuple[str, str]] | None:
    language = catalogue.language()
    try:
        if signin.check_again(
            services().db, services().secret, person, password=password, code=code
        ):
            return None
    except RateLimited:
        return [(field, catalogue.text("base.signin_slow", language))]
    return [(field, catalogue.text(f"account.{field}_wrong", language))]


def _codes(codes: list[str]) -> ResponseReturnValue:
    response = make_response(render_template("account/codes.html", codes=codes, menu="account"))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(faults: list[tuple[str, str]] | None = None) -> str:
    who, parts = guard.principal(), services()
    with parts.db.reading() as session:
        person = people.get(session, who.organisation_id, who.id)
        enrolled = second_factor.enrolled(session, who.organisation_id, who.id)
        base32 = second_factor.pending(session, parts.secret, person)
        codes_left = second_factor.codes_left(session, who.organisation_id, who.id)
    qr = ""
    if base32:
        issuer = catalogue.text("base.service", catalogue.language())
        address = second_factor.address(base32, person.email, issuer)
        qr = segno.make(address, error="m").svg_data_uri(
            scale=5, border=3, dark="#000", light="#fff"
        )
    return render_template(
        "account/factor.html",
        faults=faults or [],
        enrolled=enrolled,
        email=person.email,
        has_password=person.password_hash is not None,
        secret=" ".join(base32[at : at + 4] for at in range(0, len(base32), 4)) if base32 else "",
        qr=qr,
        codes_left=codes_left,
        demanded=guard.lacks_factor(who),
        may_remove=not (parts.settings.staff_second_factor and "staff" in who.roles),
        menu="account",
    )
