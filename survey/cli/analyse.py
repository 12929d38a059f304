"""``survey analyse``: score a file of answers without a database."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from survey.core.errors import SurveyError

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--instrument", type=_FILE, required=True, help="Questionnaire file (YAML).")
@click.option("--responses", type=_FILE, required=True, help="CSV, one row per person.")
@click.option("--unit-column", required=True, help="Column with the person's unit.")
@click.option("--wave-column", help="Column with the wave; without it there is one, «all».")
@click.option("--person-column", help="Column with a person's own code, to link waves.")
@click.option("--headcounts", type=_FILE, help="CSV with columns for unit and headcount.")
@click.option("--missing", default="NA", show_default=True, help="Codes, divided by commas.")
@click.option("--wave-order", default="", help="The waves in order, divided by commas.")
@click.option("--json", "output", type=_FILE, required=True, help="File to write.")
def analyse(
    *,
    instrument: Path,
    responses: Path,
    unit_column: str,
    wave_column: str | None,
    person_column: str | None,
    headcounts: Path | None,
    missing: str,
    wave_order: str,
    output: Path,
) -> None:
    """Score a file of answers; for analysts who own their data.

    The output is NOT disclosure-controlled: do not publish it. Wrong input is told as a whole,
    nothing is written then, and the exit code is 2.
    """
    from survey.analysis.analyse import NOTICE, analyse_file, write_json
    from survey.analysis.answers_file import Columns

    try:
        data = analyse_file(
            instrument,
            responses,
            Columns(unit_column, wave_column, person_column),
            headcounts=headcounts,
            missing=_codes(missing),
            wave_order=[name.strip() for name in wave_order.split(",") if name.strip()],
        )
        write_json(data, output)
    except SurveyError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    for warning in data["warnings"]:
        click.echo(warning, err=True)
    persons = sum(wave["persons"] for wave in data["waves"].values())
    click.echo(f"{output}: {persons} answers, {len(data['waves'])} wave(s). {NOTICE}")


def _codes(text: str) -> frozenset[str]:
    return frozenset(code.strip() for code in text.split(",") if code.strip())
