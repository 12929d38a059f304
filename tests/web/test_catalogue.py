"""Texts of the pages: what templates name is there, and the language is the reader's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import survey
from survey.web import catalogue
from tests.access.world import World

WEB = Path(survey.__path__[0]) / "web"


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
