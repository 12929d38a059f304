"""Published twice with other people behind the same answers: every document is the same.

Whoever is counted together may exchange all that they answered, and left out, and nothing that is
published changes. So nothing tells whose an answer is, who lacks one, or which of an area's sheets
are those of a unit that is too small to be shown; and no arithmetic can.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from itertools import combinations

import pytest
import sqlalchemy as sa

from survey.answering.store import Response
from survey.disclosure import protect
from survey.release.close import close_wave
from survey.study.models import WaveUnit
from tests.leaks import world
from tests.leaks.drawing import DrawnWave, History, Place, draw_history
from tests.leaks.knowledge import Program, Roll
from tests.leaks.outputs import read_wave
from tests.leaks.reading import Wave
from tests.leaks.world import Person

pytestmark = pytest.mark.no_cover


@pytest.fixture
def same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Round small counts alike in both: what is drawn anew each time says nothing of anybody."""
    monkeypatch.setattr(protect, "fresh_draw", lambda name: 3 * (zlib.crc32(name.encode()) / 2**32))


def exchanged(people: list[Person], groups: list[list[int]], seed: int) -> list[Person]:
    """The people, each with the answers of somebody of his group, but who leads."""
    rng, found = random.Random(seed), list(people)
    for group in groups:
        for taker, giver in zip(group, rng.sample(group, len(group)), strict=True):
            questions = {**people[giver].questions, "r": people[taker].questions["r"]}
            found[taker] = replace(people[taker], items=people[giver].items, questions=questions)
    return found


def together(wave: Wave) -> list[list[int]]:
    """Who is counted with whom."""
    label = Roll(wave, Program()).label
    return [[i for i, each in enumerate(label) if each == node] for node in sorted(set(label))]


def printed(wave: Wave) -> tuple[object, object]:
    """Everything but which release it is."""
    return {**wave.header, "release_id": "", "digest": ""}, dict(wave.units)


@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize("seed", [1, 17])
def test_who_is_counted_together_may_exchange_everything(published, seed):
    history = draw_history(seed, waves=1)
    [(made, wave)] = published(history)
    first = read_wave(made, wave)
    groups = together(first)
    assert any(len(group) > 1 for group in groups)
    [(made, wave)] = published(history, shuffle=lambda people: exchanged(people, groups, seed))
    assert printed(read_wave(made, wave)) == printed(first)


OTHERS = History(
    "to-og-to",
    5,
    [
        DrawnWave(
            [
                Place("K", "Kommunen", None, "", 0),
                Place("A", "Område", "K", "", 5),
                Place("A1", "Liten", "A", "", 6),
                Place("A2", "Stor", "A", "", 20),
            ],
            1.0,
            0.2,
            False,
            0.2,
            0.5,
            seed=3,
        )
    ],
)


def four_of_six(people: list[Person]) -> list[Person]:
    """Two of the small unit do not answer."""
    small = [person for person in people if person.place == "A1"]
    return [person for person in people if person not in small[4:]]


@pytest.mark.usefixtures("same_draws")
def test_a_name_lifted_from_a_small_unit_fits_every_four_of_the_area_s_nine(published):
    """Six work in the small unit, of whom four answer, and five in the area itself. Each of the
    126 ways to choose the four gives the same documents; of three it is tried."""

    [(made, wave)] = published(OTHERS, shuffle=four_of_six)
    first = read_wave(made, wave)
    (nine,) = [group for group in together(first) if len(group) == 9]
    assert {first.people[i].place for i in nine} == {"A", "A1"}
    assert first.units["A1"]["participation"].get("answered") is None
    ways = list(combinations(nine, 4))
    assert len(ways) == 126
    for four in ways[::42]:
        [(made, wave)] = published(
            OTHERS, shuffle=lambda people, four=four: chosen(four_of_six(people), nine, four)
        )
        assert printed(read_wave(made, wave)) == printed(first)


def chosen(people: list[Person], nine: list[int], four: tuple[int, ...]) -> list[Person]:
    """The sheets of ``four`` are now those of the small unit, the others' the area's own."""
    sheets = [people[i] for i in four] + [people[i] for i in nine if i not in four]
    takers = [i for i in nine if people[i].place == "A1"]
    takers += [i for i in nine if people[i].place == "A"]
    found = list(people)
    for taker, sheet in zip(takers, sheets, strict=True):
        found[taker] = replace(people[taker], items=sheet.items, questions=sheet.questions)
    return found


def test_the_small_unit_s_name_is_on_no_sheet_once_the_wave_is_closed(published, monkeypatch):
    """Before anything is computed, and whoever then takes the database."""
    stored: list[dict[str, int]] = []

    def then_look(db, keys, organisation_id, wave_id):
        close_wave(db, keys, organisation_id, wave_id)
        with db.reading() as session:
            rows = session.execute(
                sa.select(WaveUnit.code, sa.func.count().label("people"))
                .join(Response, Response.unit_id == WaveUnit.unit_id)
                .where(Response.wave_id == wave_id, WaveUnit.wave_id == wave_id)
                .group_by(WaveUnit.code)
            )
            stored.append({row.code: row.people for row in rows})

    monkeypatch.setattr(world, "close_wave", then_look)
    list(published(OTHERS, shuffle=four_of_six))
    assert stored == [{"A": 9, "A2": 20}]
