"""The sentences of mails, from ``translations/mails`` (``survey.core.texts``)."""

from __future__ import annotations

from survey.core.languages import DEFAULT, LANGUAGES
from survey.core.texts import Texts


def of(language: str | None) -> Texts:
    """Return the sentences of a language (those of the first for one that there is none of)."""
    return Texts("mail", "mails", language if language in LANGUAGES else DEFAULT)
