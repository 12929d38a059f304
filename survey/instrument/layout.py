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

from survey.instrument.model import Instrument, Scale

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

        None, '' and [] count as unanswered. Raises ValueError on a value that cannot stand in
        the sheet, so that nothing wrong is ever stored.
        """
        raise NotImplementedError

    def decode(self, sheet: str) -> dict[str, dict[str, Any]]:
        """Return the plain answers in a sheet, answered ones only; ValueError when malformed."""
        raise NotImplementedError


def _slots(instrument: Instrument) -> list[Slot]:
    raise NotImplementedError
