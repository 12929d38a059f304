"""Every type of question there is. A new one is a module of this package, put last here."""

from __future__ import annotations

from survey.instrument.parts import Question
from survey.instrument.question_types import multiple, single, text, words
from survey.instrument.question_types.base import QuestionType

TYPES: dict[str, QuestionType] = {
    question_type.name: question_type
    for question_type in (single.TYPE, multiple.TYPE, text.TYPE, words.TYPE)
}
"""Types by name. Their order is the order of stored answer sheets: a new one goes to the end."""


def type_of(question: Question) -> QuestionType:
    """Return the type of a question; KeyError when there is none of that name."""
    return TYPES[question.type]
