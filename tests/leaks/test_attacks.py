"""Attacks that every version must survive, one by one, on a municipality that is written down.

Others stand where they belong: what is computed from printed numbers in ``test_search``
(``derived``), pages against documents there too (``outputs``), the same answers released twice in
``tests/release/test_twins.py``, who may ask for what in ``tests/access``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
import sqlalchemy as sa

from survey.release import close
from survey.release.models import ModeratedText
from tests.leaks import world
from tests.leaks.drawing import DrawnWave, History, Place
from tests.leaks.outputs import read_wave
from tests.leaks.reading import Wave
from tests.leaks.world import Person, Published

pytestmark = pytest.mark.no_cover

PLACES = [
    Place("K", "Kommunen", None, "", 4),
    Place("A", "Område A", "K", "", 4),
    *(Place(f"A{u}", f"Hjem {u}", "A", "hjem", 6 + 3 * u, int(u == 1)) for u in range(1, 5)),
    Place("B", "Område B", "K", "", 0),
    *(Place(f"B{u}", f"Skole {u}", "B", "hjem" if u == 3 else "skole", 8) for u in range(1, 4)),
    Place("B4", "Hjem 4", "B", "hjem", 5),
]
DRAWN = DrawnWave(PLACES, 1.0, 0.3, common=False, missing=0.1, ticking=0.9, seed=11)
HISTORY = History("to-fire", 5, [DRAWN])
PEOPLE = {"answered", "headcount", "invited", "texts_of", "units", "n", "count", "total"}
"""Names that a number of people has, or may have had."""


@pytest.fixture(scope="module")
def release(published) -> tuple[Published, Wave]:
    """The municipality, published."""
    [(made, wave)] = published(HISTORY)
    return made, read_wave(made, wave)


def test_an_area_without_its_units_is_nobody_or_a_group_of_its_own(release):
    """Parent less children: the others, at least five, who have a row of their own."""
    _, wave = release
    left = {}
    for code, unit in wave.units.items():
        below = [wave.answered(child) or 0 for child in unit["unit"].get("children", ())]
        if below:
            others = unit.get("others")
            left[code] = (wave.answered(code) or 0) - sum(below)
            assert left[code] == (others["answered"] if others else 0)
            assert left[code] == 0 or left[code] >= 5
    assert any(left.values())


def test_units_of_a_kind_are_never_fewer_than_five_others_and_a_median_of_what_they_print(release):
    _, wave = release
    seen = 0
    for code, unit in wave.units.items():
        for other in unit.get("comparisons", ()):
            if other["role"] == "kind":
                seen += 1
                printed = [
                    each["overall"]["index"]
                    for name, each in wave.units.items()
                    if each["unit"]["kind"] == other["code"]
                    and name != code
                    and each["overall"].get("index") is not None
                ]
                assert len(printed) >= 5
                assert other["units"] == len(printed)
                assert abs(other["overall"]["index"] - median(printed)) <= 0.5
    assert seen
    assert not any(
        other["role"] == "kind"
        for unit in wave.units.values()
        if unit["unit"]["kind"] == "skole"
        for other in unit.get("comparisons", ())
    )


@pytest.mark.parametrize(
    "asked", ["role=leader", "kind=hjem", "unit=A1", "without=A1", "k=1", "dimension=d0&sex=f"]
)
def test_no_address_takes_a_filter_so_that_there_is_no_complement(release, asked):
    made, _ = release
    for address in (
        f"/api/v1/organisations/{made.org}/studies/s/waves/1/release/units/A",
        f"/api/v1/organisations/{made.org}/studies/s/waves/1/release",
        f"/enhet/{made.org}/s/A",
    ):
        headers = made.headers if address.startswith("/api/") else {}
        plain = made.client.get(address, headers=headers)
        filtered = made.client.get(f"{address}?{asked}", headers=headers)
        assert plain.status_code == 200
        assert filtered.status_code >= 400 or shown(filtered.text) == shown(plain.text)


def shown(page: str) -> list[str]:
    """The lines of an answer, but those that name its own address."""
    return [line for line in page.splitlines() if "?" not in line]


def test_nothing_is_released_before_the_release_and_then_only_once(published, monkeypatch):
    """While the wave is open, closed, and looked at, there is nothing to hold the release against;
    after it, there is no second one."""
    seen: list[int] = []

    def ask(made: Published, ordinal: int) -> None:
        path = f"/api/v1/organisations/{made.org}/studies/s/waves/{ordinal}/release"
        for address in (path, f"{path}/units/A", f"/enhet/{made.org}/s/A"):
            headers = made.headers if address.startswith("/api/") else {}
            seen.append(made.client.get(address, headers=headers).status_code)

    def release_after_asking(db: Any, keys: Any, organisation_id: int, wave_id: int) -> int:
        ask(municipality[0], 1)
        first = close.make_release(db, keys, organisation_id, wave_id)
        assert close.make_release(db, keys, organisation_id, wave_id) == first
        return first

    municipality: list[Published] = []

    def remember(made: Published, ordinal: int) -> None:
        municipality.append(made)
        ask(made, ordinal)

    monkeypatch.setattr(world, "make_release", release_after_asking)
    list(published(HISTORY, watch=remember))
    assert len(seen) == 12
    assert set(seen) == {404}


def test_the_only_leader_of_a_unit_is_in_no_number_of_it(published, release):
    """Whatever he answers, his unit's document is the same."""
    _, before = release

    def otherwise(people: list[Person]) -> list[Person]:
        (leader,) = [person for person in people if person.leader]
        items = dict.fromkeys(leader.items, 1)
        return [replace(p, items=items) if p is leader else p for p in people]

    [(made, wave)] = published(HISTORY, shuffle=otherwise)
    after = read_wave(made, wave)
    for read in (before, after):
        assert read.answered("A1") == 8  # of nine, one of whom leads
    own = [{k: v for k, v in w.units["A1"].items() if k != "comparisons"} for w in (before, after)]
    assert own[0] == own[1]
    assert before.units["K"]["others"] != after.units["K"]["others"]


def test_no_number_of_people_stands_beside_a_sub_goal_an_item_or_an_option(release):
    _, wave = release
    for unit in wave.units.values():
        for part in ("overall", "dimensions", "questions"):
            assert not PEOPLE & set(fields(unit.get(part, ())))


def fields(document: Any) -> Iterator[str]:
    """Names of all fields of a document."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from fields(value)
    elif isinstance(document, list):
        for each in document:
            yield from fields(each)


def test_a_word_is_offered_only_when_five_of_a_pool_of_ten_wrote_it(release):
    made, wave = release
    with made.parts.db.reading() as session:
        texts = session.scalars(
            sa.select(ModeratedText).where(ModeratedText.organisation_id == made.organisation_id)
        ).all()
    words = [text for text in texts if text.kind == "word"]
    assert words
    for text in texts:
        assert wave.units[text.code]["texts_of"] >= 10
        assert text.kind == "comment" or text.count >= 5
    for search in ("q=mot", "search=mot", "text=mot", "word=mot"):
        address = f"/stab/{made.org}/undersokelse/s/maling/1/tekster"
        found = made.client.get(f"{address}?{search}")
        assert shown(found.text) == shown(made.client.get(address).text)
