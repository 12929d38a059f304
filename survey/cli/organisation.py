"""``survey organisation``: bring in and list the units of a municipality."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.orm import Session

from survey.cli.common import opened
from survey.core.errors import InvalidInput, NotFound, say
from survey.organisation import imports
from survey.organisation.imports import Plan
from survey.organisation.models import Organisation
from survey.organisation.units import create_organisation, organisation_by_code, organisations

_TITLES = {
    "new": "New",
    "renamed": "Renamed",
    "moved": "Moved (parent)",
    "closed": "Closed (not in the file)",
    "reopened": "Open again",
    "kinds": "Other kind",
    "headcounts": "Other headcount",
    "managers": "Other manager",
}


@click.group()
def organisation() -> None:
    """Organisations and their units."""


@organisation.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", "code", required=True, help="Code, for example 3024.")
@click.option("--name", help="Name of the organisation; needed the first time.")
@click.option("--apply", "carry_out", is_flag=True, help="Do it; without it changes are listed.")
def import_file(file: Path, code: str, name: str | None, carry_out: bool) -> None:
    """Bring the units up to date from FILE, a CSV file with the whole organisation.

    Columns: code, name, parent_code, kind, headcount, manager_email (or kode, navn, overordnet,
    type, ansatte, leder_epost). A unit that is missing from the file has closed.
    """
    rows = imports.read_csv(file.read_bytes())
    with opened() as parts:
        if not carry_out:
            with parts.db.reading() as session:
                home = _find(session, code, name)
                # An id that no organisation has: everything is new.
                _tell(imports.plan(session, home.id if home else 0, rows))
            click.echo("Nothing has been changed. Add --apply to do it.")
            return
        with parts.db.transaction() as session:
            home = _find(session, code, name) or create_organisation(session, code, name or code)
            plan = imports.plan(session, home.id, rows)
            _tell(plan)
            if not plan.empty:
                imports.apply(session, home.id, plan)
        click.echo("Done.")


@organisation.command("list")
def list_all() -> None:
    """List the organisations."""
    with opened() as parts, parts.db.reading() as session:
        for home in organisations(session):
            click.echo(f"{home.code}  {home.name}")


def _find(session: Session, code: str, name: str | None) -> Organisation | None:
    """The organisation, or None when it is to be made with ``name``."""
    try:
        return organisation_by_code(session, code)
    except NotFound:
        if not name:
            raise InvalidInput(say("organisation_needs_name", code=code)) from None
        return None


def _tell(plan: Plan) -> None:
    for note in plan.notes:
        click.echo(f"Note: {note}")
    for name, changes in plan.lists():
        if changes:
            click.echo(f"{_TITLES[name]}: {len(changes)}")
        for change in changes:
            arrow = (
                f": {change.before or '(none)'} → {change.after or '(none)'}"
                if name not in ("new", "closed", "reopened")
                else ""
            )
            click.echo(f"  {change.code}  {change.name}{arrow}")
    click.echo(f"Unchanged: {plan.unchanged}")
