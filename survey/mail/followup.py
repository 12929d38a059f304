"""The mail, eight weeks after a release, to who leads units that have agreed nothing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from survey.access.models import Person
from survey.core.services import Services
from survey.followup import reminders
from survey.jobs.models import Outbox
from survey.mail import frame, words
from survey.mail.frame import Button, Paragraph
from survey.mail.links import link
from survey.mail.message import Mail
from survey.organisation.models import Organisation
from survey.study.models import Wave
from survey.study.waves import study_of


def followup_reminder(session: Session, parts: Services, row: Outbox) -> Mail | None:
    """One mail for all units that the person leads; None when all of them have agreed something
    meanwhile, or the person is no longer let in."""
    wave_id, person_id = (int(part) for part in row.reference.split(":"))
    person = session.get(Person, (row.organisation_id, person_id))
    wave = session.get(Wave, (row.organisation_id, wave_id))
    if person is None or not person.active or wave is None:
        return None
    units = reminders.led_without_action(session, row.organisation_id, wave_id, person_id)
    if not units:
        return None
    study = study_of(session, wave)
    organisation = session.get_one(Organisation, row.organisation_id)
    say = words.of(person.language)
    subject = say("followup.subject", study=study.name)
    place = ["enhet"]
    if len(units) == 1:
        place += [organisation.code, study.code, units[0].code]
    names = ", ".join(unit.name for unit in units)
    blocks = (
        Paragraph(say("followup.intro", study=study.name, units=names)),
        Paragraph(say("followup.do")),
        Button(say("followup.button"), link(parts.settings, *place)),
    )
    text, html = frame.render(
        person.language,
        subject,
        blocks,
        sender=organisation.name,
        footer=say("followup.footer"),
    )
    return Mail(person.email, subject, text, html, row.kind, "", person.language)
