"""Verdicts between waves, from printed numbers only."""

from __future__ import annotations

from survey.release.changes import Pair, wave_change, with_areas
from survey.release.document import (
    DimensionMethod,
    DimensionResult,
    Method,
    Participation,
    Score,
    UnitFacts,
    UnitResult,
    WaveChange,
)

METHOD = Method(
    k=5,
    relevance=10,
    sigma_overall=20,
    dimensions={name: DimensionMethod(20) for name in ("a", "b", "c")},
    software="test",
)


def unit(
    code: str,
    index: int | None,
    n: int | None = 20,
    *,
    parent: str | None = None,
    children: tuple[str, ...] = (),
    dimensions: dict[str, int | None] | None = None,
) -> UnitResult:
    return UnitResult(
        unit=UnitFacts(code, code, "", 0, parent, children=children),
        tier="full",
        participation=Participation(None, None, n),
        overall=Score(index, n),
        dimensions=tuple(
            DimensionResult(name, Score(value, None if value is None else n))
            for name, value in (dimensions or {}).items()
        ),
    )


def change(then: UnitResult, now: UnitResult) -> WaveChange:
    return wave_change(Pair(then, now), 1, METHOD, ("a", "b"))


def test_the_verdict_follows_the_printed_indices_and_sigma() -> None:
    found = change(unit("u", 50), unit("u", 70)).overall
    assert found.verdict == "risen"
    # 1.96 · 20 · √(1/20 + 1/20) = 12.4
    assert (found.low, found.high) == (8, 32)
    # (1.96 + 0.84) · 20 · √(0.1) = 17.7
    assert found.minimum_detectable == 18


def test_a_verdict_of_change_has_no_bound_of_zero_beside_it() -> None:
    # 1.96 · 20 · √(1/20 + 1/20) = 12.4, so the interval is 0.6 to 25.4 and -0.4 to 24.4
    assert change(unit("u", 50), unit("u", 63)).overall.low == 1
    narrow = change(unit("u", 50, 21), unit("u", 62, 22)).overall
    assert (narrow.verdict, narrow.low) == ("risen", 1)
    fallen = change(unit("u", 62, 22), unit("u", 50, 21)).overall
    assert (fallen.verdict, fallen.high) == ("fallen", -1)


def test_the_effect_is_the_printed_difference_over_the_printed_sigma() -> None:
    found = change(unit("u", 50), unit("u", 70)).overall
    # 20 / 20 · (1 - 3 / (4 · 38 - 1))
    assert found.effect == 0.98
    assert found.effect_interval is not None
    assert found.effect_interval[0] < 0.98 < found.effect_interval[1]
    assert change(unit("u", 50, 9), unit("u", 70, 20)).overall.effect is None


def test_few_answers_and_a_wide_interval_say_too_few_and_not_unchanged() -> None:
    assert change(unit("u", 50, 6), unit("u", 55, 6)).overall.verdict == "too_few"
    assert change(unit("u", 50, 40), unit("u", 53, 40)).overall.verdict == "no_change"


def test_dimensions_of_the_index_are_judged_together_and_others_alone() -> None:
    then = unit("u", 50, dimensions={"a": 50, "b": 50, "c": 50})
    now = unit("u", 50, dimensions={"a": 63, "b": 50, "c": 63})
    found = change(then, now).dimensions
    # p = .040 alone; Holm over two makes it .080
    assert found["c"].verdict == "risen"
    assert found["a"].verdict == "no_change"


def test_a_hidden_wave_hides_the_verdict() -> None:
    found = change(unit("u", None, None), unit("u", 70))
    assert found.overall.verdict == "hidden"
    assert found.overall.later is None


def area(moves: list[int]) -> WaveChange:
    codes = tuple(f"u{n}" for n in range(len(moves)))
    mean = round(sum(moves) / len(moves))
    below = [(unit(c, 50), unit(c, 50 + move)) for c, move in zip(codes, moves, strict=True)]
    then, now = unit("area", 50, 200, children=codes), unit("area", 50 + mean, 200, children=codes)
    return wave_change(Pair(then, now, below), 1, METHOD, ())


def test_an_area_of_ten_units_is_judged_by_its_units() -> None:
    together = area([6, 5, 7, 6, 5, 7, 6, 6, 5, 7]).overall
    assert (together.verdict, together.basis) == ("risen", "units")
    # persons would have found this: 6 points, n = 200, ± 3.9; the units disagree
    apart = area([30, -20, 25, -10, 20, -15, 30, -10, 20, -10]).overall
    assert (apart.verdict, apart.basis) == ("no_change", "units")
    assert apart.low is not None
    assert apart.low < 0


def test_an_area_of_fewer_units_is_judged_by_persons_and_says_so() -> None:
    assert area([6] * 9).overall.basis == "persons"


def test_the_nearest_ancestor_with_a_verdict_stands_beside_the_unit() -> None:
    units = {
        "k": unit("k", 60),
        "mid": unit("mid", None, None, parent="k"),
        "leaf": unit("leaf", 60, parent="mid"),
    }
    changes = {
        "k": change(unit("k", 50), units["k"]),
        "mid": change(unit("mid", 50), units["mid"]),
        "leaf": change(unit("leaf", 50), units["leaf"]),
    }
    beside = with_areas(changes, units)
    assert beside["leaf"].area is not None
    assert beside["leaf"].area.code == "k"
    assert beside["k"].area is None
