"""Texts of the pages, and the choice of language.

The texts are the catalogues in ``translations`` (``survey.core.texts`` reads them). One is asked
for as ``part.key``: ``text("base.sign_in", language)``, and in templates ``t("base.sign_in")``,
which escape it like any other text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, request

from survey.access import guard
from survey.core import languages, texts
from survey.core.languages import DEFAULT, LANGUAGES, RESPONDENT_LANGUAGES

COOKIE = "language"


def catalogue(part: str, language: str) -> Mapping[str, texts.Entry]:
    """All texts of a part in one language. Raises FileNotFoundError when there are none."""
    return texts.catalogue("web", part, language)


def text(name: str, language: str, **values: Any) -> str:
    """The text ``part.key`` with its values put in.

    Raises KeyError for a key that does not exist or a value that is missing: a page with a hole
    in it must not pass the tests.
    """
    part, _, key = name.partition(".")
    return texts.Texts("web", part, language)(key, **values)


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
            "language_name": languages.NAMES,
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
        base = languages.code_of(wanted.split("-")[0])
        if base in spoken:
            return base
    return DEFAULT
