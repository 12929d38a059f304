"""A forgotten password: asking for a link, and setting a new one with it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import passwords, resets
from survey.access.guard import access
from survey.access.models import Person
from survey.core.errors import Closed, Forbidden, RateLimited
from survey.core.services import services
from survey.web import catalogue
from survey.web.base import forms

bp = Blueprint("password", __name__)


@bp.get("/glemt-passord")
@access("public")
def forgotten() -> str:
    """The form for one's address, and what is answered to everybody who sends it."""
    return _forgotten(sent="sendt" in request.args)


@bp.post("/glemt-passord")
@access("public", max_body=8192)
def ask() -> ResponseReturnValue:
    """Have a link sent to who is known; answer everybody alike."""
    email = request.form.get("email", "")[:320]
    try:
        forms.check_form_token()
        if "@" not in email:
            return _forgotten(reason="account.email_missing", email=email), 422
        resets.ask(services().db, services().secret, email=email, address=request.remote_addr or "")
    except Forbidden:
        return _forgotten(reason="base.form_expired", email=email), 403
    except RateLimited as error:
        page = _forgotten(reason="base.signin_slow", email=email)
        return page, 429, {"Retry-After": str(error.retry_after)}
    return redirect(url_for(".forgotten", sendt="1"), 303)


@bp.get("/nytt-passord/<token>")
@access("public")
def show(token: str) -> ResponseReturnValue:
    """The form for a new password; looking at it uses nothing up."""
    whose = resets.owner(services().db, services().secret, token)
    return _new(whose), 200 if whose is not None else 410


@bp.post("/nytt-passord/<token>")
@access("public", max_body=8192)
def carry_out(token: str) -> ResponseReturnValue:
    """Set the password, once; every session of its owner ends."""
    try:
        forms.check_form_token()
    except Forbidden:
        whose = resets.owner(services().db, services().secret, token)
        return _new(whose, [("password", _text("base.form_expired"))]), 403
    whose = resets.owner(services().db, services().secret, token)
    if whose is None:
        return _new(None), 410
    faults = new_password_faults(whose)
    if faults:
        return _new(whose, faults), 422
    try:
        password = request.form.get("password", "")
        resets.carry_out(services().db, services().secret, token=token, password=password)
    except Closed:
        return _new(None), 410
    return redirect(url_for("base.sign_in", ut="passord"), 303)


def new_password_faults(person: Person) -> list[tuple[str, str]]:
    """What is wrong with ``password`` and ``again`` of the form, beside their fields."""
    password, again = request.form.get("password", ""), request.form.get("again", "")
    faults = []
    wrong = passwords.problem(password, passwords.own_words(person.name, person.email))
    if wrong is not None:
        faults.append(("password", _text(f"account.password_{wrong}", n=passwords.SHORTEST)))
    if password != again:
        faults.append(("again", _text("account.password_differs")))
    return faults


def _forgotten(*, sent: bool = False, reason: str = "", email: str = "") -> str:
    return render_template(
        "account/forgotten.html",
        sent=sent,
        reason=reason,
        email=email,
        mails=bool(services().settings.smtp_host),
    )


def _new(whose: Person | None, faults: list[tuple[str, str]] | None = None) -> str:
    return render_template(
        "account/new_password.html", whose=whose, faults=faults or [], shortest=passwords.SHORTEST
    )


def _text(name: str, **values: int) -> str:
    return catalogue.text(name, catalogue.language(), **values)
