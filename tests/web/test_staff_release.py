"""Staff see what each unit will show before its release: no value, and nothing of a few people."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from survey.background import task_handlers, timed_work
from survey.core.errors import SurveyError, say
from survey.jobs import execution, tasks
from survey.study.models import Wave
from survey.study.waves import create_wave
from tests.access.world import World, fresh

WAVE = "/stab/3999/undersokelse/kultur/maling"
ROW = re.compile(r'<tr><th scope="row"[^>]*>([^<]+)</th><td>([^<]+)</td></tr>')


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The second wave waits for a look before its release."""
    made = fresh(tmp_path)
    with made.parts.db.transaction() as session:
        key = (made.journey.organisation_id, made.journey.wave.id)
        session.get_one(Wave, key).release_after_close = False
    yield made
    made.parts.db.dispose()


def run(world: World) -> None:
    works = task_handlers.works(world.parts)
    while True:
        with world.parts.db.transaction() as session:
            claimed = tasks.claim(session)
        if claimed is None:
            return
        execution.carry_out(world.parts.db, works, claimed)


def state(world: World) -> str:
    with world.parts.db.reading() as session:
        key = (world.journey.organisation_id, world.journey.wave.id)
        return session.get_one(Wave, key).state


def units(page: str) -> dict[str, str]:
    """Row of the table → what it says is shown."""
    table = page.rsplit('aria-labelledby="units"', maxsplit=1)[-1].split("</table>", maxsplit=1)[0]
    return {name: html.unescape(said) for name, said in ROW.findall(table)}


def test_what_was_looked_at_is_what_is_released_and_nothing_leaks_before(world: World) -> None:
    client = world.client("staff")
    csrf = {"csrf": world.csrf(client)}
    assert client.get(f"{WAVE}/2/frigi").status_code == 409
    closing = client.post(f"{WAVE}/2/lukk", data=csrf)
    assert "Arbeidet pågår" in client.get(f"{WAVE}/2/frigi").text
    run(world)
    assert state(world) == "closed"
    assert "Svarene er åpnet" in client.get(closing.location).text
    assert "Se hva enhetene får vist, og frigi resultatene" in client.get("/stab/3999").text
    page = client.get(f"{WAVE}/2/frigi").text
    before = units(page)
    assert before["Solbakken barnehage"] == before["Kommunen"] == "9 svar: bare indekser"
    # Three answered here, and there is nobody whom they can be counted with.
    assert before["Elvestien sykehjem"] == before["Havna barnehage"] == "Ingenting vises."
    assert "Noen få svar teller ikke med noe sted" in page
    assert not re.search(r"\b(3|12) svar\b", page)
    with world.parts.db.reading() as session:
        kept = tasks.listing(session, world.journey.organisation_id)[0].result
    assert kept == {}
    assert client.get("/enhet/3999/kultur/n1?wave=2").status_code == 404
    assert client.get(f"{WAVE}/2/vises").status_code == 404
    released = client.post(f"{WAVE}/2/frigi", data=csrf)
    run(world)
    assert state(world) == "released"
    assert "ferdig" in client.get(released.location).text
    assert units(client.get(f"{WAVE}/2/vises").text) == before
    assert client.get(f"{WAVE}/2/frigi").status_code == 409
    assert client.post(f"{WAVE}/2/frigi", data=csrf).status_code == 409


def test_who_is_counted_with_others_of_the_area_is_told_with_how_many_they_are(
    world: World,
) -> None:
    """Four of Havna answered and two leaders: six are counted at the top of the tree."""
    client = world.client("staff")
    shown = units(client.get(f"{WAVE}/1/vises").text)
    assert list(shown)[:3] == ["Kommunen", "Andre i Kommunen", "Område nord"]
    assert shown["Andre i Kommunen"] == "6 svar teller med i Kommunen: bare indekser"
    assert shown["Havna barnehage"] == "Teller med i «Andre i Kommunen» (6 svar)"
    assert shown["Elvestien sykehjem"] == "25 svar: indekser og andeler"
    assert shown["Lia bofellesskap"] == "7 svar: bare indekser"
    wave = client.get(f"{WAVE}/1").text
    assert f"{WAVE}/1/vises" in wave
    assert "Teller med i «Andre i Kommunen» (6 svar)" in html.unescape(wave)


def test_the_table_holds_the_units_that_are_asked_for(world: World) -> None:
    client = world.client("staff")

    def asked(query: str) -> set[str]:
        return set(units(client.get(f"{WAVE}/1/vises?{query}").text))

    assert asked("vis=none") == {"Havna barnehage"}
    assert asked("vis=index") == {"Lia bofellesskap", "Andre i Kommunen"}
    assert asked("navn=havna") == {"Havna barnehage"}
    assert asked("vis=merged") == set()
    assert len(asked("vis=nothing")) == len(asked("")) == 9


def test_the_old_address_leads_to_what_is_shown(world: World) -> None:
    answer = world.client("staff").get(f"{WAVE}/1/skjult")
    assert (answer.status_code, answer.location) == (301, f"{WAVE}/1/vises")


def test_what_the_programs_own_check_refuses_is_told_as_its_fault_without_a_number(
    world: World,
) -> None:
    client = world.client("staff")
    csrf = {"csrf": world.csrf(client)}
    client.post(f"{WAVE}/2/lukk", data=csrf)
    run(world)
    task = client.post(f"{WAVE}/2/frigi", data=csrf).location
    with world.parts.db.transaction() as session:
        claimed = tasks.claim(session)
        assert claimed is not None
        tasks.fail(
            session,
            claimed,
            SurveyError(say("as_told", error="blocks: a block has too few people")),
            for_people=True,
        )
    for page in (client.get(task).text, client.get(f"{WAVE}/2/frigi").text):
        assert "fant en feil i programmet. Ingenting er lagret" in page
        assert "si fra til dem som drifter tjenesten" in page
        assert "a block has" not in page


def test_the_clock_closes_such_a_wave_and_leaves_its_release_waiting(world: World) -> None:
    with world.parts.db.transaction() as session:
        key = (world.journey.organisation_id, world.journey.wave.id)
        wave = session.get_one(Wave, key)
        wave.closes_at = wave.opened_at
        timed_work.tick(session, world.parts.keys)
    run(world)
    assert state(world) == "closed"


def test_a_release_waits_for_the_waves_before_it(world: World) -> None:
    client = world.client("staff")
    csrf = {"csrf": world.csrf(client)}
    with world.parts.db.transaction() as session:
        later = create_wave(session, world.journey.study, phase="after", release_after_close=False)
    client.post(f"{WAVE}/2/lukk", data=csrf)
    run(world)
    assert client.post(f"{WAVE}/{later.ordinal}/apne", data=csrf).status_code == 303
    assert client.post(f"{WAVE}/{later.ordinal}/lukk", data=csrf).status_code == 303
    run(world)
    page = client.get(f"{WAVE}/{later.ordinal}/frigi").text
    assert "Tidligere målinger må frigis først: Måling 2" in page
    assert '/frigi"><input' not in page
    assert client.post(f"{WAVE}/{later.ordinal}/frigi", data=csrf).status_code == 409


def test_a_lost_key_is_told_before_closing_and_the_work_goes_on_when_it_is_back(
    world: World,
) -> None:
    client = world.client("staff")
    csrf = {"csrf": world.csrf(client)}
    [key] = world.parts.keys.folder.glob("*.private")
    kept = key.read_bytes()
    key.unlink()
    assert "Nøkkelen til målingen er ikke i nøkkelmappa" in client.get(f"{WAVE}/2/lukk").text
    task = client.post(f"{WAVE}/2/lukk", data=csrf).location
    run(world)
    assert "Arbeidet mislyktes" in client.get(task).text
    assert "Noe gikk galt: Lukke og åpne svarene" in client.get("/stab/3999").text
    assert task in client.get(f"{WAVE}/2/frigi").text
    key.write_bytes(kept)
    client.post(f"{task}/igjen", data=csrf)
    run(world)
    assert "Frigi resultatene" in client.get(f"{WAVE}/2/frigi").text
