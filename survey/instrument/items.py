"""An item's answer: an integer of its scale, or "na". In the sheet: one character.

``0`` unanswered, ``?`` not applicable, else ``chr(48 + ordinal)``, ordinal from 1.
"""

from __future__ import annotations

from typing import Any

from survey.core.errors import say
from survey.instrument.answer_faults import AnswerFault, answer_fault, json_type
from survey.instrument.parts import Item, Scale
from survey.instrument.sheet import NOT_APPLICABLE, UNANSWERED, character, ordinal, ordinals

NA = "na"
"""How "not applicable" (vet ikke) is written in the plain answers."""


def item_faults(item: Item, scale: Scale, answer: object) -> list[AnswerFault]:
    """Return what is wrong with any JSON as an answer to the item; [] when it is good."""
    where = f"items.{item.id}"
    if answer is None or answer == "":
        return [answer_fault("required", where, "must_be_answered")] if item.required else []
    allowed = say("send_integer", minimum=scale.minimum, maximum=scale.maximum)
    if scale.not_applicable is not None:
        if answer == NA:
            return []
        allowed = say("send_integer_or", minimum=scale.minimum, maximum=scale.maximum, other=NA)
    if type(answer) is not int:
        what = say("must_be_integer_not", json_type=json_type(answer))
        return [answer_fault("type", where, what, allowed)]
    if answer not in scale.values:
        return [answer_fault("off_scale", where, say("off_scale", answer=answer), allowed)]
    return []


def item_alphabet(scale: Scale) -> str:
    """Return every character that an item on this scale can have."""
    return ordinals(scale.options) + (NOT_APPLICABLE if scale.not_applicable is not None else "")


def encode_item(item_id: str, scale: Scale, answer: object) -> str:
    """Return the character of an answer; ValueError on one that cannot stand in the sheet."""
    if answer is None or answer == "":
        return UNANSWERED
    if answer == NA and scale.not_applicable is not None:
        return NOT_APPLICABLE
    if type(answer) is not int or answer not in scale.values:
        raise ValueError(f"{item_id} cannot be answered with {answer!r}")
    return character(answer - scale.minimum + 1)


def decode_item(scale: Scale, written: str) -> Any:
    """Return the answer that a character of the alphabet stands for; None when unanswered."""
    if written == UNANSWERED:
        return None
    return NA if written == NOT_APPLICABLE else scale.minimum + ordinal(written) - 1
