"""My page: one's sessions, password, second factor, accounts elsewhere and language."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard, identities, passwords, people, second_factor, sessions, signin
from survey.access.guard import access
from survey.audit import log
from survey.core.errors import Conflict, NotFound, RateLimited
from survey.core.languages import LANGUAGES
from survey.core.services import services
from survey.web import catalogue
from survey.web.account import oidc
from survey.web.account.password import new_password_faults

bp = Blueprint("account", __name__)

Faults = list[tuple[str, str]]


@bp.get("/min-side")
@access("signed_in")
def show() -> str:
    """Everything about one's own account."""
    return _page()


@bp.post("/min-side/passord")
@access("signed_in", max_body=8192)
def change_password() -> ResponseReturnValue:
    """Set a new password after the present one; every other session ends."""
    who, parts = guard.principal(), services()
    with parts.db.reading() as session:
        person = people.get(session, who.organisation_id, who.id)
    faults: Faults = []
    if person.password_hash is not None:
        try:
            password = request.form.get("present", "")
            if not signin.check_again(parts.db, parts.secret, person, password=password or " "):
                faults.append(("present", _text("account.password_wrong")))
        except RateLimited:
            return _page([("present", _text("base.signin_slow"))]), 429
    faults += new_password_faults(person)
    if faults:
        return _page(faults), 422
    own = passwords.own_words(person.name, person.email)
    hashed = passwords.make_hash(request.form.get("password", ""), own)
    with parts.db.transaction() as session:
        current = people.get(session, who.organisation_id, who.id)
        if current.password_hash != person.password_hash:
            raise Conflict("password_was_changed_in_meantime")
        people.set_password(session, current, hashed, actor=who.actor, keep=who.session)
    return _done("passord")


@bp.post("/min-side/sprak")
@access("signed_in", max_body=8192)
def change_language() -> ResponseReturnValue:
    """Choose the language of pages and mails."""
    who = guard.principal()
    wanted = request.form.get("language", "")
    if wanted not in LANGUAGES:
        return _page([("language", _text("account.language_missing"))]), 422
    with services().db.transaction() as session:
        person = people.get(session, who.organisation_id, who.id)
        people.change(
            session,
            person,
            name=person.name,
            email=person.email,
            language=wanted,
            actor=who.actor,
        )
    response = make_response(_done("sprak"))
    response.delete_cookie(catalogue.COOKIE, httponly=True, samesite="Lax")
    return response


@bp.post("/min-side/okter")
@access("signed_in", max_body=8192)
def end_sessions() -> ResponseReturnValue:
    """End one of one's other sessions, or all of them."""
    who = guard.principal()
    reference = request.form.get("session", "")
    with services().db.transaction() as session:
        if reference:
            ended = sessions.end_one(session, who.organisation_id, who.id, reference)
        else:
            ended = sessions.end_all(session, who.organisation_id, who.id, keep=who.session)
        if ended:
            subject, details = f"person:{who.id}", {"count": ended}
            organisation = who.organisation_id
            log.record(session, organisation, who.actor, "sessions.ended", subject, details)
    return _done("okter")


@bp.post("/min-side/koblinger")
@access("signed_in", max_body=8192)
def disconnect() -> ResponseReturnValue:
    """Disconnect one's account at a provider."""
    who = guard.principal()
    client = oidc.clients().get(request.form.get("provider", ""))
    if client is None:
        raise NotFound("no_such_provider")
    with services().db.transaction() as session:
        person = people.get(session, who.organisation_id, who.id)
        issuer, name = client.provider.issuer, client.provider.name
        identities.release(session, person, issuer, name, actor=who.actor)
    return _done("frakoblet")


def _page(faults: Faults | None = None) -> str:
    who, parts = guard.principal(), services()
    idle = timedelta(minutes=parts.settings.session_idle_minutes)
    with parts.db.reading() as session:
        person = people.get(session, who.organisation_id, who.id)
        own_sessions = sessions.listing(session, who.organisation_id, person_id=who.id, idle=idle)
        enrolled = second_factor.enrolled(session, who.organisation_id, who.id)
        codes_left = second_factor.codes_left(session, who.organisation_id, who.id)
        bound = identities.of_person(session, person)
    language = catalogue.language()
    return render_template(
        "account/account.html",
        faults=faults or [],
        person=person,
        sessions=own_sessions,
        current=who.session,
        enrolled=enrolled,
        codes_left=codes_left,
        shortest=passwords.SHORTEST,
        providers=[
            {
                "name": name,
                "label": client.provider.label(language),
                "since": bound.get(client.provider.issuer),
                "token": oidc.connect_token(who, name),
            }
            for name, client in oidc.clients().items()
        ],
        menu="account",
    )


def _done(what: str) -> ResponseReturnValue:
    return redirect(url_for("account.show", gjort=what), 303)


def _text(name: str) -> str:
    return catalogue.text(name, catalogue.language())
