"""Texts of the pages: parallel languages, nothing missing, nothing unused, the language chosen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Formatter

import pytest

import survey
from survey.web import catalogue
from tests.access.world import World

WEB = Path(survey.__path__[0]) / "web"
PARTS = sorted(each.name for each in (WEB / "translations").iterdir() if each.is_dir())

PARTLY = {"base"}
"""Parts of which a further language has only what respondents meet."""


def values(entry: catalogue.Text) -> set[str]:
    texts = [entry] if isinstance(entry, str) else list(entry.values())
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("part", PARTS)
def test_the_languages_of_a_part_are_parallel(part: str) -> None:
    first = catalogue.catalogue(part, catalogue.LANGUAGES[0])
    spoken = {each.stem for each in (WEB / "translations" / part).glob("*.json")}
    assert set(catalogue.LANGUAGES) <= spoken
    for language in spoken:
        other = catalogue.catalogue(part, language)
        partly = language not in catalogue.LANGUAGES and part in PARTLY
        expected = [name for name in first if name in other] if partly else list(first)
        assert list(other) == expected, language
        for name, entry in other.items():
            assert values(entry) == values(first[name]), f"{language} {name}"
            assert isinstance(entry, str) == isinstance(first[name], str), f"{language} {name}"
            texts = [entry] if isinstance(entry, str) else [entry["one"], entry["other"]]
            assert all(text.strip() for text in texts), f"{language} {name}"


@pytest.mark.parametrize("part", PARTS)
def test_no_name_stands_twice_in_a_catalogue(part: str) -> None:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names))
        return dict(pairs)

    for file in (WEB / "translations" / part).glob("*.json"):
        json.loads(file.read_text("utf-8"), object_pairs_hook=unique)


def test_every_text_that_a_template_names_exists() -> None:
    missing = []
    for file in (WEB / "templates").rglob("*.html"):
        for name in re.findall(
            r"""\bt\(\s*["']([a-z]+\.[a-z0-9_]+)["']\s*[,)]""", file.read_text()
        ):
            part, _, key = name.partition(".")
            if key not in catalogue.catalogue(part, "nb"):
                missing.append(f"{file.name}: {name}")
    assert missing == []


def test_a_further_language_has_every_text_of_the_frame_that_respondents_meet() -> None:
    frame = (WEB / "templates" / "layout.html").read_text()
    frame = re.sub(r"{% block (header_menu|footer) %}.*?{% endblock %}\n", "", frame, flags=re.S)
    for name in {
        *re.findall(r"\bt\([\"']base\.([a-z_]+)[\"']", frame),
        "error_404",
        "error_404_title",
    }:
        assert name in catalogue.catalogue("base", "se"), name
    assert catalogue.text("base.sign_in", "se") == catalogue.text("base.sign_in", "nb")


def test_sami_is_offered_to_respondents_only(world: World) -> None:
    client = world.client()
    assert lang(client.get("/kode?language=se")) == "se"
    assert lang(client.get("/takk")) == "se", "kept, as the other languages are"
    assert lang(client.get("/")) == "nb"
    assert "language=se" not in client.get("/").text
    assert lang(world.client().get("/kode", headers={"Accept-Language": "se-NO,nb;q=0.5"})) == "se"


def test_a_number_chooses_the_wording() -> None:
    assert catalogue.text("staff.units_now", "en", n=1) == "1 unit now"
    assert catalogue.text("staff.units_now", "en", n=2) == "2 units now"


def test_a_hole_in_a_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        catalogue.text("staff.units_now", "en")
    with pytest.raises(KeyError):
        catalogue.text("staff.no_such_text", "en")


def lang(answer: object) -> str:
    found = re.search(rb'<html lang="(\w+)"', answer.data)  # type: ignore[attr-defined]
    assert found is not None
    return found.group(1).decode()


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "nb"),
        ("nn-NO,nn;q=0.9,en;q=0.5", "nn"),
        ("no", "nb"),
        ("de,en-GB;q=0.7", "en"),
        ("fr", "nb"),
    ],
)
def test_the_browser_says_which_language_it_likes(
    world: World, accepted: str, expected: str
) -> None:
    assert lang(world.client().get("/", headers={"Accept-Language": accepted})) == expected


def test_a_chosen_language_is_kept(world: World) -> None:
    client = world.client()
    assert lang(client.get("/?language=nn")) == "nn"
    assert lang(client.get("/logg-inn", headers={"Accept-Language": "en"})) == "nn"
    assert lang(client.get("/?language=%3Cscript%3E")) == "nn"


def test_the_language_switch_keeps_the_rest_of_the_address(world: World) -> None:
    page = world.client().get("/logg-inn?next=/enhet&language=nn").text
    assert 'href="?next=%2Fenhet&amp;language=en"' in page
