"""What can be wrong with one answer, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from survey.core.errors import Fault

Code = Literal[
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


@dataclass(frozen=True, slots=True)
class AnswerFault(Fault):
    """A fault of one answer; ``code`` lets a page say it in the respondent's own language."""

    code: Code = "type"


def answer_fault(code: Code, where: str, what: str, fix: str = "") -> AnswerFault:
    """Return the fault of the answer at this JSON path; ``what`` comes without its full stop."""
    return AnswerFault(where, f"{what}.", fix, code)


def text_faults(where: str, text: str, maximum: int) -> Iterator[AnswerFault]:
    """Tell a text that is longer than ``maximum`` characters, or has one that no person types."""
    if len(text.strip()) > maximum:
        what = f"has {len(text.strip())} characters"
        yield answer_fault("too_long", where, what, f"Shorten it to {maximum}.")
    if any(_unprintable(character) for character in text):
        yield answer_fault("character", where, "holds a control character", "Remove it.")


def json_type(value: object) -> str:
    """Name a value's JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {int: "a number", float: "a decimal number", str: "a string", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "an object")


def _unprintable(character: str) -> bool:
    """NUL breaks databases, a lone surrogate breaks UTF-8; line breaks and tabs are fine."""
    return (character < " " and character not in "\n\r\t") or "\ud800" <= character <= "\udfff"
