"""A type of question that only these tests know goes all the way, and nothing else is touched.

``ranking`` asks for the best options in their order. In the sheet it is one character per option:
``0`` unanswered, ``1`` not among the best, ``2`` the first, ``3`` the second, and so on.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, DictLoader

from survey.answering import importing
from survey.answering.questionnaire import describe
from survey.answering.store import Response
from survey.core.db import Database
from survey.core.errors import say
from survey.core.languages import LANGUAGES
from survey.instrument.answer_faults import AnswerFault, answer_fault
from survey.instrument.answers import validate_answers
from survey.instrument.check import check_file, load
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.instrument.parts import Question
from survey.instrument.question_types.base import Note, QuestionType, Source, Tally
from survey.instrument.question_types.options import (
    check_options,
    describe_options,
    ids_of,
    options_faults,
)
from survey.instrument.question_types.registry import TYPES
from survey.study.models import Wave
from survey.web import catalogue
from tests.answering.conftest import World, build
from tests.release.samples import by_code, compute, frame

ROOT = Path(__file__).parent.parent.parent
PARTS = ROOT / "survey" / "web" / "templates" / "answer" / "questions"


class Ranking(QuestionType):
    name = "ranking"
    settings = ("places",)
    shares = "each"

    def check(self, written: Mapping[str, Any], note: Note) -> None:
        check_options(written, 9, note)
        if type(written.get("places")) is not int:
            note(("places",), say("must_be_whole_number", path="places"), "")

    def faults(self, question: Question, where: str, answer: object) -> list[AnswerFault]:
        faults = options_faults(question, where, answer)
        most = question.settings["places"]
        if isinstance(answer, list) and len(answer) > most:
            what, fix = say("too_many_words", count=len(answer)), say("send_at_most", count=most)
            faults.append(answer_fault("too_many", where, what, fix))
        return faults

    def alphabets(self, question: Question) -> Sequence[str]:
        return ("0123456789"[: question.settings["places"] + 2],) * len(question.options)

    def encode(self, question: Question, answer: Any) -> str:
        return "".join(
            str(answer.index(option) + 2) if option in answer else "1"
            for option in ids_of(question)
        )

    def decode(self, question: Question, characters: str) -> list[str] | None:
        ranked = sorted(zip(characters, ids_of(question), strict=True))
        return [option for character, option in ranked if character > "1"] or None

    def tallies(self, question: Question, codes: Any) -> Iterable[Tally]:
        for column, option in enumerate(question.options):
            first = (codes[:, column] == 2).astype("int16")
            yield Tally(option.id, first - (codes[:, column] == 0), 2, (1,))

    def describe(self, question: Question, language: str) -> dict[str, Any]:
        return {**describe_options(question, language), "places": question.settings["places"]}

    def read_cells(self, source: Source, cells: Sequence[str]) -> list[str]:
        return [source.recode.get(part, part) for part in cells[0].split(">") if part]


PART = """{% import "answer/blocks.html" as draw with context %}
{% call draw.group(b, wrong) %}
{{ draw.choices(b, filled, "checkbox", "m." ~ b.id) }}
{% endcall %}"""

FILE = """
scales:
  agree:
    min: 1
    max: 2
    labels: {1: {nb: Uenig, en: Disagree}, 2: {nb: Enig, en: Agree}}
dimensions:
  - id: trust
    title: {nb: Tillit, en: Trust}
    scale: agree
    items:
      - {id: trust_us, text: {nb: Vi stoler på hverandre., en: We trust each other.}}
questions:
  - id: best
    type: ranking
    places: 2
    text: {nb: "Hva er best?", en: "What is best?"}
    options:
      - {id: time, text: {nb: Tid, en: Time}}
      - {id: money, text: {nb: Penger, en: Money}}
      - {id: peace, text: {nb: Ro, en: Peace}}
  - id: place
    type: single
    text: {nb: "Hvor?", en: "Where?"}
    options:
      - {id: inside, text: {nb: Inne, en: Inside}}
      - {id: outside, text: {nb: Ute, en: Outside}}
"""


@pytest.fixture
def ranking(monkeypatch: pytest.MonkeyPatch) -> QuestionType:
    monkeypatch.setitem(TYPES, "ranking", Ranking())
    return TYPES["ranking"]


@pytest.fixture
def path(ranking: QuestionType, tmp_path: Path) -> Path:
    path = tmp_path / "ranked" / "1.yaml"
    path.parent.mkdir()
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def instrument(path: Path) -> Instrument:
    return load(path)


def with_ranking(world: World, instrument: Instrument) -> World:
    """The open wave with this questionnaire in place of its own."""
    world.change_wave(instrument=instrument.to_dict(), instrument_digest=instrument.digest)
    return dataclasses.replace(world, instrument=instrument)


def test_its_part_of_the_file_is_checked_with_the_rest(path: Path) -> None:
    assert check_file(path) == []
    path.write_text(FILE.replace("places: 2", "places: two"), encoding="utf-8")
    assert [str(fault.message) for fault in check_file(path)] == ["places must be a whole number."]


def test_what_is_its_own_belongs_to_no_other_type(path: Path) -> None:
    path.write_text(FILE.replace("ranking", "single"), encoding="utf-8")
    (fault,) = check_file(path)
    assert "unknown key 'places'" in str(fault.message)


def test_a_frozen_questionnaire_keeps_it_whole(instrument: Instrument) -> None:
    frozen = json.loads(json.dumps(instrument.to_dict()))
    assert frozen["questions"][0]["places"] == 2
    assert Instrument.from_dict(frozen) == instrument
    assert Instrument.from_dict(frozen).digest == instrument.digest


def test_an_answer_is_checked_and_told_by_its_path(instrument: Instrument) -> None:
    def told(answer: object) -> list[str]:
        found = validate_answers(instrument, {"questions": {"best": answer}})
        return [f"{fault.where}: {fault.message}" for fault in found]

    assert told(["peace", "time"]) == told(None) == []
    assert told(["peace", "time", "money"]) == ["questions.best: has 3 words."]
    assert told(["war"]) == ["questions.best[0]: is not one of the options."]


def test_its_characters_stand_behind_those_of_the_older_types(instrument: Instrument) -> None:
    layout = Layout(instrument)
    assert layout.questions == {"place": slice(1, 2), "best": slice(2, 5)}
    answers = {"items": {"trust_us": 2}, "questions": {"best": ["peace", "time"]}}
    assert layout.encode(answers) == "20312"
    assert layout.decode("20312") == answers
    assert layout.decode("00000") == {"items": {}, "questions": {}}


def test_the_api_describes_it_in_every_language(instrument: Instrument) -> None:
    block = describe(instrument, "en")["pages"][-1]["blocks"][0]
    assert (block["kind"], block["text"], block["places"]) == ("ranking", "What is best?", 2)
    assert [option["label"] for option in block["options"]] == ["Time", "Money", "Peace"]


def test_the_page_asks_it_and_the_sealed_answer_holds_it(
    app: Any, client: FlaskClient, services: Any, instrument: Instrument
) -> None:
    own = DictLoader({"answer/questions/ranking.html": PART})
    app.jinja_env.loader = ChoiceLoader([own, app.jinja_env.loader])
    world = with_ranking(build(services.db, secret=services.secret), instrument)
    page = client.get(f"/s/{world.codes['north'][0].link}", follow_redirects=True).text
    assert re.findall(r'name="m.best" value="(\w+)"', page) == ["time", "money", "peace"]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    sent = client.post("/svar", data={**hidden, "i.trust_us": "2", "m.best": ["money", "time"]})
    assert sent.status_code == 303
    (stored,) = world.inbox()
    assert world.layout.decode(stored.sheet) == {
        "items": {"trust_us": 2},
        "questions": {"best": ["money", "time"]},
    }


def test_a_row_of_an_earlier_measurement_brings_it(
    database: Database, instrument: Instrument
) -> None:
    world = with_ranking(build(database, source="import"), instrument)
    rows = "unit;trust;best\nnorth;2;ro>time\nsouth;1;\n"
    how = (
        "{unit: unit, items: {trust_us: trust},"
        " questions: {best: {column: best, recode: {ro: peace}}}}"
    )
    with world.db.reading() as session:
        wave = session.get_one(Wave, (world.wave.organisation_id, world.wave.id))
        prepared = importing.prepare(session, wave, rows.encode(), how.encode(), "map.yaml")
    assert prepared.faults == ()
    with world.db.transaction() as session:
        importing.store(session, prepared)
    with world.db.reading() as session:
        sheets = session.scalars(sa.select(Response.answers)).all()
    assert sorted(sheets) == ["10000", "20312"]


def test_a_release_shows_it_option_by_option(instrument: Instrument) -> None:
    layout = Layout(instrument)
    ranked = [["time", "peace"], ["time"], ["time"], ["money", "time"]] * 30
    people = [
        {"items": {"trust_us": 1 + number % 2}, "questions": {"best": answer, "place": "inside"}}
        for number, answer in enumerate([*ranked, None])
    ]
    tree = dataclasses.replace(frame([("k", None, 130)]), instrument=instrument)
    released = compute(tree, {"k": "".join(map(layout.encode, people))})
    (best, place) = by_code(released)["k"].questions
    assert [option.id for option in best.options] == ["time", "money", "peace"]
    assert [round(option.share.position) for option in best.options if option.share] == [75, 25, 0]
    assert place.id == "place"


# -- what a new type must not forget


def test_every_type_has_its_part_of_the_page() -> None:
    assert {path.stem for path in PARTS.glob("*.html")} == {*TYPES, "item"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_type_has_a_name_in_every_language(language: str) -> None:
    assert all(catalogue.text(f"studies.type_{name}", language) for name in TYPES)


def test_the_schema_for_editors_and_the_guide_know_every_type() -> None:
    schema = json.loads((ROOT / "docs" / "instrument.schema.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["question"]["properties"]["type"]["enum"] == list(TYPES)
    guide = (ROOT / "docs" / "instrument-format.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in guide for name in TYPES)


def test_no_other_module_knows_a_type_by_name() -> None:
    """But the invented people of the demo, who answer only what they know."""
    names = re.compile(rf"""\.type\s*(?:[!=]=|in)\s*\(?\s*["'](?:{"|".join(TYPES)})["']""")
    knowing = {
        str(path.relative_to(ROOT))
        for ending in ("*.py", "*.html")
        for path in (ROOT / "survey").rglob(ending)
        if names.search(path.read_text(encoding="utf-8"))
    }
    assert knowing == {"survey/demo/people.py"}
