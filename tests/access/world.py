"""Two municipalities with people in every role, and one released wave: what access is tried on."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from survey.access import api_keys, guard, people, sessions
from survey.access.models import Person
from survey.access.principal import SCOPES
from survey.app import create_app
from survey.core.config import Settings
from survey.core.services import Services
from survey.core.services import build as build_services
from survey.organisation.units import create_organisation
from survey.release.close import close_and_release
from tests.databases import folder_of_process, migrated_database
from tests.release.journey import FULL, Journey, open_next, start
from tests.secrets_for_tests import SECRET_KEY

ANSWERS = {"n1": 20, "n2": 11, "n3": 7, "s1": 25, "s2": 4}


@dataclass
class World:
    """``people``: staff, auditor, north (leads Område nord), sykehjem (leads s1), idle, stranger
    (staff of the other municipality)."""

    parts: Services
    app: Flask
    journey: Journey
    people: dict[str, Person]
    other_id: int

    def client(self, name: str | None = None) -> FlaskClient:
        """A browser, signed in as somebody or as nobody."""
        client = self.app.test_client()
        if name is not None:
            with self.parts.db.transaction() as session:
                token = sessions.start(session, self.parts.secret, self.people[name], 8)
            client.set_cookie(guard.session_cookie(self.parts.settings), token)
        return client

    def csrf(self, client: FlaskClient) -> str:
        """The form token of a signed-in browser."""
        cookie = client.get_cookie(guard.session_cookie(self.parts.settings))
        assert cookie is not None
        with self.parts.db.reading() as session:
            who = sessions.find(session, self.parts.secret, cookie.value)
        assert who is not None
        return who.csrf

    def key(self, *scopes: str, organisation_id: int | None = None) -> dict[str, str]:
        """Headers with a key of these scopes (default: all)."""
        with self.parts.db.transaction() as session:
            made, token = api_keys.create(
                session,
                self.parts.secret,
                organisation_id or self.journey.organisation_id,
                "Test",
                ["people:read"],
            )
            made.scopes = list(scopes or SCOPES)  # as keys could be before some were kept apart
        return {"Authorization": f"Bearer {token}"}


def add(parts: Services, organisation_id: int, name: str, *roles: tuple[str, str | None]) -> Person:
    """A person with roles, without a password."""
    with parts.db.transaction() as session:
        person = people.create_person(
            session,
            organisation_id,
            name=name.capitalize(),
            email=f"{name}@kommune.example",
            actor="cli",
        )
        for role, unit in roles:
            people.grant(session, person, role, unit=unit, actor="cli")
    return person


def build(parts: Services, app: Flask) -> World:
    """Import, invite, answer, close and release, then open a second wave."""
    journey = start(parts.db, parts.keys, parts.secret, instrument=FULL)
    journey.answer(ANSWERS, leaders=2)
    close_and_release(parts.db, parts.keys, journey.organisation_id, journey.wave.id)
    journey.wave, journey.codes = open_next(
        parts.db, parts.keys, parts.secret, journey.study, "during"
    )
    journey.answer({"n1": 9, "s1": 3}, seed=2)
    with parts.db.transaction() as session:
        other = create_organisation(session, "4000", "Annenvik kommune").id
    here = journey.organisation_id
    found = {
        "staff": add(parts, here, "staff", ("staff", None)),
        "auditor": add(parts, here, "auditor", ("auditor", None)),
        "north": add(parts, here, "north", ("manager", "nord")),
        "sykehjem": add(parts, here, "sykehjem", ("manager", "s1")),
        "idle": add(parts, here, "idle"),
        "stranger": add(parts, other, "stranger", ("staff", None)),
    }
    return World(parts, app, journey, found, other)


def fresh(folder: Path, **changes: Any) -> World:
    """A world of its own in ``folder``; ``changes`` are settings.

    It is built once per process, through the product's own operations, and copied from there.
    """
    return copied(_template(), folder, **changes)


def copied(made: World, folder: Path, **changes: Any) -> World:
    """The same world again in ``folder``. Nobody works in the one that it is copied from."""
    home = folder / "var"
    shutil.copytree(made.parts.settings.data_dir, home)
    settings = replace(made.parts.settings, data_dir=home, **changes)
    parts = build_services(settings)
    app = create_app(settings, parts)
    app.config["TESTING"] = True
    journey = replace(made.journey, db=parts.db, keys=parts.keys)
    return World(parts, app, journey, made.people, made.other_id)


@cache
def _template() -> World:
    folder = folder_of_process("world")
    settings = Settings(
        data_dir=folder / "var",
        secret_key=SECRET_KEY,
        allowed_hosts=("localhost", "127.0.0.1"),
    )
    migrated_database(settings.database).dispose()
    parts = build_services(settings)
    made = build(parts, create_app(settings, parts))
    parts.db.dispose()  # the last connection writes the WAL back into the file
    return made


def arguments(**changes: Any) -> dict[str, Any]:
    """Values for every name that an address may have, all of things that exist."""
    return {
        "org": "3999",
        "study": "kultur",
        "ordinal": 1,
        "wave": 1,
        "unit": "s1",
        "chart": "dimensions",
        "line": "baerum-barometer",
        "task": 1,
        "action": 1,
        "change": 1,
        "person": 1,
        "provider": "nobody",
        "act": "okter",
        "key": 1,
        "token": "nobody",
        "code": "nobody",
        "name": "nothing",
        "filename": "base.css",
        "text": uuid.UUID(int=1),
        **changes,
    }
