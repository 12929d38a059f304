"""Answers in, protected documents out: protected once, written as a function, audited."""

from __future__ import annotations

import json
import math
import statistics

import pytest

from survey.instrument.layout import Layout
from survey.release.codec import header_from_json, to_json, unit_from_json
from survey.release.compute import Computed, protect_wave, uncounted, write_documents
from survey.release.document import Interval, UnitResult
from survey.release.look import look_at
from tests.release.samples import (
    SIZES,
    TREE,
    as_earlier,
    by_code,
    compute,
    draw_sheets,
    frame,
    instrument,
    sheets,
)

WIDTH = Layout(instrument()).width


@pytest.fixture(scope="module")
def released() -> Computed:
    return compute(frame(TREE), sheets())


def mean_score(joined: str, dimension: int) -> float:
    """The mean of persons' scores, worked out by hand from the sheets."""
    scores = []
    for start in range(0, len(joined), WIDTH):
        values = [int(c) for c in joined[start + 3 * dimension : start + 3 * dimension + 3]]
        if dimension == 1:
            values[2] = 5 - values[2]
        scores.append(statistics.mean((v - 1) / 3 * 100 for v in values))
    return statistics.mean(scores)


@pytest.mark.parametrize("code", ["n1", "n2", "s1", "s2"])
@pytest.mark.parametrize("dimension", [0, 1])
def test_a_units_index_is_the_mean_of_its_persons_scores(
    released: Computed, code: str, dimension: int
) -> None:
    unit = by_code(released)[code]
    assert unit.participation.answered == SIZES[code]
    exact = mean_score(sheets()[code], dimension)
    assert unit.dimensions[dimension].score.index == math.floor(exact + 0.5)


def test_an_areas_index_is_the_mean_of_what_its_blocks_print(released: Computed) -> None:
    units = by_code(released)
    for number in range(2):
        one, other, area = (units[c].dimensions[number].score.index for c in ("s1", "s2", "south"))
        assert one is not None
        assert other is not None
        assert area == math.floor((26 * one + 12 * other) / 38 + 0.5)
        people = mean_score(sheets()["s1"] + sheets()["s2"], number)
        assert area == pytest.approx(people, abs=1)


def test_the_overall_index_is_the_mean_of_the_printed_sub_goals(released: Computed) -> None:
    for unit in released.units:
        parts = [d.score.index for d in unit.dimensions]
        if None in parts:
            assert unit.overall.index is None
        else:
            assert unit.overall.index == math.floor(statistics.mean(p or 0 for p in parts) + 0.5)


def test_an_interval_rests_on_the_printed_sigma_index_and_n(released: Computed) -> None:
    unit, how = by_code(released)["n1"], released.header.method
    for d in unit.dimensions:
        half = 1.96 * how.dimensions[d.id].sigma / math.sqrt(25) * math.sqrt(1 - 25 / 30)
        assert d.score.index is not None
        low, high = d.score.index - half, d.score.index + half
        assert d.score.interval == Interval(math.floor(low), math.ceil(high))


def test_a_unit_below_k_shows_nothing_at_all(released: Computed) -> None:
    small = by_code(released)["n4"]
    assert small.tier == "none"
    assert small.participation.answered is None
    numbers = json.loads(to_json(small))
    assert all(d["score"] == {"index": None} for d in numbers["dimensions"])
    assert small.overall.index is None
    assert small.comparisons == ()


def test_four_people_that_no_block_can_take_are_counted_nowhere(released: Computed) -> None:
    """Their area and the municipality lack nothing but them; the look says so without a number."""
    units = by_code(released)
    assert units["north"].participation.answered == 44
    assert units["k"].participation.answered == 82
    assert units["north"].others is None
    protected = protect_wave(frame(TREE), sheets())
    assert uncounted(protected)
    look = look_at(released.units, uncounted=True)
    small = next(each for each in look.units if each.code == "n4")
    assert (small.answered, small.counted_in, small.others_of) == (None, "", None)


def test_a_small_units_people_are_counted_among_the_others_of_their_area() -> None:
    sizes = {**SIZES, "north": 3}
    computed = compute(frame(TREE), sheets(sizes=sizes))
    units = by_code(computed)
    others = units["north"].others
    assert others is not None
    assert others.answered == 7
    joined = sheets(sizes=sizes)
    together = mean_score(joined["n4"] + joined["north"], 0)
    assert others.dimensions["share"].index == math.floor(together + 0.5)
    assert units["north"].participation.answered == 51
    assert not uncounted(protect_wave(frame(TREE), joined))
    look = {each.code: each for each in look_at(computed.units).units}
    assert (look["n4"].counted_in, look["n4"].others_of) == ("Unit north", 7)


def test_every_printed_cell_depends_on_who_answered_and_never_on_what() -> None:
    """The same people with other answers show the same cells."""

    def cells(level: float) -> list[tuple[str, bool, list[bool]]]:
        made = compute(frame(TREE), sheets(level, seed=11), draw=None)
        return [
            (u.tier, u.others is not None, [d.score.index is not None for d in u.dimensions])
            for u in made.units
        ]

    assert cells(0.2) == cells(0.6) == cells(0.9)


@pytest.mark.parametrize(("code", "tier"), [("n3", "index"), ("n2", "shares"), ("k", "shares")])
def test_each_tier_shows_what_its_number_of_answers_allows(
    released: Computed, code: str, tier: str
) -> None:
    unit = by_code(released)[code]
    assert unit.tier == tier
    items = [item for d in unit.dimensions for item in d.items]
    assert [item.favourable is not None for item in items] == [tier != "index"] * len(items)
    assert {(item.categories, item.not_applicable) for item in items} == {(None, None)}
    assert unit.texts_of == (None if unit.unit.children else 12 if code == "n2" else None)


@pytest.fixture(scope="module")
def large() -> UnitResult:
    tree = [("k", None, 0), ("a", "k", 130), ("b", "k", 20)]
    return by_code(compute(frame(tree), sheets(sizes={"a": 120, "b": 18})))["a"]


def test_from_a_hundred_answers_all_categories_stand_in_steps_of_five(large: UnitResult) -> None:
    assert large.tier == "full"
    for d in large.dimensions:
        for item in d.items:
            assert item.categories is not None
            assert [each.value for each in item.categories] == [1, 2, 3, 4]
            assert {(each.share.percent or 0) % 5 for each in item.categories} == {0}
            assert item.favourable is not None
            assert item.favourable.step == 5, "whole per cent only from three hundred"


def test_a_single_choice_question_has_no_share_below_a_hundred(
    released: Computed, large: UnitResult
) -> None:
    small = {q.id: q.options for q in by_code(released)["k"].questions}
    assert [o.share for o in small["weeks"]] == [None, None]
    assert all(o.share is not None for o in small["effects"])
    assert all(o.share is not None for q in large.questions for o in q.options)
    assert "role" not in {q.id for q in large.questions}


def test_a_favourable_share_is_counted_in_steps_of_five(released: Computed) -> None:
    joined = sheets()["s1"]
    favourable = sum(joined[start] in "34" for start in range(0, len(joined), WIDTH))
    share = by_code(released)["s1"].dimensions[0].items[0].favourable
    assert share is not None
    if 26 - favourable <= 2:  # a tail of one or two became none or three
        assert share.form == "all_but_few" or share.percent == 90
    else:
        assert share.percent == 5 * math.floor(20 * favourable / 26 + 0.5)


def test_rounding_is_drawn_anew_and_everything_else_is_a_function() -> None:
    """So a wave is protected once; what is written from it is the same at every call."""
    tree = [("k", None, 0)] + [(f"u{n}", "k", 12) for n in range(10)]
    joined = sheets(0.8, sizes={f"u{n}": 11 for n in range(10)})
    one, other = protect_wave(frame(tree), joined), protect_wave(frame(tree), joined)
    assert one.blocks.shares != other.blocks.shares
    assert one.blocks.indices == other.blocks.indices
    assert one.method == other.method
    assert write_documents(frame(tree), one) == write_documents(frame(tree), one)


def test_everyone_answered_leaves_no_interval(released: Computed) -> None:
    everyone = by_code(released)["s1"].overall
    assert everyone.everyone
    assert everyone.interval is None
    some = by_code(released)["north"].overall
    assert not some.everyone
    assert some.interval is not None
    assert some.index is not None
    assert some.interval.low <= some.index <= some.interval.high


def test_a_headcount_counts_those_whose_answers_do(released: Computed) -> None:
    """The people of n4 are counted nowhere, so their headcount is in nobody's."""
    units = by_code(released)
    assert units["north"].participation.headcount == 30 + 14 + 8
    assert units["n4"].participation.headcount == 4


@pytest.mark.parametrize("head", [0, None])
def test_a_headcount_of_nobody_or_unknown_corrects_nothing(head: int | None) -> None:
    tree = [("k", None, 0), ("a", "k", head), ("b", "k", 30)]
    unit = by_code(compute(frame(tree), sheets(sizes={"a": 12, "b": 28})))["a"]
    assert unit.participation.headcount is None
    assert not unit.participation.over
    assert not unit.overall.everyone
    assert unit.overall.interval is not None


def test_more_answers_than_employees_is_said_and_not_corrected() -> None:
    tree = [("k", None, 0), ("a", "k", 9), ("b", "k", 30)]
    unit = by_code(compute(frame(tree), sheets(sizes={"a": 12, "b": 28})))["a"]
    assert unit.participation.over
    assert not unit.overall.everyone


def test_a_unit_of_one_wave_has_no_change_and_no_history(released: Computed) -> None:
    unit = by_code(released)["n1"]
    assert unit.changes == ()
    assert unit.history == ()
    assert not unit.unit.is_new


def test_the_second_wave_carries_what_the_first_one_printed(released: Computed) -> None:
    again = compute(frame(TREE, ordinal=2), sheets(seed=50), [as_earlier(released)])
    before, now = by_code(released)["n1"], by_code(again)["n1"]
    [past] = now.history
    assert past.overall == before.overall
    assert past.dimensions == {d.id: d.score for d in before.dimensions}
    assert past.items == {i.id: i.favourable for d in before.dimensions for i in d.items}


def test_a_merged_unit_is_counted_in_its_neighbour_and_says_so() -> None:
    tree = [("k", None, 0), ("a", "k", 20), ("b", "k", 3), ("c", "k", 20)]
    merged = frame(tree, reports_to={"b": "a"})
    units = by_code(compute(merged, sheets(sizes={"a": 22, "c": 18})))
    assert units["b"].unit.merged_into == "Unit a"
    assert units["b"].tier == "none"
    assert units["b"].participation.answered is None
    assert units["a"].participation.headcount == 23


def test_the_order_of_sheets_and_units_changes_nothing(released: Computed) -> None:
    turned = {
        code: "".join(sorted((j[i : i + WIDTH] for i in range(0, len(j), WIDTH)), reverse=True))
        for code, j in reversed(sheets().items())
    }
    again = compute(frame(list(reversed(TREE))), turned)
    assert [to_json(u) for u in again.units] == [to_json(u) for u in released.units]


def test_documents_survive_storage_unchanged(released: Computed) -> None:
    assert header_from_json(to_json(released.header)) == released.header
    assert all(unit_from_json(to_json(unit)) == unit for unit in released.units)


def test_no_answers_at_all_is_a_release_that_shows_nothing() -> None:
    computed = compute(frame(TREE), {})
    assert {unit.tier for unit in computed.units} == {"none"}
    assert not uncounted(protect_wave(frame(TREE), {}))


def test_units_of_one_kind_are_compared_from_five_others_on() -> None:
    def of_kind(count: int) -> list[int | None]:
        codes = [f"u{n}" for n in range(count)]
        tree = [("k", None, 0)] + [(code, "k", 20) for code in codes]
        joined = sheets(sizes=dict.fromkeys(codes, 18))
        kinds = dict.fromkeys(codes, "barnehage")
        units = by_code(compute(frame(tree, kinds=kinds), joined))
        for comparison in units["u0"].comparisons:
            if comparison.role == "kind":
                others = [units[c].overall.index or 0 for c in codes[1:]]
                assert comparison.overall.index == math.floor(statistics.median(others) + 0.5)
        return [c.units for c in units["u0"].comparisons if c.role == "kind"]

    assert of_kind(6) == [5]
    assert of_kind(5) == []


def test_an_area_and_the_municipality_stand_beside_a_unit(released: Computed) -> None:
    units = by_code(released)
    beside = {c.role: c for c in units["n1"].comparisons}
    assert beside["parent"].overall.index == units["north"].overall.index
    assert beside["organisation"].overall.index == units["k"].overall.index
    assert [c.role for c in units["north"].comparisons] == ["organisation"]


def test_bands_place_units_by_their_printed_indices_from_ten_units_on() -> None:
    codes = [f"u{n}" for n in range(12)]
    tree = [("k", None, 0)] + [(code, "k", 40) for code in codes]
    joined = {c: draw_sheets(38, 0.5 + 0.03 * n, n) for n, c in enumerate(codes)}
    computed = compute(frame(tree), joined)
    units = by_code(computed)
    assert (units["u0"].band, units["u11"].band) == ("below", "above")
    assert "around" in {units[code].band for code in codes}
    assert computed.header.method.mean is not None
    few = compute(frame(tree[:9]), {c: joined[c] for c in codes[:8]})
    assert {unit.band for unit in few.units} == {None}


def test_sigma_says_where_it_comes_from(released: Computed) -> None:
    """Too few people here; a hundred in blocks of ten or more give the organisation's own."""
    assert {d.source for d in released.header.method.dimensions.values()} == {"assumed"}
    assert {d.sigma for d in released.header.method.dimensions.values()} == {30}
    tree = [("k", None, 0)] + [(f"u{n}", "k", 20) for n in range(10)]
    many = compute(frame(tree), sheets(sizes={f"u{n}": 15 for n in range(10)}))
    how = many.header.method
    assert (how.sigma_overall_source, how.dimensions["share"].source) == ("within", "within")
    assert how.dimensions["share"].alpha is not None
    assert how.correlations.keys() == {"share/lead"}
    large = compute(frame(tree), sheets(sizes={f"u{n}": 30 for n in range(4)}))
    assert large.header.method.sigma_overall_source == "everyone"
    assert large.header.method.dimensions["share"].alpha is None
