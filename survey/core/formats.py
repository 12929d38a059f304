"""How each language writes numbers, days, times and lists: CLDR says it, through Babel.

Pages, reports, letters and mails all ask here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_percent, get_decimal_symbol

from survey.core.languages import locale
from survey.core.texts import Texts

MINUS = "\u2212"
ZONE = ZoneInfo("Europe/Oslo")
"""Where people live who are told a time."""


def decimal(value: float, language: str, places: int = 2) -> str:
    """Write a decimal number with the language's own sign, and a real minus."""
    text = f"{value:.{places}f}".replace("-", MINUS)
    return text.replace(".", get_decimal_symbol(locale(language)))


def percent(value: int, language: str) -> str:
    """Write whole per cent: "45 %" with a space that does not break, "45%" in English."""
    return format_percent(Decimal(value) / 100, locale=locale(language))


def day(value: date, language: str) -> str:
    """Write a day in words: "2. mars 2026"."""
    return format_date(value, "long", locale=locale(language))


def listed(parts: Sequence[str], language: str) -> str:
    """Write "a, b and c"; '' for nothing."""
    return format_list(parts, locale=locale(language))


def moment(local: datetime, language: str) -> str:
    """Write a local time: "01.03.2027 kl. 08:00", "1 March 2027, 08:00"."""
    said = Texts("core", "formats", language)
    written = format_date(local, said("day_pattern"), locale=locale(language))
    return said("moment", day=written, time=f"{local:%H:%M}")
