"""``survey run``: web and worker together, until Ctrl-C; ``--demo`` with the demo municipality."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from survey.cli.demo import make_links
from survey.core.config import Settings
from survey.core.errors import Conflict, say
from survey.core.services import Services, build
from survey.demo import municipality
from survey.operations import all_settings, migrate
from survey.operations.supervisor import Child, supervise

PORTS_TRIED = 20


@click.command()
@click.option("--demo", is_flag=True, help="Build the demo municipality first, and print links.")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [8000].")
@click.option("--only", type=click.Choice(["web", "worker"]), help="Start only one of them.")
def run(demo: bool, bind: str, port: int | None, only: str | None) -> None:
    """Start web and worker and keep them together: when one ends, both end."""
    settings = all_settings.load()
    chosen = _port(bind, port or urlsplit(settings.base_url).port or 8000, fixed=bool(port))
    if demo:
        settings = _for_demo(settings, chosen)
        _build_demo(settings)
    parts = build(settings)
    migrate.require_current(parts.db)
    children = []
    if only != "worker":
        children.append(Child("web", web_command(settings, bind, chosen, parts.db.sqlite)))
    if only != "web":
        children.append(Child("worker", [sys.executable, "-m", "survey.cli.main", "worker"]))
    logs = settings.data_dir / "logs" if demo else None
    ready = f"http://{bind}:{chosen}/readyz" if only != "worker" else None
    supervise(children, ready, lambda: _welcome(parts, demo), logs)


def web_command(settings: Settings, bind: str, port: int, sqlite: bool) -> list[str]:
    """Gunicorn as it was measured: one process of 16 threads on SQLite, several on PostgreSQL."""
    return [
        *(sys.executable, "-m", "gunicorn", "survey.app:create_app()"),
        *("--bind", f"{bind}:{port}"),
        *("--worker-class", "gthread", "--threads", "16"),
        *("--workers", "1" if sqlite else str(settings.processes)),
        *("--timeout", "60", "--graceful-timeout", "20"),
        *("--logger-class", "survey.core.logs.QuietGunicorn", "--no-control-socket"),
    ]


def _port(bind: str, wanted: int, *, fixed: bool) -> int:
    """``wanted``, or the next free one when nobody insisted on it."""
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
            except OSError:
                if fixed or "SURVEY_BASE_URL" in os.environ:
                    raise Conflict(say("port_taken", port=port)) from None
                continue
        if port != wanted:
            click.echo(f"Port {wanted} is taken; using {port}.")
        return port
    raise Conflict(say("no_free_port", wanted=wanted, value=wanted + PORTS_TRIED - 1))


def _for_demo(settings: Settings, port: int) -> Settings:
    """The settings of the demo; the processes started here get them from the environment."""
    base_url = settings.base_url
    if "SURVEY_BASE_URL" not in os.environ:
        base_url = f"http://127.0.0.1:{port}"
    os.environ["SURVEY_BASE_URL"] = base_url
    os.environ["SURVEY_DEMO"] = "true"
    return replace(settings, base_url=base_url, demo=True)


def _build_demo(settings: Settings) -> None:
    """Build beside and rename, so that an interrupted start leaves nothing half done."""
    home = settings.data_dir
    beside = home.with_name(f".{home.name}.building")
    shutil.rmtree(beside, ignore_errors=True)
    fresh = not home.exists() and not settings.database_url and settings.key_dir is None
    parts = build(replace(settings, data_dir=beside) if fresh else settings)
    try:
        migrate.upgrade(parts)
        if not municipality.exists(parts):
            click.echo("Building the demo municipality. This takes one to two minutes, once.")
            municipality.build(parts, say=lambda text: click.echo(f"  {text}"))
    finally:
        parts.db.dispose()
    if fresh:
        Path(beside).rename(home)


def _welcome(parts: Services, demo: bool) -> None:
    click.echo(f"\nThe service runs at {parts.settings.base_url}")
    if demo:
        click.echo("\nOpen it as:")
        for who, link in make_links(parts):
            click.echo(f"  {who:18} {link}")
        click.echo(f"\nData and logs: {parts.settings.data_dir}. Sign-in links work once.")
    click.echo("Ctrl-C stops everything.", nl=True)
    parts.db.dispose()
