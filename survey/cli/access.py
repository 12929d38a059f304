"""``survey person``, ``survey api-key``, ``survey signin-link``: who may come in."""

from __future__ import annotations

import click

from survey.access import (
    api_keys,
    links,
    passwords,
    people,
    people_queries,
    second_factor,
    sessions,
)
from survey.access.principal import ROLES, SCOPES
from survey.audit import log
from survey.cli.common import opened
from survey.core.errors import Conflict, NotFound, say
from survey.core.languages import DEFAULT, LANGUAGES
from survey.mail.links import link
from survey.study.find import find_organisation

_ORGANISATION = click.option("--organisation", help="The organisation's code, if several.")
_ACTOR = "cli"


@click.group()
def person() -> None:
    """People who sign in, and their roles."""


@person.command("create")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True)
@click.option("--role", type=click.Choice(ROLES), help="A first role.")
@click.option("--unit", help="Code of the unit that a manager leads.")
@click.option("--password", "ask", is_flag=True, help="Ask for a password.")
@_ORGANISATION
def create_person(
    email: str,
    *,
    name: str,
    language: str,
    role: str | None,
    unit: str | None,
    ask: bool,
    organisation: str | None,
) -> None:
    """Add a person. Without a password they come in by `survey signin-link`."""
    hashed = passwords.make_hash(_ask_password()) if ask else None
    with opened() as parts, parts.db.transaction() as session:
        home = find_organisation(session, organisation)
        member = people.create_person(
            session,
            home.id,
            name=name,
            email=email,
            language=language,
            password_hash=hashed,
            actor=_ACTOR,
        )
        if role is not None:
            people.grant(session, member, role, unit=unit, actor=_ACTOR)
    click.echo(f"{member.email} was added to {home.name}.")


@person.command("list")
@_ORGANISATION
def list_people(organisation: str | None) -> None:
    """Everybody with their roles."""
    with opened() as parts, parts.db.reading() as session:
        home = find_organisation(session, organisation)
        listed = people_queries.listing(session, home.id)
    for member in sorted(listed, key=lambda one: one.email):
        roles = ", ".join(f"{r.role} of {r.unit}" if r.unit else r.role for r in member.roles)
        state = "" if member.active else " (kept out)"
        click.echo(f"{member.email}\t{member.name}\t{roles or 'no role'}{state}")


@person.command("grant")
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@click.option("--unit", help="Code of the unit that a manager leads.")
@click.option("--withdraw", is_flag=True, help="Take the role away instead.")
@_ORGANISATION
def grant_role(
    email: str, role: str, *, unit: str | None, withdraw: bool, organisation: str | None
) -> None:
    """Give a person a role, or take it away."""
    with opened() as parts, parts.db.transaction() as session:
        home = find_organisation(session, organisation)
        member = people.find(session, home.id, email)
        if member is None:
            raise NotFound(say("nobody_there_has_address", name=home.name, email=email))
        if withdraw:
            people.withdraw(session, member, role, unit=unit, actor=_ACTOR)
        else:
            people.grant(session, member, role, unit=unit, actor=_ACTOR)
    click.echo("done")


@person.command("password")
@click.argument("email")
@_ORGANISATION
def set_password(email: str, organisation: str | None) -> None:
    """Ask for a new password; the person is signed out everywhere."""
    hashed = passwords.make_hash(_ask_password())
    with opened() as parts, parts.db.transaction() as session:
        home = find_organisation(session, organisation)
        member = people.find(session, home.id, email)
        if member is None:
            raise NotFound(say("nobody_there_has_address", name=home.name, email=email))
        people.set_password(session, member, hashed, actor=_ACTOR)
    click.echo("done")


@person.command("active")
@click.argument("email")
@click.argument("state", type=click.Choice(["yes", "no"]))
@_ORGANISATION
def set_active(email: str, state: str, organisation: str | None) -> None:
    """Let a person in, or keep them out and sign them out everywhere."""
    with opened() as parts, parts.db.transaction() as session:
        home = find_organisation(session, organisation)
        member = people.find(session, home.id, email)
        if member is None:
            raise NotFound(say("nobody_there_has_address", name=home.name, email=email))
        people.set_active(session, member, state == "yes", actor=_ACTOR)
    click.echo("done")


@person.command("reset-factor")
@click.argument("email")
@_ORGANISATION
def reset_factor(email: str, organisation: str | None) -> None:
    """Take a person's authenticator app and recovery codes away; they are signed out everywhere."""
    with opened() as parts, parts.db.transaction() as session:
        home = find_organisation(session, organisation)
        member = people.find(session, home.id, email)
        if member is None:
            raise NotFound(say("nobody_there_has_address", name=home.name, email=email))
        had = second_factor.remove(session, member, actor=_ACTOR)
        sessions.end_all(session, home.id, member.id)
    click.echo("done" if had else "There was no app.")


@click.command("signin-link")
@click.argument("email")
@click.option("--minutes", type=click.IntRange(1, 7 * 24 * 60), default=60, show_default=True)
@_ORGANISATION
def signin_link(email: str, minutes: int, organisation: str | None) -> None:
    """Make a link that signs a person in, once. Hand it over in private."""
    with opened() as parts:
        with parts.db.transaction() as session:
            matches = people.with_email(session, email)
            if organisation is not None:
                home = find_organisation(session, organisation)
                matches = [match for match in matches if match.organisation_id == home.id]
            if not matches:
                raise NotFound(say("nobody_has_address", email=email))
            if len(matches) > 1:
                raise Conflict("address_in_several_organisations")
            token = links.create(session, parts.secret, matches[0], minutes=minutes, actor=_ACTOR)
        click.echo(link(parts.settings, "inn", token))


@click.group("api-key")
def api_key() -> None:
    """Keys for programs."""


@api_key.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(list(SCOPES)))
@_ORGANISATION
def create_key(name: str, scopes: tuple[str, ...], organisation: str | None) -> None:
    """Make a key. It is printed now and can never be read again."""
    with opened() as parts:
        with parts.db.transaction() as session:
            home = find_organisation(session, organisation)
            key, token = api_keys.create(session, parts.secret, home.id, name, scopes)
            details = {"scopes": key.scopes}
            log.record(session, home.id, _ACTOR, "key.created", f"key:{key.id}", details)
        click.echo(f"{key.id}\t{token}")


@api_key.command("list")
@_ORGANISATION
def list_keys(organisation: str | None) -> None:
    """All keys with their scopes."""
    with opened() as parts, parts.db.reading() as session:
        home = find_organisation(session, organisation)
        for key in api_keys.listing(session, home.id):
            state = "revoked" if key.revoked_at else "in use"
            click.echo(f"{key.id}\t{key.name}\t{' '.join(key.scopes)}\t{state}")


@api_key.command("revoke")
@click.argument("key_id", type=int)
@_ORGANISATION
def revoke_key(key_id: int, organisation: str | None) -> None:
    """Make a key useless from now on."""
    with opened() as parts, parts.db.transaction() as session:
        home = find_organisation(session, organisation)
        api_keys.revoke(session, home.id, key_id)
        log.record(session, home.id, _ACTOR, "key.revoked", f"key:{key_id}")
    click.echo("revoked")


def _ask_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
