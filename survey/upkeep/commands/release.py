"""``survey release``: what has been or will be released, and what is hidden."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

import click

from survey.release import clearance, read
from survey.release import preview as looking
from survey.upkeep.commands.common import opened
from survey.upkeep.find import find_study, find_wave

_STUDY = click.argument("study")
_ORGANISATION = click.option("--organisation", help="The organisation's code, if several.")


@click.group()
def release() -> None:
    """Show what has been released."""


@release.command(name="list")
@_STUDY
@_ORGANISATION
def list_(study: str, organisation: str | None) -> None:
    """List the releases of a study."""
    with opened() as parts, parts.db.reading() as session:
        found = find_study(session, organisation, study)
        stored = read.releases(session, found.organisation_id, found.id)
    for each in stored:
        tiers = Counter(entry.tier for entry in each.header.units)
        shown = ", ".join(f"{count} {tier}" for tier, count in sorted(tiers.items()))
        click.echo(
            f"{each.header.wave.ordinal}  {each.header.wave.label}  {each.digest[:12]}  "
            f"{len(each.header.units)} units ({shown}), {each.header.hidden_values} values hidden"
        )


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--unit", required=True, help="The unit's code.")
@click.option("--wave", type=int, help="Ordinal of the wave (default: the latest released).")
def show(study: str, organisation: str | None, unit: str, wave: int | None) -> None:
    """Print one unit's result as JSON, exactly what pages and PDFs are made from."""
    from survey.release.codec import to_json

    with opened() as parts, parts.db.reading() as session:
        found = find_study(session, organisation, study)
        stored = read.unit_document(session, found.organisation_id, found.id, unit, wave)
    click.echo(to_json(stored.unit))


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--wave", required=True, type=int, help="Ordinal of a wave that has closed.")
def preview(study: str, organisation: str | None, wave: int) -> None:
    """Print how much the release of a closed wave will hide. Stores nothing, shows no value."""
    with opened() as parts:
        with parts.db.reading() as session:
            found = find_wave(session, find_study(session, organisation, study), wave)
        made = looking.preview(parts.db, found.organisation_id, found.id)
    for unit in made.units:
        told = f"counted with {unit.merged_into}" if unit.merged_into else unit.tier
        click.echo(f"{unit.code}\t{told}\t{unit.lines} hidden")
    click.echo(f"{made.hidden} values hidden, {made.published} shown, {made.exposed} exposed")


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--wave", type=int, help="Ordinal of the wave (default: the latest released).")
def log(study: str, organisation: str | None, wave: int | None) -> None:
    """Print what is hidden, with one reason for all: a finer one would tell small counts."""
    with opened() as parts, parts.db.reading() as session:
        found = find_study(session, organisation, study)
        stored = read.latest(session, found.organisation_id, found.id, wave)
        lines = read.hidden_log(session, found.organisation_id, stored.id)
    for line in lines:
        click.echo(f"{line.code}\t{line.statistic}\t{line.reason}")


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def audit(ctx: click.Context, study: str, organisation: str | None, as_json: bool) -> None:
    """Look for anything that the stored releases give away. Exit code 1 when something is."""
    with opened() as parts, parts.db.reading() as session:
        found = find_study(session, organisation, study)
        audited = clearance.audit_stored(session, found.organisation_id, found.id)
    if as_json:
        click.echo(json.dumps([_plain(each) for each in audited], ensure_ascii=False, indent=2))
    else:
        click.echo(clearance.summary(audited))
    if any(not each.report.passed for each in audited):
        ctx.exit(1)


def _plain(audited: clearance.Audited) -> dict[str, object]:
    return {
        "ordinal": audited.ordinal,
        "label": audited.label,
        "digest": audited.digest,
        "passed": audited.report.passed,
        "examined": dict(audited.report.examined),
        "exposures": [asdict(each) for each in audited.report.exposures],
    }
