"""People who sign in, and what they may do: found, added, changed, kept out, invited."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import segno
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import (
    guard,
    identities,
    links,
    managers,
    people,
    people_queries,
    second_factor,
    sessions,
)
from survey.access.guard import access
from survey.access.models import Person
from survey.access.people import EmailTaken, LastStaff
from survey.audit import log
from survey.core.db import now
from survey.core.errors import Conflict, InvalidInput
from survey.core.languages import DEFAULT
from survey.core.services import services
from survey.mail.links import link
from survey.organisation import units
from survey.web import catalogue

bp = Blueprint("persons", __name__)

_PATH = "/stab/<org>/personer"
_ONE = _PATH + "/<int:person>"
PER_PAGE = 50
ROLE_FILTERS = ("staff", "manager", "auditor", "none")
STATES = ("active", "new", "inactive")

Faults = list[tuple[str, str]]


class _Faulty(Exception):
    """The form has faults; what was begun is taken back."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults


@bp.get(_PATH)
@access("staff")
def show(org: str) -> str:
    """Everybody who matches the search, by name."""
    who, asked = guard.principal(), request.args
    role = asked.get("rolle", "") if asked.get("rolle") in ROLE_FILTERS else ""
    state = asked.get("tilstand", "") if asked.get("tilstand") in STATES else ""
    page = max(1, asked.get("side", 1, type=int))
    with services().db.reading() as session:
        matches, total = people_queries.search(
            session,
            who.organisation_id,
            text=asked.get("sok", "")[:200],
            role=role,
            state=state,
            offset=(min(page, 10_000) - 1) * PER_PAGE,
            limit=PER_PAGE,
        )
    return render_template(
        "staff/people.html",
        people=matches,
        total=total,
        page=page,
        pages=max(1, -(-total // PER_PAGE)),
        asked={"sok": asked.get("sok", ""), "rolle": role, "tilstand": state},
        roles=ROLE_FILTERS,
        states=STATES,
        menu="people",
    )


@bp.get(_PATH + "/ny")
@access("staff")
def new(org: str) -> str:
    """The form for a new person."""
    return _form({"language": DEFAULT, "invite": "1"})


@bp.post(_PATH + "/ny")
@access("staff")
def create(org: str) -> ResponseReturnValue:
    """Add a person with their roles, and invite them when that was asked for."""
    who, form = guard.principal(), request.form
    try:
        with services().db.transaction() as session:
            person = _store(session, None, form)
            if form.get("invite") and services().settings.smtp_host:
                people.invite(session, person, actor=who.actor)
    except _Faulty as error:
        return _form(form, error.faults), 422
    return redirect(url_for(".one", org=org, person=person.id, gjort="lagt-til"), 303)


@bp.get(_ONE)
@access("staff")
def one(org: str, person: int) -> str:
    """A person: roles, how they sign in, where they are signed in."""
    return _person_page(person)


@bp.post(_ONE)
@access("staff")
def change(org: str, person: int) -> ResponseReturnValue:
    """Change name, address, language and roles."""
    who, form = guard.principal(), request.form
    try:
        with services().db.transaction() as session:
            stored_person = people.get(session, who.organisation_id, person)
            _store(session, stored_person, form)
    except _Faulty as error:
        return _person_page(person, form, error.faults), 422
    return redirect(url_for(".one", org=org, person=person, gjort="endret"), 303)


@bp.post(_ONE + "/<any(aktiver, deaktiver, inviter, okter, totrinn, koblinger, slett):act>")
@access("staff")
def do(org: str, person: int, act: str) -> ResponseReturnValue:
    """Let in, keep out, invite, sign out everywhere, reset the second factor, disconnect."""
    who = guard.principal()
    try:
        with services().db.transaction() as session:
            stored_person = people.get(session, who.organisation_id, person)
            _ACTS[act](session, stored_person, who.actor)
    except LastStaff:
        text = catalogue.text("people.fault_last_staff", catalogue.language())
        return _person_page(person, faults=[("", text)]), 409
    if act == "slett":
        return redirect(url_for(".show", org=org, gjort=act), 303)
    return redirect(url_for(".one", org=org, person=person, gjort=act), 303)


@bp.post(_ONE + "/lenke")
@access("staff")
def make_link(org: str, person: int) -> ResponseReturnValue:
    """Make a link that signs the person in once, and show it: here and now, never again."""
    who, parts = guard.principal(), services()
    with parts.db.transaction() as session:
        stored_person = people.get(session, who.organisation_id, person)
        if not stored_person.active:
            raise Conflict("person_is_kept_out")
        links.revoke_all(session, stored_person, "signin")
        token = links.create(
            session, parts.secret, stored_person, actor=who.actor, minutes=links.WEEK
        )
        stored_person.invited_at = now()
    address = link(parts.settings, "inn", token)
    response = make_response(
        render_template(
            "staff/person_link.html",
            person=stored_person,
            address=address,
            qr=segno.make(address, error="m").svg_data_uri(scale=4, border=3, light="#fff"),
            until=now() + timedelta(minutes=links.WEEK),
            menu="people",
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get(_PATH + "/ledere")
@access("staff")
def managers_plan(org: str) -> str:
    """Which managers the units name, and what making them managers would change."""
    return _plan_page()


@bp.post(_PATH + "/ledere")
@access("staff")
def managers_apply(org: str) -> ResponseReturnValue:
    """Carry out what was shown; shown again when it would be something else by now."""
    who, form = guard.principal(), request.form
    with services().db.transaction() as session:
        plan = managers.plan(session, who.organisation_id)
        stale = _digest(plan) != form.get("digest")
        if not stale:
            withdraw = bool(form.get("withdraw"))
            new_managers = managers.apply(
                session, who.organisation_id, plan, withdraw=withdraw, actor=who.actor
            )
            if form.get("invite") and services().settings.smtp_host:
                for person in new_managers:
                    people.invite(session, person, actor=who.actor)
    if stale:
        return _plan_page(stale=True), 409
    return redirect(url_for(".show", org=org, gjort="ledere", rolle="manager"), 303)


def _end_sessions(session: Session, person: Person, actor: str) -> None:
    ended = sessions.end_all(session, person.organisation_id, person.id)
    if ended:
        subject, details = f"person:{person.id}", {"count": ended}
        log.record(session, person.organisation_id, actor, "sessions.ended", subject, details)


def _reset_factor(session: Session, person: Person, actor: str) -> None:
    second_factor.remove(session, person, actor=actor)
    _end_sessions(session, person, actor)


def _release(session: Session, person: Person, actor: str) -> None:
    for issuer in identities.of_person(session, person):
        identities.release(session, person, issuer, "", actor=actor)


_ACTS: dict[str, Callable[[Session, Person, str], None]] = {
    "aktiver": lambda session, person, actor: people.set_active(session, person, True, actor=actor),
    "deaktiver": lambda session, person, actor: people.set_active(
        session, person, False, actor=actor
    ),
    "inviter": lambda session, person, actor: people.invite(session, person, actor=actor),
    "okter": _end_sessions,
    "totrinn": _reset_factor,
    "koblinger": _release,
    "slett": lambda session, person, actor: people.forget(session, person, actor=actor),
}


def _store(session: Session, person: Person | None, form: Mapping[str, str]) -> Person:
    """Add or change a person as the form says. Raises _Faulty with every fault at once."""
    who, language = guard.principal(), catalogue.language()
    named = form.get("units", "").replace(";", "\n").splitlines()[:500]
    codes, unknown = managers.units_named(session, who.organisation_id, named)
    faults: Faults = []
    values: dict[str, Any] = {
        "name": form.get("name", ""),
        "email": form.get("email", ""),
        "language": form.get("language", ""),
        "actor": who.actor,
    }
    try:
        if person is None:
            person = people.create_person(session, who.organisation_id, **values)
        else:
            people.change(session, person, **values)
    except InvalidInput as error:
        names = [fault.field for fault in error.faults]
        faults += [(name, catalogue.text(f"people.fault_{name}", language)) for name in names]
    except EmailTaken:
        faults.append(("email", catalogue.text("people.fault_email_taken", language)))
    faults += [
        ("units", catalogue.text("people.fault_units", language, unit=unknown_unit))
        for unknown_unit in unknown
    ]
    if person is not None and not faults:
        try:
            people.set_roles(
                session,
                person,
                staff="staff" in form,
                auditor="auditor" in form,
                units=codes,
                actor=who.actor,
            )
        except LastStaff:
            faults.append(("staff", catalogue.text("people.fault_last_staff", language)))
    if person is None or faults:
        raise _Faulty(faults)
    return person


def _form(form: Mapping[str, str], faults: Faults | None = None) -> str:
    return render_template(
        "staff/person_new.html",
        given=form,
        faults=faults or [],
        units=_units(),
        mails=bool(services().settings.smtp_host),
        menu="people",
    )


def _person_page(
    person_id: int, form: Mapping[str, str] | None = None, faults: Faults | None = None
) -> str:
    who, parts = guard.principal(), services()
    idle = timedelta(minutes=parts.settings.session_idle_minutes)
    with parts.db.reading() as session:
        stored_person = people.get(session, who.organisation_id, person_id)
        info = people_queries.info(session, stored_person)
        signed_in = sessions.listing(session, who.organisation_id, person_id=person_id, idle=idle)
        connected = len(identities.of_person(session, stored_person))
    return render_template(
        "staff/person.html",
        person=info,
        given=form if form is not None else _given(info),
        faults=faults or [],
        sessions=signed_in,
        connected=connected,
        units=_units(),
        mails=bool(parts.settings.smtp_host),
        menu="people",
    )


def _given(info: people_queries.PersonInfo) -> dict[str, str]:
    """A person as the form shows them."""
    values = {"name": info.name, "email": info.email, "language": info.language}
    values |= {role.role: "1" for role in info.roles if role.role != "manager"}
    values["units"] = "\n".join(role.unit or "" for role in info.roles if role.role == "manager")
    return values


def _units() -> list[tuple[str, str]]:
    who = guard.principal()
    with services().db.reading() as session:
        return [(unit.code, unit.name) for unit in units.tree(session, who.organisation_id)]


def _plan_page(*, stale: bool = False) -> str:
    who = guard.principal()
    with services().db.reading() as session:
        plan = managers.plan(session, who.organisation_id)
    return render_template(
        "staff/people_managers.html",
        plan=plan,
        digest=_digest(plan),
        stale=stale,
        mails=bool(services().settings.smtp_host),
        menu="people",
    )


def _digest(plan: managers.Plan) -> str:
    return hashlib.sha256("\n".join(plan.lines()).encode()).hexdigest()
