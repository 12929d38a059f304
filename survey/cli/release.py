"""``survey release``: what has been or will be released, and whether it keeps the promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from survey.cli.common import opened
from survey.core.errors import Conflict
from survey.release import audit as auditing
from survey.release import look as looking
from survey.release import read
from survey.release.codec import to_json
from survey.release.look import Look, UnitLook
from survey.study.find import find_study, find_wave

_STUDY = click.argument("study")
_ORGANISATION = click.option("--organisation", help="The organisation's code, if several.")
_SHOWS = {
    "full": "indices, shares and distributions",
    "shares": "indices and shares",
    "index": "indices only",
}


@click.group()
def release() -> None:
    """Show what has been released."""


@release.command(name="list")
@_STUDY
@_ORGANISATION
def list_(study: str, organisation: str | None) -> None:
    """List the releases of a study."""
    with opened() as parts, parts.db.reading() as session:
        stored_study = find_study(session, organisation, study)
        for stored in read.releases(session, stored_study.organisation_id, stored_study.id):
            overview = looking.of_release(session, stored_study.organisation_id, stored)
            shown = ", ".join(f"{count} {tier}" for tier, count in sorted(overview.tiers.items()))
            click.echo(
                f"{stored.header.wave.ordinal}  {stored.header.wave.label}  {stored.digest[:12]}  "
                f"{len(overview.units)} units ({shown})"
            )


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--unit", required=True, help="The unit's code.")
@click.option("--wave", type=int, help="Ordinal of the wave (default: the latest released).")
def show(study: str, organisation: str | None, unit: str, wave: int | None) -> None:
    """Print one unit's result as JSON, exactly what pages and PDFs are made from."""
    with opened() as parts, parts.db.reading() as session:
        stored_study = find_study(session, organisation, study)
        stored = read.unit_document(
            session, stored_study.organisation_id, stored_study.id, unit, wave
        )
    click.echo(to_json(stored.unit))


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--wave", required=True, type=int, help="Ordinal of a closed or released wave.")
def look(study: str, organisation: str | None, wave: int) -> None:
    """Print what each unit of a wave will show, or shows: how many answers count, and where."""
    with opened() as parts, parts.db.reading() as session:
        stored_study = find_study(session, organisation, study)
        looked = find_wave(session, stored_study, wave)
        if looked.state == "released":
            stored = read.latest(session, stored_study.organisation_id, stored_study.id, wave)
            overview: Look | None = looking.of_release(
                session, stored_study.organisation_id, stored
            )
        else:
            overview = looking.look(session, stored_study.organisation_id, looked.id)
    if overview is None:
        raise Conflict("nothing_to_look_at")
    for line in _told(overview):
        click.echo(line)


@release.command()
@_STUDY
@_ORGANISATION
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def audit(ctx: click.Context, study: str, organisation: str | None, as_json: bool) -> None:
    """Check that the stored releases are nothing but sums of their blocks. Exit code 1 when one
    is not."""
    with opened() as parts, parts.db.reading() as session:
        stored_study = find_study(session, organisation, study)
        audited = auditing.audit_stored(session, stored_study.organisation_id, stored_study.id)
    if as_json:
        click.echo(json.dumps([asdict(result) for result in audited], ensure_ascii=False, indent=2))
    else:
        click.echo(auditing.summary(audited))
    if any(result.findings for result in audited):
        ctx.exit(1)


def _told(overview: Look) -> Iterator[str]:
    for unit in overview.units:
        yield f"{unit.code}\t{_of_unit(unit)}"
        if unit.others is not None:
            yield f"\tothers in {unit.name}: {unit.others} answers, indices only"
    if overview.uncounted:
        yield "A few answers are counted nowhere: there is no group that they can be counted in."


def _of_unit(unit: UnitLook) -> str:
    """What a unit shows, in words."""
    if unit.merged_into:
        return f"counted with {unit.merged_into}"
    if unit.tier != "none":
        return f"{unit.answered} answers: {_SHOWS[unit.tier]}"
    if unit.others_of is not None:
        return f"counted in others in {unit.counted_in} ({unit.others_of} answers)"
    return "nothing"
