"""``survey study``: create and list studies."""

from __future__ import annotations

import click

from survey.instrument.library import Library
from survey.study.studies import MODES, create_study, studies
from survey.upkeep.commands.common import opened
from survey.upkeep.commands.retention import destroy
from survey.upkeep.find import find_organisation


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
    "--relevance", default=10, show_default=True, help="Smallest change, in points, that matters."
)
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="ordinary",
    show_default=True,
    help="cryptographic: blind signatures besides sealing; fixed when the first wave opens.",
)
def create(
    code: str,
    organisation: str | None,
    name: str,
    instrument: str,
    languages: tuple[str, ...],
    k: int,
    relevance: int,
    mode: str,
) -> None:
    """Make a study with the code CODE. k can only be raised, and only until a wave opens."""
    with opened() as parts, parts.db.transaction() as session:
        made = create_study(
            session,
            Library(parts.settings.instrument_dir),
            find_organisation(session, organisation).id,
            code=code,
            name=name,
            instrument=instrument,
            languages=languages,
            k=k,
            relevance=relevance,
            mode=mode,
        )
        click.echo(f"Study {made.code}: {made.instrument_id}, {', '.join(made.languages)}.")


@study.command("list")
@click.option("--organisation", help="Code; may be left out when there is only one.")
def list_all(organisation: str | None) -> None:
    """List the studies of an organisation."""
    with opened() as parts, parts.db.reading() as session:
        for each in studies(session, find_organisation(session, organisation).id):
            frozen = "k fixed" if each.frozen_at else "k may be raised"
            click.echo(f"{each.code}  {each.name}  {each.instrument_id}  k={each.k} ({frozen})")


study.add_command(destroy)
