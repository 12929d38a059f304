"""``survey responses``: bring in an earlier measurement from another tool."""

from __future__ import annotations

from pathlib import Path

import click

from survey.answering import importing
from survey.cli.common import opened
from survey.study.find import find_study, find_wave


@click.group()
def responses() -> None:
    """Bring in an earlier measurement."""


@responses.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", help="Code; may be left out when there is only one.")
@click.option("--study", required=True, help="Code of the study.")
@click.option("--wave", required=True, type=int, help="Ordinal of an open import wave.")
@click.option(
    "--map",
    "mapping",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML: which column answers what (docs/responses-import.md).",
)
@click.option("--skip-invalid", is_flag=True, help="Leave rows with faults out, and list them.")
@click.option("--replace", is_flag=True, help="Put the file in place of an earlier import.")
def import_file(
    file: Path,
    organisation: str | None,
    study: str,
    wave: int,
    mapping: Path,
    skip_invalid: bool,
    replace: bool,
) -> None:
    """Store the rows of FILE, a CSV file, as responses of an import wave: all of them or none."""
    with opened() as parts:
        with parts.db.reading() as session:
            prepared = importing.prepare(
                session,
                find_wave(session, find_study(session, organisation, study), wave),
                file.read_bytes(),
                mapping.read_bytes(),
                str(mapping),
            )
        for note in prepared.notes:
            click.echo(note)
        with parts.db.transaction() as session:
            stored = importing.store(session, prepared, skip_invalid=skip_invalid, replace=replace)
    if prepared.skipped:
        click.echo(f"Left out {prepared.skipped} rows:")
        for fault in prepared.faults:
            click.echo(f"  {fault}")
    if prepared.unread:
        click.echo(f"Columns that were not read: {', '.join(prepared.unread)}")
    click.echo(f"Stored {stored} responses. They count when the wave is closed.")
