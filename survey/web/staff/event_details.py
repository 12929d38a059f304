"""What an event keeps besides who, what and when, in the words of the page's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from survey.core import local_time
from survey.web import catalogue
from survey.web.staff.api_keys import scope_text

SHOWN = 12
"""Characters of a digest, and things of a list: the file for a spreadsheet has all of them."""
LONGEST = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")


def told(details: Mapping[str, Any]) -> list[str]:
    """``name: value`` of everything that there is something to say about."""
    texts = {name: _value(name, value) for name, value in details.items() if value is not None}
    return [f"{_word('detail', name) or name}: {text}" for name, text in texts.items() if text]


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _word("value", "yes" if value else "no")
    if isinstance(value, Mapping):
        if name == "rows":
            return str(sum(value.values()))
        return _joined([f"{key} → {_one(name, item)}" for key, item in value.items()])
    if isinstance(value, list):
        return _joined([_one(name, item) for item in value])
    return _one(name, value)


def _one(name: str, value: Any) -> str:
    text = str(value)
    if name == "scopes":
        return scope_text(text)
    if _DIGEST.fullmatch(text):
        return f"{text[:SHOWN]}…"
    if _MOMENT.fullmatch(text):
        return local_time.format_local(datetime.fromisoformat(text), catalogue.language())
    word = _word("value", f"{name}_{re.sub(r'[^a-z0-9]', '_', text)}")
    return word or (text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _joined(texts: list[str]) -> str:
    more = len(texts) - SHOWN
    if more > 0:
        rest = catalogue.text("events.value_and_more", catalogue.language(), n=more)
        return f"{', '.join(texts[:SHOWN])} {rest}"
    return ", ".join(texts)


def _word(sort: str, name: str) -> str:
    """A word of the catalogue, or '' for what has none: a code, a number, what somebody wrote."""
    key, language = f"{sort}_{name}", catalogue.language()
    known = key in catalogue.catalogue("events", language)
    return catalogue.text(f"events.{key}", language) if known else ""
