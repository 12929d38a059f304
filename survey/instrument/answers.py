"""Plain answers: ``{"items": {item id: value | "na"}, "questions": {question id: answer}}``.

What an answer to a question looks like, its type says (``question_types``). None, '', [] and
absence all mean unanswered.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from survey.core.errors import say
from survey.instrument.answer_faults import AnswerFault, answer_fault, json_type
from survey.instrument.items import item_faults
from survey.instrument.model import Instrument
from survey.instrument.parts import Question, Role
from survey.instrument.question_types.registry import type_of


def validate_answers(instrument: Instrument, answers: Mapping[str, object]) -> list[AnswerFault]:
    """Return every fault of the answers by JSON path (``items.some_id``); [] when they are good.

    Types are strict: True, 3.0 and "3" are not the integer 3.
    """
    faults = [
        answer_fault("unknown", str(key), "not_part_of_answers", "send_items_and_questions")
        for key in answers
        if key not in ("items", "questions")
    ]
    parts: dict[str, Mapping[str, object]] = {}
    for part in ("items", "questions"):
        section = answers.get(part)
        if section is not None and not isinstance(section, Mapping):
            faults.append(
                answer_fault("type", part, say("must_be_object_not", json_type=json_type(section)))
            )
            section = None
        parts[part] = section or {}
    faults += _strangers("items", parts["items"], instrument.items)
    for item in instrument.items.values():
        answer = parts["items"].get(item.id)
        faults += item_faults(item, instrument.scale_of(item.id), answer)
    faults += _strangers(
        "questions",
        parts["questions"],
        {question.id: question for question in instrument.questions},
    )
    for question in instrument.questions:
        faults += _question_faults(question, parts["questions"].get(question.id))
    return faults


def role_of(instrument: Instrument, answers: Mapping[str, object]) -> Role | None:
    """Return what valid answers say about the respondent's role; None when they do not."""
    question = instrument.role_question
    if question is None:
        return None
    answer = _given(answers, question.id)
    return question.option(answer).role if isinstance(answer, str) and answer else None


def texts_of(instrument: Instrument, answers: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the free text of valid answers, stripped: question id → its texts.

    Unanswered questions are left out. These are stored apart from the sheet, without a shared key.
    """
    texts_by_question: dict[str, list[str]] = {}
    for question in instrument.questions:
        answer = _given(answers, question.id)
        if not is_unanswered(answer) and (texts := type_of(question).texts(question, answer)):
            texts_by_question[question.id] = texts
    return texts_by_question


def is_unanswered(answer: object) -> bool:
    """Say whether a plain answer is none: None, '' or []."""
    return answer is None or answer in ("", [], ())


def _given(answers: Mapping[str, object], question_id: str) -> Any:
    questions = answers.get("questions")
    return questions.get(question_id) if isinstance(questions, Mapping) else None


def _strangers(
    part: str, answers: Mapping[str, object], known: Mapping[str, object]
) -> list[AnswerFault]:
    faults = []
    for key in answers:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            fix = say("did_you_mean", near=near[0]) if near else None
            faults.append(answer_fault("unknown", f"{part}.{key}", "not_in_instrument", fix))
    return faults


def _question_faults(question: Question, answer: object) -> list[AnswerFault]:
    where = f"questions.{question.id}"
    if is_unanswered(answer):
        return [answer_fault("required", where, "must_be_answered")] if question.required else []
    return type_of(question).faults(question, where, answer)
