"""``text``: a comment in the respondent's own words, stored apart from the sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from survey.core.errors import say
from survey.instrument.answer_faults import AnswerFault, answer_fault, json_type, text_faults
from survey.instrument.parts import Question
from survey.instrument.question_types.base import Note, QuestionType

MAXIMUM = 600


class Text(QuestionType):
    """An answer is a string of up to 600 characters."""

    name = "text"

    def check(self, written: Mapping[str, Any], note: Note) -> None:
        """Note options: there are none to choose."""
        refuse_options(written, note)

    def faults(self, question: Question, where: str, answer: object) -> list[AnswerFault]:
        """Tell anything but a string, a long one, and blanks where it is required."""
        if not isinstance(answer, str):
            return [
                answer_fault("type", where, say("must_be_string_not", json_type=json_type(answer)))
            ]
        return [*text_faults(where, answer, MAXIMUM), *blank_faults(question, where, [answer])]

    def text_sizes(self, question: Question) -> Sequence[int]:
        """Return the length of the one comment."""
        return (MAXIMUM,)

    def texts(self, question: Question, answer: Any) -> list[str]:
        """Return the comment, unless it is blank."""
        return stripped([answer])

    def describe(self, question: Question, language: str) -> dict[str, Any]:
        """Return how long it may be."""
        return {"maximum": MAXIMUM}


def refuse_options(written: Mapping[str, Any], note: Note) -> None:
    """Note a question of the file that has options and is answered in own words."""
    if "options" in written:
        note(
            ("options",), say("question_has_no_options", written=written.get("type")), "remove_them"
        )


def blank_faults(question: Question, where: str, texts: Iterable[str]) -> list[AnswerFault]:
    """Tell a required question that was answered with nothing but blanks."""
    if question.required and not stripped(texts):
        return [answer_fault("required", where, "must_be_answered")]
    return []


def stripped(texts: Iterable[str]) -> list[str]:
    """Return the texts without the blanks around them, and without those that are blank."""
    return [text.strip() for text in texts if text.strip()]


TYPE = Text()
