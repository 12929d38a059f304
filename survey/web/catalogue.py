"""Texts of the pages: one JSON catalogue per part and language, and the choice of language.

``translations/<part>/<language>.json`` maps names to texts; ``{name}`` marks a value that is put
in. A text is asked for as ``part.name``: ``text("base.sign_in", language)``, and in templates
``t("base.sign_in")``. Where the wording depends on a number the entry is
``{"one": "…", "other": "…"}`` and the value ``n`` chooses. A part's catalogues have the same names,
in the same order, with the same values (``tests/web/test_catalogue.py``). Texts are plain: a
template escapes them like any other text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, request

from survey.access import guard

LANGUAGES = ("nb", "nn", "en")
"""Languages of the whole service; the first is the default. A part may have further ones."""

RESPONDENT_LANGUAGES = (*LANGUAGES, "se")
"""What the frame of the respondents' pages speaks. A text that a further language lacks is said in
the first one; ``docs/translations.md`` names what a native speaker has yet to read."""

LANGUAGE_NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English", "se": "Davvisámegiella"}
COOKIE = "language"

Text = str | Mapping[str, str]


@cache
def catalogue(part: str, language: str) -> Mapping[str, Text]:
    """All texts of a part in one language. Raises FileNotFoundError when there are none."""
    file = resources.files("survey.web") / "translations" / part / f"{language}.json"
    entries: Mapping[str, Text] = json.loads(file.read_text("utf-8"))
    return entries


def text(name: str, language: str, **values: Any) -> str:
    """The text ``part.name`` with its values put in.

    Raises KeyError for a name that does not exist or a value that is missing: a page with a hole
    in it must not pass the tests.
    """
    part, _, key = name.partition(".")
    entry = _entry(part, key, language)
    if not isinstance(entry, str):
        entry = entry["one" if values["n"] == 1 else "other"]
    return entry.format_map(values)


def _entry(part: str, key: str, language: str) -> Text:
    try:
        return catalogue(part, language)[key]
    except (FileNotFoundError, KeyError):
        if language in LANGUAGES:
            raise
        return catalogue(part, LANGUAGES[0])[key]


def offered() -> tuple[str, ...]:
    """The languages that the page asked for can be shown in."""
    if request.endpoint is not None and request.url_rule is not None:
        rule = guard.rule_of(current_app, request.endpoint, request.method)
        if rule is not None and rule.kind == "respondent":
            return RESPONDENT_LANGUAGES
    return LANGUAGES


def language() -> str:
    """The language of this request, one of ``offered()``.

    The address's ``?language=`` comes first, then what was chosen before, then the signed-in
    person's own, then what the browser prefers.
    """
    if "language" not in g:
        g.language = _choose()
    return str(g.language)


def install(app: Flask) -> None:
    """Give every template ``t``, ``language``, ``languages`` and ``language_name``."""

    @app.context_processor
    def names() -> dict[str, Any]:
        return {
            "t": translator(language()),
            "language": language(),
            "languages": offered(),
            "language_name": LANGUAGE_NAMES,
            "language_address": language_address,
        }

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get("language") in offered():
            response.set_cookie(
                COOKIE,
                language(),
                max_age=365 * 24 * 3600,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
            )
        return response


def translator(chosen: str) -> Callable[..., str]:
    """``t`` for one language."""

    def t(name: str, /, **values: Any) -> str:
        return text(name, chosen, **values)

    return t


def language_address(chosen: str) -> str:
    """The address of the page shown now, in another language.

    What no page of ours asked for is not repeated: somebody may have put a code there.
    """
    kept = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if request.url_rule is not None and name not in ("language", "code")
    ]
    return "?" + urlencode([*kept, ("language", chosen)])


def _choose() -> str:
    spoken = offered()
    for asked in (request.args.get("language"), request.cookies.get(COOKIE)):
        if asked in spoken:
            return str(asked)
    if not request.path.startswith("/api/"):
        who = guard.visitor()
        if who is not None and who.language in LANGUAGES:
            return who.language
    for wanted, _ in request.accept_languages:
        base = wanted.lower().split("-")[0]
        if base in spoken:
            return base
        if base == "no":
            return "nb"
    return LANGUAGES[0]
