"""What can be wrong with one answer, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from survey.core.errors import Fault, Message, say

Kind = Literal[
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


class AnswerFault(Fault):
    """A fault of one answer; ``kind`` lets a page say it in the respondent's own words."""

    def __init__(
        self, kind: Kind, where: str, what: Message | str, fix: Message | str | None
    ) -> None:
        self.kind = kind
        super().__init__(where, what, fix)

    def below(self, part: str) -> AnswerFault:
        """Return the same fault with a path that begins at ``part``."""
        return AnswerFault(self.kind, f"{part}.{self.where}", self.message, self.fix)


def answer_fault(
    kind: Kind, where: str, what: Message | str, fix: Message | str | None = None
) -> AnswerFault:
    """Return the fault of the answer at this JSON path."""
    return AnswerFault(kind, where, what, fix)


def text_faults(where: str, text: str, maximum: int) -> Iterator[AnswerFault]:
    """Tell a text that is longer than ``maximum`` characters, or has one that no person types."""
    if len(text.strip()) > maximum:
        what = say("too_many_characters", count=len(text.strip()))
        yield answer_fault("too_long", where, what, say("shorten_it_to", maximum=maximum))
    if any(_unprintable(character) for character in text):
        yield answer_fault("character", where, "holds_control_character", "remove_it")


def json_type(value: object) -> Message:
    """Name a value's JSON type."""
    if value is None:
        return say("json_null")
    names = {
        bool: "json_boolean",
        int: "json_number",
        float: "json_decimal",
        str: "json_string",
        list: "json_list",
    }
    return say(
        next((name for kind, name in names.items() if isinstance(value, kind)), "json_object")
    )


def _unprintable(character: str) -> bool:
    """NUL breaks databases, a lone surrogate breaks UTF-8; line breaks and tabs are fine."""
    return (character < " " and character not in "\n\r\t") or "\ud800" <= character <= "\udfff"
