"""What is wrong, in the reader's language, as markup.

Errors carry codes (``survey.core.errors``); their words are in ``survey/core/translations/faults``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Flask
from markupsafe import Markup, escape

from survey.core.errors import Fault, Message, SurveyError
from survey.web import catalogue


def told(fault: Fault, language: str, *, where: bool = True) -> Markup:
    """A fault as markup: where, what, and what to do about it.

    Without ``where`` it follows a field's label.
    """
    parts = [message.in_language(language) for message in (fault.message, fault.fix) if message]
    said = escape(" ".join(parts))
    if not where:
        return said
    place = fault.place(language)
    return _begin(Markup("{}: {}").format(place, said) if place else said)


def here(message: Message | Fault | SurveyError) -> Markup:
    """A message, a fault or a whole error in the language of this request (``| said``)."""
    language = catalogue.language()
    if isinstance(message, Fault):
        return told(message, language)
    if isinstance(message, SurveyError):
        lines = [here(message.message), *(told(fault, language) for fault in message.faults)]
        return Markup("<br>").join(lines)
    return escape(message.in_language(language))


def fields(
    faults: Iterable[Fault], labels: Mapping[str, str], prefix: str = "field-"
) -> list[tuple[str, Markup]]:
    """Faults of a form for the error summary: (id of the field or '', text with its label)."""
    language = catalogue.language()
    lines = []
    for fault in faults:
        label = labels.get(fault.field)
        if label is None:
            lines.append(("", told(fault, language)))
        else:
            said = told(fault, language, where=False)
            lines.append((prefix + fault.field, Markup("{}: {}").format(label, said)))
    return lines


def install(app: Flask) -> None:
    """Give templates the filter ``said``."""
    app.jinja_env.filters["said"] = here


def _begin(said: Markup) -> Markup:
    """A sentence begins with a capital; markup at its start is left alone."""
    return Markup(said[:1].upper()) + said[1:]  # noqa: S704  # one character of what was escaped
