"""``survey report``: PDFs of one unit, or of all."""

from __future__ import annotations

from pathlib import Path

import click

from survey.background import report_inputs
from survey.cli.common import opened
from survey.core.errors import InvalidInput, say
from survey.study.find import find_study

_STUDY = click.option("--study", required=True, help="The study's code.")
_ORGANISATION = click.option("--organisation", help="The organisation's code, if several.")
_WAVE = click.option("--wave", type=int, help="Ordinal of the wave (default: the latest released).")


@click.group()
def report() -> None:
    """Make the units' PDF reports."""


@report.command()
@_STUDY
@_ORGANISATION
@_WAVE
@click.option("--unit", required=True, help="The unit's code.")
@click.option("--language", default=None, help="nb, nn or en (default: the study's first).")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
def unit(
    study: str,
    organisation: str | None,
    wave: int | None,
    unit: str,
    language: str | None,
    output: Path,
) -> None:
    """Make one unit's report."""
    from survey.reports.unit.report import UnitReportRenderer

    with opened() as parts, parts.db.reading() as session:
        known = report_inputs.of_unit(session, find_study(session, organisation, study), unit, wave)
    stored = known.stored
    language = _language(stored.header.languages, language)
    pdf = UnitReportRenderer().render(
        stored.header,
        stored.unit,
        language,
        stored.digest,
        known.free_text,
        follow_up=known.follow_up,
    )
    _write(output, pdf)
    click.echo(f"{output} ({len(pdf) // 1024} kB)")


@report.command()
@_STUDY
@_ORGANISATION
@_WAVE
@click.option("--language", "languages", multiple=True, help="May be given several times.")
@click.option("--processes", type=click.IntRange(1, 64), help="Processes that make PDFs.")
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path))
def units(
    study: str,
    organisation: str | None,
    wave: int | None,
    languages: tuple[str, ...],
    processes: int | None,
    output: Path,
) -> None:
    """Make every unit's report. Started again, it goes on where it was stopped."""
    from survey.reports.unit.bulk import render_units

    with opened() as parts:
        with parts.db.reading() as session:
            known = report_inputs.of_study(session, find_study(session, organisation, study), wave)
        workers = processes or parts.settings.processes
    chosen = tuple(_language(known.languages, language) for language in languages or (None,))
    with click.progressbar(length=len(known.documents) * len(chosen), label="Reports") as bar:
        paths = render_units(
            known.header,
            known.documents,
            chosen,
            known.digest,
            output,
            free_text=known.free_text,
            follow_up=known.follow_up,
            workers=workers,
            progress=lambda done, _total: bar.update(done - bar.pos),
        )
    click.echo(f"{len(paths)} reports in {output}")


def _language(known: tuple[str, ...], asked: str | None) -> str:
    if asked is None:
        return known[0]
    if asked not in known:
        raise InvalidInput(say("study_has_no_language_it_has", asked=asked, known=", ".join(known)))
    return asked


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
