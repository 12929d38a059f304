"""The whole way from an organisation file to a release, through the product's own operations."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.answering import importing
from survey.answering.intake import submit
from survey.core.db import Database
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.invitations.issuing import create_invitations, export_codes
from survey.organisation.imports import apply, plan
from survey.organisation.rows import read_csv
from survey.organisation.units import create_organisation
from survey.release import close, read
from survey.release.document import UnitResult
from survey.study.models import Study, Wave
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave

FULL = "baerum-barometer"
SHORT = "kort"
"""For what happens to answers, whatever they are to; not for looking for a sheet among bytes, where
seven characters turn up by chance."""

LIBRARY = Library(Path(__file__).parents[1] / "data" / "instruments")

CSV = """code;name;parent code;kind;headcount
k;Kommunen;;;0
nord;Område nord;k;område;0
n1;Solbakken barnehage;nord;barnehage;24
n2;Fjellheim skole;nord;skole;14
n3;Lia bofellesskap;nord;bofellesskap;8
sor;Område sør;k;område;0
s1;Elvestien sykehjem;sor;sykehjem;30
s2;Havna barnehage;sor;barnehage;12
"""


@dataclass
class Journey:
    """A study with one open wave, and its codes by unit."""

    db: Database
    keys: KeyStore
    secret: Secret
    organisation_id: int
    study: Study
    wave: Wave
    codes: dict[str, list[str]]

    def answer(
        self, shares: Mapping[str, int], *, leaders: int = 0, seed: int | None = None
    ) -> None:
        """Let the first so many of each unit answer; the first ``leaders`` of n1 are leaders.

        Each wave's answers are its own: the same ones are never released twice.
        """
        rng = random.Random(self.wave.ordinal if seed is None else seed)
        instrument = self.instrument()
        for unit, count in shares.items():
            with self.db.transaction() as session:
                for number, code in enumerate(self.codes[unit][:count]):
                    lead = unit == "n1" and number < leaders
                    given = draw_answers(instrument, rng, leader=lead)
                    submission = str(uuid.UUID(int=rng.getrandbits(128)))
                    submit(session, self.secret, code, submission, given)

    def instrument(self) -> Instrument:
        """The wave's frozen questionnaire."""
        return Instrument.from_dict(self.wave.instrument or {})

    def close(self) -> None:
        """Close the wave."""
        close.close_wave(self.db, self.keys, self.organisation_id, self.wave.id)

    def prepare(self) -> None:
        """Compute what may be known of the closed wave, for the look before its release."""
        close.prepare_release(self.db, self.keys, self.organisation_id, self.wave.id)

    def release(self) -> int:
        """Release the closed wave."""
        return close.make_release(self.db, self.keys, self.organisation_id, self.wave.id)

    def finish(self) -> int:
        """Close and release the wave."""
        self.close()
        return self.release()

    def count(self, table: Any, *where: Any) -> int:
        """How many rows of a table there are."""
        with self.db.reading() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0

    def unit(self, code: str) -> UnitResult:
        """What the study's latest release says of a unit."""
        with self.db.reading() as session:
            return read.unit_document(session, self.organisation_id, self.study.id, code).unit


def draw_answers(
    instrument: Instrument, rng: random.Random, *, leader: bool = False, level: float = 0.6
) -> dict[str, object]:
    """One person's answers to any instrument."""
    items = {}
    for item in instrument.items.values():
        scale = instrument.scale_of(item.id)
        steps = sum(rng.random() < level for _ in range(scale.options - 1))
        items[item.id] = scale.maximum - steps if item.reverse else scale.minimum + steps
    questions: dict[str, object] = {}
    for question in instrument.questions:
        if question.purpose == "role":
            role = "leader" if leader else "employee"
            questions[question.id] = next(o.id for o in question.options if o.role == role)
        elif question.type == "multiple":
            questions[question.id] = [rng.choice(question.options).id]
        elif question.type == "single":
            questions[question.id] = rng.choice(question.options).id
        elif question.type == "words":
            questions[question.id] = [rng.choice(["mot", "tid"]), "sammen"]
        else:
            questions[question.id] = f"Mer tid til å prøve {rng.randrange(10**6)}"
    return {"items": items, "questions": questions}


def start(
    db: Database, keys: KeyStore, secret: Secret, *, code: str = "3999", instrument: str = SHORT
) -> Journey:
    """Import the organisation, make a study and open its first wave with everybody invited."""
    with db.transaction() as session:
        organisation = create_organisation(session, code, "Prøvevik kommune")
        rows = read_csv(CSV.encode())
        apply(session, organisation.id, plan(session, organisation.id, rows))
        study = create_study(
            session,
            LIBRARY,
            organisation.id,
            code="kultur",
            name="Innovasjonskultur",
            instrument=instrument,
        )
    wave, codes = open_next(db, keys, secret, study)
    return Journey(db, keys, secret, organisation.id, study, wave, codes)


def open_next(
    db: Database, keys: KeyStore, secret: Secret, study: Study, phase: str = "before"
) -> tuple[Wave, dict[str, list[str]]]:
    """Open the study's next wave with everybody invited; returns it and its codes by unit."""
    with db.transaction() as session:
        wave = create_wave(session, study, phase=phase)
        create_invitations(session, secret, keys, wave)
        open_wave(session, keys, LIBRARY, wave)
        codes: dict[str, list[str]] = {}
        for row in export_codes(session, keys, wave):
            codes.setdefault(row.unit_code, []).append(row.short)
    return wave, codes


def bring_in(
    session: Session,
    journey: Journey,
    shares: Mapping[str, int],
    *,
    leaders: int = 0,
    seed: int = 7,
) -> Wave:
    """Open a wave of another study with so many imported answers of each unit; the first
    ``leaders`` of n1 are leaders."""
    study = create_study(
        session,
        LIBRARY,
        journey.organisation_id,
        code="brakt",
        name="Brakt inn",
        instrument=journey.study.instrument_id,
    )
    wave = create_wave(session, study, phase="before", source="import")
    open_wave(session, journey.keys, LIBRARY, wave)
    names = list(Instrument.from_dict(wave.instrument or {}).items)
    rng = random.Random(seed)
    rows = [
        ";".join([unit, "L" if unit == "n1" and number < leaders else "", *given])
        for unit, count in shares.items()
        for number in range(count)
        for given in [[str(rng.randint(1, 4)) for _ in names]]
    ]
    mapping = "unit: u\nrole: {column: r, leader: [L]}\nitems:\n"
    mapping += "".join(f"  {name}: {name}\n" for name in names)
    text = "\n".join(["u;r;" + ";".join(names), *rows])
    ready = importing.prepare(session, wave, text.encode(), mapping.encode(), "map.yaml")
    importing.store(session, ready)
    return wave
