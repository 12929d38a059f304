"""``survey instrument``: check questionnaire files."""

from __future__ import annotations

from pathlib import Path

import click

from survey.core.errors import InvalidInput, say
from survey.instrument.check import check_paths


@click.group()
def instrument() -> None:
    """Check questionnaire files."""


@instrument.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Check files, or every instrument below folders; tells all faults at once."""
    faults = check_paths(paths)
    if faults:
        raise InvalidInput(say("fault_count", count=len(faults)), faults)
    click.echo("No faults.")
