"""``survey invitations letters``, ``slips``, ``poster``, ``replace`` and ``renew``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy.orm import Session

from survey.cli.common import opened
from survey.cli.wave import of_wave
from survey.core.errors import Conflict, say
from survey.core.languages import DEFAULT, LANGUAGES
from survey.core.secret import write_private
from survey.invitations import replacing
from survey.operations import paper_invitations
from survey.operations.paper_invitations import Order
from survey.study.find import find_study, find_wave
from survey.study.models import Wave


def _printed(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of everything that is printed."""
    command = click.option(
        "--contact", default="", help="Whom to ask, for example a name and a telephone number."
    )(command)
    command = click.option(
        "--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True
    )(command)
    return click.option("--unit", help="Code of one unit; without it, all.")(command)


_folder = click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to; nothing in it is overwritten.",
)


@click.command("letters")
@of_wave
@_printed
@_folder
def letters_command(
    organisation: str | None,
    study: str,
    ordinal: int,
    unit: str | None,
    language: str,
    contact: str,
    output: Path,
) -> None:
    """Write letters (PDF, one on each page) with the codes that have not left yet."""
    _write(_finder(organisation, study, ordinal), Order("letters", language, unit, contact), output)


@click.command("slips")
@of_wave
@_printed
@_folder
def slips_command(
    organisation: str | None,
    study: str,
    ordinal: int,
    unit: str | None,
    language: str,
    contact: str,
    output: Path,
) -> None:
    """Write sheets of slips (PDF, ten on each page) with the codes that have not left yet."""
    _write(_finder(organisation, study, ordinal), Order("slips", language, unit, contact), output)


@click.command("poster")
@of_wave
@_printed
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
def poster_command(
    organisation: str | None,
    study: str,
    ordinal: int,
    unit: str | None,
    language: str,
    contact: str,
    output: Path,
) -> None:
    """Write a poster (PDF) that leads to where a code is typed; it holds no code."""
    find = _finder(organisation, study, ordinal)
    with opened() as parts:
        output.write_bytes(paper_invitations.poster(parts, find, language, unit, contact))
    click.echo(f"The poster is in {output}.")


@click.command("replace")
@of_wave
@click.option("--unit", help="The unit of a lost letter; without it the old code is asked for.")
@click.option("--reason", required=True, type=click.Choice(replacing.REASONS))
def replace_command(
    organisation: str | None, study: str, ordinal: int, unit: str | None, reason: str
) -> None:
    """Make a new code for a lost letter. It leaves with the next letters, slips or export.

    When the old code is at hand it is revoked. Otherwise the unit gets one code more: few may be
    given, and each is counted and logged.
    """
    find = _finder(organisation, study, ordinal)
    # Asked for, because what stands in a command is kept in the shell's history.
    typed = "" if unit else click.prompt("The old code")
    with opened() as parts, parts.db.transaction() as session:
        place = (session, parts.secret, parts.keys, find(session))
        if unit:
            replacement = replacing.replace_unknown(*place, unit, reason=reason)
        else:
            replacement = replacing.replace_known(*place, typed, reason=reason)
    click.echo(f"A new code is waiting for {replacement.unit_code} {replacement.unit_name}.")


@click.command("renew")
@of_wave
@click.option("--unit", required=True, help="Code of the unit whose letters or file were lost.")
def renew_command(organisation: str | None, study: str, ordinal: int, unit: str) -> None:
    """Revoke all codes of a unit that have left, while none is used, and make them anew."""
    find = _finder(organisation, study, ordinal)
    with opened() as parts, parts.db.transaction() as session:
        replacement = replacing.renew_unit(session, parts.secret, parts.keys, find(session), unit)
    click.echo(
        f"{replacement.count} new codes are waiting for "
        f"{replacement.unit_code} {replacement.unit_name}."
    )


COMMANDS = (letters_command, slips_command, poster_command, replace_command, renew_command)


def _finder(organisation: str | None, study: str, ordinal: int) -> Callable[[Session], Wave]:
    def find(session: Session) -> Wave:
        return find_wave(session, find_study(session, organisation, study), ordinal)

    return find


def _write(find: Callable[[Session], Wave], order: Order, folder: Path) -> None:
    written: list[Path] = []

    def keep(name: str, pdf: bytes) -> None:
        path = folder.absolute() / name
        if path.exists():
            raise Conflict(say("exists_codes_are_never_written_over_anything", output=path))
        # Inside the transaction: codes count as handed out only once they are on disk.
        write_private(path, pdf)
        written.append(path)

    count = 0
    with opened() as parts:
        try:
            for part in paper_invitations.hand_out(parts, find, order, keep, actor="cli"):
                written.clear()  # committed: the file has to stay
                count += part.count
                click.echo(f"{part.name}: {part.count}")
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
    click.echo(f"{count} codes are in {folder}. They cannot be printed again: keep the files")
    click.echo("safe, hand the codes out, then delete them.")
