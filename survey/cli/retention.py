"""``survey retention`` and ``survey study destroy``: what is deleted, when and by whom."""

from __future__ import annotations

from datetime import datetime

import click

from survey.cli.common import opened
from survey.core.local_time import format_local
from survey.operations import erasure
from survey.operations import retention as rules
from survey.study.find import find_organisation, find_study

_ORGANISATION = click.option("--organisation", help="Code; may be left out when there is only one.")


@click.group()
def retention() -> None:
    """Delete what may no longer be kept, and show when it goes."""


@retention.command()
def run() -> None:
    """Delete what is due now, in all organisations. The worker does this every day."""
    with opened() as parts:
        done = rules.run(parts, actor="cli")
    click.echo(
        f"Deleted: {done.invitations} invitations, the keys of {done.keys} waves"
        f"{', and answers' if done.responses or done.texts else ''}."
    )
    if not done.clean:
        raise click.ClickException(
            "The rows are deleted, but a reader held the database's log back: old pages stand in "
            "it. Run this again."
        )


@retention.command()
@_ORGANISATION
def show(organisation: str | None) -> None:
    """List the closed waves of an organisation and when what is left of them is deleted."""
    with opened() as parts, parts.db.reading() as session:
        home = find_organisation(session, organisation)
        for deadline in rules.deadlines(session, parts.settings, home.id):
            click.echo(
                f"{deadline.study} wave {deadline.ordinal} ({deadline.state}): "
                f"invitations {_when(deadline.invitations)}, "
                f"answer sheets {_when(deadline.responses)}"
            )


@click.command()
@click.option("--study", required=True, help="Code of the study.")
@_ORGANISATION
@click.option("--yes", is_flag=True, help="Do it. Nothing brings the study back.")
def destroy(study: str, organisation: str | None, yes: bool) -> None:
    """Destroy a study: answers, invitations, releases, keys and the reports made of it.

    What stays: the audit log's events (who did what when, with the study's code), backups taken
    before until they are deleted, and files that have been handed out.
    """
    with opened() as parts:
        with parts.db.reading() as session:
            stored_study = find_study(session, organisation, study)
        if not yes:
            raise click.ClickException(
                f"This destroys the study {stored_study.code} ({stored_study.name}) "
                "with all its waves. Say --yes when that is meant."
            )
        erasure.destroy_study(parts, stored_study.organisation_id, stored_study.id)
    click.echo("Destroyed: the study with all its waves, keys and reports.")
    click.echo("Backups that were taken before still hold it. Delete them too.")


def _when(moment: datetime | None) -> str:
    return "–" if moment is None else format_local(moment, "en")
