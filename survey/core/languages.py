"""The languages of the service, each in one row of ``KNOWN``.

Adding a language: its row here, and a file beside the others of every catalogue
(``survey.core.texts``); ``tests/core/test_texts.py`` names what is still missing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from babel import Locale


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its ISO 639-1 ``code``, as addresses, catalogues and the database have it.

    ``name`` is written in the language itself; ``region`` completes the code to a CLDR locale.
    ``instead`` is what its readers read where a text is not in it, the nearest first. ``also`` are
    other words that people and browsers use for it. Only what respondents meet is in a language
    that is not ``complete``.
    """

    code: str
    name: str
    region: str
    instead: tuple[str, ...]
    also: tuple[str, ...] = ()
    complete: bool = True


KNOWN = (
    Language("nb", "Bokmål", "NO", ("nn", "en"), ("no", "bm")),
    Language("nn", "Nynorsk", "NO", ("nb", "en")),
    Language("en", "English", "GB", ("nb", "nn"), ("engelsk",)),
    Language("se", "Davvisámegiella", "NO", ("nb", "nn", "en"), complete=False),
)
"""Every language; the first is the default. Who reads one of the written Norwegian languages, or
Sámi, reads the other Norwegian ones before English."""

LANGUAGES = tuple(language.code for language in KNOWN if language.complete)
"""Languages of all pages, reports, letters and mails."""

RESPONDENT_LANGUAGES = tuple(language.code for language in KNOWN)
"""What the frame of the respondents' pages speaks. A text that a language lacks is said in the
nearest one; ``docs/translations.md`` names what a native speaker has yet to read."""

FRAME_ONLY = tuple(language.code for language in KNOWN if not language.complete)
DEFAULT = LANGUAGES[0]
NAMES = {language.code: language.name for language in KNOWN}
"""Code → the language's name in the language itself."""

_BY_CODE = {language.code: language for language in KNOWN}
_INSTEAD_OF_UNKNOWN = ("en", "nb", "nn")


def instead(language: str) -> tuple[str, ...]:
    """Return what is read instead of a language, the nearest first."""
    known = _BY_CODE.get(language)
    return known.instead if known else _INSTEAD_OF_UNKNOWN


def nearest(language: str, spoken: Collection[str]) -> str:
    """Return ``language`` when it is spoken, else what its readers read instead, else the first.

    Raises ValueError when nothing is spoken.
    """
    for candidate in (language, *instead(language)):
        if candidate in spoken:
            return candidate
    for first in spoken:
        return first
    raise ValueError("There is no language to choose from.")


def code_of(word: str) -> str:
    """Return the code of a language that people call ``word``; ``word`` itself for all others."""
    return _words().get(word.casefold(), word)


@cache
def _words() -> dict[str, str]:
    return {
        word.casefold(): language.code
        for language in KNOWN
        for word in (language.code, language.name, *language.also)
    }


@cache
def locale(language: str) -> Locale:
    """Return what CLDR knows of a language. Raises KeyError for a language that is not known."""
    return Locale(language, _BY_CODE[language].region)


def plural_categories(language: str) -> frozenset[str]:
    """Return the CLDR categories that a language's numbers fall into, such as one and other."""
    return frozenset(locale(language).plural_form.tags | {"other"})
