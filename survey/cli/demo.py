"""``survey demo``: the demo municipality and its links."""

from __future__ import annotations

import click

from survey.access import links, people
from survey.cli.common import opened
from survey.core.errors import NotFound
from survey.core.services import Services
from survey.demo import municipality


@click.group()
def demo() -> None:
    """Build the demo municipality and print ways into it."""


@demo.command()
@click.option("--seed", default=2026, show_default=True, help="Other seed, other people.")
def build(seed: int) -> None:
    """Build the municipality, three released waves and one that is open."""
    with opened() as parts:
        municipality.build(parts, seed, say=click.echo)


@demo.command("links")
def show_links() -> None:
    """Print a link for an employee, for a manager and for innovation staff."""
    with opened() as parts:
        for who, link in make_links(parts):
            click.echo(f"{who:18} {link}")


def make_links(parts: Services) -> list[tuple[str, str]]:
    """(who, link): a code that nobody has used, and two one-time sign-in links."""
    base = parts.settings.base_url
    named_links = []
    try:
        named_links.append(("an employee", f"{base}/s/{municipality.employee_code(parts)}"))
    except NotFound as error:
        named_links.append(("an employee", f"({error.message})"))
    for who, email in (
        ("a manager", municipality.MANAGER),
        ("innovation staff", municipality.STAFF),
    ):
        with parts.db.transaction() as session:
            [person] = people.with_email(session, email)
            token = links.create(session, parts.secret, person, actor="cli", minutes=24 * 60)
        named_links.append((who, f"{base}/inn/{token}"))
    return named_links
