"""The whole way from an organisation file to a release, through the product's own operations."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from survey.answering.intake import submit
from survey.db import Database
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.organisation.imports import apply, plan
from survey.organisation.rows import read_csv
from survey.organisation.units import create_organisation
from survey.secret import Secret
from survey.study.invitations import create_invitations, export_codes
from survey.study.keys import KeyStore
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
        for unit, count in shares.items():
            for number, code in enumerate(self.codes[unit][:count]):
                lead = unit == "n1" and number < leaders
                given = draw_answers(self.instrument(), rng, leader=lead)
                with self.db.transaction() as session:
                    submit(
                        session, self.secret, code, str(uuid.UUID(int=rng.getrandbits(128))), given
                    )

    def instrument(self) -> Instrument:
        """The wave's frozen questionnaire."""
        return Instrument.from_dict(self.wave.instrument or {})


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
