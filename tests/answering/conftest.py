"""An open wave with three units and their codes, on either database."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey

from survey.answering.sealing import Payload, unseal
from survey.answering.store import Inbox
from survey.core.db import Database, new_id, now
from survey.core.secret import Secret
from survey.instrument.check import load
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.invitations.codes import Code, code_hash, derive, short_hash
from survey.organisation.models import Organisation
from survey.study.models import Invitation, Study, Wave, WaveUnit

FILE = Path(__file__).parent / "data" / "every-kind" / "1.yaml"


@dataclass
class World:
    db: Database
    secret: Secret
    instrument: Instrument
    wave: Wave
    private_key: PrivateKey
    units: dict[str, int]
    codes: dict[str, list[Code]]

    @property
    def layout(self) -> Layout:
        return Layout(self.instrument)

    def change_wave(self, **values: Any) -> None:
        with self.db.transaction() as session:
            wave = session.get_one(Wave, (self.wave.organisation_id, self.wave.id))
            for name, value in values.items():
                setattr(wave, name, value)

    def inbox(self) -> list[Payload]:
        with self.db.reading() as session:
            return [
                unseal(self.private_key, self.layout, row.sealed)
                for row in session.query(Inbox).all()
            ]

    def spent(self) -> int:
        with self.db.reading() as session:
            return session.query(Invitation).filter(Invitation.spent).count()


def build(db: Database, *, source: str = "answers", secret: Secret | None = None) -> World:
    secret = secret or Secret(b"s" * 32)
    instrument = load(FILE)
    private_key = PrivateKey.generate()
    organisation_id, study_id, wave_id = new_id(), new_id(), new_id()
    units = {code: new_id() for code in ("north", "south", "small")}
    wave = Wave(
        organisation_id=organisation_id,
        id=wave_id,
        study_id=study_id,
        ordinal=1,
        phase="before",
        label="2026",
        state="open",
        opens_at=now() - timedelta(days=1),
        closes_at=now() + timedelta(days=1),
        instrument_version=str(instrument.version),
        instrument_digest=instrument.digest,
        instrument=instrument.to_dict(),
        public_key=bytes(private_key.public_key),
        source=source,
    )
    codes: dict[str, list[Code]] = {}
    with db.transaction() as session:
        session.add(
            Organisation(id=organisation_id, code="0301", name="Fjordvik", created_at=now())
        )
        session.flush()
        study = Study(
            organisation_id=organisation_id,
            id=study_id,
            code="barometer",
            name="Barometer",
            instrument_id=instrument.id,
            languages=list(instrument.languages),
            k=5,
            created_at=now(),
        )
        session.add(study)
        session.flush()
        session.add(wave)
        session.flush()
        for unit, unit_id in units.items():
            session.add(
                WaveUnit(
                    organisation_id=organisation_id,
                    wave_id=wave_id,
                    unit_id=unit_id,
                    code=unit,
                    name=unit.title(),
                    kind="",
                    invited=3,
                    reporting_unit_id=units["south"] if unit == "small" else unit_id,
                )
            )
        session.flush()
        for unit, unit_id in units.items():
            for _ in range(3):
                invitation_id = uuid.uuid4()
                code = derive(b"k" * 32, invitation_id)
                codes.setdefault(unit, []).append(code)
                session.add(
                    Invitation(
                        organisation_id=organisation_id,
                        id=invitation_id,
                        wave_id=wave_id,
                        unit_id=unit_id,
                        code_hash=code_hash(secret, code.link),
                        short_hash=short_hash(secret, code.short),
                    )
                )
    return World(db, secret, instrument, wave, private_key, units, codes)


@pytest.fixture
def world(database: Database) -> World:
    return build(database)


@pytest.fixture
def import_world(database: Database) -> World:
    return build(database, source="import")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_world(request: pytest.FixtureRequest) -> World:
    name = "database" if request.param == "sqlite" else "postgres_database"
    return build(request.getfixturevalue(name))


@pytest.fixture
def answers() -> Callable[..., dict[str, Any]]:
    """Valid answers to the small instrument; keyword arguments replace single answers."""

    def make(**changed: Any) -> dict[str, Any]:
        items: dict[str, Any] = {"trust": 4, "time": 2, "leader": "na"}
        questions: dict[str, Any] = {"effects": ["better", "cheaper"], "help": "Mer tid"}
        for name, value in changed.items():
            (items if name in ("trust", "time", "leader") else questions)[name] = value
        return {"items": items, "questions": questions}

    return make
