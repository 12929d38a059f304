"""All texts in all languages: one JSON catalogue per room, part and language.

``survey/<room>/translations/<part>/<language>.json`` maps keys to texts, and ``{name}`` marks a
value that is put in. Where the wording depends on a number the entry is an object of CLDR plural
categories (``{"one": "…", "other": "…"}``), and the value ``n`` chooses. All languages of a part
have the same keys in the same order with the same values (``tests/core/test_texts.py``). Texts
are plain: whatever shows them escapes them. docs/decisions/0008 says why it is done like this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from survey.core import languages

Entry = str | Mapping[str, str]
"""A text, or plural category → text."""


@cache
def catalogue(room: str, part: str, language: str) -> Mapping[str, Entry]:
    """Return all texts of a part in one language, key → entry.

    It is empty for a language of the respondents' frame that the part does not have. Raises
    FileNotFoundError where any other is missing.
    """
    file = resources.files(f"survey.{room}") / "translations" / part / f"{language}.json"
    try:
        entries: Mapping[str, Entry] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if language in languages.FRAME_ONLY:
            return {}
        raise
    return entries


class Texts:
    """The texts of one part of a room in one language; call it with a key to get a text."""

    def __init__(self, room: str, part: str, language: str) -> None:
        self.room, self.part, self.language = room, part, language

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text ``key`` with its values put in.

        A text that a language of the respondents' frame lacks is said in the nearest one. Raises
        KeyError for a key that does not exist and for a value that is missing.
        """
        entry, language = self._find(key)
        if not isinstance(entry, str):
            entry = entry[languages.locale(language).plural_form(values["n"])]
        return entry.format_map(values)

    def __contains__(self, key: str) -> bool:
        try:
            self._find(key)
        except KeyError:
            return False
        return True

    def _find(self, key: str) -> tuple[Entry, str]:
        """The entry and the language that it is in."""
        entries = catalogue(self.room, self.part, self.language)
        if key in entries or self.language in languages.LANGUAGES:
            return entries[key], self.language
        nearest = languages.instead(self.language)[0]
        return catalogue(self.room, self.part, nearest)[key], nearest
