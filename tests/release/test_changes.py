"""Verdicts between waves, from printed numbers only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

import pytest
from scipy import special

from survey.release.changes import with_changes
from survey.release.document import (
    Bound,
    Change,
    DimensionMethod,
    DimensionResult,
    ItemResult,
    Method,
    OptionResult,
    Others,
    Participation,
    QuestionResult,
    Score,
    Share,
    ShareForm,
    UnitFacts,
    UnitResult,
    WaveChange,
)
from survey.release.lineage import Earlier, Lineage, Now, Recorded
from tests.release.samples import instrument, wave

METHOD = Method(
    k=5,
    sigma_overall=20,
    dimensions={name: DimensionMethod(20) for name in ("share", "lead", "goal")},
    software="test",
)
Z2 = 2.2414027276
"""Normal quantile of two simultaneous intervals, 1 - 0.025/2."""


@dataclass
class U:
    """A unit as it is printed: its number of answers, its sub-goals in whole points."""

    code: str
    n: int | None = 20
    share: int | None = 50
    lead: int | None = 50
    parent: str | None = "k"
    head: int | None = None
    bound: Bound | None = None
    others: tuple[int, int, int] | None = None
    band: str | None = None
    items: Mapping[str, Share] = field(default_factory=dict)
    options: Mapping[str, Share] = field(default_factory=dict)
    goal: int | None = None
    schema: int = 2
    overall: int | None = None

    def document(self, children: tuple[str, ...]) -> UnitResult:
        parts = [self.share, self.lead]
        known = [p for p in parts if p is not None]
        whole = math.floor(mean(known) + 0.5) if len(known) == 2 else None
        whole = self.overall if self.overall is not None else whole
        items = tuple(ItemResult(name, share) for name, share in self.items.items())
        goal = () if self.goal is None else (DimensionResult("goal", Score(self.goal)),)
        return UnitResult(
            unit=UnitFacts(self.code, self.code.upper(), "", 0, self.parent, children=children),
            tier="shares",
            participation=Participation(self.head, None, self.n),
            overall=Score(whole, self.bound),
            dimensions=(
                DimensionResult("share", Score(self.share, self.bound), items=items),
                DimensionResult("lead", Score(self.lead)),
                *goal,
            ),
            band=self.band,  # type: ignore[arg-type]
            questions=(
                QuestionResult(
                    "effects", tuple(OptionResult(name, s) for name, s in self.options.items())
                ),
            ),
            others=self._others(),
            schema=self.schema,
        )

    def _others(self) -> Others | None:
        if self.others is None:
            return None
        n, share, lead = self.others
        scores = {"share": Score(share), "lead": Score(lead)}
        return Others(n, Score(math.floor((share + lead) / 2 + 0.5)), scores)


def documents(units: Sequence[U]) -> dict[str, UnitResult]:
    below = {u.code: tuple(each.code for each in units if each.parent == u.code) for u in units}
    return {u.code: u.document(below[u.code]) for u in units}


def judged(
    then: Sequence[U],
    now: Sequence[U],
    recorded: Sequence[Recorded] = (),
    past_method: Method | None = METHOD,
) -> dict[str, WaveChange]:
    """Each unit's changes between two waves."""
    earlier = Earlier(wave(1), documents(then), past_method)
    units = documents(now)
    known = {code: Now(unit.unit.name, unit.unit.parent) for code, unit in units.items()}
    lineage = Lineage(2, known, [earlier], recorded)
    made = with_changes(units, [earlier], METHOD, instrument(), lineage)
    return {code: unit.changes[0] for code, unit in made.items() if unit.changes}


TOP = U("k", None, None, None, None)


def one(then: U, now: U) -> WaveChange:
    return judged([TOP, then], [TOP, now])["u"]


# ---- a unit ----


def test_the_verdict_follows_the_printed_indices_and_sigma() -> None:
    found = one(U("u"), U("u", share=70, lead=70)).overall
    assert (found.verdict, found.difference) == ("risen", 20)
    # 1.96 · 20 · √(1/20 + 1/20) = 12.4
    assert (found.low, found.high) == (7, 33)
    assert found.effect == 1.0
    # (1.96 + 0.84) · 20 · √(0.1) = 17.7
    assert found.minimum_detectable == 18
    assert found.basis == "unit"


@pytest.mark.parametrize(("later", "verdict"), [(62, "unknown"), (63, "unknown"), (64, "risen")])
def test_a_verdict_is_whether_its_printed_interval_excludes_zero(later: int, verdict: str) -> None:
    """12.4 either way, rounded outward: 13 points are from 0 to 26."""
    found = one(U("u"), U("u", share=later, lead=later)).overall
    assert found.verdict == verdict
    assert found.low is not None
    assert (found.low > 0) == (verdict == "risen")


def test_a_fall_mirrors_a_rise() -> None:
    found = one(U("u", share=70, lead=70), U("u")).overall
    assert (found.verdict, found.low, found.high, found.effect) == ("fallen", -33, -7, -1.0)


def test_few_answers_say_unknown_with_what_could_have_been_seen() -> None:
    found = one(U("u", 6), U("u", 6, 55, 55)).overall
    assert found.verdict == "unknown"
    assert found.minimum_detectable is not None
    assert found.minimum_detectable > 5


def test_sub_goals_of_the_index_are_judged_together_and_others_alone() -> None:
    found = one(U("u", goal=50), U("u", share=64, lead=50, goal=64)).dimensions
    half = Z2 * 20 * math.sqrt(1 / 10)
    assert (found["share"].low, found["share"].high) == (
        math.floor(14 - half),
        math.ceil(14 + half),
    )
    assert found["share"].verdict == "unknown"
    assert found["goal"].verdict == "risen"


def test_a_wave_without_an_index_hides_the_verdict_and_every_number() -> None:
    hidden = Change("hidden")
    assert one(U("u", None, None, None), U("u")).overall == hidden
    assert one(U("u"), U("u", None, None, None)).overall == hidden
    partly = one(U("u", lead=None), U("u"))
    assert partly.overall == partly.dimensions["lead"] == hidden
    assert partly.dimensions["share"].verdict == "unknown"


def test_what_rests_on_a_clamped_index_has_an_open_end() -> None:
    rise = one(U("u", share=50, lead=50), U("u", share=90, lead=90, bound="at_least")).overall
    assert (rise.verdict, rise.low_open, rise.high_open) == ("risen", False, True)
    assert rise.high == 50
    back = one(U("u", share=90, lead=90, bound="at_least"), U("u", share=70, lead=70)).overall
    assert back.low_open
    assert back.verdict == "fallen"
    gain = one(U("u", share=90, lead=90, bound="at_least"), U("u", 200, 99, 99)).overall
    assert gain.verdict == "unknown", "the earlier one may have been 99 as well"


def test_an_interval_of_a_change_stays_on_the_scale() -> None:
    found = one(U("u", 5, 95, 95), U("u", 5, 98, 98)).overall
    assert (found.low, found.high) == (-22, 5)


def test_who_did_not_answer_would_have_to_lie_so_far_apart() -> None:
    found = one(U("u", 30), U("u", 30, 70, 70, head=40)).overall
    assert (found.verdict, found.tipping, found.beyond) == ("risen", 80, True)
    found = one(U("u", 30), U("u", 30, 70, 70, head=31)).overall
    assert found.beyond
    mild = one(U("u", 30), U("u", 30, 65, 65, head=60)).overall
    assert (mild.tipping, mild.beyond) == (30, False)
    assert one(U("u", 30), U("u", 30, 70, 70, head=30)).overall.tipping is None
    assert one(U("u", 30), U("u", 30, 52, 52, head=60)).overall.tipping is None


def test_a_unit_that_lay_apart_is_expected_to_move_back() -> None:
    """(1 - B)·distance from the mean, B = 100/(100 + 400/20)."""
    model = replace(METHOD, mean=60.0, tau2=100.0)
    then = U("u", share=30, lead=30, band="below")
    found = judged([TOP, then], [TOP, U("u")], past_method=model)["u"]
    assert found.regression == 5
    around = judged([TOP, replace(then, band="around")], [TOP, U("u")], past_method=model)["u"]
    assert around.regression is None
    assert judged([TOP, then], [TOP, U("u")])["u"].regression is None


# ---- statements and options ----


def shares(**percents: int | ShareForm) -> dict[str, Share]:
    return {
        name: Share(p, 5) if isinstance(p, int) else Share(None, 5, p)
        for name, p in percents.items()
    }


def test_a_statements_change_widens_by_half_of_both_steps() -> None:
    then = U("u", 40, items=shares(a1=40, a2=50))
    now = U("u", 40, items=shares(a1=85, a2=50))
    found = one(then, now).items
    pooled = 0.625
    half = 100 * Z2 * math.sqrt(pooled * (1 - pooled) * 2 / 40) + 5
    assert found["a1"].verdict == "risen"
    assert found["a1"].difference == 45
    assert found["a1"].low == math.floor(45 - half)
    assert found["a2"].verdict == "unknown"


def test_a_share_that_stands_in_words_is_not_judged() -> None:
    then = U("u", items=shares(a1="few", a2=50, a3=50))
    now = U("u", items=shares(a1=50, a2="all_but_few"))
    assert one(then, now).items == {}


def test_options_of_a_question_are_one_family() -> None:
    then = U("u", 40, options=shares(time=20, money=50))
    now = U("u", 40, options=shares(time=80, money=50))
    assert {k: v.verdict for k, v in one(then, now).options.items()} == {
        "effects/time": "risen",
        "effects/money": "unknown",
    }


# ---- areas ----


def area(
    moves: Sequence[int],
    n: int = 20,
    others: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None,
) -> WaveChange:
    codes = [f"u{number}" for number in range(len(moves))]
    then = [U(code, n, parent="a") for code in codes]
    now = [U(c, n, 50 + m, 50 + m, parent="a") for c, m in zip(codes, moves, strict=True)]
    total, move = n * len(moves), round(mean(moves))
    before, after = others or (None, None)
    return judged(
        [TOP, U("a", total, others=before), *then],
        [TOP, U("a", total, 50 + move, 50 + move, others=after), *now],
    )["a"]


def test_an_area_of_ten_units_is_judged_by_its_units() -> None:
    together = area([6, 5, 7, 6, 5, 7, 6, 6, 5, 7]).overall
    assert (together.verdict, together.basis) == ("risen", "units")
    # 200 people would have found this: 6 points ± 4; the units disagree
    apart = area([30, -20, 25, -10, 20, -15, 30, -10, 20, -10]).overall
    assert (apart.verdict, apart.basis) == ("unknown", "units")


def test_the_interval_of_an_area_is_the_linearised_one() -> None:
    moves = [0, 2, 4, 6, 8, 10, 12, 14, 16, 8]
    found = area(moves).overall
    e = [(m - mean(moves)) / len(moves) for m in moves]
    se = math.sqrt(10 / 9 * sum(each**2 for each in e))
    half = float(special.stdtrit(9, 0.975)) * se
    assert (found.low, found.high) == (math.floor(8 - half), math.ceil(8 + half))


def test_an_area_of_fewer_units_is_judged_by_persons_and_says_so() -> None:
    found = area([6] * 9).overall
    assert found.basis == "persons"
    half = 1.96 * 20 * math.sqrt(2 / 180)
    assert (found.low, found.high) == (math.floor(6 - half), math.ceil(6 + half))


def test_an_areas_others_are_a_cluster_of_their_own() -> None:
    """Nine units and the others of the area are ten."""
    found = area([6, 5, 7, 6, 5, 7, 6, 6, 5], others=((9, 50, 50), (9, 57, 57))).overall
    assert found.basis == "units"


def test_units_below_the_areas_children_are_the_clusters() -> None:
    """An inner unit is none: its leaves and its others are."""
    codes = [f"u{n}" for n in range(9)]
    mid = {c: "m" if n < 4 else "a" for n, c in enumerate(codes)}

    def tree(index: int) -> list[U]:
        inner = U("m", 88, index, index, parent="a", others=(8, index, index))
        units = [U(c, 20, index, index, parent=mid[c]) for c in codes]
        return [TOP, U("a", 188, index, index), inner, *units]

    found = judged(tree(50), tree(56))
    assert found["a"].overall.basis == "units"
    assert found["m"].overall.basis == "persons"


def merged(*codes: str, into: str) -> Recorded:
    return Recorded(2, "merged", codes, (into,), {}, {})


def test_merged_units_are_one_cluster_and_ten_are_needed_after_it() -> None:
    codes = [f"u{n}" for n in range(11)]
    then = [TOP, U("a", 220), *(U(c, parent="a") for c in codes)]
    kept = [U(c, 20, 56, 56, parent="a") for c in codes[2:]]
    now = [TOP, U("a", 220, 56, 56), U("new", 40, 56, 56, parent="a"), *kept]
    record = [merged("u0", "u1", into="new")]
    found = judged(then, now, record)
    assert found["a"].overall.basis == "units"
    assert found["a"].reason == ""
    assert found["new"].overall == Change("hidden")
    assert not found["new"].comparable
    assert found["a"].tally is not None
    assert found["a"].tally.not_comparable == 1
    # one fewer, and the same merger leaves nine clusters
    fewer = judged(
        [u for u in then if u.code != "u10"], [u for u in now if u.code != "u10"], record
    )
    assert fewer["a"].overall.basis == "persons"


def test_split_units_are_one_cluster() -> None:
    """Ten units of now, but two of them were one: nine clusters."""
    codes = [f"u{n}" for n in range(9)]
    then = [TOP, U("a", 180), *(U(c, parent="a") for c in codes)]
    now = [TOP, U("a", 180, 56, 56), *(U(c, 20, 56, 56, parent="a") for c in codes[1:])]
    now += [U("x", 10, 56, 56, parent="a"), U("y", 10, 56, 56, parent="a")]
    split = [Recorded(2, "split", ("u0",), ("x", "y"), {}, {})]
    assert judged(then, now, split)["a"].overall.basis == "persons"
    tenth_then, tenth_now = U("u9", parent="a"), U("u9", 20, 56, 56, parent="a")
    found = judged([*then, tenth_then], [*now, tenth_now], split)
    assert found["a"].overall.basis == "units"


def test_a_change_standardised_to_headcounts_counts_each_unit_by_its_latest() -> None:
    then = [TOP, U("a", 40), U("x", parent="a"), U("y", parent="a")]
    now = [
        TOP,
        U("a", 40, 55, 55),
        U("x", 20, 60, 60, parent="a", head=30),
        U("y", 20, 50, 50, parent="a", head=10),
    ]
    assert judged(then, now)["a"].overall.standardised == 8  # (30·10 + 10·0)/40 = 7.5


def test_a_merged_units_standardised_change_is_since_all_that_it_was_made_of() -> None:
    """Answers count: ten at 30 and thirty at 50 were 45 together."""
    then = [
        TOP,
        U("a", 60),
        U("x", 10, 30, 30, parent="a"),
        U("y", 30, 50, 50, parent="a"),
        U("z", parent="a"),
    ]
    now = [
        TOP,
        U("a", 60, 52, 52),
        U("w", 40, 55, 55, parent="a", head=50),
        U("z", 20, 50, 50, parent="a", head=50),
    ]
    found = judged(then, now, [merged("x", "y", into="w")])
    assert found["a"].overall.standardised == 5


def test_the_nearest_ancestor_with_a_verdict_stands_beside_the_unit() -> None:
    then = [U("k", 40, parent=None), U("mid", None, None, None), U("leaf", parent="mid")]
    now = [
        U("k", 40, 60, 60, parent=None),
        U("mid", None, None, None),
        U("leaf", 20, 60, 60, parent="mid"),
    ]
    found = judged(then, now)
    assert found["leaf"].area is not None
    assert found["leaf"].area.code == "k"
    assert found["leaf"].area.overall == found["k"].overall
    assert found["k"].area is None


def test_an_area_tells_how_many_of_its_units_got_which_verdict() -> None:
    moves = {"u0": 30, "u1": 30, "u2": -30, "u3": 0, "u4": 0, "u5": None}
    then = [U("k", 100, parent=None), *(U(c) for c in moves)]
    now = [U("k", 100, parent=None)]
    now += [U(c, 20, 50 + m, 50 + m) if m is not None else U(c, None, None, None)
            for c, m in moves.items()]  # fmt: skip
    tally = judged(then, now)["k"].tally
    assert tally is not None
    assert (tally.risen, tally.fallen, tally.unknown, tally.hidden) == (2, 1, 2, 1)
    assert (tally.expected, tally.expected_low, tally.expected_high) == (0, 0, 1)


def test_an_area_that_gained_and_lost_units_says_which() -> None:
    then = [TOP, U("a", 40), U("x", parent="a"), U("y", parent="a")]
    now = [TOP, U("a", 40), U("x", parent="a"), U("z", parent="a")]
    found = judged(then, now)["a"]
    assert (found.reason, found.joined, found.left) == ("composition", ("Z",), ("Y",))


# ---- since a wave of the first design ----


def test_the_earlier_overall_is_the_mean_of_what_the_first_design_printed_of_sub_goals() -> None:
    then = U("u", share=50, lead=60, overall=57, schema=1)
    found = one(then, U("u", share=70, lead=70)).overall
    assert (found.earlier, found.later, found.difference) == (55, 70, 15)
    hidden = one(replace(then, lead=None), U("u", share=70, lead=70))
    assert hidden.overall.earlier is None
    assert hidden.dimensions["share"].earlier == 50


def test_statements_are_not_judged_since_a_wave_of_the_first_design() -> None:
    then = U("u", 40, items=shares(a1=40), options=shares(time=20), schema=1)
    found = one(then, U("u", 40, items=shares(a1=85), options=shares(time=80)))
    assert (found.items, found.options) == ({}, {})


def test_areas_are_judged_by_persons_since_a_wave_of_the_first_design() -> None:
    codes = [f"u{n}" for n in range(12)]
    then = [U(c, parent="a", schema=1, overall=40) for c in codes]
    now = [U(c, 20, 56, 56, parent="a", head=20) for c in codes]
    found = judged(
        [TOP, U("a", 240, schema=1, overall=40), *then], [TOP, U("a", 240, 56, 56), *now]
    )["a"].overall
    assert (found.basis, found.earlier, found.difference) == ("persons", 50, 6)
    assert found.standardised == 6, "not since the overall that was printed then"
