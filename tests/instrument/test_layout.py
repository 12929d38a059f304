"""The answer sheet: where each answer stands, and that nothing is lost or invented on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.instrument.answers import role_of, texts_of, validate_answers
from survey.instrument.check import load
from survey.instrument.items import NA
from survey.instrument.layout import Layout
from survey.instrument.library import Library
from survey.instrument.model import Instrument

VALID = Path(__file__).parent.parent / "instruments" / "valid"
EVERY = load(VALID / "every_question_type.yaml")
ZERO = load(VALID / "zero_based_scale.yaml")
ELEVEN = load(VALID / "eleven_options.yaml")
BAROMETER = Library().get("baerum-barometer", 1)
ALL = [EVERY, ZERO, ELEVEN, BAROMETER]


def sheet(instrument: Instrument, items: Any = None, questions: Any = None) -> str:
    return Layout(instrument).encode({"items": items or {}, "questions": questions or {}})


def answers_of(instrument: Instrument) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """Any valid plain answers that stand in the sheet."""
    items: dict[str, st.SearchStrategy[Any]] = {}
    for item in instrument.items:
        scale = instrument.scale_of(item)
        values = st.sampled_from(scale.values)
        items[item] = values | st.just(NA) if scale.not_applicable is not None else values
    questions: dict[str, st.SearchStrategy[Any]] = {}
    for question in instrument.questions:
        ids = [option.id for option in question.options]
        if question.type == "single" and question.purpose is None:
            questions[question.id] = st.sampled_from(ids)
        if question.type == "multiple":
            free = [option.id for option in question.options if not option.exclusive]
            alone = [[option.id] for option in question.options if option.exclusive]
            some = st.lists(st.sampled_from(free), min_size=1, unique=True).map(
                lambda ticks, ids=ids: [each for each in ids if each in ticks]  # type: ignore[misc]
            )
            questions[question.id] = some | st.sampled_from(alone) if alone else some
    return st.fixed_dictionaries(
        {
            "items": st.fixed_dictionaries({}, optional=items),
            "questions": st.fixed_dictionaries({}, optional=questions),
        }
    )


def test_items_come_first_then_single_questions_then_options() -> None:
    slots = Layout(EVERY).slots
    assert [(slot.column, slot.kind, slot.id) for slot in slots] == [
        (0, "item", "trust_us"),
        (1, "single", "place"),
        (2, "multiple", "used"),
        (3, "multiple", "used"),
        (4, "multiple", "used"),
    ]
    assert Layout(EVERY).items == {"trust_us": 0}
    assert Layout(EVERY).questions == {"place": slice(1, 2), "used": slice(2, 5)}


def test_the_role_and_free_text_are_not_in_the_sheet() -> None:
    questions = {"job": "boss", "remark": "Mer tid", "two": ["tid", "tillit"]}
    assert sheet(EVERY, {}, questions) == "00000"


def test_each_character_means_what_the_design_says() -> None:
    assert sheet(EVERY, {"trust_us": 1}) == "10000"
    assert sheet(EVERY, {"trust_us": 2}, {"place": "outside"}) == "22000"
    assert sheet(EVERY, {}, {"used": ["paper"]}) == "00121"
    assert sheet(ZERO, {"pace_rush": 0, "pace_rest": 4}) == "15"
    assert sheet(ZERO, {"pace_rush": "na"}) == "?0"
    assert sheet(ELEVEN, {"life_now": 10, "change_work": -5, "change_home": 5}) == ";1;"


def test_none_and_empty_answers_are_unanswered() -> None:
    nothing = {"items": {"trust_us": None}, "questions": {"place": "", "used": [], "two": None}}
    assert Layout(EVERY).encode(nothing) == "00000"
    assert Layout(EVERY).encode({}) == "00000"
    assert Layout(EVERY).encode({"items": None, "questions": None}) == "00000"


@pytest.mark.parametrize("instrument", ALL, ids=lambda instrument: instrument.id)
def test_the_width_is_one_character_per_item_single_question_and_option(
    instrument: Instrument,
) -> None:
    options = sum(len(q.options) for q in instrument.questions if q.type == "multiple")
    singles = sum(q.type == "single" and q.purpose is None for q in instrument.questions)
    assert Layout(instrument).width == len(instrument.items) + singles + options


@settings(max_examples=100)
@given(data=st.data(), instrument=st.sampled_from(ALL))
def test_what_is_written_is_read_again(data: st.DataObject, instrument: Instrument) -> None:
    answers = data.draw(answers_of(instrument))
    layout = Layout(instrument)
    written = layout.encode(answers)
    assert len(written) == layout.width
    assert written.isascii()
    assert all(c in slot.alphabet for c, slot in zip(written, layout.slots, strict=True))
    assert layout.decode(written) == answers
    missing = [fault.kind for fault in validate_answers(instrument, answers)]
    assert set(missing) <= {"required"}


@settings(max_examples=200)
@given(text=st.text("012?3;", min_size=5, max_size=5))
def test_a_sheet_that_can_be_read_is_written_the_same(text: str) -> None:
    layout = Layout(EVERY)
    try:
        answers = layout.decode(text)
    except ValueError:
        return
    assert layout.encode(answers) == text


@pytest.mark.parametrize(
    "broken",
    ["", "0000", "000000", "30000", "?0000", "03000", "00100", "00111", "00201", "00300", "æ0000"],
)
def test_a_malformed_sheet_is_refused(broken: str) -> None:
    with pytest.raises(ValueError):
        Layout(EVERY).decode(broken)


@pytest.mark.parametrize(
    ("items", "questions"),
    [
        ({"trust_us": 3}, {}),
        ({"trust_us": True}, {}),
        ({"trust_us": "1"}, {}),
        ({"trust_us": 1.0}, {}),
        ({"trust_us": "na"}, {}),
        ({"trust_you": 1}, {}),
        ({}, {"place": "nowhere"}),
        ({}, {"place": ["inside"]}),
        ({}, {"used": "phone"}),
        ({}, {"used": ["phone", {}]}),
        ({}, {"unknown": "x"}),
    ],
)
def test_nothing_wrong_is_ever_written(items: Any, questions: Any) -> None:
    with pytest.raises(ValueError):
        sheet(EVERY, items, questions)


def test_the_role_is_what_the_option_says() -> None:
    assert role_of(EVERY, {"questions": {"job": "boss"}}) == "leader"
    assert role_of(EVERY, {"questions": {"job": "staff"}}) == "employee"
    assert role_of(EVERY, {"questions": {"job": None}}) is None
    assert role_of(EVERY, {}) is None
    assert role_of(ZERO, {"questions": {}}) is None


def test_free_text_is_stripped_and_empty_text_left_out() -> None:
    given = {"questions": {"remark": "  Mer tid \n", "two": [" tid", " "], "place": "inside"}}
    assert texts_of(EVERY, given) == {"remark": ["Mer tid"], "two": ["tid"]}
    assert texts_of(EVERY, {"questions": {"remark": " ", "two": []}}) == {}
    assert texts_of(EVERY, {}) == {}


def test_nobody_counts_twice_by_writing_a_word_twice() -> None:
    assert texts_of(EVERY, {"questions": {"two": ["Tid", " «tid»! "]}}) == {"two": ["Tid"]}
    assert texts_of(EVERY, {"questions": {"two": ["mot", "Tid"]}}) == {"two": ["mot", "Tid"]}
