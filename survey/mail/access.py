"""Mails about somebody's own way in: the invitation, and the link for a forgotten password.

The one-time link is made here, in the transaction right before the mail leaves, because only its
hash is stored. A mail that is tried again carries a new link; the one before is of no use then.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from survey.access import links, oidc_settings, people_queries, resets
from survey.access.models import Person
from survey.access.people_queries import PersonInfo
from survey.core import local_time
from survey.core.db import now
from survey.core.services import Services
from survey.core.texts import Texts
from survey.jobs.models import Outbox
from survey.mail import frame, words
from survey.mail.frame import Block, Button, Paragraph
from survey.mail.links import link
from survey.mail.message import Mail
from survey.organisation.models import Organisation

NAMED = 3
"""Units that an invitation names before it counts the rest."""

_ACTOR = "worker"


def person_invitation(session: Session, parts: Services, row: Outbox) -> Mail | None:
    """A first link for somebody who was given access; None when they are kept out by now."""
    person = session.get(Person, (row.organisation_id, int(row.reference)))
    if person is None or not person.active:
        return None
    organisation = session.get_one(Organisation, row.organisation_id)
    say = words.of(person.language)
    links.revoke_all(session, person, "signin")
    token = links.create(session, parts.secret, person, minutes=links.WEEK, actor=_ACTOR)
    until = local_time.format_local(now() + timedelta(minutes=links.WEEK), person.language)
    blocks: list[Block] = [
        Paragraph(say("person_invitation.intro", name=person.name, organisation=organisation.name)),
        *(Paragraph(text) for text in _roles(people_queries.info(session, person), say)),
        Button(say("person_invitation.button"), link(parts.settings, "inn", token)),
        Paragraph(say("person_invitation.how", time=until)),
    ]
    providers = [
        provider.label(person.language)
        for provider in oidc_settings.load(parts.settings.oidc_file).values()
        if provider.email_trust != "never"
        and (not provider.organisations or organisation.code in provider.organisations)
    ]
    if providers:
        address = link(parts.settings, "logg-inn")
        named = ", ".join(providers)
        text = say("person_invitation.provider", providers=named, address=address)
        blocks.append(Paragraph(text))
    return _mail(person, organisation, row.kind, blocks)


def password_reset(session: Session, parts: Services, row: Outbox) -> Mail | None:
    """A link for a new password; None when the person is kept out by now."""
    person = session.get(Person, (row.organisation_id, int(row.reference)))
    if person is None or not person.active:
        return None
    organisation = session.get_one(Organisation, row.organisation_id)
    say = words.of(person.language)
    links.revoke_all(session, person, "password")
    token = links.create(
        session, parts.secret, person, minutes=resets.MINUTES, purpose="password", actor=_ACTOR
    )
    blocks: list[Block] = [
        Paragraph(say("password_reset.intro", email=person.email)),
        Button(say("password_reset.button"), link(parts.settings, "nytt-passord", token)),
        Paragraph(say("password_reset.how")),
    ]
    return _mail(person, organisation, row.kind, blocks)


def _mail(person: Person, organisation: Organisation, kind: str, blocks: list[Block]) -> Mail:
    say = words.of(person.language)
    subject = say(f"{kind}.subject")
    text, html = frame.render(
        person.language,
        subject,
        blocks,
        sender=organisation.name,
        footer=say(f"{kind}.footer"),
    )
    return Mail(person.email, subject, text, html, kind, "", person.language)


def _roles(person: PersonInfo, say: Texts) -> list[str]:
    """What the person is let in as, in sentences."""
    roles = {grant.role for grant in person.roles}
    said = [say(f"person_invitation.role.{role}") for role in ("staff", "auditor") if role in roles]
    units = [
        grant.unit_name or grant.unit or "" for grant in person.roles if grant.role == "manager"
    ]
    if units:
        named = ", ".join(units[:NAMED])
        rest = len(units) - NAMED
        if rest > 0:
            named = say("person_invitation.more", first=named, count=rest)
        said.append(say("person_invitation.role.manager", units=named))
    return said
