"""The start page, signing in and out."""

from __future__ import annotations

from importlib import resources
from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from survey.access import guard, links, sessions, signin
from survey.access.guard import access
from survey.errors import Closed, Forbidden, NotFound, RateLimited
from survey.upkeep.services import services
from survey.web.base import forms

bp = Blueprint("base", __name__)

_FONTS = ("SourceSans3-Regular.ttf", "SourceSans3-Semibold.ttf")


@bp.get("/")
@access("public")
def start() -> str:
    """What this is, the way in for employees, the way in for everybody else."""
    return render_template("base/start.html")


@bp.get("/skrift/<name>")
@access("public")
def font(name: str) -> Response:
    """A font of the charts, which ships with the reports."""
    if name not in _FONTS:
        raise NotFound("There is no such font.")
    content = (resources.files("survey.reports") / "fonts" / name).read_bytes()
    response = make_response(content)
    response.mimetype = "font/ttf"
    response.headers["Cache-Control"] = "public, max-age=604800"
    return response


@bp.get("/logg-inn")
@access("public")
def sign_in() -> ResponseReturnValue:
    """The sign-in form; people who are signed in already go on."""
    if guard.visitor() is not None and "ut" not in request.args:
        return redirect(_destination(request.args.get("next")), 303)
    return render_template("base/sign_in.html", signed_out="ut" in request.args)


@bp.post("/logg-inn")
@access("public", max_body=8192)
def check_sign_in() -> ResponseReturnValue:
    """Check e-mail and password. One answer for every way to be wrong."""
    try:
        forms.check_form_token()
    except Forbidden:
        return _sign_in_again("form_expired", 403)
    settings = services().settings
    try:
        token = signin.with_password(
            services().db,
            services().secret,
            email=request.form.get("email", "")[:320],
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            hours=settings.session_hours,
            organisation=request.form.get("organisation"),
            old_token=request.cookies.get(guard.session_cookie(settings)),
        )
    except RateLimited as error:
        response = make_response(*_sign_in_again("signin_slow", 429))
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if token is None:
        return _sign_in_again("signin_failed", 422)
    return _with_session(token, _destination(request.form.get("next")))


@bp.post("/logg-ut")
@access("signed_in")
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    name = guard.session_cookie(services().settings)
    with services().db.transaction() as session:
        sessions.end(session, services().secret, request.cookies.get(name, ""))
    response = redirect(url_for("base.sign_in", ut="1"), 303)
    response.delete_cookie(name, secure=services().settings.secure, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.get("/inn/<token>")
@access("public")
def show_link(token: str) -> ResponseReturnValue:
    """Show a one-time link without using it up: mail scanners open links."""
    with services().db.reading() as session:
        usable = links.usable(session, services().secret, token)
    return render_template("base/link.html", usable=usable), 200 if usable else 410


@bp.post("/inn/<token>")
@access("public", max_body=8192)
def redeem_link(token: str) -> ResponseReturnValue:
    """Use the link up and sign in."""
    forms.check_form_token()
    settings = services().settings
    try:
        made = signin.with_link(
            services().db,
            services().secret,
            token=token,
            hours=settings.session_hours,
            old_token=request.cookies.get(guard.session_cookie(settings)),
        )
    except Closed:
        return render_template("base/link.html", usable=False), 410
    return _with_session(made, url_for("unit.mine"))


def _sign_in_again(reason: str, status: int) -> tuple[str, int]:
    page = render_template(
        "base/sign_in.html", reason=reason, email=request.form.get("email", "")[:320]
    )
    return page, status


def _with_session(token: str, destination: str) -> Response:
    settings = services().settings
    response = redirect(destination, 303)
    response.set_cookie(
        guard.session_cookie(settings),
        token,
        max_age=settings.session_hours * 3600,
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _destination(wanted: str | None) -> str:
    """A place on this service, or the reader's own units: never another host."""
    if wanted and wanted.startswith("/") and not any(mark in wanted for mark in "\\\r\n\t"):
        parts = urlsplit(wanted)
        if not parts.netloc and not parts.scheme and not wanted.startswith("//"):
            return wanted
    return url_for("unit.mine")
