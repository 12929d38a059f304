"""Every catalogue of every room: parallel languages, nothing missing, plural forms complete."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import survey
from survey.core.languages import FRAME_ONLY, LANGUAGES, NAMES, instead, plural_categories
from survey.core.texts import Entry, Texts, catalogue

PACKAGE = Path(survey.__path__[0])
PARTS = [
    (folder.parts[-3], folder.name)
    for folder in sorted(PACKAGE.glob("*/translations/*"))
    if folder.is_dir()
]
PARTLY = {("web", "base")}
"""Parts of which a language of the respondents' frame has only what respondents meet."""


def spoken(room: str, part: str) -> set[str]:
    return {file.stem for file in (PACKAGE / room / "translations" / part).iterdir()}


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def wordings(entry: Entry) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def all_values(entry: Entry) -> set[str]:
    return set().union(*(values(text) for text in wordings(entry)))


def test_pages_reports_letters_and_mails_have_catalogues() -> None:
    assert {("mail", "mails"), ("reports", "letters"), ("reports", "reports")} < set(PARTS)
    assert ("web", "base") in PARTS


@pytest.mark.parametrize(("room", "part"), PARTS)
def test_a_part_is_in_every_complete_language_and_in_no_unknown_one(room: str, part: str) -> None:
    assert set(LANGUAGES) <= spoken(room, part) <= set(NAMES)


@pytest.mark.parametrize(("room", "part"), PARTS)
def test_the_languages_of_a_part_have_the_same_keys_in_the_same_order(room: str, part: str) -> None:
    first = catalogue(room, part, LANGUAGES[0])
    for language in spoken(room, part):
        other = catalogue(room, part, language)
        partly = language in FRAME_ONLY and (room, part) in PARTLY
        expected = [key for key in first if key in other] if partly else list(first)
        assert list(other) == expected, language


@pytest.mark.parametrize(("room", "part"), PARTS)
def test_a_text_has_the_same_values_in_every_language_and_is_never_empty(
    room: str, part: str
) -> None:
    first = catalogue(room, part, LANGUAGES[0])
    for language in spoken(room, part):
        for key, entry in catalogue(room, part, language).items():
            assert all_values(entry) == all_values(first[key]), f"{language} {key}"
            assert all(text.strip() == text != "" for text in wordings(entry)), f"{language} {key}"


@pytest.mark.parametrize(("room", "part"), PARTS)
def test_what_depends_on_a_number_has_every_plural_form_of_its_language(
    room: str, part: str
) -> None:
    first = catalogue(room, part, LANGUAGES[0])
    for language in spoken(room, part):
        for key, entry in catalogue(room, part, language).items():
            assert isinstance(entry, str) == isinstance(first[key], str), f"{language} {key}"
            if not isinstance(entry, str):
                assert set(entry) == plural_categories(language), f"{language} {key}"
                for text in entry.values():  # only the number itself may be said in words
                    assert values(text) | {"n"} == all_values(entry) | {"n"}, f"{language} {key}"


@pytest.mark.parametrize(("room", "part"), PARTS)
def test_no_key_stands_twice_in_a_file(room: str, part: str) -> None:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys))
        return dict(pairs)

    for language in spoken(room, part):
        file = PACKAGE / room / "translations" / part / f"{language}.json"
        json.loads(file.read_text("utf-8"), object_pairs_hook=unique)


def asked(room: str, callers: set[str]) -> Iterator[tuple[str, str]]:
    """(module, key) of each text that a room's Python asks one of the callers for by its name."""
    for file in (PACKAGE / room).rglob("*.py"):
        source = file.read_text("utf-8")
        if re.search(r"from survey.core.errors import .*\bsay\b", source):
            continue  # there it says a fault; tests/core/test_errors.py looks at those
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            key = node.args[0]
            if name in callers and isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield file.name, key.value


def test_every_text_that_a_mail_names_exists() -> None:
    named = list(asked("mail", {"say"}))
    assert len(named) > 20
    assert [each for each in named if each[1] not in Texts("mail", "mails", "nb")] == []


def test_every_text_that_a_report_or_a_letter_names_exists() -> None:
    named = list(asked("reports", {"words", "self"}))
    for file in (PACKAGE / "reports" / "templates").iterdir():
        keys = re.findall(r"""\bw\(["']([a-z_0-9]+)["']""", file.read_text("utf-8"))
        named += [(file.name, key) for key in keys]
    assert len(named) > 100
    reports, letters = Texts("reports", "reports", "nb"), Texts("reports", "letters", "nb")
    missing = [each for each in named if each[1] not in reports and each[1] not in letters]
    assert missing == []


def test_every_text_that_a_view_names_exists() -> None:
    named = [each for each in asked("web", {"text", "_text", "t"}) if "." in each[1]]
    assert len(named) > 15
    missing = []
    for module, name in named:
        part, _, key = name.partition(".")
        if key not in Texts("web", part, "nb"):
            missing.append((module, name))
    assert missing == []


def test_a_number_chooses_the_wording() -> None:
    units = Texts("web", "staff", "en")
    assert units("units_now", n=1) == "1 unit now"
    assert units("units_now", n=2) == "2 units now"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", ["many", "a single one", "many", "many"]),
        ("nn", ["many", "a single one", "many", "many"]),
        ("en", ["many", "a single one", "many", "many"]),
        ("se", ["many", "a single one", "a pair", "many"]),
    ],
)
def test_sami_has_a_form_for_two(
    language: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = {"one": "a single one", "two": "a pair", "other": "many"}
    monkeypatch.setattr("survey.core.texts.catalogue", lambda *_: {"found": forms})
    texts = Texts("core", "invented", language)
    assert [texts("found", n=n) for n in (0, 1, 2, 3)] == said


def test_a_text_that_the_frame_lacks_is_said_in_the_nearest_language_with_its_plural() -> None:
    assert instead("se")[0] == "nb"
    assert Texts("web", "staff", "se")("units_now", n=2) == "2 enheter nå"
    assert "units_now" in Texts("web", "staff", "se")


@pytest.mark.parametrize("language", ["en", "se"])
def test_a_hole_in_a_text_is_an_error(language: str) -> None:
    texts = Texts("web", "staff", language)
    with pytest.raises(KeyError):
        texts("units_now")
    with pytest.raises(KeyError):
        texts("no_such_text")
    assert "no_such_text" not in texts


def test_a_language_without_a_catalogue_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Texts("web", "staff", "xx")("units_now", n=1)
