"""An instrument as plain data: it survives JSON, and its digest is its identity."""

from __future__ import annotations

import dataclasses
import json
import pickle
from fractions import Fraction
from pathlib import Path

import pytest

from survey.instrument.check import load
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.instrument.parts import Dimension, Item, pick
from survey.instrument.scoring import IndexRule, ScoringColumns, index_rule, scoring_columns

VALID = Path(__file__).parent.parent / "instruments" / "valid"
FILES = sorted(VALID.glob("*.yaml"))
EVERY = load(VALID / "every_question_type.yaml")
ZERO = load(VALID / "zero_based_scale.yaml")
BAROMETER = Library().get("baerum-barometer", 1)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_instrument_survives_json(file: Path) -> None:
    instrument = load(file)
    frozen = json.loads(json.dumps(instrument.to_dict()))
    assert frozen == instrument.to_dict()
    again = Instrument.from_dict(frozen)
    assert again == instrument
    assert again.digest == instrument.digest


def test_an_instrument_can_be_handed_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(BAROMETER)) == BAROMETER


def test_an_instrument_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EVERY.version = 2  # type: ignore[misc]


def test_the_digest_sees_every_word_and_no_comment(tmp_path: Path) -> None:
    text = (VALID / "zero_based_scale.yaml").read_text(encoding="utf-8")
    path = tmp_path / "draft.yaml"
    digests = []
    for version in (text, f"# a remark\n\n{text}", text.replace("I get breaks.", "I get a break.")):
        path.write_text(version, encoding="utf-8")
        digests.append(load(path).digest)
    assert digests[0] == digests[1] == ZERO.digest
    assert digests[2] != digests[0]


def test_a_text_falls_back_to_the_nearest_language() -> None:
    text = {"en": "unit", "nb": "tjenestested", "nn": "tenestestad"}
    assert pick(text, "nn") == "tenestestad"
    assert pick({"en": "unit", "nb": "tjenestested"}, "nn") == "tjenestested"
    assert pick({"en": "unit", "nn": "tenestestad"}, "nb") == "tenestestad"
    assert pick({"nn": "tenestestad", "nb": "tjenestested"}, "en") == "tjenestested"
    assert pick(text, "de") == "unit"
    assert pick(text, "se") == "tjenestested", "who reads Sámi here reads Norwegian before English"
    assert pick({"se": "bálvalanbáiki"}, "nb") == "bálvalanbáiki"
    assert pick({}, "nb") == ""


def test_parts_are_found_by_id() -> None:
    assert EVERY.dimension("trust").items[0] is EVERY.items["trust_us"]
    assert EVERY.dimension_of("trust_us").id == "trust"
    assert EVERY.scale_of("trust_us").options == 2
    assert list(EVERY.scale_of("trust_us").values) == [1, 2]
    assert EVERY.question("job") is EVERY.role_question
    assert EVERY.question("used").option("none").exclusive
    assert ZERO.role_question is None
    for find in (EVERY.dimension, EVERY.dimension_of, EVERY.question, EVERY.question("job").option):
        with pytest.raises(KeyError):
            find("nothing")


@pytest.mark.parametrize(
    ("share", "items", "needed"),
    [("2/3", 1, 1), ("2/3", 3, 2), ("2/3", 4, 3), ("2/3", 9, 6), ("0.6", 5, 3), ("1", 4, 4)],
)
def test_how_many_items_a_score_needs_is_exact(share: str, items: int, needed: int) -> None:
    """0.6 · 5 is 3, not 3.0000000000000004 rounded up to 4."""
    each = tuple(Item(f"i{i}", {}) for i in range(items))
    assert Dimension("d", {}, "s", each, minimum_answered=Fraction(share)).minimum_items == needed


def test_scoring_is_told_in_plain_values() -> None:
    assert scoring_columns(ZERO) == [
        ScoringColumns("pace", (0, 1), (True, False), 0, 4, 2, ("pace_rush", "pace_rest"))
    ]
    assert all(type(each) is int for each in scoring_columns(ZERO)[0].columns)
    assert index_rule(ZERO) == IndexRule(("pace",), 1)


def test_the_barometer_measures_six_sub_goals_and_one_goal() -> None:
    columns = scoring_columns(BAROMETER)
    assert [len(each.columns) for each in columns] == [4, 4, 4, 4, 4, 4, 1]
    assert sum(any(each.reverse) for each in columns) == 2
    assert [each.minimum_items for each in columns] == [3, 3, 3, 3, 3, 3, 1]
    assert {(each.minimum, each.maximum) for each in columns} == {(1, 4)}
    rule = index_rule(BAROMETER)
    assert rule == (tuple(each.dimension for each in columns[:6]), 4)
    assert BAROMETER.languages == ("nb", "nn", "en")
    assert BAROMETER.source
    assert BAROMETER.licence


def test_the_barometer_asks_what_the_issue_lists() -> None:
    kinds = [question.type for question in BAROMETER.questions]
    assert sorted(kinds) == ["multiple", "multiple", "single", "text", "words"]
    multiple = [question for question in BAROMETER.questions if question.type == "multiple"]
    assert all(sum(option.exclusive for option in q.options) == 1 for q in multiple)
    assert [q.reference_period for q in multiple] == [None, "P18M"]
    assert BAROMETER.role_question is not None
    assert {o.role for o in BAROMETER.role_question.options} == {"leader", "employee"}


def test_the_barometer_takes_three_to_five_minutes() -> None:
    """230 words a minute (silent reading of plain prose is put at 238 by Brysbaert, 2019), three
    seconds to answer a statement once read, one to weigh an option, half a minute to write.
    """
    words = len(BAROMETER.introduction["nb"].split()) if BAROMETER.introduction else 0
    words += sum(len(item.text["nb"].split()) for item in BAROMETER.items.values())
    words += sum(len((d.description or {"nb": ""})["nb"].split()) for d in BAROMETER.dimensions)
    for question in BAROMETER.questions:
        words += len(question.text["nb"].split())
        words += sum(len(option.text["nb"].split()) for option in question.options)
    options = sum(len(question.options) for question in BAROMETER.questions)
    minutes = words / 230 + len(BAROMETER.items) * 3 / 60 + options / 60 + 0.5
    assert 3 <= minutes <= 5
