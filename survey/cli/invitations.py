"""``survey invitations``: make codes and hand them out, once."""

from __future__ import annotations

from pathlib import Path

import click

from survey.cli import letters
from survey.cli.common import opened
from survey.cli.wave import of_wave
from survey.core.errors import Conflict, Fault, InvalidInput, say
from survey.core.secret import write_private
from survey.invitations.issuing import codes_file, create_invitations, export_codes
from survey.study.find import find_study, find_wave


@click.group()
def invitations() -> None:
    """Make codes and hand them out."""


for _command in letters.COMMANDS:
    invitations.add_command(_command)


@invitations.command()
@of_wave
@click.option(
    "--unit",
    "counts",
    multiple=True,
    metavar="CODE=N",
    help="How many in a unit; may be repeated. Default: every unit's headcount.",
)
@click.option(
    "--reason",
    default="",
    help="Why a unit gets more codes than its headcount. Kept in the event log: name nobody.",
)
def create(
    organisation: str | None, study: str, ordinal: int, counts: tuple[str, ...], reason: str
) -> None:
    """Invite people to a draft or an open wave."""
    wanted = _counts(counts) if counts else None
    with opened() as parts, parts.db.transaction() as session:
        wave = find_wave(session, find_study(session, organisation, study), ordinal)
        outcome = create_invitations(session, parts.secret, parts.keys, wave, wanted, reason=reason)
    click.echo(f"{outcome.invitations} invitations have been made.")
    for unit in outcome.merged:
        click.echo(
            f"  {unit.code} {unit.name} has too few: will be counted with "
            f"{unit.into_code} {unit.into_name}"
        )


@invitations.command()
@of_wave
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; it must not exist.",
)
def export(organisation: str | None, study: str, ordinal: int, output: Path) -> None:
    """Write the codes that have not left yet to a CSV file (0600). Each leaves once."""
    if output.exists():
        raise Conflict(say("exists_codes_are_never_written_over_anything", output=output))
    written = b""
    try:
        with opened() as parts, parts.db.transaction() as session:
            wave = find_wave(session, find_study(session, organisation, study), ordinal)
            rows = export_codes(session, parts.keys, wave, parts.settings.base_url)
            # Inside the transaction: codes count as handed out only once they are on disk.
            written = codes_file(rows)
            write_private(output.absolute(), written)
            if output.read_bytes() != written:
                raise Conflict(say("was_made_by_somebody_else_meanwhile", output=output))
    except BaseException:
        _remove(output, written)
        raise
    click.echo(f"{len(rows)} codes are in {output}. They cannot be exported again: keep the file")
    click.echo("safe, hand the codes out, then delete it.")


def _remove(output: Path, written: bytes) -> None:
    """Take back a file of codes that were not marked as handed out."""
    if written and output.exists() and output.read_bytes() == written:
        output.unlink()


def _counts(pairs: tuple[str, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    faults = []
    for pair in pairs:
        code, _, number = pair.rpartition("=")
        if not code or not (number.isascii() and number.isdigit()) or len(number) > 9:
            faults.append(Fault(f"--unit {pair}", "not_code_n", "write_code_equals_number"))
        elif code in counts:
            faults.append(Fault(f"--unit {pair}", "names_unit_twice"))
        else:
            counts[code] = int(number)
    if faults:
        raise InvalidInput("invitations_not_made", faults)
    return counts
