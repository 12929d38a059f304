import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from survey.measurement import verdicts as ve
from survey.measurement.verdicts import Index

indices = st.builds(Index, st.integers(0, 100), st.integers(1, 400), st.booleans(), st.booleans())
families = st.integers(1, 12)


def change(a, b, n1, n2, sigma=19, m=1, **ends):
    return ve.unit_change(Index(a, n1), Index(b, n2), sigma, m)


def says(found):
    """What anybody would read from the printed bounds."""
    if found.low > 0:
        return "risen"
    return "fallen" if found.high < 0 else "unknown"


# ------------------------------------------------------------------ the interval of a unit


@pytest.mark.parametrize(("m", "z"), [(1, 1.96), (6, 2.64)])
def test_the_intervals_of_a_family_hold_together(m, z):
    half = ve.judge(50.0, 50.0, 1.0, m=m).high
    assert round(half, 2) == z
    assert half == pytest.approx(stats.norm.isf(0.025 / m), rel=1e-12)


@pytest.mark.parametrize(("m", "low", "high"), [(1, -1, 25), (6, -5, 29)])
def test_the_interval_is_that_of_the_formula_rounded_outward(m, low, high):
    # 20·sqrt(1/16 + 1/25) = 6.40; times 1.96 it is 12.55, times 2.64 it is 16.89
    found = ve.unit_change(Index(50, 16), Index(62, 25), 20, m)
    assert (found.difference, found.low, found.high) == (12, low, high)
    assert found.verdict == "unknown"


@pytest.mark.parametrize(
    ("a", "b", "n1", "n2", "word", "low", "high"),
    [
        (50, 70, 20, 20, "risen", 8, 32),
        (70, 50, 20, 20, "fallen", -32, -8),
        (50, 50, 20, 20, "unknown", -12, 12),
        (50, 80, 5, 5, "risen", 6, 50),  # five answers are enough for a change of thirty
        (50, 70, 5, 5, "unknown", -4, 44),
        (95, 70, 20, 20, "fallen", -37, -13),
        (60, 92, 20, 20, "risen", 20, 40),  # more than 40 points up there is not
        (15, 0, 20, 20, "fallen", -15, -3),
    ],
)
def test_the_verdict_says_whether_the_printed_interval_excludes_0(a, b, n1, n2, word, low, high):
    found = change(a, b, n1, n2)
    assert (found.verdict, found.low, found.high) == (word, low, high)


def test_an_interval_that_only_just_excludes_0_does_not_when_it_is_rounded_outward():
    # half-width 11.77: at 12 the bound is 0.23, printed as 0; at 13 it is 1.23, printed as 1
    assert (change(50, 62, 20, 20).low, change(50, 62, 20, 20).verdict) == (0, "unknown")
    assert (change(50, 63, 20, 20).low, change(50, 63, 20, 20).verdict) == (1, "risen")


def test_a_whole_bound_stays_where_it_is_in_spite_of_rounding_in_the_sums():
    # the half-width comes out as 3.0000000000000004
    se = 3.0 / float(special.stdtrit(11, 0.975))
    found = ve.printed_change(Index(50, 9), Index(53, 9), se, 11)
    assert (found.low, found.high) == (0, 6)


@pytest.mark.parametrize(
    ("earlier", "later", "low", "high", "word"),
    [
        # "90 or more" before: it may have been 100, so the fall may be larger
        (Index(90, 9, high_open=True), Index(60, 9), (-90, True), (-12, False), "fallen"),
        # "90 or more" after: the rise may be larger
        (Index(60, 9), Index(90, 9, high_open=True), (12, False), (40, True), "risen"),
        # "10 or less" before: the rise may be larger
        (Index(10, 9, low_open=True), Index(40, 9), (12, False), (90, True), "risen"),
        # "10 or less" after: the fall may be larger
        (Index(40, 9), Index(10, 9, low_open=True), (-40, True), (-12, False), "fallen"),
        # from "90 or more" to 95 of many: perhaps a fall from 100
        (Index(90, 9, high_open=True), Index(95, 400), (-90, True), (10, False), "unknown"),
        (
            Index(90, 9, high_open=True),
            Index(90, 9, high_open=True),
            (-90, True),
            (10, True),
            "unknown",
        ),
    ],
)
def test_an_end_that_rests_on_a_clamped_index_is_open(earlier, later, low, high, word):
    found = ve.unit_change(earlier, later, 19)
    assert (found.low, found.low_open) == low
    assert (found.high, found.high_open) == high
    assert found.verdict == word


@settings(max_examples=300)
@given(earlier=indices, later=indices, sigma=st.integers(1, 45), m=families)
def test_no_sentence_ever_contradicts_the_interval_beside_it(earlier, later, sigma, m):
    found = ve.unit_change(earlier, later, sigma, m)
    assert found.verdict == says(found)
    assert found.low <= found.difference <= found.high
    assert earlier.value + found.low >= 0
    assert earlier.value + found.high <= 100
    assert not (found.low_open and found.low > 0)
    assert not (found.high_open and found.high < 0)
    wide = ve.unit_change(earlier, later, sigma, m + 1)
    assert wide.low <= found.low
    assert wide.high >= found.high


@settings(max_examples=300)
@given(earlier=indices, later=indices, sigma=st.integers(1, 45), m=families)
def test_the_minimum_detectable_change_never_contradicts_an_unknown_beside_it(
    earlier, later, sigma, m
):
    found = ve.unit_change(earlier, later, sigma, m)
    if found.verdict == "unknown":
        assert abs(found.difference) < found.minimum_detectable
    # and whatever is that large is seen, both ways, wherever no end is open
    for b in (earlier.value - found.minimum_detectable, earlier.value + found.minimum_detectable):
        if 0 <= b <= 100:
            plain = Index(earlier.value, earlier.n), Index(b, later.n)
            assert ve.unit_change(*plain, sigma, m).verdict == (
                "risen" if b > earlier.value else "fallen"
            )


@settings(max_examples=100)
@given(earlier=indices, later=indices, sigma=st.integers(1, 45), m=families)
def test_a_fall_is_the_mirror_image_of_a_rise(earlier, later, sigma, m):
    def mirror(index):
        return Index(100 - index.value, index.n, index.high_open, index.low_open)

    one = ve.unit_change(earlier, later, sigma, m)
    two = ve.unit_change(mirror(earlier), mirror(later), sigma, m)
    assert (two.low, two.high, two.minimum_detectable) == (
        -one.high,
        -one.low,
        one.minimum_detectable,
    )


def test_the_minimum_detectable_change_is_found_four_times_of_five():
    found = change(50, 50, 20, 20)
    se = 19 * math.sqrt(2 / 20)
    assert found.minimum_detectable == math.ceil((1.959964 + 0.841621) * se) == 17
    assert stats.norm.sf(1.96 - 17 / se) > 0.8 > stats.norm.sf(1.96 - 16 / se)


def test_the_minimum_detectable_change_is_at_least_what_would_be_called_one():
    # so many answers that rounding outward costs more than the power does: the half-width is 0.83
    found = change(50, 51, 4000, 4000)
    assert (found.low, found.verdict, found.minimum_detectable) == (0, "unknown", 2)
    assert change(50, 52, 4000, 4000).verdict == "risen"


@pytest.mark.parametrize("wrong", [{"sigma": 0}, {"m": 0}, {"n1": 0}, {"n2": 0}])
def test_what_has_no_interval_is_refused(wrong):
    with pytest.raises(ValueError):
        change(50, 60, **{"n1": 9, "n2": 9} | wrong)


# ------------------------------------------------------------------ exact and printed


@settings(max_examples=200)
@given(
    earlier=st.integers(0, 100),
    later=st.integers(0, 100),
    se=st.floats(0.1, 30),
    df=st.none() | st.integers(1, 400),
    m=families,
)
def test_what_is_printed_is_what_an_analysis_shows_rounded_outward(earlier, later, se, df, m):
    exact = ve.judge(earlier, later, se, df, m)
    found = ve.printed_change(Index(earlier, 30), Index(later, 30), se, df, m)
    assert found.difference == exact.difference
    assert found.low == max(math.floor(round(exact.low, 9)), -earlier)
    assert found.high == min(math.ceil(round(exact.high, 9)), 100 - earlier)
    assert found.minimum_detectable >= exact.minimum_detectable - 1e-9
    if exact.verdict == "unknown":
        assert found.verdict == "unknown"


def test_an_exact_change_is_unknown_where_only_rounding_in_the_sums_excludes_0():
    se = float(3.0 / special.stdtrit(11, 0.975))
    assert ve.judge(50, 53, se, 11).verdict == "unknown"
    assert ve.judge(50, 53.1, se, 11).verdict == "risen"
    assert ve.judge(53.1, 50, se, 11).verdict == "fallen"


# ------------------------------------------------------------------ areas


def test_an_area_uses_t_with_the_units_degrees_of_freedom():
    found = ve.printed_change(Index(60, 300), Index(66, 280), 2.0, 9)
    half = stats.t.isf(0.025, 9) * 2.0
    assert (found.low, found.high) == (math.floor(6 - half), math.ceil(6 + half)) == (1, 11)
    assert found.verdict == "risen"
    six = ve.printed_change(Index(60, 300), Index(66, 280), 2.0, 9, m=6)
    half = stats.t.isf(0.025 / 6, 9) * 2.0
    assert (six.low, six.high) == (math.floor(6 - half), math.ceil(6 + half))
    assert six.verdict == "unknown"


@settings(max_examples=200)
@given(
    earlier=indices,
    later=indices,
    se=st.floats(0, 40),
    df=st.integers(1, 400),
    m=families,
)
def test_an_areas_sentence_never_contradicts_its_interval(earlier, later, se, df, m):
    found = ve.printed_change(earlier, later, se, df, m)
    assert found.verdict == says(found)
    assert found.low <= found.difference <= found.high
    assert found.verdict != "unknown" or abs(found.difference) < found.minimum_detectable


def test_units_that_all_moved_alike_leave_no_doubt():
    found = ve.printed_change(Index(60, 300), Index(61, 300), 0.0, 9)
    assert (found.low, found.high, found.verdict) == (1, 1, "risen")


# ------------------------------------------------------------------ who did not answer


@pytest.mark.parametrize(
    ("difference", "later", "n", "headcount", "points", "beyond"),
    [
        (14, 64, 10, 15, 42, False),  # 14/(1 - 10/15) = 42
        (-14, 50, 10, 15, 42, False),
        (14, 42, 10, 15, 42, False),  # they would all have to be at 0: still possible
        (14, 41, 10, 15, 42, True),
        (-14, 58, 10, 15, 42, False),
        (-14, 59, 10, 15, 42, True),
        (5, 60, 12, 16, 20, False),
        (7, 60, 9, 14, 20, False),  # 19.6
        (1, 60, 1, 3, 2, False),  # 1.5, half up
    ],
)
def test_those_who_did_not_answer_would_have_to_lie_this_much_off(
    difference, later, n, headcount, points, beyond
):
    assert ve.tipping_point(difference, later, n, headcount) == ve.Tipping(points, beyond)


@pytest.mark.parametrize("headcount", [None, 0, 9, 10])
def test_nothing_is_said_of_those_who_did_not_answer_where_there_are_none_or_nobody_knows(
    headcount,
):
    assert ve.tipping_point(14, 64, 10, headcount) is None


def test_no_change_has_no_tipping_point():
    assert ve.tipping_point(0, 64, 10, 15) is None


@settings(max_examples=100)
@given(
    earlier=st.integers(0, 100),
    later=st.integers(0, 100),
    n=st.integers(1, 50),
    missing=st.integers(1, 50),
)
def test_at_the_tipping_point_everybody_together_stands_where_they_stood(
    earlier, later, n, missing
):
    found = ve.tipping_point(later - earlier, later, n, n + missing)
    if found is None:
        assert later == earlier
        return
    # with everybody who did not answer at the far end of the scale, is the change still there?
    worst = n * later + missing * (0 if later > earlier else 100)
    still = (worst - earlier * (n + missing)) * (1 if later > earlier else -1) > 0
    assert found.beyond == still


# ------------------------------------------------------------------ shares


def test_a_shares_interval_is_the_two_sample_one_and_half_of_both_steps():
    found = ve.share_change(40, 70, 20, 30, 5, 5, 1)
    pooled = (20 * 0.40 + 30 * 0.70) / 50
    half = 100 * 1.959964 * math.sqrt(pooled * (1 - pooled) * (1 / 20 + 1 / 30)) + 5
    assert half == pytest.approx(32.92, abs=0.01)
    assert (found.low, found.high) == (math.floor(30 - half), 60)  # above 100 % there is nothing
    assert (found.difference, found.verdict) == (30, "unknown")


@pytest.mark.parametrize(
    ("step1", "step2", "low", "high"), [(1, 1, 5, 35), (5, 1, 3, 37), (5, 5, 1, 39)]
)
def test_steps_widen_a_shares_interval(step1, step2, low, high):
    found = ve.share_change(40, 60, 104, 104, step1, step2, 1)
    assert (found.low, found.high, found.verdict) == (low, high, "risen")


def test_a_share_of_fewer_than_ten_answers_is_not_judged():
    assert ve.share_change(40, 90, 9, 30, 5, 5, 4) is None
    assert ve.share_change(40, 90, 30, 9, 5, 5, 4) is None
    assert ve.share_change(40, 90, 10, 10, 5, 5, 4) is not None


@settings(max_examples=200)
@given(
    p1=st.integers(0, 100),
    p2=st.integers(0, 100),
    n1=st.integers(10, 500),
    n2=st.integers(10, 500),
    step=st.sampled_from([1, 5]),
    m=families,
)
def test_a_shares_sentence_never_contradicts_its_interval(p1, p2, n1, n2, step, m):
    found = ve.share_change(p1, p2, n1, n2, step, step, m)
    assert found.verdict == says(found)
    assert found.low <= found.difference == p2 - p1 <= found.high
    assert p1 + found.low >= 0
    assert p1 + found.high <= 100


@pytest.mark.parametrize(
    ("difference", "sigma", "size"), [(12, 20, 0.6), (-12, 19, -0.63), (1, 8, 0.13), (-1, 8, -0.13)]
)
def test_an_effect_size_is_the_change_over_the_printed_sd(difference, sigma, size):
    assert ve.effect_size(difference, sigma) == size
