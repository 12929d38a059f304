"""The texts of reports in one language, and how numbers and days are written in it.

Catalogues are YAML, one per language with the same keys and placeholders (a test holds them
parallel); see docs/decisions for why they are not gettext.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from survey.errors import NotFound
from survey.release.document import Bound, Score

LANGUAGES = ("nb", "nn", "en")
NBSP = "\u00a0"
MINUS = "\u2212"


@cache
def catalogue(language: str, name: str = "texts") -> Mapping[str, str]:
    """Return key → text of one language, of the catalogue ``texts`` (reports) or ``letters``.

    Raises ``NotFound`` for a language without texts.
    """
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise NotFound(f"There are no report texts in {language!r}; there are: {known}.")
    text = files("survey.reports").joinpath("static", f"{name}-{language}.yaml").read_text("utf-8")
    loaded: dict[str, str] = yaml.safe_load(text)
    return loaded


class Words:
    """Texts and formats of one language."""

    def __init__(self, language: str, name: str = "texts") -> None:
        self.language = language
        self._texts = catalogue(language, name)

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text ``key`` with its placeholders filled in; KeyError when there is none."""
        return self._texts[key].format_map(values)

    @property
    def hidden(self) -> str:
        """The one marker of every hidden value."""
        return self("hidden")

    def number(self, value: int) -> str:
        """Write a whole number with a real minus sign."""
        return f"{MINUS}{-value}" if value < 0 else str(value)

    def decimal(self, value: float, places: int = 2) -> str:
        """Write a decimal number with the language's own sign."""
        text = f"{value:.{places}f}".replace("-", MINUS)
        return text if self.language == "en" else text.replace(".", ",")

    def percent(self, value: int | None, at_least: bool = False, *, at_most: bool = False) -> str:
        """Write whole per cent, with the bound that it stands for, or the short marker when it is
        hidden."""
        if value is None:
            return self("hidden_short")
        text = f"{value}%" if self.language == "en" else f"{value}{NBSP}%"
        if at_most:
            return self("at_most", value=text)
        return self("at_least", value=text) if at_least else text

    def index(self, value: int | None, bound: Bound | None = None) -> str:
        """Write an index in whole points, "at least 95" where it is capped, or the
        short marker."""
        if value is None:
            return self("hidden_short")
        return self(bound, value=str(value)) if bound else str(value)

    def score(self, score: Score) -> str:
        """Write a score's index."""
        return self.index(score.index, score.bound)

    def day(self, iso: str) -> str:
        """Write an ISO day in words; '' stays ''."""
        from babel.dates import format_date

        locale = {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}[self.language]
        return format_date(date.fromisoformat(iso), "long", locale=locale) if iso else ""

    def listed(self, parts: Sequence[str]) -> str:
        """Write "a, b and c"."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self('and')} {parts[-1]}"

    def inside(self, title: str) -> str:
        """Return a title as it stands inside a sentence: first letter small, unless the word is
        an abbreviation."""
        if len(title) < 2:
            return title
        first = title.split(" ", 1)[0]
        return title if first[1:] != first[1:].lower() else title[:1].lower() + title[1:]

    def period(self, iso: str) -> str:
        """Write an ISO 8601 duration of years, months, weeks or days, such as P18M."""
        unit = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}.get(iso[-1:], "")
        amount = iso[1:-1]
        return self(unit, n=amount) if unit and amount.isdigit() else iso
