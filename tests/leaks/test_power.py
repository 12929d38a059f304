"""The attacker of the search finds what he must find when a protection is taken away.

Municipalities that are written down, not drawn: published as they are, and with one protection
switched off, in the program (whose source the attacker reads) or in the documents. The search
itself would be worth nothing if the second were as silent as the first.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from survey.core.db import now
from survey.disclosure import blocks, printing, protect
from survey.disclosure.blocks import group
from survey.disclosure.model import Grouping
from survey.disclosure.tree import Tree
from survey.release import close, compute, raw
from survey.study import daily_count
from survey.study.find import find_wave
from tests.leaks.attacker import attack
from tests.leaks.drawing import DrawnWave, History, Place
from tests.leaks.knowledge import Program, Roll, grouped, has_item, has_score
from tests.leaks.learned import OFTEN, Learned
from tests.leaks.open_wave import attack_open, changed
from tests.leaks.outputs import differences, read_wave
from tests.leaks.reading import Wave
from tests.leaks.test_kept import saying
from tests.leaks.test_search import polled
from tests.leaks.world import Published

pytestmark = pytest.mark.no_cover

PLACES = [
    Place("K", "Kommunen", None, "", 2),
    Place("A0", "Område A", "K", "", 6),
    Place("A0U0", "Enhet Aa", "A0", "hjem", 14, 1),
    Place("A0U1", "Enhet Ab", "A0", "hjem", 12, 1),
    Place("A1", "Område B", "K", "", 3),
    Place("A1U0", "Enhet Ba", "A1", "skole", 24, 1),
    Place("A1U1", "Enhet Bb", "A1", "skole", 13, 1),
]
LARGE = [
    Place("K", "Kommunen", None, "", 0),
    Place("A0", "Område A", "K", "", 0),
    Place("A0U0", "Enhet Aa", "A0", "", 100),
    Place("A0U1", "Enhet Ab", "A0", "", 11),
]
MIXED = DrawnWave(PLACES, 1.0, 0.3, common=False, missing=0.0, ticking=0.5, seed=7)
ALIKE = replace(MIXED, agreement=1.0, extreme=True)
GAPS = replace(MIXED, missing=0.03)
RARE = replace(MIXED, places=LARGE, ticking=0.05, seed=2)


def one(published, drawn: DrawnWave, shape: str = "to-og-to", **how: Any) -> tuple[Published, Wave]:
    """Publish one wave and read it."""
    [(made, wave)] = published(History(shape, 5, [drawn]), **how)
    return made, read_wave(made, wave)


def found(wave: Wave, program: Program | None = None) -> set[tuple[str, str]]:
    """(promise, group) of everything that the attacker finds."""
    return {(each.promise, each.group) for each in attack(wave, program)}


@pytest.fixture
def unaudited(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The auditor would refuse every one of these; it is taken away too."""
    monkeypatch.setattr(close, "refuse_findings", lambda _: None)
    return monkeypatch


def grouping_otherwise(patch: pytest.MonkeyPatch, otherwise: Any) -> None:
    """Let the program group people in another way."""
    patch.setattr(protect, "group", otherwise)
    patch.setattr(blocks, "group", otherwise)


@pytest.mark.parametrize("drawn", [ALIKE, RARE], ids=["alike", "rare"])
def test_as_it_is_nothing_is_found_and_not_because_nothing_is_shown(published, drawn):
    _, wave = one(published, drawn)
    assert attack(wave) == []
    shown = [unit for unit in wave.units.values() if unit["overall"].get("index") is not None]
    assert len(shown) >= 4
    assert sum(i.get("favourable") is not None for _, i in wave.items("d0i0")) >= 4


# --- the program without one of its protections ------------------------------------------------


def test_a_group_of_three_is_a_figure_of_three(published, unaudited):
    """``least`` lowered from five to three: the area's own staff have a block."""

    def lower(tree: Tree, counts: Mapping[str, int], least: int) -> Grouping:
        return group(tree, counts, 3 if least == 5 else least)

    grouping_otherwise(unaudited, lower)
    _, wave = one(published, replace(MIXED, seed=8))
    assert ("P1", "A1") in found(wave, Program(least=3))


def test_a_few_at_the_top_are_the_whole_minus_its_areas(published, unaudited):
    """The few people at the root are printed there instead of joining a block."""

    def few_at_the_top(tree: Tree, counts: Mapping[str, int], least: int) -> Grouping:
        parent = {node.id: node.parent for node in tree.nodes}
        kept = {node: int(n) for node, n in counts.items() if n}
        return Grouping(least, kept, grouped(parent, kept, least, joins=False))

    grouping_otherwise(unaudited, few_at_the_top)
    places = [replace(place, leaders=0) for place in PLACES if place.code != "A1"]
    places = [replace(p, parent="K") if p.parent == "A1" else p for p in places]
    _, wave = one(published, replace(MIXED, places=places))
    assert ("P1", "K") in found(wave, Program(joins=False))


def test_without_a_clamp_agreement_is_told(published, unaudited):
    unaudited.setattr(protect, "clamp", lambda size, alone: (0, 100))
    _, wave = one(published, ALIKE)
    exposed = attack(wave, Program(clamps=False))
    assert any("each of 12 has 100 to 100" in each.what for each in exposed)


def test_tails_that_are_not_rounded_are_areas_minus_units(published, unaudited):
    """Of eleven people, "none or a few" is one: their area, in whole per cent, says so."""

    def plain(_: str, counts: Mapping[str, int], sizes: Mapping[str, int], __: Any) -> Any:
        return {node: counts.get(node, 0) for node in sizes}

    unaudited.setattr(protect, "round_tails", plain)
    _, wave = one(published, RARE)
    exposed = attack(wave, Program(rounds=False))
    assert {(each.promise, each.statistic) for each in exposed} >= {("P2", "m")}


def test_all_answers_of_few_people_tell_who_was_alone(published, unaudited):
    """Categories from ten people on instead of a hundred."""
    unaudited.setattr(protect, "CATEGORIES_FROM", 10)
    unaudited.setattr(printing, "FINE_FROM", 10)
    _, wave = one(published, MIXED)
    exposed = attack(wave, Program(categories_from=10, fine_from=10))
    assert any(each.promise == "P2" and each.statistic == "d0i0" for each in exposed)


def test_the_index_of_one_item_for_five_people_tells_each_of_them_of_the_other_four(
    published, unaudited
):
    """A single item from five people on instead of ten: whoever takes his own answer away."""
    unaudited.setattr(protect, "SHARES_FROM", 5)
    five = [Place("K", "Kommunen", None, "", 5)]
    drawn = replace(MIXED, places=five)
    said = saying([[2], [2], [3], [3], [4]])
    _, wave = one(published, drawn, "ett-ledd", shuffle=said)
    exposed = attack(wave, Program(shares_from=5, texts_from=5))
    assert any(each.promise == "P2" and "but one who" in each.group for each in exposed)


def test_leaders_who_stay_in_their_unit_are_seen_there(published, unaudited):
    unaudited.setattr(raw, "lift_leaders", lambda nodes, *_: {node.id: node.id for node in nodes})
    _, wave = one(published, MIXED)
    assert ("x", "A0U0") in found(wave, Program(lifts=False))


def test_texts_of_three_people_are_texts_of_few(published, unaudited):
    def small_pools(*args: Any) -> Any:
        made = protect.protect(*args)
        return replace(made, texts=group(Tree(made.nodes), made.answers.sizes, 3))

    unaudited.setattr(compute, "protect", small_pools)
    _, wave = one(published, MIXED)
    assert ("P1", "A0") in found(wave, Program(texts_from=3))


def test_a_live_count_tells_when_somebody_answers(published, monkeypatch):
    """Counted whenever somebody asks, and to the last answer."""

    def live(made: Published, ordinal: int) -> dict[str, str]:
        with made.parts.db.transaction() as session:
            daily_count._replace(session, find_wave(session, made.study, ordinal), now())
        return polled(made, ordinal)

    monkeypatch.setattr(daily_count, "STEP", 1)
    few = [replace(place, staff=min(place.staff, 8)) for place in PLACES]
    history = History("ett-ledd", 5, [replace(MIXED, places=few, here=0.5)])
    [(_, wave)] = published(history, watch=live)
    assert changed(wave.seen) == ["counts"]
    assert attack_open(wave.open_rows, 5, step=1)
    assert attack_open(wave.open_rows, 5) == []


# --- documents that say more -------------------------------------------------------------------


@pytest.fixture(scope="module")
def gaps(published):
    """A published wave in which people left things out."""
    return one(published, GAPS)


def altered(wave: Wave) -> Wave:
    """A copy whose documents may be written in."""
    return Wave(wave.header, copy.deepcopy(dict(wave.units)), wave.people)


def counted(wave: Wave, code: str, who: Any) -> int:
    """How many of a unit's people have a statistic."""
    roll = Roll(wave, Program())
    at = set(roll.below(code, wave.parent))
    pairs = zip(wave.people, roll.label, strict=True)
    return sum(who(person) for person, label in pairs if label in at)


@pytest.mark.parametrize("of", ["sub-goal", "item"])
def test_a_number_of_answers_beside_a_sub_goal_or_an_item_tells_who_left_it_out(gaps, of):
    wave = altered(gaps[1])
    assert attack(wave) == []
    for code, unit in wave.units.items():
        for dimension, result in zip(wave.dimensions, unit["dimensions"], strict=True):
            if of == "sub-goal" and result["score"].get("index") is not None:
                result["score"]["n"] = counted(wave, code, has_score(dimension))
            for item in result["items"] if of == "item" else ():
                if item.get("favourable") is not None:
                    item["n"] = counted(wave, code, has_item(item["id"]))
    assert {each.promise for each in attack(wave)} == {"P3"}


def test_an_overall_index_of_people_tells_the_answers_of_who_lacks_a_sub_goal(published):
    """As the first design had it: one of six lacks two of six sub-goals, and the mean of people's
    means, beside those of the sub-goals, leaves only one place for his."""
    places = [Place("K", "Kommunen", None, "", 6)]
    _, whole = one(published, DrawnWave(places, 1.0, 0.0, False, 0.0, 0.5, 3), "seks")
    lacking = whole.people[0]
    items = {name: said for name, said in lacking.items.items() if name[:2] not in ("d0", "d1")}
    wave = altered(whole)
    wave.people = [replace(lacking, items=items), *whole.people[1:]]  # type: ignore[type-var]
    unit: Any = next(iter(wave.units.values()))
    everybody = np.array([scores(wave, person) for person in wave.people])
    for place, result in enumerate(unit["dimensions"]):
        column = everybody[:, place]
        result["score"] = {
            "index": round(float(np.nanmean(column))),
            "n": int((~np.isnan(column)).sum()),
        }
    unit["overall"] = {"index": round(float(np.nanmean(np.nanmean(everybody, axis=1))))}
    exposed = attack(wave, Program(overall="people"))
    assert any("elsewhere" in each.what for each in exposed)


def scores(wave: Wave, person: Any) -> list[float]:
    """A person's scores in every sub-goal; NaN for one that he left out."""
    found = []
    for dimension in wave.dimensions:
        top = wave.options(dimension) - 1
        steps = [wave.step(dimension, i, person.items.get(i["id"])) for i in dimension["items"]]
        given = [100 * step / top for step in steps if step is not None]
        found.append(float(np.mean(given)) if given else float("nan"))
    return found


def test_an_interval_of_the_unit_s_own_spread_tells_single_answers(published):
    """Index and own spread of ten people, one question: no other answers fit."""
    places = [Place("K", "Kommunen", None, "", 10, headcount="")]
    drawn = DrawnWave(places, 1.0, 0.0, False, 0.0, 0.5, seed=5, imported=True)
    said = [[step] for step in (1, 1, 1, 2, 2, 3, 3, 4, 4, 4)]
    _, wave = one(published, drawn, "ett-ledd", shuffle=saying(said))
    assert attack(wave) == []
    wave = altered(wave)
    (unit,) = wave.units.values()
    values = [scores(wave, person)[0] for person in wave.people]
    score = unit["dimensions"][0]["score"]
    half = 1.96 * float(np.std(values, ddof=1)) / np.sqrt(len(values))
    low, high = np.floor(score["index"] - half), np.ceil(score["index"] + half)
    score["interval"] = {"low": int(low), "high": int(high)}
    assert {each.promise for each in attack(wave)} == {"P2"}


def test_a_sign_that_stands_for_one_person_is_learned(gaps):
    """ "–" where exactly one left an item out: whoever made municipalities of his own knows it."""
    _, wave = gaps
    learned, marked = Learned(), Learned()
    for _ in range(OFTEN):
        learned.read(wave)
        dashes = altered(wave)
        for code, unit in dashes.units.items():
            for result in unit["dimensions"]:
                for item in result["items"]:
                    n = wave.answered(code)
                    if n and n - counted(wave, code, has_item(item["id"])) == 1:
                        item["favourable"] = {"percent": None, "form": "–"}
        marked.read(dashes)
    assert not any("–" in each for each in learned.told())
    assert any("–: [1] left it out" in each for each in marked.told())


def test_a_page_that_said_more_than_the_documents_would_be_noticed(gaps):
    """The document given to the comparison has other numbers than the page that was published."""
    made, wave = gaps
    unit = wave.units["A1U0"]
    assert differences(made, wave.header, unit, as_pdf=False) == []
    other = copy.deepcopy(unit)
    other["participation"]["answered"] = 77
    other["dimensions"][0]["score"]["index"] -= 31
    told = differences(made, wave.header, other, as_pdf=False)
    assert any(each.startswith("page") for each in told)
    assert any(each.startswith("figures") for each in told)
