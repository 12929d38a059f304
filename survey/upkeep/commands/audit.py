"""``survey audit``: does the event log still say what was written to it?"""

from __future__ import annotations

import sys

import click

from survey.audit import log
from survey.organisation.units import organisations
from survey.upkeep.commands.common import opened
from survey.upkeep.find import find_organisation


@click.group()
def audit() -> None:
    """The event log: who did what to which thing."""


@audit.command()
@click.option("--organisation", help="The organisation's code (default: every one).")
def verify(organisation: str | None) -> None:
    """Walk each organisation's chain of events; note the heads it prints outside the database."""
    broken = False
    with opened() as parts, parts.db.reading() as session:
        chosen = (
            [find_organisation(session, organisation)] if organisation else organisations(session)
        )
        for home in chosen:
            breaks = log.verify(session, home.id)
            head = log.head(session, home.id)
            broken = broken or bool(breaks)
            state = "BROKEN" if breaks else "holds"
            click.echo(f"{home.code}\t{state}\t{head.sequence} events\t{head.digest}")
            for each in breaks:
                click.echo(f"  event {each.sequence}: {each.what}")
    sys.exit(1 if broken else 0)


@audit.command("list")
@click.option("--organisation", help="The organisation's code, if several.")
@click.option("--limit", type=click.IntRange(1, 10000), default=50, show_default=True)
def list_events(organisation: str | None, limit: int) -> None:
    """The newest events."""
    with opened() as parts, parts.db.reading() as session:
        home = find_organisation(session, organisation)
        for event in log.events(session, home.id, limit=limit):
            told = " ".join(f"{name}={value}" for name, value in event.details.items())
            line = (str(event.sequence), f"{event.at:%Y-%m-%dT%H:%M:%SZ}", event.actor)
            click.echo("\t".join((*line, event.action, event.subject, told)))
