"""``survey audit``: does the event log still say what was written to it?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from survey.audit import log
from survey.audit.log import Head
from survey.cli.common import opened
from survey.core.errors import Fault, InvalidInput
from survey.organisation.units import organisations
from survey.study.find import find_organisation


@click.group()
def audit() -> None:
    """The event log: who did what to which thing."""


@audit.command()
@click.option("--organisation", help="The organisation's code (default: every one).")
@click.option(
    "--anchors",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of heads noted before: they are compared, and today's are added when all is well.",
)
def verify(organisation: str | None, anchors: Path | None) -> None:
    """Walk each organisation's chain of events, and compare it with heads noted before.

    A chain that was written anew, or whose end was cut off, holds by itself; only a head that was
    noted where the database's administrator cannot write shows it.
    """
    broken = False
    with opened() as parts, parts.db.reading() as session:
        chosen = (
            [find_organisation(session, organisation)] if organisation else organisations(session)
        )
        noted = _read(anchors)
        for home in chosen:
            known = [head for code, head in noted if code == home.code]
            breaks = [*log.verify(session, home.id), *log.compare(session, home.id, known)]
            head = log.head(session, home.id)
            broken = broken or bool(breaks)
            state = "BROKEN" if breaks else "holds"
            click.echo(f"{home.code}\t{state}\t{head.sequence} events\t{head.digest}")
            for breach in breaks:
                click.echo(f"  event {breach.sequence}: {breach.what}")
            if not breaks and head.sequence and head not in known:
                noted.append((home.code, head))
    if anchors is not None and not broken:
        _write(anchors, noted)
    sys.exit(1 if broken else 0)


def _read(path: Path | None) -> list[tuple[str, Head]]:
    """The heads in a file: organisation, number and digest a line. None yet without a file."""
    if path is None or not path.exists():
        return []
    heads, faults = [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        parts = line.split()
        if len(parts) == 3 and parts[1].isdigit():
            heads.append((parts[0], Head(int(parts[1]), parts[2])))
        elif line.strip():
            faults.append(Fault(f"{path}:{number}", "no_organisation_number_and_digest"))
    if faults:
        raise InvalidInput("noted_heads_cannot_be_read", faults)
    return heads


def _write(path: Path, noted: list[tuple[str, Head]]) -> None:
    lines = [f"{code} {head.sequence} {head.digest}\n" for code, head in noted]
    path.write_text("".join(lines), "utf-8")


@audit.command("list")
@click.option("--organisation", help="The organisation's code, if several.")
@click.option("--limit", type=click.IntRange(1, 10000), default=50, show_default=True)
def list_events(organisation: str | None, limit: int) -> None:
    """The newest events."""
    with opened() as parts, parts.db.reading() as session:
        home = find_organisation(session, organisation)
        for event in log.events(session, home.id, limit=limit):
            details = " ".join(f"{name}={value}" for name, value in event.details.items())
            line = (str(event.sequence), f"{event.at:%Y-%m-%dT%H:%M:%SZ}", event.actor)
            click.echo("\t".join((*line, event.action, event.subject, details)))
