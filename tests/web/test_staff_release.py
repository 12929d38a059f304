"""Staff see how much will be hidden before they release it: no value, and no reason for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from survey.jobs import execution, tasks
from survey.study.models import Wave
from survey.study.waves import create_wave
from survey.upkeep import timed, work
from tests.access.world import World, fresh

WAVE = "/stab/3999/undersokelse/kultur/maling"


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
    works = work.works(world.parts)
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
    """Unit → what its row says is hidden."""
    table = page.rsplit('aria-labelledby="units"', maxsplit=1)[-1].split("</table>", maxsplit=1)[0]
    rows = re.findall(r'<tr><th scope="row"[^>]*>([^<]+)</th>(.*?)</tr>', table, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", rest).split()) for name, rest in rows}


def test_what_was_looked_at_is_what_is_released_and_nothing_leaks_before(world: World) -> None:
    client = world.client("staff")
    csrf = {"csrf": world.csrf(client)}
    assert client.get(f"{WAVE}/2/frigi").status_code == 409
    closing = client.post(f"{WAVE}/2/lukk", data=csrf)
    assert "Arbeidet pågår" in client.get(f"{WAVE}/2/frigi").text
    run(world)
    assert state(world) == "closed"
    assert "Svarene er åpnet" in client.get(closing.location).text
    assert "Se hva som blir skjult, og frigi resultatene" in client.get("/stab/3999").text
    looked = client.get(f"{WAVE}/2/frigi").text
    before = units(looked)
    # Three answered in the one; the other is hidden to protect it. The rows say the same.
    assert before["Elvestien sykehjem"] == before["Solbakken barnehage"] == "Ingenting Alt."
    assert before["Kommunen"].startswith("Indekser og andeler")
    # Nine and three have answered: neither these nor their sum stand anywhere in words.
    for row in before.values():
        assert not re.search(r"\b(9|3|12) (har svart|svar)\b", row)
    with world.parts.db.reading() as session:
        kept = tasks.listing(session, world.journey.organisation_id)[0].result or {}
    assert set(kept) == {"preview"}
    assert {key for unit in kept["preview"]["units"] for key in unit} == {
        *("code", "name", "level", "tier", "merged_into", "lines")
    }
    assert client.get("/enhet/3999/kultur/n1?wave=2").status_code == 404
    assert client.get(f"{WAVE}/2/skjult").status_code == 404
    released = client.post(f"{WAVE}/2/frigi", data=csrf)
    run(world)
    assert state(world) == "released"
    assert "ferdig" in client.get(released.location).text
    assert units(client.get(f"{WAVE}/2/skjult").text) == before
    assert client.get(f"{WAVE}/2/frigi").status_code == 409
    assert client.post(f"{WAVE}/2/frigi", data=csrf).status_code == 409


def test_the_log_of_hidden_values_is_a_page_and_a_file(world: World) -> None:
    client = world.client("staff")
    page = client.get(f"{WAVE}/1/skjult").text
    assert units(page)["Havna barnehage"] == "Ingenting Alt."
    none = units(client.get(f"{WAVE}/1/skjult?vis=none").text)
    assert set(none) == {"Havna barnehage", "Område sør"}
    assert set(units(client.get(f"{WAVE}/1/skjult?navn=havna").text)) == {"Havna barnehage"}
    file = client.get(f"{WAVE}/1/skjult.csv")
    lines = file.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "kode;enhet;tall;grunn"
    assert "s2;Havna barnehage;n;For å verne svarerne" in lines
    assert {line.rsplit(";", 1)[1] for line in lines[1:]} == {"For å verne svarerne"}
    assert 'filename="Innovasjonskultur_Maling-1_skjult.csv"' in file.headers["Content-Disposition"]


def test_the_clock_closes_such_a_wave_and_leaves_its_release_waiting(world: World) -> None:
    with world.parts.db.transaction() as session:
        key = (world.journey.organisation_id, world.journey.wave.id)
        wave = session.get_one(Wave, key)
        wave.closes_at = wave.opened_at
        timed.tick(session, world.parts.keys)
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
