"""``survey settings``: every setting with its default and what it is for."""

from __future__ import annotations

import click

from survey.core import config
from survey.operations import all_settings


@click.command()
@click.option("--markdown", is_flag=True, help="As the table of docs/settings.md.")
def settings(markdown: bool) -> None:
    """List all settings; fails like the service would when one in the environment is wrong."""
    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    all_settings.load()
    for variable, default, help_text in config.describe():
        click.echo(f"{variable:24} {help_text}" + (f" [{default}]" if default else ""))


def as_markdown() -> str:
    """The whole of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Settings are environment variables. An unknown or malformed `SURVEY_…` stops the start",
        "with its name and what was expected. This page is made by `survey settings --markdown`.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    for variable, default, help_text in config.describe():
        lines.append(f"| `{variable}` | {f'`{default}`' if default else ''} | {help_text} |")
    return "\n".join(lines) + "\n"
