"""The sentences of reports and letters in one language, and what reports write by rules of their
own: hidden values, shares, bounds, intervals. Plain numbers, days and lists: ``core.formats``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from survey.core import formats
from survey.core.errors import NotFound, say
from survey.core.languages import LANGUAGES
from survey.core.texts import Texts
from survey.release.document import Bound, Score, Share


class Words(Texts):
    """Texts and formats of one language; ``part`` is ``reports`` or ``letters``.

    Raises ``NotFound`` for a language without texts.
    """

    def __init__(self, language: str, part: str = "reports") -> None:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise NotFound(say("are_no_report_texts_in_are", language=language, known=known))
        super().__init__("reports", part, language)

    @property
    def hidden(self) -> str:
        """The one marker of every hidden value."""
        return self("hidden")

    def decimal(self, value: float, places: int = 2) -> str:
        """Write a decimal number with the language's own sign."""
        return formats.decimal(value, self.language, places)

    def percent(self, value: int) -> str:
        """Write whole per cent."""
        return formats.percent(value, self.language)

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
        said = self("points", n=value)
        return self("at_least", value=said) if open_end else said

    def count(self, value: int) -> str:
        """Write how many, "none" for 0."""
        return str(value) if value else self("count_none")

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
        return formats.day(date.fromisoformat(iso), self.language) if iso else ""

    def listed(self, parts: Sequence[str]) -> str:
        """Write "a, b and c"."""
        return formats.listed(parts, self.language)

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
