"""The answer sheet: one character per scale item, single question and option, in a fixed order.

========  =============================================================================
item      ``0`` unanswered, ``?`` not applicable, else ``chr(48 + ordinal)``, ordinal from 1
single    ``0`` unanswered, else ``chr(48 + ordinal of the option)``, ordinal from 1
option    of a multiple question: ``0`` question unanswered, ``1`` not ticked, ``2`` ticked
========  =============================================================================

Items come first (dimension by dimension), then single questions, then the options of multiple
questions, each in the order of the instrument. The role question, text and words are not in the
sheet: they are stored apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from survey.instrument.model import Instrument
from survey.instrument.parts import Scale

UNANSWERED = "0"
NOT_APPLICABLE = "?"
NOT_TICKED = "1"
TICKED = "2"
NA = "na"
"""How "not applicable" (vet ikke) is written in the plain answers."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One position of the sheet.

    ``id`` is the item's or question's id; ``option`` the option's id where kind is ``option``;
    ``scale`` is set for items; ``alphabet`` holds every character allowed here.
    """

    column: int
    kind: Literal["item", "single", "option"]
    id: str
    option: str | None
    scale: Scale | None
    alphabet: str


class Layout:
    """Where each answer of an instrument stands in the sheet."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.slots: tuple[Slot, ...] = tuple(_slots(instrument))

    @property
    def width(self) -> int:
        """The number of characters of every sheet."""
        return len(self.slots)

    @cached_property
    def items(self) -> Mapping[str, int]:
        """Item id → column."""
        return {slot.id: slot.column for slot in self.slots if slot.kind == "item"}

    @cached_property
    def singles(self) -> Mapping[str, int]:
        """Single question's id → column (not the role question)."""
        return {slot.id: slot.column for slot in self.slots if slot.kind == "single"}

    @cached_property
    def options(self) -> Mapping[str, Mapping[str, int]]:
        """Multiple question's id → option id → column."""
        columns: dict[str, dict[str, int]] = {}
        for slot in self.slots:
            if slot.kind == "option" and slot.option is not None:
                columns.setdefault(slot.id, {})[slot.option] = slot.column
        return columns

    def encode(self, answers: Mapping[str, Any]) -> str:
        """Return the sheet of answers that ``validate_answers`` found no fault in.

        None, '' and [] count as unanswered. Raises ValueError on a value or an id that cannot
        stand in the sheet, so that nothing wrong is ever stored.
        """
        items = dict(answers.get("items") or {})
        questions = dict(answers.get("questions") or {})
        sheet: list[str] = []
        for slot in self.slots:
            if slot.scale is not None:
                sheet.append(_item_character(slot, slot.scale, items.get(slot.id)))
            elif slot.kind == "single":
                sheet.append(self._single_character(slot, questions.get(slot.id)))
            else:
                sheet.append(self._option_character(slot, questions.get(slot.id)))
        known = {question.id for question in self.instrument.questions}
        if strangers := (items.keys() - self.items.keys()) | (questions.keys() - known):
            raise ValueError(f"not in the instrument: {', '.join(sorted(strangers))}")
        return "".join(sheet)

    def decode(self, sheet: str) -> dict[str, dict[str, Any]]:
        """Return the plain answers in a sheet, answered ones only; ValueError when malformed."""
        if len(sheet) != self.width:
            raise ValueError(f"the sheet has {len(sheet)} characters, the layout {self.width}")
        items: dict[str, Any] = {}
        questions: dict[str, Any] = {}
        for slot, character in zip(self.slots, sheet, strict=True):
            if character not in slot.alphabet:
                raise ValueError(f"column {slot.column} ({slot.id}) cannot hold {character!r}")
            if slot.kind == "option" or character == UNANSWERED:
                continue
            if slot.scale is None:
                question = self.instrument.question(slot.id)
                questions[slot.id] = question.options[_ordinal(character) - 1].id
            elif character == NOT_APPLICABLE:
                items[slot.id] = NA
            else:
                items[slot.id] = slot.scale.minimum + _ordinal(character) - 1
        for question_id, columns in self.options.items():
            ticks = "".join(sheet[column] for column in columns.values())
            if set(ticks) == {UNANSWERED}:
                continue
            if UNANSWERED in ticks or TICKED not in ticks:
                raise ValueError(f"{question_id} is half answered: {ticks}")
            questions[question_id] = [o for o, column in columns.items() if sheet[column] == TICKED]
        return {"items": items, "questions": questions}

    def _single_character(self, slot: Slot, answer: object) -> str:
        if not answer:
            return UNANSWERED
        ids = [option.id for option in self.instrument.question(slot.id).options]
        if answer not in ids:
            raise ValueError(f"{slot.id} has no option {answer!r}")
        return _character(ids.index(answer) + 1)

    def _option_character(self, slot: Slot, answer: object) -> str:
        if not answer:
            return UNANSWERED
        options = self.options[slot.id]
        if not isinstance(answer, list | tuple) or not all(
            isinstance(each, str) and each in options for each in answer
        ):
            raise ValueError(f"{slot.id} cannot be answered with {answer!r}")
        return TICKED if slot.option in answer else NOT_TICKED


def _slots(instrument: Instrument) -> list[Slot]:
    slots: list[Slot] = []
    for item_id in instrument.items:
        scale = instrument.scale_of(item_id)
        slots.append(Slot(len(slots), "item", item_id, None, scale, _item_alphabet(scale)))
    for question in instrument.questions:
        if question.type == "single" and question.purpose != "role":
            alphabet = _ordinals(len(question.options))
            slots.append(Slot(len(slots), "single", question.id, None, None, alphabet))
    for question in instrument.questions:
        if question.type == "multiple":
            slots += [
                Slot(len(slots) + i, "option", question.id, option.id, None, "012")
                for i, option in enumerate(question.options)
            ]
    return slots


def _item_alphabet(scale: Scale) -> str:
    return _ordinals(scale.options) + (NOT_APPLICABLE if scale.not_applicable is not None else "")


def _ordinals(count: int) -> str:
    return "".join(_character(ordinal) for ordinal in range(count + 1))


def _character(ordinal: int) -> str:
    return chr(48 + ordinal)


def _ordinal(character: str) -> int:
    return ord(character) - 48


def _item_character(slot: Slot, scale: Scale, answer: object) -> str:
    if answer is None or answer == "":
        return UNANSWERED
    if answer == NA and scale.not_applicable is not None:
        return NOT_APPLICABLE
    if type(answer) is not int or answer not in scale.values:
        raise ValueError(f"{slot.id} cannot be answered with {answer!r}")
    return _character(answer - scale.minimum + 1)
