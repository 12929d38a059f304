"""Texts of mails in nb, nn and en, from ``texts/<language>.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("nb", "nn", "en")
DEFAULT = "nb"

Say = Callable[..., str]
"""``say(key, name=value)``: the sentence of the key with its places filled."""


def of(language: str | None) -> Say:
    """The sentences of a language (bokmål for one that there is none of)."""
    table = catalogue(language if language in LANGUAGES else DEFAULT)

    def say(key: str, **values: Any) -> str:
        return table[key].format(**values) if values else table[key]

    return say


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every sentence of one language by its key."""
    path = resources.files("survey.mail") / "texts" / f"{language}.json"
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found
