"""What the types with options to choose from have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from survey.core.errors import say
from survey.instrument.answer_faults import AnswerFault, answer_fault, json_type
from survey.instrument.parts import Question, pick
from survey.instrument.question_types.base import Note

MINIMUM = 2


def check_options(written: Mapping[str, Any], most: int, note: Note) -> None:
    """Note a question of the file that has no options, or not 2 to ``most`` of them."""
    options = written.get("options")
    count = len(options) if isinstance(options, list) else 0
    if "options" not in written or (count and not MINIMUM <= count <= most):
        what = say("question_has_options", written=written.get("type"), count=count)
        note(("options",), what, say("takes_to", minimum=MINIMUM, most=most))


def option_faults(question: Question, where: str, answer: object) -> list[AnswerFault]:
    """Return what is wrong with any JSON as the id of one of the question's options."""
    if not isinstance(answer, str):
        what = say("must_be_options_id_not", json_type=json_type(answer))
        return [answer_fault("type", where, what)]
    ids = ids_of(question)
    if answer not in ids:
        fix = say("send_one_of", ids=", ".join(ids))
        return [answer_fault("unknown", where, "not_one_of_options", fix)]
    return []


def options_faults(question: Question, where: str, answer: object) -> list[AnswerFault]:
    """Return what is wrong with any JSON as a list of different options' ids."""
    if not isinstance(answer, list):
        what = say("must_be_list_of_options_ids_not", json_type=json_type(answer))
        return [answer_fault("type", where, what)]
    faults = [
        fault
        for place, option in enumerate(answer)
        for fault in option_faults(question, f"{where}[{place}]", option)
    ]
    faults += [
        answer_fault("twice", f"{where}[{place}]", "twice", "send_each_option_once")
        for place, option in enumerate(answer)
        if option in answer[:place]
    ]
    return faults


def ids_of(question: Question) -> list[str]:
    """Return the ids of the question's options in their order."""
    return [option.id for option in question.options]


def describe_options(question: Question, language: str) -> dict[str, Any]:
    """Return the options as page and API take them."""
    return {
        "options": [
            {
                "id": option.id,
                "label": pick(option.text, language),
                "exclusive": option.exclusive,
            }
            for option in question.options
        ]
    }
