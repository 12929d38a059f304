"""The answer sheet: a fixed number of characters for each item and question, in a fixed order.

Items come first, one character each (``instrument.items``), dimension by dimension; then the
questions, type by type in the order of ``question_types.registry``, those of a type in the order
of the instrument. The role question and texts are not in the sheet: they are stored apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from survey.instrument.answers import is_unanswered
from survey.instrument.items import decode_item, encode_item, item_alphabet
from survey.instrument.model import Instrument
from survey.instrument.parts import Question
from survey.instrument.question_types.registry import TYPES, type_of
from survey.instrument.sheet import UNANSWERED


@dataclass(frozen=True, slots=True)
class Slot:
    """One position of the sheet.

    ``kind`` is "item" or the question's type, ``id`` the item's or question's id; ``alphabet``
    holds every character allowed here.
    """

    column: int
    kind: str
    id: str
    alphabet: str


class Layout:
    """Where each answer of an instrument stands in the sheet."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.slots: tuple[Slot, ...] = tuple(
            Slot(column, *rest) for column, rest in enumerate(_slots(instrument))
        )

    @property
    def width(self) -> int:
        """The number of characters of every sheet."""
        return len(self.slots)

    @cached_property
    def items(self) -> Mapping[str, int]:
        """Item id → column."""
        return {slot.id: slot.column for slot in self.slots if slot.kind == "item"}

    @cached_property
    def questions(self) -> Mapping[str, slice]:
        """Id of a question in the sheet → its columns, which follow upon each other."""
        columns: dict[str, slice] = {}
        for slot in self.slots:
            if slot.kind != "item":
                first = columns[slot.id].start if slot.id in columns else slot.column
                columns[slot.id] = slice(first, slot.column + 1)
        return columns

    def encode(self, answers: Mapping[str, Any]) -> str:
        """Return the sheet of answers that ``validate_answers`` found no fault in.

        None, '' and [] count as unanswered. Raises ValueError on a value or an id that cannot
        stand in the sheet, so that nothing wrong is ever stored.
        """
        items = dict(answers.get("items") or {})
        questions = dict(answers.get("questions") or {})
        known = {question.id for question in self.instrument.questions}
        if strangers := (items.keys() - self.items.keys()) | (questions.keys() - known):
            raise ValueError(f"not in the instrument: {', '.join(sorted(strangers))}")
        written = [
            encode_item(item_id, self.instrument.scale_of(item_id), items.get(item_id))
            for item_id in self.items
        ]
        for question_id, columns in self.questions.items():
            question, answer = self.instrument.question(question_id), questions.get(question_id)
            if is_unanswered(answer):
                written.append(UNANSWERED * (columns.stop - columns.start))
            else:
                written.append(type_of(question).encode(question, answer))
        return "".join(written)

    def decode(self, sheet: str) -> dict[str, dict[str, Any]]:
        """Return the plain answers in a sheet, answered ones only; ValueError when malformed."""
        if len(sheet) != self.width:
            raise ValueError(f"the sheet has {len(sheet)} characters, the layout {self.width}")
        for slot, character in zip(self.slots, sheet, strict=True):
            if character not in slot.alphabet:
                raise ValueError(f"column {slot.column} ({slot.id}) cannot hold {character!r}")
        items = {
            item_id: decode_item(self.instrument.scale_of(item_id), sheet[column])
            for item_id, column in self.items.items()
        }
        questions = {}
        for question_id, columns in self.questions.items():
            question = self.instrument.question(question_id)
            questions[question_id] = type_of(question).decode(question, sheet[columns])
        return {"items": _answered(items), "questions": _answered(questions)}


def _slots(instrument: Instrument) -> Iterator[tuple[str, str, str]]:
    """Kind, id and alphabet of every position."""
    for item_id in instrument.items:
        yield "item", item_id, item_alphabet(instrument.scale_of(item_id))
    for name, question_type in TYPES.items():
        for question in _in_sheet(instrument):
            if question.type == name:
                for alphabet in question_type.alphabets(question):
                    yield name, question.id, alphabet


def _in_sheet(instrument: Instrument) -> Iterator[Question]:
    return (question for question in instrument.questions if question.purpose != "role")


def _answered(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer for name, answer in answers.items() if answer is not None}
