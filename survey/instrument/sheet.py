"""The characters of an answer sheet: ``chr(48 + code)``."""

from __future__ import annotations

UNANSWERED = "0"
NOT_APPLICABLE = "?"
MAXIMUM_ORDINAL = 14
"""The fifteenth would read as "not applicable"."""


def character(ordinal: int) -> str:
    """Return the character of the option at this place, counted from 1; of 0: unanswered."""
    return chr(48 + ordinal)


def ordinal(character: str) -> int:
    """Return the place of the option that a character stands for, counted from 1."""
    return ord(character) - 48


def ordinals(count: int) -> str:
    """Return the characters of unanswered and of ``count`` options."""
    return "".join(character(number) for number in range(count + 1))
