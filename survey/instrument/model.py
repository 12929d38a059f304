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
from typing import Any

from survey.instrument.parts import (
    DEFAULT_MINIMUM_ANSWERED,
    Comparable,
    Dimension,
    Item,
    Page,
    Question,
    Scale,
    Text,
)
from survey.instrument.plain import (
    Plain,
    comparable_from,
    dimension_from,
    fraction,
    page_from,
    plain_dimension,
    plain_page,
    plain_question,
    plain_scale,
    plain_share,
    question_from,
    scale_from,
    text_from,
    without_empty,
)


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
        plain: Plain = {
            "id": self.id,
            "version": self.version,
            "languages": list(self.languages),
            "title": dict(self.title),
            "introduction": text_from(self.introduction),
            "source": self.source,
            "licence": self.licence,
            "scales": {name: plain_scale(scale) for name, scale in self.scales.items()},
            "dimensions": [plain_dimension(dimension) for dimension in self.dimensions],
            "questions": [plain_question(question) for question in self.questions],
            "index": without_empty(
                {
                    "dimensions": list(self.index),
                    "minimum_answered": plain_share(self.index_minimum_answered),
                }
            ),
            "pages": [plain_page(page) for page in self.pages],
            "comparable_with": [
                {"version": earlier.version, "items": dict(earlier.items)}
                for earlier in self.comparable_with
            ],
        }
        return without_empty(plain)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Instrument:
        """Build from the checked document of a file, or from what ``to_dict`` gave.

        Nothing is checked here beyond what Python needs (KeyError, TypeError, ValueError):
        files go through ``survey.instrument.check.load``.
        """
        languages = tuple(data["languages"])
        dimensions = tuple(map(dimension_from, data["dimensions"]))
        questions = tuple(map(question_from, data.get("questions", ())))
        index = data.get("index", {})
        if isinstance(index, list):
            index = {"dimensions": index}
        minimum_answered = index.get("minimum_answered", DEFAULT_MINIMUM_ANSWERED)
        pages = tuple(map(page_from, data.get("pages", ())))
        return cls(
            id=data["id"],
            version=data["version"],
            languages=languages,
            title=dict(data.get("title") or dict.fromkeys(languages, data["id"])),
            scales={name: scale_from(name, scale) for name, scale in data["scales"].items()},
            dimensions=dimensions,
            questions=questions,
            index=tuple(index.get("dimensions", [dimension.id for dimension in dimensions])),
            index_minimum_answered=fraction(minimum_answered),
            pages=pages or _default_pages(dimensions, questions),
            comparable_with=tuple(map(comparable_from, data.get("comparable_with", ()))),
            introduction=text_from(data.get("introduction")),
            source=data.get("source"),
            licence=data.get("licence"),
        )

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


def _default_pages(
    dimensions: tuple[Dimension, ...], questions: tuple[Question, ...]
) -> tuple[Page, ...]:
    """A page per dimension, then all questions on one."""
    pages = [Page(dimensions=(dimension.id,)) for dimension in dimensions]
    if questions:
        pages.append(Page(questions=tuple(question.id for question in questions)))
    return tuple(pages)
