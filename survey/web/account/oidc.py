"""Signing in through an OpenID Connect provider, and connecting one's account there to oneself."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from survey.access import guard, identities, oidc_settings, people, sessions, signin
from survey.access.guard import access
from survey.access.identities import Vouched
from survey.access.oidc import Client, Memory, Refused
from survey.access.principal import Principal
from survey.access.sessions import How
from survey.core import logs
from survey.core.errors import Conflict, NotFound
from survey.core.services import services
from survey.web.account import login

bp = Blueprint("outside", __name__)

COOKIE = "outside"
_CONNECT = "connect"


@bp.record_once
def _read_settings(state: BlueprintSetupState) -> None:
    """A fault in the file of providers stops the start, as one in the environment does."""
    settings = state.app.extensions["survey"].settings
    state.app.extensions["survey.oidc"] = {
        name: Client(provider, f"{settings.base_url}/logg-inn/{name}/svar")
        for name, provider in oidc_settings.load(settings.oidc_file).items()
    }


def clients() -> dict[str, Client]:
    """The providers that people may sign in with, by name."""
    return cast(dict[str, Client], current_app.extensions["survey.oidc"])


def connect_token(who: Principal, name: str) -> str:
    """What an address must carry to connect an account: another site cannot know it."""
    return services().secret.hash(_CONNECT, f"{who.csrf}:{name}".encode()).hex()


@bp.get("/logg-inn/<provider>")
@access("public")
def begin(provider: str) -> ResponseReturnValue:
    """Send the browser to the provider; with ``?koble=`` to connect the account to who asks."""
    client = _client(provider)
    kept: dict[str, Any] = {"next": login.destination(request.args.get("next"))}
    if "koble" in request.args:
        who = guard.visitor()
        if who is None:
            return _sign_in_first()
        if not sessions.same(request.args["koble"], connect_token(who, provider)):
            raise NotFound("no_such_page")
        kept["session"] = who.session
    try:
        address, memory = client.begin()
    except Refused as error:
        return _refused(client, error)
    response = redirect(address, 303)
    login.keep(response, COOKIE, {**kept, "memory": memory.as_dict()})
    return response


@bp.get("/logg-inn/<provider>/svar")
@access("public")
def answer(provider: str) -> ResponseReturnValue:
    """The browser comes back: check what it brings, and sign in who is known here."""
    client = _client(provider)
    kept = login.kept(COOKIE)
    try:
        if kept is None:
            raise Refused("state", "answer_of_another_browser")
        vouched = client.finish(request.args.to_dict(), Memory(**kept["memory"]))
    except Refused as error:
        response = current_app.make_response(_refused(client, error))
        login.drop(response, COOKIE)
        return response
    if "session" in kept:
        return _connect(client, vouched, kept["session"])
    return _sign_in(client, vouched, kept["next"])


@bp.get("/logg-ut/<provider>")
@access("public")
def leave(provider: str) -> ResponseReturnValue:
    """Send who has signed out here to sign out at the provider too."""
    back = f"{services().settings.base_url}/logg-inn"
    return redirect(_client(provider).sign_out_address(back) or back, 303)


def _sign_in(client: Client, vouched: Vouched, destination: str) -> ResponseReturnValue:
    parts = services()
    how = How("oidc", login.device(), vouched.provider, strong=vouched.strong)
    with parts.db.transaction() as session:
        person = identities.find(session, vouched)
        outcome = (
            None
            if person is None
            else signin.with_provider(
                session,
                parts.secret,
                person,
                how=how,
                hours=parts.settings.session_hours,
                old_token=login.session_token(),
            )
        )
    if outcome is None:
        page = _page(client, "unknown", emailless=client.provider.email_trust == "never")
        response = current_app.make_response((page, 403))
    else:
        response = current_app.make_response(login.admit(outcome, destination))
    login.drop(response, COOKIE)
    return response


def _connect(client: Client, vouched: Vouched, reference: str) -> ResponseReturnValue:
    who = guard.visitor()
    if who is None or not sessions.same(who.session, reference):
        return _sign_in_first()
    try:
        with services().db.transaction() as session:
            person = people.get(session, who.organisation_id, who.id)
            identities.bind(session, person, vouched)
    except Conflict:
        response = current_app.make_response((_page(client, "taken"), 409))
    else:
        there = url_for("account.show", gjort="koblet")
        response = current_app.make_response(redirect(there, 303))
    login.drop(response, COOKIE)
    return response


def _sign_in_first() -> ResponseReturnValue:
    """The session ended meanwhile. What this address carries is of no use afterwards."""
    return redirect(url_for("base.sign_in", next=url_for("account.show")), 303)


def _client(name: str) -> Client:
    client = clients().get(name)
    if client is None:
        raise NotFound("no_such_page")
    return client


def _refused(client: Client, error: Refused) -> ResponseReturnValue:
    logs.logger().warning(
        "sign-in refused", provider=client.provider.name, reason=error.reason, why=error.message
    )
    status = 502 if error.reason == "unreachable" else 403
    reason = error.reason if error.reason in ("denied", "unreachable", "state") else "invalid"
    return _page(client, reason), status


def _page(client: Client, reason: str, *, emailless: bool = False) -> str:
    return render_template(
        "account/outside.html", provider=client.provider, reason=reason, emailless=emailless
    )
