"""Staff read every text before anybody else does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.release.moderation import queue, released_texts
from survey.study.waves import wave_by_ordinal
from tests.access.world import World, fresh

PAGE = "/stab/3999/undersokelse/kultur/maling/1/tekster"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


def first_form(world: World, client: FlaskClient) -> tuple[str, str]:
    """Address and text of the form on the page."""
    page = client.get(PAGE).get_data(as_text=True)
    action = re.search(r'action="([^"]+/tekster/[^"]+)"', page)
    text = re.search(r"<blockquote><p>([^<]*)</p>", page)
    assert action is not None
    assert text is not None
    return action.group(1), text.group(1)


def send(world: World, client: FlaskClient, **form: str) -> TestResponse:
    action, _ = first_form(world, client)
    return client.post(action, data={"csrf": world.csrf(client), **form})


def waiting(world: World) -> int:
    with world.parts.db.reading() as session:
        wave = world.journey.organisation_id
        found = world.journey.study

        return len(queue(session, wave, wave_by_ordinal(session, found, 1).id))


def test_a_released_text_is_shown_on_its_units_page_and_nothing_else_is(world: World) -> None:
    client = world.client("staff")
    before = waiting(world)
    assert before > 10
    _, text = first_form(world, client)
    answer = send(world, client, decision="release")
    assert answer.status_code == 303
    assert waiting(world) == before - 1
    with world.parts.db.reading() as session:
        wave = wave_by_ordinal(session, world.journey.study, 1)
        shown = [
            released_texts(session, wave.organisation_id, wave.id, code)
            for code in ("k", "nord", "n1", "n2", "s1")
        ]
    texts = [t for each in shown for found in each.comments.values() for t in found]
    words = [w for each in shown for found in each.words.values() for w, _ in found]
    assert texts + words == [text]
    code = next(
        unit
        for unit, each in zip(("k", "nord", "n1", "n2", "s1"), shown, strict=True)
        if each.comments or each.words
    )
    assert f"<li>{text}" in client.get(f"/enhet/3999/kultur/{code}").text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "field-decision"),
        ({"decision": "withhold"}, "field-reason"),
        ({"decision": "redact", "redacted": "", "reason": "navn"}, "field-redacted"),
        ({"decision": "redact", "redacted": "x" * 700, "reason": "navn"}, "field-redacted"),
    ],
)
def test_an_incomplete_decision_is_told_at_its_field_and_stores_nothing(
    world: World, form: dict[str, str], field: str
) -> None:
    client = world.client("staff")
    before = waiting(world)
    answer = send(world, client, **form)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert waiting(world) == before


def test_a_manager_cannot_read_what_waits(world: World) -> None:
    assert world.client("north").get(PAGE).status_code == 403


def test_a_wave_that_is_not_released_has_no_texts_to_read(world: World) -> None:
    assert world.client("staff").get(PAGE.replace("/1/", "/2/")).status_code == 404
