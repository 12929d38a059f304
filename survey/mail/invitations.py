"""The mail that invites, and the one that reminds. The code is derived here, as the mail leaves."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from survey.core.db import now
from survey.core.languages import DEFAULT, LANGUAGES
from survey.core.local_time import format_local
from survey.core.services import Services
from survey.invitations import mailings
from survey.invitations.address_models import Contact
from survey.invitations.codes import derive
from survey.jobs.models import Outbox
from survey.jobs.outbox import Claimed
from survey.mail import frame, words
from survey.mail.frame import Block, Button, Fact, Paragraph
from survey.mail.links import link
from survey.mail.message import Mail
from survey.organisation.models import Organisation
from survey.study.models import Invitation, Study, Wave
from survey.study.waves import study_of


def invitation(session: Session, parts: Services, row: Outbox) -> Mail | None:
    """The mail with somebody's code; None when the wave is over or the code left another way."""
    return _render(session, parts, row, reminder=False)


def reminder(session: Session, parts: Services, row: Outbox) -> Mail | None:
    """The same code once more; None when it has been used or its mail never reached anybody."""
    return _render(session, parts, row, reminder=True)


def settle_invitation(session: Session, taken: Claimed, outcome: str) -> None:
    """Remember what became of an invitation mail."""
    mailings.settle(session, taken.organisation_id, uuid.UUID(taken.reference), outcome)


def _render(session: Session, parts: Services, row: Outbox, *, reminder: bool) -> Mail | None:
    invitation_id = uuid.UUID(row.reference)
    contact = session.get(Contact, (row.organisation_id, invitation_id))
    invited = session.get(Invitation, (row.organisation_id, invitation_id))
    if contact is None or invited is None or invited.spent:
        return None
    if reminder and contact.state not in mailings.REACHED:
        return None
    if not reminder and (invited.exported or contact.state != "queued"):
        return None
    wave = session.get_one(Wave, (row.organisation_id, invited.wave_id))
    if wave.state != "open" or (wave.closes_at is not None and wave.closes_at <= now()):
        return None
    study = study_of(session, wave)
    organisation = session.get_one(Organisation, row.organisation_id)
    language = contact.language or next(
        (study_language for study_language in study.languages if study_language in LANGUAGES),
        DEFAULT,
    )
    code = derive(parts.keys.code_key(wave.id), invited.id)
    kind = "reminder" if reminder else "invitation"
    say = words.of(language)
    subject = say(f"{kind}.subject", study=study.name)
    blocks = _blocks(parts, wave, study, organisation, language, kind, code.link, code.short)
    footer = say("invitation.footer")
    if reminder:
        footer = f"{say('reminder.footer')} {footer}"
    text, html = frame.render(language, subject, blocks, sender=organisation.name, footer=footer)
    # A report on a reminder would tell that its code was not used yet: it leads nowhere.
    token = "" if reminder else contact.token
    return Mail(contact.email, subject, text, html, kind, token, language)


def _blocks(
    parts: Services,
    wave: Wave,
    study: Study,
    organisation: Organisation,
    language: str,
    kind: str,
    code: str,
    short: str,
) -> list[Block]:
    say = words.of(language)
    names = {"study": study.name, "organisation": organisation.name}
    intro = say(f"{kind}.intro", **names)
    if wave.closes_at is not None:
        when = format_local(wave.closes_at, language)
        intro = f"{intro} {say('invitation.closes', time=when)}"
    cryptographic = study.mode == "cryptographic"
    blocks: list[Block] = [
        Paragraph(intro),
        Button(say("invitation.button"), link(parts.settings, "s", code)),
        Paragraph(say("invitation.type", address=link(parts.settings, "kode"))),
        Fact(say("invitation.code"), short),
        Paragraph(
            f"{say('invitation.promise', k=study.k)} "
            f"{say('invitation.promise.leaders', others=study.k - 1)}"
        ),
        Paragraph(say("invitation.ticket" if cryptographic else "invitation.code_used")),
        Paragraph(say("invitation.personal")),
    ]
    if cryptographic and wave.keys_digest:
        blocks.append(Fact(say("invitation.digest"), wave.keys_digest))
    return blocks
