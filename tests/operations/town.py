"""A municipality whose people are invited by mail."""

from __future__ import annotations

import csv
import io
from typing import Any

import sqlalchemy as sa

from survey.audit.models import Event
from survey.core.services import Services
from survey.instrument.library import Library
from survey.invitations import addresses, mailings
from survey.invitations.address_models import Contact
from survey.organisation.imports import apply, plan
from survey.organisation.rows import read_csv
from survey.organisation.units import create_organisation
from survey.study.models import Invitation, Study, Wave
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave
from tests.release.journey import CSV

PEOPLE = {"n1": 6, "s1": 5}


def address(unit: str, number: int) -> str:
    return f"{unit}.{number}@provevik.test"


def people_file(people: dict[str, int] = PEOPLE, language: str = "") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["unit_code", "email", "language"])
    for unit, count in people.items():
        writer.writerows([unit, address(unit, number), language] for number in range(count))
    return out.getvalue().encode()


class Town:
    """One study with one wave; ``parts`` may be replaced by a test."""

    def __init__(self, parts: Services, mode: str = "ordinary") -> None:
        self.parts = parts
        with parts.db.transaction() as session:
            self.organisation_id = create_organisation(session, "3999", "Prøvevik kommune").id
            rows = read_csv(CSV.encode())
            apply(session, self.organisation_id, plan(session, self.organisation_id, rows))
            study = create_study(
                session,
                Library(),
                self.organisation_id,
                code="kultur",
                name="Innovasjonskultur",
                instrument="baerum-barometer",
                mode=mode,
            )
            self.wave_id = create_wave(session, study, phase="before").id

    def wave(self, session: object) -> Wave:
        return session.get_one(Wave, (self.organisation_id, self.wave_id))  # type: ignore[attr-defined]

    def study(self, session: object) -> Study:
        return session.scalars(sa.select(Study)).one()  # type: ignore[attr-defined]

    def invite(self, raw: bytes | None = None, reason: str = "") -> addresses.Added:
        rows = addresses.read_contacts(raw or people_file())
        with self.parts.db.transaction() as session:
            return addresses.add_contacts(
                session, self.parts.secret, self.parts.keys, self.wave(session), rows, reason=reason
            )

    def open(self) -> None:
        with self.parts.db.transaction() as session:
            open_wave(session, self.parts.keys, Library(), self.wave(session))

    def mail(self) -> int:
        with self.parts.db.transaction() as session:
            return mailings.send_invitations(session, self.wave(session))

    def remind(self, **more: Any) -> int:
        with self.parts.db.transaction() as session:
            return mailings.send_reminders(session, self.wave(session), **more)

    def states(self) -> dict[str, str]:
        with self.parts.db.reading() as session:
            return {row.email: row.state for row in session.scalars(sa.select(Contact))}

    def invitation(self, email: str) -> Invitation:
        with self.parts.db.reading() as session:
            return session.scalars(
                sa.select(Invitation)
                .join(Contact, Contact.invitation_id == Invitation.id)
                .where(Contact.email == email)
            ).one()

    def spend(self, email: str) -> None:
        row = self.invitation(email)
        with self.parts.db.transaction() as session:
            session.execute(sa.update(Invitation).where(Invitation.id == row.id).values(spent=True))

    def events(self, action: str) -> list[dict[str, object]]:
        with self.parts.db.reading() as session:
            return list(session.scalars(sa.select(Event.details).where(Event.action == action)))


def ready(parts: Services, people: dict[str, int] = PEOPLE) -> Town:
    """Everybody has an address, the wave is open, and all invitations are queued."""
    town = Town(parts)
    town.invite(people_file(people))
    town.open()
    town.mail()
    return town
