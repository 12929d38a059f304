"""Plain answers: ``{"items": {item id: value | "na"}, "questions": {question id: answer}}``.

An answer is an option's id (single), a list of them (multiple), a string (text) or a list of one
or two strings (words). None, '', [] and absence all mean unanswered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from survey.core.errors import Fault
from survey.instrument.layout import NA
from survey.instrument.model import Instrument
from survey.instrument.parts import Item, Question, Role, Scale

MAXIMUM_TEXT = 600
MAXIMUM_WORD = 40
MAXIMUM_WORDS = 2
_AROUND_WORDS = " .,;:!?«»\"'()-–"

Code = Literal[
    "unknown",
    "type",
    "off_scale",
    "required",
    "twice",
    "exclusive",
    "too_many",
    "too_long",
    "character",
]


@dataclass(frozen=True, slots=True)
class AnswerFault(Fault):
    """A fault of one answer; ``code`` lets a page say it in the respondent's own language."""

    code: Code = "type"


def validate_answers(instrument: Instrument, answers: Mapping[str, object]) -> list[AnswerFault]:
    """Return every fault of the answers by JSON path (``items.some_id``); [] when they are good.

    Types are strict: True, 3.0 and "3" are not the integer 3.
    """
    faults = [
        _fault("unknown", str(key), "is not part of the answers", "Send items and questions.")
        for key in answers
        if key not in ("items", "questions")
    ]
    parts: dict[str, Mapping[str, object]] = {}
    for part in ("items", "questions"):
        given = answers.get(part)
        if given is not None and not isinstance(given, Mapping):
            faults.append(_fault("type", part, f"must be an object, not {_kind(given)}"))
            given = None
        parts[part] = given or {}
    faults += _strangers("items", parts["items"], instrument.items)
    for item in instrument.items.values():
        answer = parts["items"].get(item.id)
        faults += _item_faults(item, instrument.scale_of(item.id), answer)
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
    """Return the free text of valid answers, stripped: question id → one text, or one or two words.

    Unanswered questions are left out, and so is a word that the same person wrote before: a word is
    told by how many people wrote it. These are stored apart from the sheet, without a shared key.
    """
    found: dict[str, list[str]] = {}
    for question in instrument.questions:
        if question.type in ("text", "words"):
            answer = _given(answers, question.id) or []
            texts = [answer] if isinstance(answer, str) else list(answer)
            stripped = [text.strip() for text in texts if text.strip()]
            if question.type == "words":
                stripped = list({as_counted(text): text for text in reversed(stripped)}.values())
                stripped.reverse()
            if stripped:
                found[question.id] = stripped
    return found


def as_counted(word: str) -> str:
    """Return a word as it is counted: without case and the punctuation around it."""
    return word.strip(_AROUND_WORDS).casefold()


def _fault(code: Code, where: str, what: str, fix: str = "") -> AnswerFault:
    return AnswerFault(where, f"{what}.", fix, code)


def _given(answers: Mapping[str, object], question_id: str) -> Any:
    questions = answers.get("questions")
    return questions.get(question_id) if isinstance(questions, Mapping) else None


def _strangers(
    part: str, given: Mapping[str, object], known: Mapping[str, object]
) -> list[AnswerFault]:
    faults = []
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            fix = f"Did you mean {near[0]}?" if near else ""
            faults.append(_fault("unknown", f"{part}.{key}", "is not in the instrument", fix))
    return faults


def _item_faults(item: Item, scale: Scale, answer: object) -> list[AnswerFault]:
    where = f"items.{item.id}"
    if answer is None or answer == "":
        return [_fault("required", where, "must be answered")] if item.required else []
    allowed = f"Send an integer from {scale.minimum} to {scale.maximum}"
    if scale.not_applicable is not None:
        if answer == NA:
            return []
        allowed += f', or "{NA}"'
    if type(answer) is not int:
        return [_fault("type", where, f"must be an integer, not {_kind(answer)}", f"{allowed}.")]
    if answer not in scale.values:
        return [_fault("off_scale", where, f"{answer} is off the scale", f"{allowed}.")]
    return []


def _question_faults(question: Question, answer: object) -> list[AnswerFault]:
    where = f"questions.{question.id}"
    if answer is None or answer in ("", []):
        return [_fault("required", where, "must be answered")] if question.required else []
    if question.type == "single":
        return _choice_faults(question, where, answer)
    if question.type == "multiple":
        return _choices_faults(question, where, answer)
    if question.type == "words":
        return _words_faults(question, where, answer)
    if not isinstance(answer, str):
        return [_fault("type", where, f"must be a string, not {_kind(answer)}")]
    return _text_faults(question, where, [(where, answer)], MAXIMUM_TEXT)


def _choice_faults(question: Question, where: str, answer: object) -> list[AnswerFault]:
    if not isinstance(answer, str):
        return [_fault("type", where, f"must be an option's id, not {_kind(answer)}")]
    ids = [option.id for option in question.options]
    if answer not in ids:
        return [
            _fault("unknown", where, "is not one of the options", f"Send one of {', '.join(ids)}.")
        ]
    return []


def _choices_faults(question: Question, where: str, answer: object) -> list[AnswerFault]:
    if not isinstance(answer, list):
        return [_fault("type", where, f"must be a list of options' ids, not {_kind(answer)}")]
    faults = [
        fault
        for i, each in enumerate(answer)
        for fault in _choice_faults(question, f"{where}[{i}]", each)
    ]
    faults += [
        _fault("twice", f"{where}[{i}]", "is there twice", "Send each option once.")
        for i, each in enumerate(answer)
        if each in answer[:i]
    ]
    alone = [option.id for option in question.options if option.exclusive and option.id in answer]
    if alone and len(answer) > 1:
        faults.append(
            _fault("exclusive", where, f"{alone[0]} excludes every other option", "Send it alone.")
        )
    return faults


def _words_faults(question: Question, where: str, answer: object) -> list[AnswerFault]:
    if not isinstance(answer, list):
        return [_fault("type", where, f"must be a list of strings, not {_kind(answer)}")]
    faults = [
        _fault("type", f"{where}[{i}]", f"must be a string, not {_kind(each)}")
        for i, each in enumerate(answer)
        if not isinstance(each, str)
    ]
    if len(answer) > MAXIMUM_WORDS:
        faults.append(
            _fault("too_many", where, f"has {len(answer)} words", f"Send at most {MAXIMUM_WORDS}.")
        )
    texts = [(f"{where}[{i}]", each) for i, each in enumerate(answer) if isinstance(each, str)]
    return faults + ([] if faults else _text_faults(question, where, texts, MAXIMUM_WORD))


def _text_faults(
    question: Question, where: str, texts: list[tuple[str, str]], maximum: int
) -> list[AnswerFault]:
    """Too long, a character that no person types, or nothing but blanks where it is required."""
    faults = []
    for path, text in texts:
        if len(text.strip()) > maximum:
            what = f"has {len(text.strip())} characters"
            faults.append(_fault("too_long", path, what, f"Shorten it to {maximum}."))
        if any(_unprintable(character) for character in text):
            faults.append(_fault("character", path, "holds a control character", "Remove it."))
    if question.required and not any(text.strip() for _, text in texts):
        faults.append(_fault("required", where, "must be answered"))
    return faults


def _unprintable(character: str) -> bool:
    """NUL breaks databases, a lone surrogate breaks UTF-8; line breaks and tabs are fine."""
    return (character < " " and character not in "\n\r\t") or "\ud800" <= character <= "\udfff"


def _kind(value: object) -> str:
    """Name a value's JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {int: "a number", float: "a decimal number", str: "a string", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "an object")
