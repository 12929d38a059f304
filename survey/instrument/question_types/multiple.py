"""``multiple``: any of the options. In the sheet: one character per option.

``0`` question unanswered, ``1`` answered and not ticked, ``2`` ticked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from survey.core.errors import say
from survey.instrument.answer_faults import AnswerFault, answer_fault
from survey.instrument.parts import Question
from survey.instrument.question_types.base import Note, QuestionType, Source, Tally
from survey.instrument.question_types.options import (
    check_options,
    describe_options,
    ids_of,
    options_faults,
)
from survey.instrument.sheet import UNANSWERED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAXIMUM_OPTIONS = 60
NOT_TICKED = "1"
TICKED = "2"


class Multiple(QuestionType):
    """An answer is a list of options' ids; an exclusive option stands alone."""

    name = "multiple"
    exclusive_options = True
    shares = "each"
    columns = "options"

    def check(self, written: Mapping[str, Any], note: Note) -> None:
        """Note options that there are none of, or too many."""
        check_options(written, MAXIMUM_OPTIONS, note)

    def faults(self, question: Question, where: str, answer: object) -> list[AnswerFault]:
        """Tell anything but a list of different options, or one beside an exclusive one."""
        faults = options_faults(question, where, answer)
        if isinstance(answer, list) and len(answer) > 1:
            alone = [o.id for o in question.options if o.exclusive and o.id in answer]
            if alone:
                what = say("excludes_every_other_option", alone=alone[0])
                faults.append(answer_fault("exclusive", where, what, "send_it_alone"))
        return faults

    def alphabets(self, question: Question) -> Sequence[str]:
        """Return the same three characters for every option."""
        return (UNANSWERED + NOT_TICKED + TICKED,) * len(question.options)

    def encode(self, question: Question, answer: Any) -> str:
        """Return for every option whether it is ticked."""
        ids = ids_of(question)
        if not isinstance(answer, list | tuple) or not all(
            isinstance(option, str) and option in ids for option in answer
        ):
            raise ValueError(f"{question.id} cannot be answered with {answer!r}")
        return "".join(TICKED if option in answer else NOT_TICKED for option in ids)

    def decode(self, question: Question, characters: str) -> list[str] | None:
        """Return the ids of the ticked options; ValueError unless all or none are answered."""
        if set(characters) == {UNANSWERED}:
            return None
        if UNANSWERED in characters or TICKED not in characters:
            raise ValueError(f"{question.id} is half answered: {characters}")
        ids = ids_of(question)
        return [option for option, tick in zip(ids, characters, strict=True) if tick == TICKED]

    def tallies(self, question: Question, codes: NDArray[np.uint8]) -> Iterable[Tally]:
        """Count, for each option, who ticked it among those who answered."""
        for column, option in enumerate(question.options):
            favourable = () if option.exclusive else (1,)
            yield Tally(option.id, codes[:, column].astype("int16") - 1, 2, favourable)

    def describe(self, question: Question, language: str) -> dict[str, Any]:
        """Return the options."""
        return describe_options(question, language)

    def read_cells(self, source: Source, cells: Sequence[str]) -> list[str] | None:
        """Read a column per option, or one cell with options between separators."""
        if source.options:
            pairs = zip(source.options, cells, strict=True)
            return [option for option, cell in pairs if cell in source.ticked]
        if cells[0] in source.missing:
            return None
        parts = cells[0].split(source.separator) if source.separator else cells
        stripped = [part.strip() for part in parts if part.strip()]
        return [source.recode.get(part, part) for part in stripped]


TYPE = Multiple()
