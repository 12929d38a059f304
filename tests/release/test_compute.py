"""Answers in, protected documents out."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping

import pytest

from survey.instrument.layout import Layout
from survey.release.changes import Earlier
from survey.release.compute import Computed, compute
from survey.release.codec import header_from_json, to_json, unit_from_json
from survey.release.document import UnitResult
from tests.release.samples import draw_sheets, frame, instrument

TREE = [
    ("k", None, 0),
    ("north", "k", 0),
    ("n1", "north", 30),
    ("n2", "north", 14),
    ("n3", "north", 8),
    ("n4", "north", 4),
    ("south", "k", 0),
    ("s1", "south", 26),
    ("s2", "south", 12),
]
SIZES = {"n1": 25, "n2": 12, "n3": 7, "n4": 4, "s1": 26, "s2": 12}


def sheets(level: float = 0.6, seed: int = 1, sizes: Mapping[str, int] = SIZES) -> dict[str, str]:
    return {c: draw_sheets(n, level, seed + i) for i, (c, n) in enumerate(sizes.items())}


def by_code(computed: Computed) -> dict[str, UnitResult]:
    return {unit.unit.code: unit for unit in computed.units}


@pytest.fixture(scope="module")
def released() -> Computed:
    return compute(frame(TREE), sheets())


def expected_index(joined: str, dimension: int) -> tuple[int, int]:
    """n and index of the dimension, worked out by hand from the sheets."""
    width = Layout(instrument()).width
    scores = []
    for start in range(0, len(joined), width):
        values = [int(c) for c in joined[start + 3 * dimension : start + 3 * dimension + 3]]
        if dimension == 1:
            values[2] = 5 - values[2]
        scores.append(statistics.mean((v - 1) / 3 * 100 for v in values))
    return len(scores), math.floor(statistics.mean(scores) + 0.5)


@pytest.mark.parametrize("code", ["n1", "n2", "s1", "s2"])
@pytest.mark.parametrize("dimension", [0, 1])
def test_a_units_index_is_the_mean_of_its_persons_scores(
    released: Computed, code: str, dimension: int
) -> None:
    score = by_code(released)[code].dimensions[dimension].score
    assert (score.n, score.index) == expected_index(sheets()[code], dimension)


def test_a_parent_counts_persons_and_not_units(released: Computed) -> None:
    joined = "".join(sheets()[code] for code in ("s1", "s2"))
    score = by_code(released)["south"].dimensions[0].score
    assert (score.n, score.index) == expected_index(joined, 0)


def test_a_unit_below_k_shows_nothing_at_all(released: Computed) -> None:
    small = by_code(released)["n4"]
    assert small.tier == "none"
    assert small.participation.answered is None
    numbers = json.loads(to_json(small))
    assert all(
        "index" not in (d["score"] or {}) or d["score"]["index"] is None
        for d in numbers["dimensions"]
    )
    assert small.overall.index is None
    assert small.overall.n is None


def test_the_four_missing_answers_cannot_be_found_by_subtraction(released: Computed) -> None:
    units = by_code(released)
    siblings = [units[c] for c in ("n1", "n2", "n3", "n4")]
    hidden = [u.unit.code for u in siblings if u.participation.answered is None]
    assert units["north"].participation.answered is not None
    assert len(hidden) >= 2
    assert sum(SIZES[code] for code in hidden) >= 5


def test_each_tier_shows_what_its_row_of_the_table_says(released: Computed) -> None:
    units = by_code(released)
    shares, full = units["n2"], units["n1"]
    assert full.tier == "full"
    assert any(item.distribution for d in full.dimensions for item in d.items)
    assert shares.tier in {"shares", "none"}
    assert all(item.distribution is None for d in shares.dimensions for item in d.items)


def test_everyone_answered_leaves_no_interval(released: Computed) -> None:
    everyone = by_code(released)["s1"].overall
    assert everyone.everyone
    assert everyone.interval is None
    some = by_code(released)["north"].overall
    assert not some.everyone
    assert some.interval is not None
    assert some.index is not None
    assert some.interval.low <= some.index <= some.interval.high


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


def after(level: float, first: Computed) -> dict[str, UnitResult]:
    earlier = Earlier(first.header.wave, by_code(first))
    second = compute(frame(TREE, ordinal=2), sheets(level, seed=50), [earlier])
    return by_code(second)


def test_a_large_rise_is_found_and_stands_beside_the_areas_verdict(released: Computed) -> None:
    unit = after(0.85, released)["n1"]
    change = unit.changes[0]
    assert change.overall.verdict == "risen"
    assert change.overall.earlier == unit.history[0].overall.index
    assert change.overall.later == unit.overall.index
    assert change.area is not None
    assert change.area.code == "north"


def test_the_same_climate_is_not_called_changed(released: Computed) -> None:
    verdicts = {u.changes[0].overall.verdict for u in after(0.6, released).values()}
    assert verdicts <= {"no_change", "too_few", "hidden"}


def test_a_hidden_wave_gives_a_hidden_verdict_and_never_no_change(released: Computed) -> None:
    assert after(0.6, released)["n4"].changes[0].overall.verdict == "hidden"


def test_the_verdict_interval_stays_on_the_scale(released: Computed) -> None:
    for unit in after(0.95, released).values():
        change = unit.changes[0].overall
        if change.low is not None and change.earlier is not None and change.high is not None:
            assert change.earlier + change.low >= 0
            assert change.earlier + change.high <= 100


def test_a_merged_unit_is_counted_in_its_neighbour_and_says_so() -> None:
    tree = [("k", None, 0), ("a", "k", 20), ("b", "k", 3), ("c", "k", 20)]
    merged = frame(tree, reports_to={"b": "a"})
    units = by_code(compute(merged, sheets(sizes={"a": 22, "c": 18})))
    assert units["b"].unit.merged_into == "Unit a"
    assert units["b"].tier == "none"
    assert units["a"].participation.headcount == 23


def test_a_unit_that_was_not_there_before_is_new(released: Computed) -> None:
    earlier = Earlier(released.header.wave, by_code(released))
    tree = [*TREE, ("s3", "south", 15)]
    second = compute(frame(tree, ordinal=2), sheets(sizes={**SIZES, "s3": 13}), [earlier])
    units = by_code(second)
    assert units["s3"].unit.is_new
    assert units["s3"].changes == ()
    assert units["south"].changes[0].reason == "composition"


def test_a_neighbour_that_is_no_longer_counted_here_is_named() -> None:
    tree = [("k", None, 0), ("a", "k", 20), ("b", "k", 4), ("c", "k", 20)]
    first = compute(frame(tree, reports_to={"b": "a"}), sheets(sizes={"a": 22, "c": 18}))
    earlier = Earlier(first.header.wave, by_code(first))
    second = compute(
        frame(tree, ordinal=2),
        sheets(sizes={"a": 18, "b": 9, "c": 18}),
        [earlier],
    )
    units = by_code(second)
    assert units["a"].changes[0].left == ("Unit b",)
    assert units["c"].changes[0].left == ()
    assert units["k"].changes[0].reason == ""


def test_the_order_of_sheets_and_units_changes_nothing(released: Computed) -> None:
    width = Layout(instrument()).width
    turned = {
        code: "".join(sorted((j[i : i + width] for i in range(0, len(j), width)), reverse=True))
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


def test_units_of_one_kind_are_compared_from_three_others_on() -> None:
    tree = [("k", None, 0)] + [(f"u{n}", "k", 20) for n in range(5)]
    kinds = {f"u{n}": "barnehage" for n in range(5)}
    sizes = {f"u{n}": 18 for n in range(5)}
    unit = by_code(compute(frame(tree, kinds=kinds), sheets(sizes=sizes)))["u0"]
    kind = [c for c in unit.comparisons if c.role == "kind"]
    assert [c.units for c in kind] == [4]
    few = {f"u{n}": "barnehage" for n in range(3)}
    unit = by_code(compute(frame(tree, kinds=few), sheets(sizes=sizes)))["u0"]
    assert [c for c in unit.comparisons if c.role == "kind"] == []
