"""A municipality that hypothesis draws, and its way through the product to everything it publishes.

Nothing here looks for leaks. :func:`histories` draws a tree, rosters, a reorganisation before each
later wave, and answers; :func:`publish` takes them through the operations that staff use.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies as st

from survey.access import api_keys, guard, people, sessions
from survey.answering.intake import submit
from survey.answering.store import Response
from survey.errors import InvalidInput
from survey.instrument.layout import Layout
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.organisation.imports import apply, plan
from survey.organisation.rows import read_csv
from survey.organisation.units import create_organisation
from survey.release.close import close_wave, make_release
from survey.study.invitations import create_invitations, export_codes
from survey.study.models import Study, Wave, WaveUnit
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave
from survey.upkeep.services import Services

KINDS = ("", "hjem", "skole")


@dataclass
class Place:
    """A unit: ``staff`` work in it itself, of whom ``leaders`` call themselves so."""

    code: str
    name: str
    parent: str | None
    kind: str
    staff: int
    leaders: int = 0


@dataclass
class DrawnWave:
    """A wave's tree and how people answer: ``here`` is the share that answers, ``agreement`` how
    many of them say what their unit leans to."""

    places: list[Place]
    here: float
    agreement: float
    common: bool
    missing: float
    ticking: float
    seed: int


@dataclass
class History:
    """Everything that is drawn of one municipality."""

    instrument: str
    k: int
    waves: list[DrawnWave]


def instrument_text(name: str, sizes: list[int], options: int) -> str:
    """A questionnaire of one dimension for each of ``sizes``, the second item of each reversed,
    with a question of every kind."""

    def said(text: str) -> str:
        return f'{{nb: "{text}", nn: "{text}", en: "{text}"}}'

    lines = [f"id: {name}", "version: 1", "languages: [nb, nn, en]", f"title: {said(name)}"]
    lines += [f"introduction: {said('Prøve.')}", "scales:", "  s:", "    type: likert"]
    lines += ["    min: 1", f"    max: {options}", "    labels:"]
    lines += [
        f"      {value}: {said(f'Svar {chr(64 + value)}')}" for value in range(1, options + 1)
    ]
    lines += [f"    not_applicable: {said('Vet ikke')}", "dimensions:"]
    for d, size in enumerate(sizes):
        lines += [f"  - id: d{d}", f"    title: {said(f'Dimensjon {chr(65 + d)}')}", "    scale: s"]
        lines.append("    items:")
        for i in range(size):
            lines += [f"      - id: d{d}i{i}", f"        text: {said(f'Påstand {chr(65 + d)}{i}')}"]
            lines += ["        reverse: true"] * (i == 1)
    lines += ["questions:", "  - id: m", "    type: multiple", f"    text: {said('Hva ser du?')}"]
    lines.append("    options:")
    lines += [f"      - {{id: m{i}, text: {said(f'Valg {chr(65 + i)}')}}}" for i in range(3)]
    lines += ["  - id: s", "    type: single", f"    text: {said('Hvor ofte?')}", "    options:"]
    lines += [f"      - {{id: s{i}, text: {said(f'Grad {chr(65 + i)}')}}}" for i in range(3)]
    lines += ["  - id: r", "    type: single", "    purpose: role", f"    text: {said('Leder?')}"]
    lines += ["    options:", f"      - {{id: boss, role: leader, text: {said('Ja')}}}"]
    lines += [f"      - {{id: not_boss, role: employee, text: {said('Nei')}}}"]
    lines += ["  - id: t", "    type: text", f"    text: {said('Noe mer?')}", ""]
    return "\n".join(lines)


SHAPES = {
    "ett-ledd": ([1], 4),
    "to-og-to": ([2, 2], 4),
    "to-fire": ([2, 4], 4),
    "fem-trinn": ([3, 2], 5),
}


def write_instruments(folder: Path) -> Library:
    """The questionnaires that are drawn from, as an operator's own folder."""
    for name, (sizes, options) in SHAPES.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "1.yaml").write_text(instrument_text(name, sizes, options))
    return Library(folder)


# --- what is drawn -----------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn, waves: int = 2) -> History:
    """A municipality of two or three levels over some waves, with reorganisations between them."""
    places = [Place("K", "Kommunen", None, "", draw(st.integers(0, 4)))]
    units = st.integers(0, 9).flatmap(
        lambda luck: st.integers(2, 9) if luck < 5 else st.integers(8, 26)
    )
    for a in range(draw(st.integers(1, 3))):
        area = Place(f"A{a}", f"Område {chr(65 + a)}", "K", "", draw(st.integers(0, 6)))
        if draw(st.integers(0, 5)) == 0:  # two levels here: the area is a unit
            area.staff, area.kind = draw(units), draw(st.sampled_from(KINDS))
        places.append(area)
        for u in range(0 if area.kind else draw(st.integers(1, 5))):
            code = f"A{a}U{u}"
            name = f"Enhet {chr(65 + a)}{chr(97 + u)}"
            kind = draw(st.sampled_from(KINDS))
            places.append(Place(code, name, area.code, kind, draw(units), draw(st.integers(0, 2))))
    drawn = []
    for number in range(waves):
        if number:
            places = _reorganise(draw, places, number)
        drawn.append(
            DrawnWave(
                places=places,
                here=draw(st.sampled_from([0.5, 0.75, 0.9, 1.0])),
                agreement=draw(st.sampled_from([0.0, 0.3, 0.6, 0.85, 1.0])),
                common=draw(st.booleans()),
                missing=draw(st.sampled_from([0.0, 0.0, 0.03, 0.2])),
                ticking=draw(st.sampled_from([0.05, 0.3, 0.6, 0.95])),
                seed=draw(st.integers(0, 2**32)),
            )
        )
    shape = draw(st.sampled_from(sorted(SHAPES)))
    return History(shape, draw(st.sampled_from([5, 5, 5, 7])), drawn)


def _reorganise(draw: st.DrawFn, before: list[Place], number: int) -> list[Place]:
    """Some units are renamed, moved, merged, split, opened or closed; people come and go."""
    places = {p.code: Place(**vars(p)) for p in before}
    inner = {p.parent for p in before}
    leaves = sorted(code for code in places if code not in inner and places[code].parent)
    areas = sorted(code for code in places if places[code].parent == "K" and code in inner)
    for code in leaves:
        act = draw(st.sampled_from(["", "", "", "rename", "move", "merge", "split", "close"]))
        here = places[code]
        siblings = [c for c in leaves if c in places and c != code]
        if act == "rename":
            here.name += " den nye"
        elif act == "move" and areas and here.parent != "K":
            here.parent = draw(st.sampled_from(areas))
        elif act == "merge" and siblings and here.parent != "K":
            other = places[draw(st.sampled_from(siblings))]
            other.staff += here.staff
            del places[code]
        elif act == "split" and here.staff > 5 and here.parent != "K":
            new = Place(f"{code}N{number}", f"{here.name} nord", here.parent, here.kind, 0)
            new.staff = draw(st.integers(2, here.staff - 2))
            here.staff -= new.staff
            places[new.code] = new
        elif act == "close" and siblings and here.parent != "K":
            del places[code]
    for place in places.values():
        if place.parent and not draw(st.integers(0, 2)):
            place.staff = max(2, place.staff + draw(st.integers(-2, 3)))
    return list(places.values())


# --- the way through the product ---------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """One stored sheet under the label that the close gave it: what a colleague knows of his own,
    and (answered or not, never how) what an attacker knows who saw everybody answer."""

    place: str
    items: dict[str, Any]
    questions: dict[str, Any]


@dataclass
class Publication:
    """A published wave, and who answered it."""

    ordinal: int
    instrument: Instrument
    open_page: str
    open_counts: list[dict[str, Any]]
    sheets: list[Sheet] = field(default_factory=list)


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


def publish(
    parts: Services, app: Flask, library: Library, history: History, org: str
) -> Iterator[tuple[Published, Publication]]:
    """Import, invite, open, answer, close and release every wave; yields after each release."""
    made = _begin(parts, app, library, history, org)
    for ordinal, drawn in enumerate(history.waves, 1):
        wave, codes = _opened(made, library, drawn, ordinal)
        instrument = Instrument.from_dict(wave.instrument or {})
        _answer(made, codes, instrument, drawn)
        page = made.client.get(f"/stab/{org}/undersokelse/s/maling/{ordinal}")
        assert page.status_code == 200, page.text[:300]
        counts = made.api(f"/studies/s/waves/{ordinal}/participation")["units"]
        publication = Publication(ordinal, instrument, page.text, counts)
        close_wave(parts.db, parts.keys, made.organisation_id, wave.id)
        publication.sheets = _sheets(made, wave, instrument)
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
        scopes = ["releases:read", "studies:read"]
        _, key = api_keys.create(session, parts.secret, home.id, "Les", scopes)
    client = app.test_client()
    client.set_cookie(guard.session_cookie(parts.settings), token)
    headers = {"Authorization": f"Bearer {key}"}
    return Published(parts, app, home.id, org, study, client, headers)


def _opened(
    made: Published, library: Library, drawn: DrawnWave, ordinal: int
) -> tuple[Wave, dict[str, list[str]]]:
    """Bring the tree, invite everybody and open the wave; returns it and its codes by unit."""
    lines = ["code;name;parent_code;kind;headcount"]
    lines += [f"{p.code};{p.name};{p.parent or ''};{p.kind};{p.staff}" for p in drawn.places]
    with made.parts.db.transaction() as session:
        rows = read_csv("\n".join(lines).encode())
        apply(session, made.organisation_id, plan(session, made.organisation_id, rows))
    with made.parts.db.transaction() as session:
        phase = "before" if ordinal == 1 else "after"
        wave = create_wave(session, made.study, phase=phase)
        try:
            create_invitations(session, made.parts.secret, made.parts.keys, wave)
        except InvalidInput:  # too small to protect people: the product refuses it
            raise TooSmall from None
        open_wave(session, made.parts.keys, library, wave)
        codes: dict[str, list[str]] = {}
        for row in export_codes(session, made.parts.keys, wave):
            codes.setdefault(row.unit_code, []).append(row.short)
    return wave, codes


class TooSmall(Exception):
    """The drawn organisation cannot be measured at all."""


def _answer(
    made: Published, codes: dict[str, list[str]], instrument: Instrument, drawn: DrawnWave
) -> None:
    """Let people answer; a unit's first ones are its leaders."""
    rng = random.Random(drawn.seed)
    lean = {
        (p.code, item): rng.randrange(instrument.scale_of(item).options)
        for p in drawn.places
        for item in instrument.items
    }
    with made.parts.db.transaction() as session:
        for place in drawn.places:
            for number, code in enumerate(codes.get(place.code, [])):
                if rng.random() < drawn.here:
                    given = _draw(instrument, rng, drawn, lean, place, number < place.leaders)
                    name = str(uuid.UUID(int=rng.getrandbits(128)))
                    submit(session, made.parts.secret, code, name, given)


def _draw(
    instrument: Instrument,
    rng: random.Random,
    drawn: DrawnWave,
    lean: dict[tuple[str, str], int],
    place: Place,
    leader: bool,
) -> dict[str, object]:
    items: dict[str, object] = {}
    for item in instrument.items:
        scale = instrument.scale_of(item)
        step = rng.randrange(scale.options)
        if rng.random() < drawn.agreement:
            step = lean["K" if drawn.common else place.code, item]
        if rng.random() >= drawn.missing:
            items[item] = scale.minimum + step
        elif rng.random() < 0.7:
            items[item] = "na"
    questions: dict[str, object] = {"r": "boss" if leader else "not_boss"}
    ticks = [f"m{i}" for i in range(3) if rng.random() < drawn.ticking]
    if ticks:
        questions["m"] = ticks
    if rng.random() >= drawn.missing:
        alike = rng.random() < drawn.agreement
        questions["s"] = "s0" if alike else f"s{rng.randrange(3)}"
    return {"items": items, "questions": questions}


def _sheets(made: Published, wave: Wave, instrument: Instrument) -> list[Sheet]:
    """The sheets as the close labelled them. Only this test looks here, to know who answered."""
    layout = Layout(instrument)
    with made.parts.db.reading() as session:
        rows = session.execute(
            sa.select(WaveUnit.code, Response.answers)
            .join(
                WaveUnit,
                sa.and_(
                    WaveUnit.organisation_id == Response.organisation_id,
                    WaveUnit.wave_id == Response.wave_id,
                    WaveUnit.unit_id == Response.unit_id,
                ),
            )
            .where(Response.organisation_id == made.organisation_id, Response.wave_id == wave.id)
        ).all()
    return [Sheet(code, **layout.decode(sheet)) for code, sheet in sorted(map(tuple, rows))]
