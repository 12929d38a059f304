"""The start page, signing in and out."""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from survey.access import guard, links, sessions, signin
from survey.access.guard import access
from survey.core.errors import Closed, Forbidden, NotFound, RateLimited
from survey.core.services import services
from survey.web import catalogue
from survey.web.account import login, oidc
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
        raise NotFound("no_such_font")
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
        return redirect(login.destination(request.args.get("next")), 303)
    client = oidc.clients().get(request.args.get("fra", ""))
    return _page(
        ended=request.args.get("ut", ""),
        left=client.provider.name if client is not None and client.offers_sign_out else "",
    )


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
        outcome = signin.with_password(
            services().db,
            services().secret,
            email=request.form.get("email", "")[:320],
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            hours=settings.session_hours,
            organisation=request.form.get("organisation"),
            old_token=login.session_token(),
            device=login.device(),
        )
    except RateLimited as error:
        response = make_response(*_sign_in_again("signin_slow", 429))
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if outcome is None:
        return _sign_in_again("signin_failed", 422)
    return login.admit(outcome, login.destination(request.form.get("next")))


@bp.post("/logg-ut")
@access("signed_in", weak=True)
def sign_out() -> ResponseReturnValue:
    """End this browser's session; who came by a provider is shown the way out there too."""
    name = guard.session_cookie(services().settings)
    provider = guard.principal().provider
    with services().db.transaction() as session:
        sessions.end(session, services().secret, request.cookies.get(name, ""))
    known_provider = provider if provider in oidc.clients() else None
    response = redirect(url_for("base.sign_in", ut="1", fra=known_provider), 303)
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
    try:
        outcome = signin.with_link(
            services().db,
            services().secret,
            token=token,
            hours=services().settings.session_hours,
            old_token=login.session_token(),
            device=login.device(),
        )
    except Closed:
        return render_template("base/link.html", usable=False), 410
    return login.admit(outcome, url_for("unit.mine"))


def _sign_in_again(reason: str, status: int) -> tuple[str, int]:
    return _page(reason=reason, email=request.form.get("email", "")[:320]), status


def _page(**more: str) -> str:
    language = catalogue.language()
    providers = [(name, client.provider.label(language)) for name, client in oidc.clients().items()]
    provider_label = next((label for name, label in providers if name == more.get("left")), "")
    return render_template(
        "base/sign_in.html", providers=providers, **more, left_label=provider_label
    )
