import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from survey.measurement import change as ch
from tests.measurement.reference import BFI_SCALES, CLOSED, values


def test_the_interval_and_p_are_those_of_the_formula():
    found = ch.verdict(50, 62, 16, 25, 20)
    se = 20 * math.sqrt(1 / 16 + 1 / 25)
    assert found.difference == 12
    assert (found.low, found.high) == pytest.approx((12 - 1.96 * se, 12 + 1.96 * se), rel=CLOSED)
    assert found.p == pytest.approx(math.erfc(12 / se / math.sqrt(2)), rel=CLOSED)


@pytest.mark.parametrize(
    ("earlier", "later", "n1", "n2", "word"),
    [
        (50, 70, 20, 20, "risen"),
        (70, 50, 20, 20, "fallen"),
        (50, 50, 20, 20, "no_change"),
        (50, 55, 20, 20, "no_change"),
        (50, 55, 5, 5, "too_few"),  # half-width 23.6 exceeds 20
        (50, 80, 5, 5, "risen"),  # significant wins over a wide interval
        (50, 90, 4, 20, "too_few"),
        (50, 90, 20, 4, "too_few"),
        (None, 60, 20, 20, "too_few"),
        (60, None, 20, 0, "too_few"),
    ],
)
def test_one_of_four_verdicts(earlier, later, n1, n2, word):
    assert ch.verdict(earlier, later, n1, n2, 19).verdict == word


def test_what_was_not_tested_carries_no_numbers():
    found = ch.verdict(50, 90, 4, 20, 19)
    assert (found.difference, found.low, found.high, found.p) == (None,) * 4
    assert found.minimum_detectable is None


def test_the_relevance_limit_decides_between_no_change_and_too_few():
    assert ch.verdict(50, 55, 12, 12, 20).half_width == pytest.approx(16.0, abs=0.01)
    assert ch.verdict(50, 55, 12, 12, 20, relevance=10).verdict == "no_change"
    assert ch.verdict(50, 55, 12, 12, 20, relevance=5).verdict == "too_few"


@settings(max_examples=60)
@given(
    earlier=st.integers(5, 95),
    later=st.integers(5, 95),
    n1=st.integers(5, 60),
    n2=st.integers(5, 60),
    sigma=st.integers(1, 45),
)
def test_the_interval_stays_within_what_the_scale_allows_and_holds_the_difference(
    earlier, later, n1, n2, sigma
):
    found = ch.verdict(earlier, later, n1, n2, sigma)
    assert 0 <= earlier + found.low <= later <= earlier + found.high <= 100
    assert 0 <= found.p <= 1
    mirrored = ch.verdict(later, earlier, n2, n1, sigma)
    assert mirrored.p == found.p
    opposite = {"risen": "fallen", "fallen": "risen"}
    assert mirrored.verdict == opposite.get(found.verdict, found.verdict)


def test_a_sigma_of_nothing_is_refused():
    with pytest.raises(ValueError, match="sigma"):
        ch.verdict(50, 60, 10, 10, 0)


@pytest.mark.parametrize(
    ("index", "n", "printed"),
    [
        (62.49, 12, 62),
        (62.5, 12, 63),
        (62.5 - 7e-15, 12, 63),
        (99.0, 12, 95),
        (1.0, 12, 5),
        (93.0, 9, 90),
        (7.0, 9, 10),
        (95.2, 10, 95),
    ],
)
def test_a_published_index_is_in_whole_points_and_capped(index, n, printed):
    assert ch.published_index(index, n) == printed


def test_there_is_no_published_index_without_answers():
    assert ch.published_index(math.nan, 5) is None
    assert ch.published_index(50.0, 0) is None


def test_the_pooled_sd_is_over_units_of_ten_and_more_in_whole_points():
    cells = [(10, 12.0)] * 5 + [(30, 20.0)] * 5 + [(9, 90.0)] * 50 + [(1, math.nan)]
    expected = math.sqrt((5 * 9 * 144 + 5 * 29 * 400) / (5 * 9 + 5 * 29))
    assert ch.pooled_sd(cells) == round(expected) == 18


def test_the_pooled_sd_is_twenty_when_fewer_than_ten_units_can_tell():
    assert ch.pooled_sd([(10, 12.0)] * 9) == 20
    assert ch.pooled_sd([(10, 12.0)] * 10) == 12
    assert ch.pooled_sd([(10, 12.0)] * 18, units=9) == 20
    assert ch.pooled_sd([]) == 20


def test_the_pooled_sd_is_never_printed_as_nothing():
    assert ch.pooled_sd([(10, 0.0)] * 12) == 1


def test_the_minimum_detectable_change_is_found_four_times_of_five():
    mdc = ch.minimum_detectable_change(19, 20, 20)
    se = 19 * math.sqrt(2 / 20)
    power = 0.5 * math.erfc((1.959963984540054 - mdc / se) / math.sqrt(2))
    assert power == pytest.approx(0.80, abs=1e-6)
    assert ch.minimum_detectable_change(19, 0, 20) is None


@pytest.mark.parametrize(("method", "identity"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjusted_p_equal_bfi_gender_padj(method, identity):
    reference = values("pingouin")
    p = np.array([reference[f"bfi.gender.{scale}.welch"]["p"] for scale in BFI_SCALES])
    adjust = ch.holm if method == "holm" else ch.benjamini_hochberg
    expected = reference[f"bfi.gender.padj.{identity}"]
    np.testing.assert_allclose(adjust(p), expected, rtol=CLOSED)


@settings(max_examples=40)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12), holes=st.integers(0, 3))
def test_holm_and_benjamini_hochberg_equal_statsmodels_and_pass_over_what_was_not_tested(p, holes):
    padded = np.array(p + [math.nan] * holes)
    order = np.random.default_rng(len(p)).permutation(padded.size)
    for adjust, name in ((ch.holm, "holm"), (ch.benjamini_hochberg, "fdr_bh")):
        found = adjust(padded[order])
        expected = np.full(padded.size, math.nan)
        expected[: len(p)] = multipletests(p, method=name)[1]
        np.testing.assert_allclose(found, expected[order], rtol=1e-9, atol=1e-300)


def test_holm_adjusts_every_row_of_a_table_by_itself():
    p = np.array([[0.01, 0.04, np.nan], [0.2, 0.01, 0.03]])
    np.testing.assert_allclose(ch.holm(p), [[0.02, 0.04, np.nan], [0.2, 0.03, 0.06]])
    assert ch.holm(np.array([])).size == 0
    assert np.isnan(ch.benjamini_hochberg(np.array([np.nan]))).all()


def test_dimensions_are_judged_by_their_adjusted_p_and_the_untested_do_not_count():
    # p = .023 alone is a change; among two tested dimensions it is not
    alone = ch.verdict(50, 64, 20, 20, 20)
    assert alone.p == pytest.approx(0.0269, abs=1e-3)
    assert alone.verdict == "risen"
    untested = ch.verdict(None, 64, 3, 20, 20)
    same = ch.verdict(50, 50, 20, 20, 20)
    found = ch.holm_verdicts([alone, untested, same])
    assert [r.verdict for r in found] == ["no_change", "too_few", "no_change"]
    assert found[0].p == alone.p
    assert found[0].p_adjusted == pytest.approx(2 * alone.p)
    assert found[1] == untested
    assert ch.holm_verdicts([alone, untested])[0].verdict == "risen"
    assert ch.holm_verdicts([]) == []


def test_what_was_not_tested_cannot_be_judged_by_another_p():
    untested = ch.verdict(None, 64, 3, 20, 20)
    assert ch.judge(untested, 0.001) == untested
