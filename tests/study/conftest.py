"""A small municipality with a study, on SQLite and (where it matters) PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from survey.core.db import Database
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.instrument.library import Library
from survey.organisation import imports
from survey.organisation.units import create_organisation
from survey.study.find import find_wave
from survey.study.models import Wave
from survey.study.studies import create_study, study_by_code
from survey.study.waves import create_wave

TREE = """code;name;parent_code;kind;headcount
K;Kommunen;;;1
A;Oppvekst;K;etat;6
A1;Bjørka;A;barnehage;12
A2;Åsly;A;barnehage;3
A3;Lia;A;barnehage;7
B;Helse;K;etat;0
B1;Hjemmetjenesten;B;pleie;20
B2;Sykehjemmet;B;pleie;9
"""
LINE = "baerum-barometer"


@dataclass
class Place:
    """Everything a test of this room needs; ``wave(session)`` is the study's first wave."""

    db: Database
    keys: KeyStore
    secret: Secret
    library: Library
    organisation_id: int

    def study(self, session):
        return study_by_code(session, self.organisation_id, "S")

    def wave(self, session, ordinal: int = 1) -> Wave:
        return find_wave(session, self.study(session), ordinal)

    def bring(self, text: str) -> None:
        with self.db.transaction() as session:
            rows = imports.read_csv(text.encode())
            plan = imports.plan(session, self.organisation_id, rows)
            imports.apply(session, self.organisation_id, plan)


@pytest.fixture
def make_place(tmp_path: Path) -> Callable[[Database], Place]:
    def make(database: Database) -> Place:
        keys = KeyStore(tmp_path / "keys", tmp_path / "escrow")
        library = Library()
        with database.transaction() as session:
            organisation_id = create_organisation(session, "3024", "Bærum").id
        place = Place(database, keys, Secret(b"s" * 32), library, organisation_id)
        place.bring(TREE)
        with database.transaction() as session:
            study = create_study(
                session, library, organisation_id, code="S", name="Studien", instrument=LINE
            )
            create_wave(session, study, phase="before", label="Før")
        return place

    return make


@pytest.fixture
def place(database: Database, make_place: Callable[[Database], Place]) -> Place:
    return make_place(database)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def both(request: pytest.FixtureRequest, make_place: Callable[[Database], Place]) -> Place:
    """The same on each database."""
    name = "database" if request.param == "sqlite" else "postgres_database"
    return make_place(request.getfixturevalue(name))
