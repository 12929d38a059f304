"""``survey mail``: invite and remind by e-mail, read delivery reports, see how the outbox is."""

from __future__ import annotations

from pathlib import Path

import click

from survey.cli.common import opened
from survey.cli.wave import of_wave
from survey.core.errors import ConfigurationError, Fault
from survey.core.languages import DEFAULT, LANGUAGES
from survey.core.local_time import format_local
from survey.invitations import addresses, mailings
from survey.jobs import outbox
from survey.mail import bounces as reports
from survey.mail import frame, mail_worker, words
from survey.mail.frame import Paragraph
from survey.mail.message import Mail
from survey.mail.transport import Transport
from survey.study.find import find_study, find_wave


@click.group()
def mail() -> None:
    """Invite and remind by e-mail. How to set it up: docs/mail.md."""


@mail.command()
@of_wave
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="Why there are more codes than employees, if there are.")
def invite(organisation: str | None, study: str, ordinal: int, file: Path, reason: str) -> None:
    """Make a code for each row of FILE (unit_code, email and, if wanted, language).

    Nothing is sent: see "survey mail send". The addresses are deleted with the invitations; delete
    the file yourself.
    """
    rows = addresses.read_contacts(file.read_bytes())
    with opened() as parts, parts.db.transaction() as session:
        wave = find_wave(session, find_study(session, organisation, study), ordinal)
        outcome = addresses.add_contacts(
            session, parts.secret, parts.keys, wave, rows, reason=reason
        )
    click.echo(f"{outcome.contacts} people in {outcome.units} units have a code and an address.")
    if outcome.replaced:
        click.echo(f"{outcome.replaced} of them took the place of addresses that were refused.")
    for email, units in outcome.twice:
        click.echo(f"  {email} stands in {' and '.join(units)}: right only for two employments")
    for unit in outcome.merged:
        click.echo(
            f"  {unit.code} {unit.name} has too few: will be counted with "
            f"{unit.into_code} {unit.into_name}"
        )


@mail.command()
@of_wave
def send(organisation: str | None, study: str, ordinal: int) -> None:
    """Queue the invitations of an open wave; the worker sends them."""
    with opened() as parts:
        _require(parts.settings.smtp_host)
        with parts.db.transaction() as session:
            wave = find_wave(session, find_study(session, organisation, study), ordinal)
            count = mailings.send_invitations(session, wave)
    click.echo(f"{count} invitations are queued.")


@mail.command()
@of_wave
@click.option(
    "--most", default=mailings.MOST_REMINDERS, show_default=True, type=click.IntRange(1, 5)
)
@click.option(
    "--days", default=mailings.DAYS_BETWEEN, show_default=True, type=click.IntRange(1, 60)
)
def remind(organisation: str | None, study: str, ordinal: int, most: int, days: int) -> None:
    """Remind those who have not used their code. Nobody is told who or how many they are."""
    with opened() as parts:
        _require(parts.settings.smtp_host)
        with parts.db.transaction() as session:
            wave = find_wave(session, find_study(session, organisation, study), ordinal)
            number = mailings.send_reminders(session, wave, most=most, days=days)
    click.echo(f"Reminder {number} is queued for those who have not used their code.")


@mail.command()
@click.option("--study", help="Code of the study: shows its deliveries by unit too.")
@click.option("--wave", "ordinal", type=int, help="Number of its wave.")
@click.option("--organisation", help="Code; may be left out when there is only one.")
def status(study: str | None, ordinal: int | None, organisation: str | None) -> None:
    """Show whether mails leave: what waits, since when, and what has failed."""
    with opened() as parts, parts.db.reading() as session:
        standing = outbox.standing(session)
        click.echo("Mail server: " + (parts.settings.smtp_host or "none (SURVEY_SMTP_HOST)"))
        click.echo(f"Waiting: {standing.queued}, being sent: {standing.sending}")
        click.echo(f"Failed: {standing.failed}")
        if standing.due_since is not None:
            click.echo(f"The oldest is due since {format_local(standing.due_since, 'en')}.")
        for kind, state, error, count in outbox.errors(session):
            click.echo(f"  {kind}, {state}: {error} ({count})")
        if mailings.rounds_under_way(session):
            click.echo(
                "Reminders are under way; a count of them would tell how many have answered."
            )
        if study is not None and ordinal is not None:
            wave = find_wave(session, find_study(session, organisation, study), ordinal)
            _deliveries(mailings.status(session, wave), mailings.reminders(session, wave))


@mail.command()
def bounces() -> None:
    """Read the delivery reports that have come in. The worker does this every few minutes."""
    with opened() as parts:
        if not reports.configured(parts.settings):
            raise ConfigurationError(
                "no_mailbox_to_read",
                [Fault("SURVEY_BOUNCE_MAILDIR", "or_survey_bounce_imap_host_is_not_set")],
            )
        done = reports.read(parts)
    click.echo(f"{done.messages} messages read; {done.bounced} invitations did not arrive.")


@mail.command()
@click.option("--yes", is_flag=True, help="Do it.")
def drop(yes: bool) -> None:
    """Send nothing of what waits now. Run this after a restore, before the worker starts.

    What waited in the backup may have been sent since. Invitations count as uncertain.
    """
    if not yes:
        raise click.ClickException(
            "This drops every mail that waits. Say --yes when that is meant."
        )
    with opened() as parts:
        count = mail_worker.drop_waiting(parts)
    click.echo(f"{count} mails will not be sent, and no reminder that waited.")


@mail.command()
@click.argument("address")
@click.option("--language", default=DEFAULT, type=click.Choice(LANGUAGES))
def test(address: str, language: str) -> None:
    """Send a mail to ADDRESS now, and say what the mail server answered."""
    with opened(any_schema=True) as parts:
        say = words.of(language)
        subject = say("test.subject")
        text, html = frame.render(
            language, subject, [Paragraph(say("test.intro"))], sender=say("test.sender")
        )
        try:
            to = addresses.normalise(address)
        except ValueError:
            raise click.ClickException("That is not an e-mail address.") from None
        with Transport(parts.settings) as transport:
            outcome = transport.send(Mail(to, subject, text, html, "test", "", language))
    if outcome.what != "sent":
        raise click.ClickException(f"Not sent ({outcome.what}): {outcome.error}")
    click.echo("The mail server took it. See whether it arrives, and where.")


def _deliveries(units: list[mailings.UnitDelivery], reminded: mailings.Reminders) -> None:
    click.echo(f"Reminders: {reminded.sent} of {reminded.most}")
    for unit in units:
        if unit.sent is None:
            summary = "some could not be delivered" if unit.trouble else "no trouble known"
        else:
            summary = (
                f"{unit.waiting} waiting, {unit.sent} sent, {unit.refused} refused, "
                f"{unit.bounced} bounced, {unit.uncertain} uncertain"
            )
        click.echo(f"  {unit.code} {unit.name}: {unit.addresses} addresses; {summary}")


def _require(host: str) -> None:
    if not host:
        raise ConfigurationError(
            "no_mail_can_be_sent", [Fault("SURVEY_SMTP_HOST", "not_set", "see_docs_mail_md")]
        )
