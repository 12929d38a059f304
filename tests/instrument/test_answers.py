"""What is wrong with answers is told by path, all at once, with strict types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.instrument.answers import validate_answers
from survey.instrument.check import load
from survey.instrument.layout import Layout

VALID = Path(__file__).parent.parent / "instruments" / "valid"
EVERY = load(VALID / "every_question_type.yaml")
ZERO = load(VALID / "zero_based_scale.yaml")
GOOD = {
    "items": {"trust_us": 2},
    "questions": {
        "place": "inside",
        "used": ["phone", "paper"],
        "remark": "Mer tid",
        "two": ["tid", "tillit"],
        "job": "staff",
    },
}


def faults(items: Any = None, questions: Any = None) -> list[str]:
    """The faults beside those of the required questions, which are answered here."""
    base = {"place": "inside", "two": ["tid"]}
    answers = {"items": items or {}, "questions": base | (questions or {})}
    return [f"{fault.where}: {fault.message}" for fault in validate_answers(EVERY, answers)]


def test_good_answers_have_no_fault() -> None:
    assert validate_answers(EVERY, GOOD) == []
    assert validate_answers(ZERO, {"items": {"pace_rush": 0, "pace_rest": "na"}}) == []


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (0, "0 is off the scale."),
        (3, "3 is off the scale."),
        (-1, "-1 is off the scale."),
        (True, "must be an integer, not true or false."),
        (2.0, "must be an integer, not a decimal number."),
        ("2", "must be an integer, not a string."),
        ("na", "must be an integer, not a string."),
        ([2], "must be an integer, not a list."),
        ({}, "must be an integer, not an object."),
    ],
)
def test_an_item_takes_an_integer_on_its_scale(value: object, what: str) -> None:
    assert faults({"trust_us": value}) == [f"items.trust_us: {what}"]


@pytest.mark.parametrize("empty", [None, ""])
def test_an_item_may_be_left_unanswered_unless_it_is_required(empty: object) -> None:
    assert faults({"trust_us": empty}) == []
    (fault,) = validate_answers(ZERO, {"items": {"pace_rush": empty}})
    assert (str(fault.where), str(fault.message), fault.kind) == (
        "items.pace_rush",
        "must be answered.",
        "required",
    )


@pytest.mark.parametrize("empty", [None, "", []])
def test_a_required_question_must_be_answered(empty: object) -> None:
    assert faults({}, {"place": empty}) == ["questions.place: must be answered."]
    assert faults({}, {"two": empty}) == ["questions.two: must be answered."]
    assert faults({}, {"used": empty, "remark": empty, "job": empty}) == []


def test_blanks_do_not_answer_a_required_question() -> None:
    assert faults({}, {"two": [" ", ""]}) == ["questions.two: must be answered."]


@pytest.mark.parametrize(
    ("questions", "expected"),
    [
        ({"place": "nowhere"}, ["questions.place: is not one of the options."]),
        ({"place": 1}, ["questions.place: must be an option's id, not a number."]),
        ({"job": "cook"}, ["questions.job: is not one of the options."]),
        ({"used": "phone"}, ["questions.used: must be a list of options' ids, not a string."]),
        ({"used": ["phone", "fax"]}, ["questions.used[1]: is not one of the options."]),
        ({"used": [None]}, ["questions.used[0]: must be an option's id, not null."]),
        ({"used": ["phone", "phone"]}, ["questions.used[1]: is there twice."]),
        ({"used": ["none", "phone"]}, ["questions.used: none excludes every other option."]),
        ({"remark": 5}, ["questions.remark: must be a string, not a number."]),
        ({"remark": "x" * 601}, ["questions.remark: has 601 characters."]),
        ({"remark": "x\0"}, ["questions.remark: holds a control character."]),
        ({"remark": "\ud83d"}, ["questions.remark: holds a control character."]),
        ({"two": "tid"}, ["questions.two: must be a list of strings, not a string."]),
        ({"two": ["tid", 2]}, ["questions.two[1]: must be a string, not a number."]),
        ({"two": ["a", "b", "c"]}, ["questions.two: has 3 words."]),
        ({"two": ["a", "b" * 41]}, ["questions.two[1]: has 41 characters."]),
        ({"palce": "inside"}, ["questions.palce: is not in the instrument."]),
    ],
)
def test_each_question_type_has_its_rules(questions: Any, expected: list[str]) -> None:
    assert faults({}, questions) == expected


def test_exactly_as_long_as_allowed_is_fine() -> None:
    assert faults({}, {"remark": "x" * 600 + "\n", "two": ["b" * 40, "å" * 40]}) == []


def test_everything_wrong_is_told_at_once_and_nearest_names_are_offered() -> None:
    answers = {"items": {"trust_su": 1, "trust_us": 9}, "questions": [], "comment": "x"}
    assert [str(fault) for fault in validate_answers(EVERY, answers)] == [
        "comment: is not part of the answers. Send items and questions.",
        "questions: must be an object, not a list.",
        "items.trust_su: is not in the instrument. Did you mean 'trust_us'?",
        "items.trust_us: 9 is off the scale. Send an integer from 1 to 2.",
        "questions.place: must be answered.",
        "questions.two: must be answered.",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 20) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
) | st.sampled_from(["na", "inside", "phone", ["none"], ["paper", "phone"], "boss"])


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "items": JSON | st.fixed_dictionaries({}, optional={"trust_us": JSON}),
            "questions": JSON
            | st.fixed_dictionaries(
                {}, optional={q.id: JSON for q in EVERY.questions} | {"x": JSON}
            ),
        },
    )
)
def test_no_json_breaks_validation_and_what_passes_can_be_written(answers: Any) -> None:
    if not validate_answers(EVERY, answers):
        assert len(Layout(EVERY).encode(answers)) == Layout(EVERY).width
