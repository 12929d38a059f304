"""What an instrument is: frozen plain data, no ORM, no file, no HTTP.

``from_dict`` takes the shape of the checked file (docs/instrument-format.md) and fills in what may
be left out; ``to_dict`` gives it back as plain JSON. A wave and a release keep that JSON, so an
instrument reads the same years after its file is gone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

Text = Mapping[str, str]
"""The same text in several languages: language code → text, in the instrument's order."""

QuestionType = Literal["single", "multiple", "text", "words"]
Role = Literal["leader", "employee"]

QUESTION_TYPES: tuple[QuestionType, ...] = ("single", "multiple", "text", "words")
ROLES: tuple[Role, ...] = ("leader", "employee")
DEFAULT_MINIMUM_ANSWERED = Fraction(2, 3)

_FALLBACK: Mapping[str, tuple[str, ...]] = {
    "nb": ("nn", "en"),
    "nn": ("nb", "en"),
    "en": ("nb", "nn"),
    "se": ("nb", "nn", "en"),
}


def pick(text: Text, language: str) -> str:
    """Return ``text`` in ``language``, or in the nearest language there is ('' when there is none).

    The written Norwegian languages stand in for each other, and for Sámi, before English does; a
    language that is not known here falls back to English, then bokmål, then whatever comes first.
    """
    for candidate in (language, *_FALLBACK.get(language, ("en", "nb", "nn"))):
        if candidate in text:
            return text[candidate]
    return next(iter(text.values()), "")


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
    """Anything asked that is not an item. ``reference_period`` is an ISO 8601 duration."""

    id: str
    type: QuestionType
    text: Text
    options: tuple[Option, ...] = ()
    reference_period: str | None = None
    required: bool = False
    purpose: Literal["role"] | None = None

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


@dataclass(frozen=True)
class Instrument:
    """One immutable version of a questionnaire.

    ``index`` names the dimensions of the overall index (all of them unless the file says
    otherwise), ``pages`` covers every dimension and question exactly once.
    """

    id: str
    version: int
    languages: tuple[str, ...]
    title: Text
    scales: Mapping[str, Scale]
    dimensions: tuple[Dimension, ...]
    questions: tuple[Question, ...] = ()
    index: tuple[str, ...] = ()
    index_minimum_answered: Fraction = DEFAULT_MINIMUM_ANSWERED
    pages: tuple[Page, ...] = ()
    comparable_with: tuple[Comparable, ...] = ()
    introduction: Text | None = None
    source: str | None = None
    licence: str | None = None

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Every item by id, in the order of the questionnaire's dimensions."""
        return {item.id: item for dimension in self.dimensions for item in dimension.items}

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of ``to_dict``.

        Blank lines, comments and quoting in the file do not count; every word and number does.
        """
        canonical = json.dumps(
            self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def minimum_dimensions(self) -> int:
        """How many dimensions of the index a person needs: ⌈index_minimum_answered · D⌉."""
        return math.ceil(self.index_minimum_answered * len(self.index))

    @property
    def role_question(self) -> Question | None:
        """The question that asks for the respondent's role, if there is one."""
        return next((q for q in self.questions if q.purpose == "role"), None)

    def dimension(self, dimension_id: str) -> Dimension:
        """Return the dimension with this id; KeyError when there is none."""
        return self._dimensions[dimension_id]

    def dimension_of(self, item_id: str) -> Dimension:
        """Return the dimension that the item belongs to; KeyError when there is no such item."""
        return self._dimension_of[item_id]

    def scale_of(self, item_id: str) -> Scale:
        """Return the scale that the item is answered on; KeyError when there is no such item."""
        return self.scales[self._dimension_of[item_id].scale]

    def question(self, question_id: str) -> Question:
        """Return the question with this id; KeyError when there is none."""
        return self._questions[question_id]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON (new dicts and lists); ``from_dict`` gives an equal instrument.

        What is left at its default is left out, so that a later extension of the format does not
        change the digest of an old instrument.
        """
        from survey.instrument.plain import instrument_to_dict

        return instrument_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Instrument:
        """Build from the checked document of a file, or from what ``to_dict`` gave.

        Nothing is checked here beyond what Python needs (KeyError, TypeError, ValueError):
        files go through ``survey.instrument.check.load``.
        """
        from survey.instrument.plain import instrument_from_dict

        return instrument_from_dict(data)

    @cached_property
    def _dimensions(self) -> Mapping[str, Dimension]:
        return {dimension.id: dimension for dimension in self.dimensions}

    @cached_property
    def _dimension_of(self) -> Mapping[str, Dimension]:
        return {i: dimension for dimension in self.dimensions for i in _ids(dimension)}

    @cached_property
    def _questions(self) -> Mapping[str, Question]:
        return {question.id: question for question in self.questions}


def _ids(dimension: Dimension) -> Iterator[str]:
    return (item.id for item in dimension.items)
