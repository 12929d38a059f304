"""``single``: one of the options. In the sheet: the option's place from 1, in one character."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from survey.instrument.answer_faults import AnswerFault
from survey.instrument.parts import Question
from survey.instrument.question_types.base import Note, QuestionType, Tally
from survey.instrument.question_types.options import (
    check_options,
    describe_options,
    ids_of,
    option_faults,
)
from survey.instrument.sheet import MAXIMUM_ORDINAL, UNANSWERED, character, ordinal, ordinals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Single(QuestionType):
    """An answer is an option's id."""

    name = "single"
    may_ask_role = True
    shares = "one"

    def check(self, written: Mapping[str, Any], note: Note) -> None:
        """Note options that there are none of, or more than one character can tell apart."""
        check_options(written, MAXIMUM_ORDINAL, note)

    def faults(self, question: Question, where: str, answer: object) -> list[AnswerFault]:
        """Tell anything but the id of an option."""
        return option_faults(question, where, answer)

    def alphabets(self, question: Question) -> Sequence[str]:
        """Return the characters of unanswered and of every option."""
        return (ordinals(len(question.options)),)

    def encode(self, question: Question, answer: Any) -> str:
        """Return the character of the option's place."""
        ids = ids_of(question)
        if answer not in ids:
            raise ValueError(f"{question.id} has no option {answer!r}")
        return character(ids.index(answer) + 1)

    def decode(self, question: Question, characters: str) -> str | None:
        """Return the id of the option at the character's place."""
        if characters == UNANSWERED:
            return None
        return question.options[ordinal(characters) - 1].id

    def tallies(self, question: Question, codes: NDArray[np.uint8]) -> Iterable[Tally]:
        """Count the people at each option."""
        return [Tally(None, codes[:, 0].astype("int16") - 1, len(question.options))]

    def describe(self, question: Question, language: str) -> dict[str, Any]:
        """Return the options."""
        return describe_options(question, language)


TYPE = Single()
