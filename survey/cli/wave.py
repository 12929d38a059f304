"""``survey wave``: create, open, extend, close and list the waves of a study."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click
from sqlalchemy.orm import Session

from survey.cli.common import opened
from survey.cli.following import follow
from survey.core.local_time import format_local, parse_local
from survey.instrument.library import Library
from survey.study import closing, waves
from survey.study.find import find_study, find_wave
from survey.study.models import Wave
from survey.study.participation import Participation, participation
from survey.study.reasons import REASONS, Reason
from survey.study.signing_keys import make_ready

_TIME = 'Norwegian time, as "2027-03-01 08:00".'


@click.group()
def wave() -> None:
    """Create, open, extend, close and list waves."""


def of_study(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name a study."""
    command = click.option("--study", required=True, help="Code of the study.")(command)
    return click.option("--organisation", help="Code; may be left out when there is only one.")(
        command
    )


def of_wave(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name a wave."""
    command = click.option("--wave", "ordinal", required=True, type=int, help="Its ordinal.")(
        command
    )
    return of_study(command)


@wave.command()
@of_study
@click.option("--phase", required=True, type=click.Choice(waves.PHASES))
@click.option("--label", default="", help="Name, for example «Vår 2027».")
@click.option("--ordinal", type=int, help="Default: after the last.")
@click.option("--opens", help=_TIME)
@click.option("--closes", help=_TIME)
@click.option(
    "--release-after-close/--look-first",
    default=True,
    show_default=True,
    help="Release by itself, or wait until somebody has looked at what units will show.",
)
@click.option(
    "--source",
    type=click.Choice(waves.SOURCES),
    default="answers",
    show_default=True,
    help="import: a measurement from another tool.",
)
def create(
    organisation: str | None,
    study: str,
    phase: str,
    label: str,
    ordinal: int | None,
    opens: str | None,
    closes: str | None,
    release_after_close: bool,
    source: str,
) -> None:
    """Make a draft."""
    opens_at, closes_at = _time(opens, "--opens"), _time(closes, "--closes")
    with opened() as parts, parts.db.transaction() as session:
        draft = waves.create_wave(
            session,
            find_study(session, organisation, study),
            phase=phase,
            label=label,
            ordinal=ordinal,
            opens_at=opens_at,
            closes_at=closes_at,
            source=source,
            release_after_close=release_after_close,
        )
        click.echo(f"Wave {draft.ordinal} ({draft.phase}): {draft.label}, a draft.")


@wave.command("open")
@of_wave
def open_(organisation: str | None, study: str, ordinal: int) -> None:
    """Open a draft: freezes questionnaire, tree and headcounts, merges units under k."""

    def chosen(session: Session) -> Wave:
        return find_wave(session, find_study(session, organisation, study), ordinal)

    with opened() as parts:
        make_ready(parts.db, parts.keys, chosen)
        with parts.db.transaction() as session:
            stored_wave = chosen(session)
            library = Library(parts.settings.instrument_dir)
            done = waves.open_wave(session, parts.keys, library, stored_wave)
    click.echo(f"Wave {ordinal} is open with {done.units} units.")
    if stored_wave.keys_digest:
        click.echo(
            f"Print this digest of the public keys on every letter: {stored_wave.keys_digest}"
        )
    for unit in done.merged:
        click.echo(
            f"  {unit.code} {unit.name} has too few people: counted with "
            f"{unit.into_code} {unit.into_name}"
        )
    for warning in done.warnings:
        click.echo(f"Warning: {warning}", err=True)


@wave.command()
@of_wave
@click.option("--phase", type=click.Choice(waves.PHASES))
@click.option("--label", help="Name, for example «Vår 2027».")
@click.option("--opens", help=_TIME)
@click.option("--closes", help=_TIME)
@click.option("--release-after-close/--look-first", default=None, help="See create.")
def change(
    organisation: str | None,
    study: str,
    ordinal: int,
    phase: str | None,
    label: str | None,
    opens: str | None,
    closes: str | None,
    release_after_close: bool | None,
) -> None:
    """Change a draft; what is not named stays."""
    opens_at, closes_at = _time(opens, "--opens"), _time(closes, "--closes")
    with opened() as parts, parts.db.transaction() as session:
        draft = find_wave(session, find_study(session, organisation, study), ordinal)
        waves.update_draft(
            session,
            draft,
            phase=phase or draft.phase,
            label=draft.label if label is None else label,
            opens_at=opens_at or draft.opens_at,
            closes_at=closes_at or draft.closes_at,
            release_after_close=release_after_close,
        )
        click.echo(f"Wave {draft.ordinal} ({draft.phase}): {draft.label}, a draft.")


def with_reason(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say why."""
    command = click.option(
        "--note", default="", help="The reason in words, without names: it is kept for ever."
    )(command)
    return click.option("--reason", type=click.Choice(REASONS), help="Why; kept in the log.")(
        command
    )


@wave.command()
@of_wave
@click.option("--closes", required=True, help=_TIME)
@with_reason
def extend(
    organisation: str | None, study: str, ordinal: int, closes: str, reason: str | None, note: str
) -> None:
    """Set a later closing time for an open wave, and say why."""
    closes_at = parse_local(closes, "--closes")
    with opened() as parts, parts.db.transaction() as session:
        stored_wave = find_wave(session, find_study(session, organisation, study), ordinal)
        closing.extend_wave(session, stored_wave, closes_at, Reason(reason or "", note))
    click.echo(f"Wave {ordinal} closes {format_local(closes_at)}.")


@wave.command()
@of_wave
@click.option(
    "--no-release",
    is_flag=True,
    help="Close, and compute what is to be looked at before its release.",
)
@with_reason
def close(
    organisation: str | None,
    study: str,
    ordinal: int,
    no_release: bool,
    reason: str | None,
    note: str,
) -> None:
    """Close an open wave and make its release. A close that was stopped is taken up again.

    The worker carries it out while this command waits; without one, this command does.
    Before the wave's closing time --reason and --note are needed.
    """
    why = Reason(reason or "", note) if reason or note else None
    with opened() as parts:
        with parts.db.transaction() as session:
            chosen = find_wave(session, find_study(session, organisation, study), ordinal)
            task = closing.request_close(
                session, chosen, actor="cli", reason=why, release=not no_release
            )
        click.echo(f"Wave {ordinal} takes no more answers.", err=True)
        follow(parts, task.organisation_id, task.id)
    click.echo(f"Wave {ordinal} is {'closed' if no_release else 'released'}.")


@wave.command("list")
@of_study
def list_all(organisation: str | None, study: str) -> None:
    """List the waves of a study; an open one with how many had answered at the last count."""
    with opened() as parts, parts.db.reading() as session:
        for stored_wave in waves.waves(session, find_study(session, organisation, study)):
            names = (stored_wave.phase, stored_wave.label, stored_wave.state)
            line = "  ".join((str(stored_wave.ordinal), *names))
            if stored_wave.closes_at is not None and stored_wave.state == "open":
                line += f", closes {format_local(stored_wave.closes_at)}"
            click.echo(line + _answered(participation(session, stored_wave)))


def _answered(counts: Participation) -> str:
    """How many have answered, and when that was counted; '' where there is nothing to say."""
    top, next_at = counts.top, counts.next_at
    if top is None or counts.counted_at is None:
        return f", first count of answers {format_local(next_at, 'en')}" if next_at else ""
    if top.few:
        summary = "fewer than five in each unit" if top.summed else "fewer than five"
    else:
        summary = f"at least {top.answered} of {top.invited}"
    return f", answered by {format_local(counts.counted_at, 'en')}: {summary}"


def _time(text: str | None, where: str) -> datetime | None:
    return None if text is None else parse_local(text, where)
