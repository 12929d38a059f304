"""What innovation staff do: import units, open and close waves, have reports made."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.audit import log
from survey.background import task_handlers
from survey.core.errors import SurveyError, say
from survey.jobs import execution, tasks
from survey.organisation.units import tree
from survey.study.models import Wave
from survey.study.waves import create_wave
from tests.access.world import World, fresh
from tests.release.journey import CSV
from tests.study.counting import count_answers

WAVE = "/stab/3999/undersokelse/kultur/maling"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of this test's own: these tests change it."""
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


def upload(world: World, client: FlaskClient, content: bytes) -> TestResponse:
    sent = {"csrf": world.csrf(client), "file": (io.BytesIO(content), "enheter.csv")}
    return client.post("/stab/3999/enheter/forhandsvis", data=sent)


def names(world: World) -> dict[str, str]:
    with world.parts.db.reading() as session:
        return {unit.code: unit.name for unit in tree(session, world.journey.organisation_id)}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found.group(1)


def run_tasks(world: World) -> None:
    """Do what the worker would."""
    works = task_handlers.works(world.parts)
    while True:
        with world.parts.db.transaction() as session:
            claimed = tasks.claim(session)
        if claimed is None:
            return
        execution.carry_out(world.parts.db, works, claimed)


def test_a_file_is_looked_at_first_and_carried_out_then(world: World) -> None:
    client = world.client("staff")
    before = names(world)
    changed = CSV.replace("Fjellheim skole", "Fjellheim oppvekstsenter") + "s3;Nye Haug;sor;;9\n"
    shown = upload(world, client, changed.encode())
    assert shown.status_code == 200
    assert "Fjellheim oppvekstsenter" in shown.text
    assert "Nye Haug" in shown.text
    assert names(world) == before
    sent = {
        "csrf": world.csrf(client),
        "content": hidden(shown.text, "content"),
        "digest": hidden(shown.text, "digest"),
    }
    assert client.post("/stab/3999/enheter/innfor", data=sent).status_code == 303
    assert names(world)["s3"] == "Nye Haug"
    assert client.post("/stab/3999/enheter/innfor", data=sent).status_code == 409
    with world.parts.db.reading() as session:
        last = log.events(session, world.journey.organisation_id, limit=1)[0]
    assert (last.action, last.actor) == (
        "organisation.imported",
        f"person:{world.people['staff'].id}",
    )


def test_something_else_than_was_shown_is_not_carried_out(world: World) -> None:
    client = world.client("staff")
    shown = upload(world, client, CSV.replace("Lia", "Li").encode()).text
    other = upload(world, client, CSV.replace("Lia", "Lo").encode()).text
    sent = {
        "csrf": world.csrf(client),
        "content": hidden(other, "content"),
        "digest": hidden(shown, "digest"),
    }
    assert client.post("/stab/3999/enheter/innfor", data=sent).status_code == 409
    assert names(world)["n3"] == "Lia bofellesskap"


def test_a_wrong_file_is_told_with_every_fault_and_changes_nothing(world: World) -> None:
    client = world.client("staff")
    wrong = "code;name;parent code;headcount\nk;Kommunen;;0\nx;;k;-4\ny;Y;nowhere;1\n"
    answer = upload(world, client, wrong.encode())
    assert answer.status_code == 422
    assert len(re.findall(r"<li[^>]*>[Rr]ad ", answer.text)) >= 3
    assert 'href="#file"' in answer.text
    assert "x" not in names(world)


def test_markup_in_a_file_stays_text(world: World) -> None:
    client = world.client("staff")
    nasty = CSV.replace("Lia bofellesskap", "<script>alert(1)</script>")
    page = upload(world, client, nasty.encode()).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_no_file_is_told_beside_the_field(world: World) -> None:
    answer = upload(world, world.client("staff"), b"")
    assert answer.status_code == 422
    assert 'href="#file"' in answer.text


def test_a_wave_is_opened_by_staff_after_they_were_told_what_it_means(world: World) -> None:
    client = world.client("staff")
    run_tasks(world)
    with world.parts.db.transaction() as session:
        wave = create_wave(session, world.journey.study, phase="after")
    # One wave at a time: the second must be closed first.
    sent = {"csrf": world.csrf(client)}
    assert client.post(f"{WAVE}/{wave.ordinal}/apne", data=sent).status_code == 409
    assert client.post(f"{WAVE}/2/lukk", data=sent).status_code == 303
    run_tasks(world)
    page = client.get(f"{WAVE}/{wave.ordinal}/apne").text
    assert "låses" in page
    assert "Ingen er invitert ennå" in page
    assert "Nøkkelen får ingen kopi" in page
    assert "Den har ingen kopi. Blir den borte" in page
    assert client.post(f"{WAVE}/{wave.ordinal}/apne", data=sent).status_code == 303
    with world.parts.db.reading() as session:
        key = (wave.organisation_id, wave.id)
        assert session.get_one(Wave, key).state == "open"


def test_closing_is_work_for_the_worker_and_ends_in_results(world: World) -> None:
    client = world.client("staff")
    sent = {"csrf": world.csrf(client)}
    first = client.post(f"{WAVE}/2/lukk", data=sent)
    again = client.post(f"{WAVE}/2/lukk", data=sent)
    assert first.location == again.location
    assert "venter på tur" in client.get(first.location).text
    run_tasks(world)
    assert "ferdig" in client.get(first.location).text
    page = client.get(f"{WAVE}/2").text
    assert "Resultater per enhet" in page
    assert client.post(f"{WAVE}/2/lukk", data=sent).status_code == 409
    assert client.get("/enhet/3999/kultur/n1?wave=2").status_code == 200


def test_few_answers_are_not_told_from_none_while_a_wave_is_open(world: World) -> None:
    count_answers(world.parts.db)
    page = world.client("staff").get(f"{WAVE}/2").text
    for name, invited in (("Havna barnehage", 12), ("Elvestien sykehjem", 30)):
        row = re.search(rf"{name}.*?</tr>", page, re.DOTALL)
        assert row is not None
        assert f"færre enn fem av {invited}" in row.group()


def test_all_reports_are_made_in_the_background_and_fetched_as_one_file(world: World) -> None:
    client = world.client("staff")
    sent = {"csrf": world.csrf(client), "language": "nb"}
    made = client.post(f"{WAVE}/1/rapporter", data=sent)
    assert made.status_code == 303
    assert client.post(f"{WAVE}/1/rapporter", data={**sent, "language": "xx"}).status_code == 422
    assert client.post(f"{WAVE}/2/rapporter", data=sent).status_code == 409
    cancelled = client.post(f"{made.location}/avbryt", data=sent)
    assert "stoppet" in client.get(cancelled.location).text
    task = made.location.rsplit("/", 1)[1]
    assert client.get(f"/stab/3999/arbeid/{task}/fil").status_code == 404
    assert client.post(f"{made.location}/igjen", data=sent).status_code == 303
    assert "venter på tur" in client.get(made.location).text
    assert client.post(f"{made.location}/igjen", data=sent).status_code == 409


def test_work_that_failed_stands_first_on_the_first_page_and_goes_on_from_there(
    world: World,
) -> None:
    client = world.client("staff")
    made = client.post(
        f"{WAVE}/1/rapporter", data={"csrf": world.csrf(client), "language": ["nb", "en"]}
    )
    with world.parts.db.transaction() as session:
        claimed = tasks.claim(session)
        assert claimed is not None
        tasks.fail(session, claimed, SurveyError(say("as_told", error="The disk is full.")))
    page = client.get("/stab/3999").text
    assert "Noe gikk galt: Rapporter for alle enheter" in page
    assert made.location in page
    assert "The disk is full." in client.get(made.location).text
    client.post(f"{made.location}/igjen", data={"csrf": world.csrf(client)})
    assert "Noe gikk galt" not in client.get("/stab/3999").text


def test_the_pages_of_studies_and_waves_open_in_every_language(world: World) -> None:
    client = world.client("staff")
    for language in ("nb", "nn", "en"):
        for address in ("/stab/3999", "/stab/3999/undersokelse/kultur", f"{WAVE}/1", f"{WAVE}/2"):
            assert client.get(f"{address}?language={language}").status_code == 200
    assert client.get("/stab/3999/undersokelse/nothing").status_code == 404
    assert client.get(f"{WAVE}/9").status_code == 404
