"""Instrument ↔ plain JSON, in the shape of the file."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from survey.instrument.model import (
    DEFAULT_MINIMUM_ANSWERED,
    Comparable,
    Dimension,
    Instrument,
    Item,
    Option,
    Page,
    Question,
    Scale,
)

Plain = dict[str, Any]


def fraction(value: str | int | float | Fraction) -> Fraction:
    """Return ``"2/3"``, ``1`` or ``0.6`` exactly as it is written (0.6 is 3/5, not 0.59999…)."""
    return Fraction(str(value))


def instrument_from_dict(data: Mapping[str, Any]) -> Instrument:
    """Build an instrument from a checked document; see ``Instrument.from_dict``."""
    languages = tuple(data["languages"])
    dimensions = tuple(_dimension(each) for each in data["dimensions"])
    questions = tuple(_question(each) for each in data.get("questions", ()))
    index = data.get("index", {})
    if isinstance(index, list):
        index = {"dimensions": index}
    pages = tuple(_page(each) for each in data.get("pages", ()))
    return Instrument(
        id=data["id"],
        version=data["version"],
        languages=languages,
        title=dict(data.get("title") or dict.fromkeys(languages, data["id"])),
        scales={name: _scale(name, each) for name, each in data["scales"].items()},
        dimensions=dimensions,
        questions=questions,
        index=tuple(index.get("dimensions", [dimension.id for dimension in dimensions])),
        index_minimum_answered=fraction(index.get("minimum_answered", DEFAULT_MINIMUM_ANSWERED)),
        pages=pages or _default_pages(dimensions, questions),
        comparable_with=tuple(_comparable(each) for each in data.get("comparable_with", ())),
        introduction=_text(data.get("introduction")),
        source=data.get("source"),
        licence=data.get("licence"),
    )


def instrument_to_dict(instrument: Instrument) -> Plain:
    """Return the instrument as plain JSON; see ``Instrument.to_dict``."""
    plain: Plain = {
        "id": instrument.id,
        "version": instrument.version,
        "languages": list(instrument.languages),
        "title": dict(instrument.title),
        "introduction": _text(instrument.introduction),
        "source": instrument.source,
        "licence": instrument.licence,
        "scales": {name: _plain_scale(each) for name, each in instrument.scales.items()},
        "dimensions": [_plain_dimension(each) for each in instrument.dimensions],
        "questions": [_plain_question(each) for each in instrument.questions],
        "index": _without_empty(
            {
                "dimensions": list(instrument.index),
                "minimum_answered": _plain_share(instrument.index_minimum_answered),
            }
        ),
        "pages": [_plain_page(each) for each in instrument.pages],
        "comparable_with": [
            {"version": each.version, "items": dict(each.items)}
            for each in instrument.comparable_with
        ],
    }
    return _without_empty(plain)


def _default_pages(
    dimensions: tuple[Dimension, ...], questions: tuple[Question, ...]
) -> tuple[Page, ...]:
    """A page per dimension, then all questions on one."""
    pages = [Page(dimensions=(dimension.id,)) for dimension in dimensions]
    if questions:
        pages.append(Page(questions=tuple(question.id for question in questions)))
    return tuple(pages)


def _text(text: Mapping[str, str] | None) -> dict[str, str] | None:
    return dict(text) if text is not None else None


def _scale(name: str, data: Mapping[str, Any]) -> Scale:
    return Scale(
        id=name,
        minimum=data["min"],
        maximum=data["max"],
        labels={int(value): dict(text) for value, text in data["labels"].items()},
        not_applicable=_text(data.get("not_applicable")),
        type=data.get("type", "likert"),
    )


def _dimension(data: Mapping[str, Any]) -> Dimension:
    return Dimension(
        id=data["id"],
        title=dict(data["title"]),
        scale=data["scale"],
        items=tuple(
            Item(
                id=each["id"],
                text=dict(each["text"]),
                reverse=each.get("reverse", False),
                required=each.get("required", False),
            )
            for each in data["items"]
        ),
        description=_text(data.get("description")),
        minimum_answered=fraction(data.get("minimum_answered", DEFAULT_MINIMUM_ANSWERED)),
    )


def _question(data: Mapping[str, Any]) -> Question:
    return Question(
        id=data["id"],
        type=data["type"],
        text=dict(data["text"]),
        options=tuple(
            Option(
                id=each["id"],
                text=dict(each["text"]),
                exclusive=each.get("exclusive", False),
                role=each.get("role"),
            )
            for each in data.get("options", ())
        ),
        reference_period=data.get("reference_period"),
        required=data.get("required", False),
        purpose=data.get("purpose"),
    )


def _page(data: Mapping[str, Any]) -> Page:
    return Page(
        dimensions=tuple(data.get("dimensions", ())),
        questions=tuple(data.get("questions", ())),
        title=_text(data.get("title")),
    )


def _comparable(data: Mapping[str, Any]) -> Comparable:
    items = data["items"]
    same = items if isinstance(items, Mapping) else dict(zip(items, items, strict=True))
    return Comparable(version=data["version"], items=dict(same))


def _without_empty(data: Plain) -> Plain:
    """Drop None, False and empty lists: they are the defaults of the format."""
    return {k: v for k, v in data.items() if v is not None and v is not False and v != []}


def _plain_share(share: Fraction) -> str | None:
    return None if share == DEFAULT_MINIMUM_ANSWERED else str(share)


def _plain_scale(scale: Scale) -> Plain:
    return _without_empty(
        {
            "type": scale.type,
            "min": scale.minimum,
            "max": scale.maximum,
            "labels": {str(value): dict(text) for value, text in scale.labels.items()},
            "not_applicable": _text(scale.not_applicable),
        }
    )


def _plain_dimension(dimension: Dimension) -> Plain:
    return _without_empty(
        {
            "id": dimension.id,
            "title": dict(dimension.title),
            "description": _text(dimension.description),
            "scale": dimension.scale,
            "minimum_answered": _plain_share(dimension.minimum_answered),
            "items": [
                _without_empty(
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


def _plain_question(question: Question) -> Plain:
    return _without_empty(
        {
            "id": question.id,
            "type": question.type,
            "purpose": question.purpose,
            "text": dict(question.text),
            "options": [
                _without_empty(
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
        }
    )


def _plain_page(page: Page) -> Plain:
    return _without_empty(
        {
            "title": _text(page.title),
            "dimensions": list(page.dimensions),
            "questions": list(page.questions),
        }
    )
