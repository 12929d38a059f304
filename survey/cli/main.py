"""``survey``: the command line. Only assembles; a command's module is read when it is used."""

from __future__ import annotations

import importlib
import os
import sys
from typing import cast

import click

from survey.core.errors import SurveyError

COMMANDS = "survey.cli"

# name → (where the click command stands, one line for --help)
REGISTRY: dict[str, tuple[str, str]] = {
    "analyse": (f"{COMMANDS}.analyse:analyse", "Score a file of answers without a database."),
    "api-key": (f"{COMMANDS}.access:api_key", "Create and revoke keys for programs."),
    "audit": (f"{COMMANDS}.audit:audit", "Verify and read the event log."),
    "backup": (f"{COMMANDS}.backup:backup", "Copy the database while the service runs."),
    "db": (f"{COMMANDS}.db:db", "Create and upgrade the database."),
    "demo": (f"{COMMANDS}.demo:demo", "Build the demo municipality."),
    "instrument": (f"{COMMANDS}.instrument:instrument", "Check questionnaire files."),
    "invitations": (f"{COMMANDS}.invitations:invitations", "Make and export codes."),
    "mail": (f"{COMMANDS}.mail:mail", "Invite and remind by e-mail; see what was delivered."),
    "organisation": (f"{COMMANDS}.organisation:organisation", "Organisations and their units."),
    "person": (f"{COMMANDS}.access:person", "People who sign in, and their roles."),
    "release": (f"{COMMANDS}.release:release", "Show what has been released."),
    "report": (f"{COMMANDS}.report:report", "Make the units' PDF reports."),
    "responses": (f"{COMMANDS}.responses:responses", "Bring in an earlier measurement."),
    "restore": (f"{COMMANDS}.backup:restore", "Put a backup in place of the database."),
    "retention": (f"{COMMANDS}.retention:retention", "Delete what may no longer be kept."),
    "run": (f"{COMMANDS}.run:run", "Start web and worker together."),
    "settings": (f"{COMMANDS}.settings:settings", "List all settings and their values."),
    "signin-link": (f"{COMMANDS}.access:signin_link", "Make a one-time sign-in link."),
    "study": (f"{COMMANDS}.study:study", "Create and list studies."),
    "wave": (f"{COMMANDS}.wave:wave", "Create, open, close and show waves."),
    "worker": ("survey.worker:worker", "Carry out background and timed work."),
}


class LazyGroup(click.Group):
    """A group whose help costs no import of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every registered name."""
        return sorted(REGISTRY)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is used."""
        if cmd_name not in REGISTRY:
            return None
        module, _, attribute = REGISTRY[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        return cast(click.Command, command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the names with their one line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, REGISTRY[name][1]) for name in sorted(REGISTRY)])


@click.group(cls=LazyGroup)
@click.version_option(package_name="innovasjonskultur", prog_name="survey")
def cli() -> None:
    """Measure innovation culture before, during and after, without recognising anybody."""
    os.umask(0o077)  # before any command, the worker's too, makes a file: only its user may read it


def main() -> None:
    """Entry point: an error that a person is told about is printed, without a traceback."""
    try:
        cli()
    except SurveyError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
