"""The parts of an instrument ↔ plain JSON, in the shape of the file."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from survey.instrument.parts import (
    DEFAULT_MINIMUM_ANSWERED,
    Comparable,
    Dimension,
    Item,
    Option,
    Page,
    Question,
    Scale,
)

Plain = dict[str, Any]

QUESTION_KEYS = ("id", "type", "text", "options", "reference_period", "required", "purpose")
"""What every question may have; any other key is its type's own."""


def fraction(value: str | int | float | Fraction) -> Fraction:
    """Return ``"2/3"``, ``1`` or ``0.6`` exactly as it is written (0.6 is 3/5, not 0.59999…)."""
    return Fraction(str(value))


def text_from(text: Mapping[str, str] | None) -> dict[str, str] | None:
    """Copy a text; None stays None."""
    return dict(text) if text is not None else None


def scale_from(name: str, data: Mapping[str, Any]) -> Scale:
    """Build the scale of this name."""
    return Scale(
        id=name,
        minimum=data["min"],
        maximum=data["max"],
        labels={int(value): dict(text) for value, text in data["labels"].items()},
        not_applicable=text_from(data.get("not_applicable")),
        type=data.get("type", "likert"),
    )


def dimension_from(data: Mapping[str, Any]) -> Dimension:
    """Build a dimension with its items."""
    return Dimension(
        id=data["id"],
        title=dict(data["title"]),
        scale=data["scale"],
        items=tuple(
            Item(
                id=item["id"],
                text=dict(item["text"]),
                reverse=item.get("reverse", False),
                required=item.get("required", False),
            )
            for item in data["items"]
        ),
        description=text_from(data.get("description")),
        minimum_answered=fraction(data.get("minimum_answered", DEFAULT_MINIMUM_ANSWERED)),
    )


def question_from(data: Mapping[str, Any]) -> Question:
    """Build a question; keys that not every question may have become its ``settings``."""
    return Question(
        id=data["id"],
        type=data["type"],
        text=dict(data["text"]),
        options=tuple(
            Option(
                id=option["id"],
                text=dict(option["text"]),
                exclusive=option.get("exclusive", False),
                role=option.get("role"),
            )
            for option in data.get("options", ())
        ),
        reference_period=data.get("reference_period"),
        required=data.get("required", False),
        purpose=data.get("purpose"),
        settings={key: value for key, value in data.items() if key not in QUESTION_KEYS},
    )


def page_from(data: Mapping[str, Any]) -> Page:
    """Build a page."""
    return Page(
        dimensions=tuple(data.get("dimensions", ())),
        questions=tuple(data.get("questions", ())),
        title=text_from(data.get("title")),
    )


def comparable_from(data: Mapping[str, Any]) -> Comparable:
    """Build an entry of ``comparable_with``; a list of items means that they keep their ids."""
    items = data["items"]
    same = items if isinstance(items, Mapping) else dict(zip(items, items, strict=True))
    return Comparable(version=data["version"], items=dict(same))


def without_empty(data: Plain) -> Plain:
    """Drop None, False and empty lists: they are the defaults of the format."""
    return {k: v for k, v in data.items() if v is not None and v is not False and v != []}


def plain_share(share: Fraction) -> str | None:
    """Return ``"1/2"``; None for the default."""
    return None if share == DEFAULT_MINIMUM_ANSWERED else str(share)


def plain_scale(scale: Scale) -> Plain:
    """Return what ``scale_from`` takes."""
    return without_empty(
        {
            "type": scale.type,
            "min": scale.minimum,
            "max": scale.maximum,
            "labels": {str(value): dict(text) for value, text in scale.labels.items()},
            "not_applicable": text_from(scale.not_applicable),
        }
    )


def plain_dimension(dimension: Dimension) -> Plain:
    """Return what ``dimension_from`` takes."""
    return without_empty(
        {
            "id": dimension.id,
            "title": dict(dimension.title),
            "description": text_from(dimension.description),
            "scale": dimension.scale,
            "minimum_answered": plain_share(dimension.minimum_answered),
            "items": [
                without_empty(
                    {
                        "id": item.id,
                        "text": dict(item.text),
                        "reverse": item.reverse,
                        "required": item.required,
                    }
                )
                for item in dimension.items
            ],
        }
    )


def plain_question(question: Question) -> Plain:
    """Return what ``question_from`` takes."""
    return without_empty(
        {
            "id": question.id,
            "type": question.type,
            "purpose": question.purpose,
            "text": dict(question.text),
            "options": [
                without_empty(
                    {
                        "id": option.id,
                        "text": dict(option.text),
                        "exclusive": option.exclusive,
                        "role": option.role,
                    }
                )
                for option in question.options
            ],
            "reference_period": question.reference_period,
            "required": question.required,
            **question.settings,
        }
    )


def plain_page(page: Page) -> Plain:
    """Return what ``page_from`` takes."""
    return without_empty(
        {
            "title": text_from(page.title),
            "dimensions": list(page.dimensions),
            "questions": list(page.questions),
        }
    )
