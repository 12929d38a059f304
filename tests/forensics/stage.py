"""Three hundred known people answer, in an order that the attacker knows."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.answering.admission import find, layout_of
from survey.answering.intake import payload_of
from survey.answering.store import Comment, Response
from survey.app import create_app
from survey.core.config import Settings
from survey.core.db import Database
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.core.services import Services
from survey.instrument.layout import Layout
from tests.release import journey as way
from tests.release.journey import FULL, Journey, draw_answers, start

UNITS = 5
SIZE = 60
PEOPLE = UNITS * SIZE
CSV = "code;name;parent code;kind;headcount\nk;Kommunen;;;0\n" + "".join(
    f"u{number};Enhet {number};k;barnehage;{SIZE}\n" for number in range(UNITS)
)

Submit = Callable[[Session, Secret, str, str, dict[str, object]], object]


@dataclass
class Person:
    """One person, at the place in ``Stage.people`` at which he answered."""

    unit: str
    sheet: str
    text: str


@dataclass
class Stage:
    """A wave in which everybody answers; ``people`` is in the order of answering."""

    journey: Journey
    submit: Submit
    watch: Callable[[int], None]
    people: list[Person] = field(default_factory=list)
    post: Callable[[str, str, dict[str, object]], None] | None = None
    """Sends code, submission id and answers as a browser does, through the whole service."""

    def play(self) -> None:
        """Let all answer, in a new random order, and call ``watch`` after each."""
        instrument = self.journey.instrument()
        layout = Layout(instrument)
        drawn = random.Random(4)  # the same answers each time, so that the release is one of them
        texts = [each.id for each in instrument.questions if each.type == "text"]
        cast = []
        seen: set[str] = set()
        for unit in sorted(self.journey.codes):
            for code in self.journey.codes[unit]:
                given = draw_answers(instrument, drawn)
                while layout.encode(given) in seen:
                    given = draw_answers(instrument, drawn)
                seen.add(layout.encode(given))
                text = f"ytring-{drawn.getrandbits(64):016x}"
                for each in texts[:1]:
                    given["questions"][each] = text  # type: ignore[index]
                cast.append((Person(unit, layout.encode(given), text), code, given))
        random.SystemRandom().shuffle(cast)
        for number, (person, code, given) in enumerate(cast, start=1):
            if self.post is not None:
                self.post(code, str(uuid.uuid4()), given)
            else:
                with self.journey.db.transaction() as session:
                    self.submit(session, self.journey.secret, code, str(uuid.uuid4()), given)
            self.people.append(person)
            self.watch(number)

    def units(self) -> list[list[Person]]:
        """People by unit, in their order within it."""
        return [[p for p in self.people if p.unit == f"u{n}"] for n in range(UNITS)]


def set_stage(db: Database, keys: KeyStore, submit: Submit, watch: Callable[[int], None]) -> Stage:
    """An open wave with five units of sixty people."""
    usual = way.CSV
    way.CSV = CSV
    try:
        return Stage(start(db, keys, Secret(b"s" * 32), instrument=FULL), submit, watch)
    finally:
        way.CSV = usual


def over_http(stage: Stage, settings: Settings) -> Callable[[str, str, dict[str, object]], None]:
    """A client of the service on the stage's database."""
    journey = stage.journey
    client = create_app(
        settings, Services(settings, journey.db, journey.secret, journey.keys)
    ).test_client()

    def post(code: str, submission_id: str, given: dict[str, object]) -> None:
        body = {"code": code, "submission_id": submission_id, "answers": given}
        answer = client.post("/api/v1/answers", json=body)
        assert answer.status_code == 201, answer.text

    return post


def submit_plain(
    session: Session, secret: Secret, code: str, submission_id: str, answers: dict[str, object]
) -> None:
    """Sealing switched off: code and answer in one transaction, the answer as a plain row."""
    invitation, wave = find(session, secret, code)
    layout = layout_of(session, wave)
    payload = payload_of(layout, invitation.unit_id, answers)
    invitation.spent, invitation.submission_hash = True, secret.hash("plain", code.encode())
    session.flush()
    common = {
        "organisation_id": wave.organisation_id,
        "wave_id": wave.id,
        "unit_id": payload.unit_id,
    }
    values = {**common, "id": uuid.uuid4(), "role": payload.role, "answers": payload.sheet}
    session.execute(sa.insert(Response).values(values))
    for question, texts in payload.texts.items():
        for text in texts:
            row = {**common, "id": uuid.uuid4(), "question": question, "text": text}
            session.execute(sa.insert(Comment).values(row))
