"""``words``: one or two single words, stored apart and told by how many people wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from survey.core.errors import say
from survey.instrument.answer_faults import AnswerFault, answer_fault, json_type, text_faults
from survey.instrument.parts import Question
from survey.instrument.question_types.base import Note, QuestionType, Source
from survey.instrument.question_types.text import blank_faults, refuse_options, stripped

MAXIMUM = 40
COUNT = 2
_AROUND_WORDS = " .,;:!?«»\"'()-–"


class Words(QuestionType):
    """An answer is a list of up to two strings of up to 40 characters."""

    name = "words"
    texts_as = "word"
    columns = "texts"

    def check(self, written: Mapping[str, Any], note: Note) -> None:
        """Note options: there are none to choose."""
        refuse_options(written, note)

    def faults(self, question: Question, where: str, answer: object) -> list[AnswerFault]:
        """Tell anything but a list of strings, too many or long ones, and a blank required one."""
        if not isinstance(answer, list):
            what = say("must_be_list_of_strings_not", json_type=json_type(answer))
            return [answer_fault("type", where, what)]
        faults = [
            answer_fault(
                "type", f"{where}[{place}]", say("must_be_string_not", json_type=json_type(word))
            )
            for place, word in enumerate(answer)
            if not isinstance(word, str)
        ]
        if len(answer) > COUNT:
            what = say("too_many_words", count=len(answer))
            faults.append(answer_fault("too_many", where, what, say("send_at_most", count=COUNT)))
        if faults:
            return faults
        for place, word in enumerate(answer):
            faults += text_faults(f"{where}[{place}]", word, MAXIMUM)
        return faults + blank_faults(question, where, answer)

    def text_sizes(self, question: Question) -> Sequence[int]:
        """Return the length of each word."""
        return (MAXIMUM,) * COUNT

    def texts(self, question: Question, answer: Any) -> list[str]:
        """Return the words, each once: a word is told by how many people wrote it."""
        words = {as_counted(word): word for word in reversed(stripped(answer))}
        return list(reversed(words.values()))

    def describe(self, question: Question, language: str) -> dict[str, Any]:
        """Return how long a word may be and how many there are."""
        return {"maximum": MAXIMUM, "count": COUNT}

    def read_cells(self, source: Source, cells: Sequence[str]) -> list[str]:
        """Read a word from every column."""
        return [cell for cell in cells if cell not in source.missing]


def as_counted(word: str) -> str:
    """Return a word as it is counted: without case and the punctuation around it."""
    return word.strip(_AROUND_WORDS).casefold()


TYPE = Words()
