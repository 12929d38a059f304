"""``survey study``: create and list studies."""

from __future__ import annotations

import click

from survey.cli.common import opened
from survey.cli.retention import destroy
from survey.instrument.library import Library
from survey.organisation import units
from survey.study.find import find_organisation, find_study
from survey.study.studies import MODES, create_study, studies, update_study
from survey.study.visibility_forecast import USUAL, forecasts


@click.group()
def study() -> None:
    """Create and list studies."""


@study.command()
@click.argument("code")
@click.option("--organisation", help="Code; may be left out when there is only one.")
@click.option("--name", required=True, help="Name, as respondents see it.")
@click.option("--instrument", required=True, help="Id of the questionnaire.")
@click.option("--language", "languages", multiple=True, help="May be repeated. Default: all.")
@click.option("--k", default=5, show_default=True, help="Fewest answers behind any number.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="ordinary",
    show_default=True,
    help="cryptographic: blind signatures besides sealing; fixed when the first wave opens.",
)
@click.option(
    "--public-level",
    default=1,
    show_default=True,
    help="Whose figures anybody may see: 0 the whole municipality, 1 or 2 areas so many levels "
    "below too, 3 every unit. Only lowered once the first wave has opened.",
)
def create(
    code: str,
    organisation: str | None,
    name: str,
    instrument: str,
    languages: tuple[str, ...],
    k: int,
    mode: str,
    public_level: int,
) -> None:
    """Make a study with the code CODE. k can only be raised, and only until a wave opens."""
    with opened() as parts, parts.db.transaction() as session:
        stored_study = create_study(
            session,
            Library(parts.settings.instrument_dir),
            find_organisation(session, organisation).id,
            code=code,
            name=name,
            instrument=instrument,
            languages=languages,
            k=k,
            mode=mode,
            public_level=public_level,
        )
        click.echo(
            f"Study {stored_study.code}: {stored_study.instrument_id}, "
            f"{', '.join(stored_study.languages)}."
        )


@study.command()
@click.argument("code")
@click.option("--organisation", help="Code; may be left out when there is only one.")
@click.option("--name", help="Name, as respondents see it.")
@click.option("--language", "languages", multiple=True, help="May be repeated: all of them.")
@click.option("--k", type=int, help="Fewest answers behind any number; only upwards.")
@click.option("--mode", type=click.Choice(MODES))
@click.option("--public-level", type=int, help="Whose figures anybody may see: 0, 1, 2 or 3.")
def change(
    code: str,
    organisation: str | None,
    name: str | None,
    languages: tuple[str, ...],
    k: int | None,
    mode: str | None,
    public_level: int | None,
) -> None:
    """Change the study CODE: its name always, its public level downwards, the rest until its first
    wave opens."""
    with opened() as parts, parts.db.transaction() as session:
        changed = update_study(
            session,
            Library(parts.settings.instrument_dir),
            find_study(session, organisation, code),
            name=name,
            languages=list(languages) or None,
            k=k,
            mode=mode,
            public_level=public_level,
        )
        spoken = ", ".join(changed.languages)
        level = changed.public_level
        click.echo(
            f"Study {changed.code}: {changed.name}, k={changed.k}, public level {level}, {spoken}."
        )


@study.command("forecast")
@click.argument("k", nargs=-1, type=click.IntRange(5, 100))
@click.option("--organisation", help="Code; may be left out when there is only one.")
def explain(k: tuple[int, ...], organisation: str | None) -> None:
    """Tell what a smallest group of K means for today's units, from their headcounts."""
    with opened() as parts, parts.db.reading() as session:
        listed = units.tree(session, find_organisation(session, organisation).id)
    for forecast in forecasts(listed, k or USUAL):
        click.echo(
            f"k={forecast.k}: {len(forecast.merged)} of {forecast.units} units "
            "get no results of own"
        )
        for unit in forecast.merged:
            click.echo(f"  {unit.code} {unit.name}: counted with {unit.into_code} {unit.into_name}")
        for reach in forecast.reach:
            click.echo(
                f"  if {reach.answering:.0%} answer: {reach.everything} show distributions too, "
                f"{reach.shares} indices and shares, {reach.indices} indices only, "
                f"{reach.nothing} no numbers of their own"
            )


@study.command("list")
@click.option("--organisation", help="Code; may be left out when there is only one.")
def list_all(organisation: str | None) -> None:
    """List the studies of an organisation."""
    with opened() as parts, parts.db.reading() as session:
        for stored_study in studies(session, find_organisation(session, organisation).id):
            frozen = "k fixed" if stored_study.frozen_at else "k may be raised"
            click.echo(
                f"{stored_study.code}  {stored_study.name}  {stored_study.instrument_id}  "
                f"k={stored_study.k} ({frozen})"
            )


study.add_command(destroy)
