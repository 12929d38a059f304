"""The parts of an instrument: frozen plain data, no ORM, no file, no HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from survey.core.languages import nearest

Text = Mapping[str, str]
"""The same text in several languages: language code → text, in the instrument's order."""

Role = Literal["leader", "employee"]

ROLES: tuple[Role, ...] = ("leader", "employee")
DEFAULT_MINIMUM_ANSWERED = Fraction(2, 3)


def pick(text: Text, language: str) -> str:
    """Return ``text`` in ``language``, or in the nearest language there is ('' when there is none).

    The written Norwegian languages stand in for each other, and for Sámi, before English does; a
    language that is not known here falls back to English, then bokmål, then whatever comes first.
    """
    return text[nearest(language, text)] if text else ""


@dataclass(frozen=True, slots=True)
class Scale:
    """A response scale of consecutive integers ``minimum``..``maximum`` (2 to 11 options)."""

    id: str
    minimum: int
    maximum: int
    labels: Mapping[int, Text]
    not_applicable: Text | None = None
    type: Literal["likert"] = "likert"

    @property
    def values(self) -> range:
        """The values in ascending order."""
        return range(self.minimum, self.maximum + 1)

    @property
    def options(self) -> int:
        """How many values there are (``A`` in the formulas of agreement)."""
        return self.maximum - self.minimum + 1


@dataclass(frozen=True, slots=True)
class Item:
    """One statement, answered on its dimension's scale."""

    id: str
    text: Text
    reverse: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """Items that are scored together."""

    id: str
    title: Text
    scale: str
    items: tuple[Item, ...]
    description: Text | None = None
    minimum_answered: Fraction = DEFAULT_MINIMUM_ANSWERED

    @property
    def minimum_items(self) -> int:
        """How many items a person must have answered to get a score: ⌈minimum_answered · J⌉."""
        return math.ceil(self.minimum_answered * len(self.items))


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a single or multiple question.

    ``exclusive`` rules out every other choice of a multiple question; ``role`` is what the
    choice says about the respondent in the question whose purpose is ``role``.
    """

    id: str
    text: Text
    exclusive: bool = False
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Anything asked that is not an item. ``reference_period`` is an ISO 8601 duration.

    ``type`` names one of ``question_types.registry``; ``settings`` holds what only questions of
    that type have, as the file writes it.
    """

    id: str
    type: str
    text: Text
    options: tuple[Option, ...] = ()
    reference_period: str | None = None
    required: bool = False
    purpose: Literal["role"] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def option(self, option_id: str) -> Option:
        """Return the option with this id; KeyError when there is none."""
        for option in self.options:
            if option.id == option_id:
                return option
        raise KeyError(option_id)


@dataclass(frozen=True, slots=True)
class Page:
    """What stands together in the questionnaire: whole dimensions, then questions."""

    dimensions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Comparable:
    """An earlier version that this one may be compared with: item id here → item id there."""

    version: int
    items: Mapping[str, str]
