"""``survey db``: create, upgrade and describe the database."""

from __future__ import annotations

import click

from survey.cli.common import opened
from survey.operations import migrate


@click.group()
def db() -> None:
    """Create and upgrade the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date, after a backup; creates what is missing."""
    with opened(any_schema=True) as parts:
        before, saved = migrate.upgrade(parts)
    if before == "current":
        click.echo("The database is up to date.")
        return
    if saved is not None:
        click.echo(f"Backup before the upgrade: {saved}")
    click.echo("The database has been created." if before == "empty" else "Upgraded.")


@db.command()
def state() -> None:
    """Say how the database compares with this program: current, older, newer, empty, foreign."""
    with opened(any_schema=True) as parts:
        click.echo(migrate.state(parts.db))
