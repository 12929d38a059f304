"""A drawn municipality on its way through the service, by the operations that staff use."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from survey.access import api_keys, guard, people, sessions
from survey.answering import importing
from survey.answering.intake import submit
from survey.core.errors import InvalidInput
from survey.core.services import Services
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.invitations.issuing import create_invitations, export_codes
from survey.organisation.imports import apply, plan
from survey.organisation.rows import read_csv
from survey.organisation.units import create_organisation
from survey.release import look
from survey.release.close import close_wave, make_release, prepare_release
from survey.study.daily_count import keep_daily_counts
from survey.study.models import Study, Wave, WaveUnit
from survey.study.participation import latest_hour
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave
from tests.leaks.drawing import Answers, DrawnWave, History, Place

FILLED_IN = ("w0", "w1")


class TooSmall(Exception):
    """The drawn organisation cannot be measured at all."""


@dataclass(frozen=True)
class Person:
    """Somebody who answered: where his answers are counted, whether he leads, what he said."""

    place: str
    leader: bool
    items: Mapping[str, Any]
    questions: Mapping[str, Any]


@dataclass
class Publication:
    """A published wave, who answered it, and what was told before it was published."""

    ordinal: int
    instrument: dict[str, Any]
    people: list[Person] = field(default_factory=list)
    open_rows: list[dict[str, Any]] = field(default_factory=list)
    look: look.Look | None = None
    seen: list[object] = field(default_factory=list)
    """What ``watch`` saw while the wave was open, in this order."""


@dataclass
class Published:
    """A municipality with its waves, and the browser and key that read them."""

    parts: Services
    app: Flask
    organisation_id: int
    org: str
    study: Study
    client: FlaskClient
    headers: dict[str, str]
    waves: list[Publication] = field(default_factory=list)

    def api(self, path: str) -> Any:
        """A resource under the organisation, as JSON."""
        answer = self.client.get(f"/api/v1/organisations/{self.org}{path}", headers=self.headers)
        assert answer.status_code == 200, (path, answer.text[:300])
        return answer.json


Watch = Callable[[Published, int], object]
Shuffle = Callable[[list[Person]], list[Person]]


def publish(
    parts: Services,
    app: Flask,
    library: Library,
    history: History,
    org: str,
    watch: Watch | None = None,
    shuffle: Shuffle | None = None,
) -> Iterator[tuple[Published, Publication]]:
    """Import, invite, open, answer, count, close, look and release every wave; yields after each.

    ``watch`` looks at the open wave, before, between and after people answer. ``shuffle`` gives
    people other answers than were drawn for them.
    """
    made = _begin(parts, app, library, history, org)
    for ordinal, drawn in enumerate(history.waves, 1):
        wave, codes = _opened(made, library, drawn, ordinal)
        publication = Publication(ordinal, dict(wave.instrument or {}))
        drawn_people = _people(made, wave, drawn, codes)
        publication.people = shuffle(drawn_people) if shuffle else drawn_people
        if drawn.imported:
            _import(made, wave, publication.people)
        else:
            _answer(made, wave, codes, publication, watch)
        close_wave(parts.db, parts.keys, made.organisation_id, wave.id)
        if not drawn.imported:
            kept = made.api(f"/studies/s/waves/{ordinal}/participation")["units"]
            assert kept == publication.open_rows, "closing told something new"
        prepare_release(parts.db, parts.keys, made.organisation_id, wave.id)
        with parts.db.reading() as session:
            publication.look = look.look(session, made.organisation_id, wave.id)
        make_release(parts.db, parts.keys, made.organisation_id, wave.id)
        made.waves.append(publication)
        yield made, publication


def _begin(parts: Services, app: Flask, library: Library, history: History, org: str) -> Published:
    with parts.db.transaction() as session:
        home = create_organisation(session, org, "Prøvevik")
        study = create_study(
            session,
            library,
            home.id,
            code="s",
            name="Prøven",
            instrument=history.instrument,
            k=history.k,
        )
        person = people.create_person(
            session, home.id, name="Ada", email=f"ada@{org}.example", actor="cli"
        )
        people.grant(session, person, "staff", unit=None, actor="cli")
        token = sessions.start(session, parts.secret, person, 8)
        scopes = ["releases:read", "studies:read", "organisations:read"]
        _, key = api_keys.create(session, parts.secret, home.id, "Les", scopes)
    client = app.test_client()
    client.set_cookie(guard.session_cookie(parts.settings), token)
    headers = {"Authorization": f"Bearer {key}"}
    return Published(parts, app, home.id, org, study, client, headers)


def _opened(
    made: Published, library: Library, drawn: DrawnWave, ordinal: int
) -> tuple[Wave, dict[str, list[str]]]:
    """Bring the tree, invite everybody and open the wave; returns it and its codes by unit."""
    with made.parts.db.transaction() as session:
        rows = read_csv(_tree(drawn.places).encode())
        apply(session, made.organisation_id, plan(session, made.organisation_id, rows))
    with made.parts.db.transaction() as session:
        phase = "before" if ordinal == 1 else "after"
        source = "import" if drawn.imported else "answers"
        wave = create_wave(session, made.study, phase=phase, source=source)
        codes: dict[str, list[str]] = {}
        if drawn.imported:
            open_wave(session, made.parts.keys, library, wave)
            return wave, codes
        try:
            create_invitations(session, made.parts.secret, made.parts.keys, wave)
        except InvalidInput:  # too small to protect people: the product refuses it
            raise TooSmall from None
        open_wave(session, made.parts.keys, library, wave)
        for row in export_codes(session, made.parts.keys, wave):
            codes.setdefault(row.unit_code, []).append(row.short)
    return wave, codes


def _tree(places: Sequence[Place]) -> str:
    lines = ["code;name;parent_code;kind;headcount"]
    for p in places:
        heads = p.staff if p.headcount is None else p.headcount
        lines.append(f"{p.code};{p.name};{p.parent or ''};{p.kind};{heads}")
    return "\n".join(lines)


def _people(
    made: Published, wave: Wave, drawn: DrawnWave, codes: Mapping[str, list[str]]
) -> list[Person]:
    """Who answers, and what; a unit's first ones are its leaders."""
    answers = Answers(wave.instrument or {}, drawn)
    counted = reporting(made, wave)
    found = []
    for place in drawn.places:
        for number in range(place.staff if drawn.imported else len(codes.get(place.code, []))):
            if answers.comes():
                leads = number < place.leaders
                said = answers.of(place.code, leader=leads)
                where = counted[place.code]
                found.append(Person(where, leads, said["items"], said["questions"]))
    return found


def reporting(made: Published, wave: Wave) -> dict[str, str]:
    """Unit → the one that its answers are counted in, as the page before opening names it."""
    with made.parts.db.reading() as session:
        rows = session.scalars(
            sa.select(WaveUnit).where(
                WaveUnit.organisation_id == made.organisation_id, WaveUnit.wave_id == wave.id
            )
        ).all()
    code = {row.unit_id: row.code for row in rows}
    return {row.code: code[row.reporting_unit_id] for row in rows}


def _answer(
    made: Published,
    wave: Wave,
    codes: Mapping[str, list[str]],
    publication: Publication,
    watch: Watch | None,
) -> None:
    """Let people answer, half of them before the day's count, with somebody watching."""
    counted = reporting(made, wave)
    waiting: dict[str, list[str]] = {}
    for place, own in codes.items():
        waiting.setdefault(counted[place], []).extend(own)
    people_left = list(publication.people)
    half = len(people_left) // 2

    def look_on() -> None:
        if watch is not None:
            publication.seen.append(watch(made, wave.ordinal))

    look_on()
    for some in (people_left[:half], people_left[half:]):
        with made.parts.db.transaction() as session:
            for person in some:
                given = {"items": dict(person.items), "questions": dict(person.questions)}
                code, name = waiting[person.place].pop(), str(uuid.uuid4())
                submit(session, made.parts.secret, code, name, given)
        look_on()
    _count(made, wave)
    publication.open_rows = made.api(f"/studies/s/waves/{wave.ordinal}/participation")["units"]


def _count(made: Published, wave: Wave) -> None:
    """It is six o'clock the next morning."""
    with made.parts.db.transaction() as session:
        open_since = session.get_one(Wave, (made.organisation_id, wave.id)).opened_at
        assert open_since is not None
        keep_daily_counts(session, latest_hour(open_since) + timedelta(days=1))


# --- answers that come in a file ---------------------------------------------------------------


def _import(made: Published, wave: Wave, answered: Sequence[Person]) -> None:
    instrument = Instrument.from_dict(wave.instrument or {})
    with made.parts.db.reading() as session:
        prepared = importing.prepare(
            session,
            session.get_one(Wave, (made.organisation_id, wave.id)),
            _answers_file(instrument, answered),
            _map_file(instrument),
            "map.yaml",
        )
    with made.parts.db.transaction() as session:
        assert importing.store(session, prepared) == len(answered)


def _answers_file(instrument: Instrument, answered: Sequence[Person]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["unit", *instrument.items, "m", "s", "r", *FILLED_IN, "t"])
    for person in answered:
        said = person.questions
        words = [*said.get("w", []), "", ""][:2]
        row = [person.place, *(person.items.get(item, "") for item in instrument.items)]
        row += ["|".join(said.get("m", [])), said.get("s", ""), said["r"], *words]
        writer.writerow([*row, said.get("t", "")])
    return text.getvalue().encode()


def _map_file(instrument: Instrument) -> bytes:
    lines = ["unit: unit", "not_applicable: [na]", "items:"]
    lines += [f"  {item}: {item}" for item in instrument.items]
    lines += ["questions:", '  m: {column: m, separator: "|"}', "  s: s", "  r: r", "  t: t"]
    lines.append(f"  w: {{columns: [{', '.join(FILLED_IN)}]}}")
    return "\n".join([*lines, ""]).encode()
