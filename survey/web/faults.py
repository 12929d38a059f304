"""What is wrong, in the reader's language.

Errors are raised with English words (``survey.core.errors``), which programs read. For people each
English template has a translation in ``translations/faults``: a message is matched against the
templates, the most specific first, and its values are put into the translated one. Values that
are words themselves (a wave's state, a column's name) have entries of their own,
``placeholder=word``. What has no translation is shown in English and marked as English.
``tests/web/test_faults.py`` finds every template in the source and asks for its translation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from string import Formatter

from flask import Flask
from markupsafe import Markup, escape

from survey.core.errors import Fault
from survey.web import catalogue

PART = "faults"
_QUOTED = re.compile(r"""(?P<mark>['"])(?P<inside>.*)(?P=mark)""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence and the language that it is in."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Template:
    """One English template: how its messages look, and how much of them it fixes."""

    key: str
    pattern: re.Pattern[str]
    fixed: int


def sentence(message: str, language: str) -> Said:
    """One message in a language; in English when there is no translation."""
    found = _match(message)
    if found is None or language == "en":
        return Said(message, "en")
    template, values = found
    translated = catalogue.catalogue(PART, language)[template.key]
    assert isinstance(translated, str)  # noqa: S101  # entries of this part never depend on n
    spoken = {name: _value(name, value, language) for name, value in values.items()}
    return Said(translated.format_map(spoken), language)


def told(fault: Fault, language: str, *, where: bool = True) -> Markup:
    """A fault as markup: where, what, and what to do about it."""
    parts = [sentence(text, language) for text in (fault.what, fault.fix) if text]
    said = Markup(" ").join(_marked(part, language) for part in parts)
    if not where:
        return said  # it follows a field's label
    if not fault.where:
        return _begin(said)
    place = _value("where", fault.where, language)
    if place == fault.where and " " in place:  # one word is a name, in no language
        place = _marked(sentence(fault.where, language), language)
    return _begin(Markup("{}: {}").format(place, said))


def here(message: str | Fault) -> Markup:
    """A message or a fault in the language of this request, for templates (``| said``)."""
    spoken = catalogue.language()
    if isinstance(message, Fault):
        return told(message, spoken)
    lines = [_line(each.strip(), spoken) for each in message.splitlines()]
    return Markup("<br>").join(lines)


def _line(text: str, language: str) -> Markup:
    """A line of an error that was kept as text: a message, or a fault with its place."""
    if _match(text) is not None:
        return _marked(sentence(text, language), language)
    where, _, rest = text.partition(": ")
    if rest and (found := _two(rest)):
        return told(Fault(where, *found), language)
    found = _two(text)
    return told(Fault("", *found), language) if found else _marked(Said(text, "en"), language)


def _two(text: str) -> tuple[str, str] | None:
    """What is wrong and what to do about it, where both are known."""
    for end in (len(text), *(each.end() - 1 for each in re.finditer(r"[.?] ", text))):
        what, fix = text[:end], text[end:].strip()
        if _match(what) is not None and (not fix or _match(fix) is not None):
            return what, fix
    return None


def fields(
    faults: Iterable[Fault], labels: Mapping[str, str], prefix: str = "field-"
) -> list[tuple[str, Markup]]:
    """Faults of a form for the error summary: (id of the field or '', text with its label)."""
    spoken = catalogue.language()
    found = []
    for fault in faults:
        label = labels.get(fault.where)
        if label is None:
            found.append(("", told(fault, spoken)))
        else:
            said = told(fault, spoken, where=False)
            found.append((prefix + fault.where, Markup("{}: {}").format(label, said)))
    return found


def install(app: Flask) -> None:
    """Give templates the filter ``said``."""
    app.jinja_env.filters["said"] = here


def pattern_of(key: str) -> Template:
    """The template of an English key with ``{named}`` values."""
    expression, fixed = [], 0
    for literal, name, _, _ in Formatter().parse(key):
        expression.append(re.escape(literal))
        fixed += len(literal)
        if name is not None:
            expression.append(f"(?P<{name}>.+?)")
    return Template(key, re.compile("".join(expression), re.DOTALL), fixed)


@cache
def templates() -> tuple[Template, ...]:
    """Every template, the one that fixes most of a message first."""
    keys = catalogue.catalogue(PART, "en")
    found = [pattern_of(key) for key in keys if not re.match(r"\w+=", key)]
    return tuple(sorted(found, key=lambda each: (-each.fixed, each.key)))


@cache
def _plain() -> Mapping[str, Template]:
    return {each.key: each for each in templates() if not each.pattern.groups}


@cache
def _with_values() -> tuple[Template, ...]:
    return tuple(each for each in templates() if each.pattern.groups)


@lru_cache(maxsize=4096)
def _match(message: str) -> tuple[Template, Mapping[str, str]] | None:
    if (plain := _plain().get(message)) is not None:
        return plain, {}
    for template in _with_values():
        if match := template.pattern.fullmatch(message):
            return template, match.groupdict()
    return None


def _value(name: str, value: str, language: str) -> str:
    """A value as it stands in a translated sentence: known words translated, codes in «»."""
    word = catalogue.catalogue(PART, language).get(f"{name}={value}")
    if isinstance(word, str):
        return word
    quoted = _QUOTED.fullmatch(value)
    return f"«{quoted['inside']}»" if quoted else value


def _begin(said: Markup) -> Markup:
    """A sentence begins with a capital; markup at its start is left alone."""
    return Markup(said[:1].upper()) + said[1:]  # noqa: S704  # one character of what was escaped


def _marked(said: Said, language: str) -> Markup:
    """The sentence, with ``lang`` where it is not in the page's language."""
    if said.language == language:
        return escape(said.text)
    return Markup('<span lang="{}">{}</span>').format(said.language, said.text)
