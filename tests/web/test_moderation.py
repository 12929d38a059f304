"""Staff read every text before anybody else does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.release.moderation import queue, released_texts
from survey.study.find import find_wave
from tests.access.world import World, fresh

PAGE = "/stab/3999/undersokelse/kultur/maling/1/tekster"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


def ids(world: World, client: FlaskClient) -> list[str]:
    """The texts that stand on the page."""
    return re.findall(r'name="texts" value="([^"]+)"', client.get(PAGE).text)


def first_form(world: World, client: FlaskClient) -> tuple[str, str]:
    """Address and text of the first text's own page."""
    address = f"{PAGE}/{ids(world, client)[0]}"
    text = re.search(r"<blockquote><p>([^<]*)</p>", client.get(address).text)
    assert text is not None
    return address, text.group(1)


def send(world: World, client: FlaskClient, **form: str) -> TestResponse:
    action, _ = first_form(world, client)
    return client.post(action, data={"csrf": world.csrf(client), **form})


def waiting(world: World) -> int:
    with world.parts.db.reading() as session:
        wave = world.journey.organisation_id
        found = world.journey.study

        return len(queue(session, wave, find_wave(session, found, 1).id))


def test_a_released_text_is_shown_on_its_units_page_and_nothing_else_is(world: World) -> None:
    client = world.client("staff")
    before = waiting(world)
    assert before > 10
    _, text = first_form(world, client)
    answer = send(world, client, decision="release")
    assert answer.status_code == 303
    assert waiting(world) == before - 1
    with world.parts.db.reading() as session:
        wave = find_wave(session, world.journey.study, 1)
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
        ({}, "f-decision"),
        ({"decision": "withhold"}, "f-reason"),
        ({"decision": "redact", "redacted": "", "reason": "navn"}, "f-redacted"),
        ({"decision": "redact", "redacted": "x" * 700, "reason": "navn"}, "f-redacted"),
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


def test_several_texts_are_decided_together_with_one_reason(world: World) -> None:
    client = world.client("staff")
    before, chosen = waiting(world), ids(world, client)[:3]
    sent = {"csrf": world.csrf(client), "texts": chosen, "decision": "withhold"}
    refused = client.post(PAGE, data=sent)
    assert refused.status_code == 422
    assert 'href="#f-reason"' in refused.text
    assert refused.text.count(" checked") >= 3
    assert waiting(world) == before
    assert client.post(PAGE, data={**sent, "reason": "Peker ut noen."}).status_code == 303
    assert waiting(world) == before - 3
    shown = client.get(f"{PAGE}?tilstand=withheld").text
    assert shown.count("Peker ut noen.") == 3
    assert client.post(PAGE, data={**sent, "reason": "x"}).status_code == 409


def test_all_that_is_missing_is_told_at_once(world: World) -> None:
    client = world.client("staff")
    refused = client.post(PAGE, data={"csrf": world.csrf(client)})
    assert refused.status_code == 422
    assert 'href="#f-texts"' in refused.text
    assert 'href="#f-decision"' in refused.text


def test_texts_are_filtered_by_unit_and_question(world: World) -> None:
    client = world.client("staff")
    page = client.get(PAGE).text
    units = re.findall(
        r'<option value="([^"]+)"', page.split('id="f-enhet"')[1].split("</select>")[0]
    )
    of_each = []
    for unit in units:
        found = re.search(r"(\d+) tekst(er)? venter", client.get(f"{PAGE}?enhet={unit}").text)
        assert found is not None
        of_each.append(int(found.group(1)))
    assert len(units) > 1
    assert sum(of_each) == waiting(world)
    assert "Ingen tekster passer" in client.get(f"{PAGE}?sporsmal=finnes-ikke").text


def test_a_redaction_is_looked_at_before_it_is_stored_and_a_text_can_be_skipped(
    world: World,
) -> None:
    client = world.client("staff")
    before = waiting(world)
    address, _ = first_form(world, client)
    looked = client.post(
        address, data={"csrf": world.csrf(client), "look": "1", "redacted": "Mer […]"}
    )
    assert "<blockquote><p>Mer […]</p></blockquote>" in looked.text
    assert waiting(world) == before
    skip = re.search(r'href="([^"]+)">Hopp over', client.get(address).text)
    assert skip is not None
    assert skip.group(1) != address
    answer = send(world, client, decision="redact", redacted="Mer […]", reason="sted")
    assert answer.status_code == 303
    assert answer.location.startswith(PAGE + "/")


def test_a_text_of_another_wave_is_not_found_here(world: World) -> None:
    client = world.client("staff")
    address, _ = first_form(world, client)
    assert client.get(address.replace("/1/", "/2/")).status_code == 404


def test_a_manager_cannot_read_what_waits(world: World) -> None:
    assert world.client("north").get(PAGE).status_code == 403


def test_a_wave_that_is_not_released_has_no_texts_to_read(world: World) -> None:
    assert world.client("staff").get(PAGE.replace("/1/", "/2/")).status_code == 404
