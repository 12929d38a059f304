"""``survey backup`` and ``survey restore``."""

from __future__ import annotations

from pathlib import Path

import click

from survey.cli.common import opened
from survey.operations import backup as backups
from survey.operations import migrate


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
def backup(target: Path) -> None:
    """Copy the database to TARGET, a new file or an existing folder, while the service runs.

    Instruments of your own (SURVEY_INSTRUMENT_DIR) are part of it; keys are not.
    """
    with opened() as parts:
        click.echo(str(backups.save(parts, target)))


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Also when the database has content.")
def restore(source: Path, replace: bool) -> None:
    """Put the backup SOURCE in place of the database. Stop web and worker first."""
    with opened(any_schema=True) as parts:
        kept = backups.restore(parts, source, replace=replace)
        if kept is not None:
            click.echo(f"The database that was there: {kept}")
        state = migrate.state(parts.db)
    click.echo("Restored." if state == "current" else f"Restored; the schema is {state}.")
    if state == "older":
        click.echo("Run: survey db upgrade")
