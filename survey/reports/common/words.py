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

from survey.core.errors import NotFound
from survey.release.document import Bound, Score, Share

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

    def decimal(self, value: float, places: int = 2) -> str:
        """Write a decimal number with the language's own sign."""
        text = f"{value:.{places}f}".replace("-", MINUS)
        return text if self.language == "en" else text.replace(".", ",")

    def percent(self, value: int) -> str:
        """Write whole per cent."""
        return f"{value}%" if self.language == "en" else f"{value}{NBSP}%"

    def share(self, share: Share | None) -> str:
        """Write a share in the form that it is printed in, or the short marker when it is
        hidden."""
        if share is None:
            return self("hidden_short")
        if share.percent is None:
            return self(f"share_{share.form}")
        text = self.percent(share.percent)
        return self(f"share_{share.form}", value=text) if share.form else text

    def points(self, value: int, *, open_end: bool = False) -> str:
        """Write "12 points", "1 point", or "12 points or more" where the end is open."""
        said = self("points_one" if value == 1 else "points_many", n=value)
        return self("at_least", value=said) if open_end else said

    def count(self, value: int) -> str:
        """Write how many, "none" for 0."""
        return str(value) if value else self("count_none")

    def several(self, key: str, n: int, /, **values: Any) -> str:
        """Return ``key``'s text for one thing or for many: ``key_one`` or ``key_many``."""
        return self(f"{key}_{'one' if n == 1 else 'many'}", n=n, **values)

    def index(self, value: int | None, bound: Bound | None = None) -> str:
        """Write an index in whole points, "90 or more" where it is capped, or the short marker."""
        if value is None:
            return self("hidden_short")
        return self(bound, value=str(value)) if bound else str(value)

    def score(self, score: Score) -> str:
        """Write a score's index."""
        return self.index(score.index, score.bound)

    def interval(self, score: Score) -> str:
        """Write a score's interval, its end on the side of the bound open; "–" where there is
        none, and where both ends are open."""
        known = score.interval
        if known is None or score.bound == "open":
            return "–"
        if score.bound == "at_least":
            return self("at_least", value=str(known.low))
        if score.bound == "at_most":
            return self("at_most", value=str(known.high))
        return f"{known.low}–{known.high}"

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
