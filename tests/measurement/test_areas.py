import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from survey.measurement import areas as ar
from survey.measurement.effects import Groups
from tests.measurement.reference import CLOSED


def some(units, seed=1):
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(5, 40, units), rng.integers(5, 40, units)
    return rng.normal(3, 8, units), n1, n2


def one(mean, sd, n):
    return Groups(np.array([mean]), np.array([sd]), np.array([n]))


def test_the_test_on_unit_changes_is_weighted_least_squares_on_a_constant():
    change, n1, n2 = some(15)
    found = ar.units_change(change, n1, n2)
    peer = sm.WLS(change, np.ones(15), weights=n1 * n2 / (n1 + n2)).fit()
    assert found.difference == pytest.approx(peer.params[0], rel=CLOSED)
    assert found.se == pytest.approx(peer.bse[0], rel=CLOSED)
    assert found.t == pytest.approx(peer.tvalues[0], rel=CLOSED)
    assert found.p == pytest.approx(peer.pvalues[0], rel=CLOSED)
    assert (found.low, found.high) == pytest.approx(tuple(peer.conf_int()[0]), rel=CLOSED)


def test_equal_weights_give_the_one_sample_t_test():
    change, _, _ = some(12)
    found = ar.units_change(change, np.full(12, 10), np.full(12, 10))
    peer = stats.ttest_1samp(change, 0)
    assert (found.t, found.p) == pytest.approx((peer.statistic, peer.pvalue), rel=CLOSED)


def test_nine_units_are_judged_by_their_persons_and_labelled_so():
    whole = one(50.0, 20.0, 100), one(56.0, 21.0, 110)
    few = ar.area_change(*some(9), *whole)
    assert few.basis == "persons"
    assert few.units == 9
    peer = stats.ttest_ind_from_stats(56, 21, 110, 50, 20, 100, equal_var=False)
    assert (few.t, few.p) == pytest.approx((peer.statistic, peer.pvalue), rel=CLOSED)
    assert ar.area_change(*some(10), *whole).basis == "units"


def test_units_without_both_waves_are_left_out():
    change, n1, n2 = some(12)
    holed, n1_holed = np.append(change, [np.nan, 40.0]), np.append(n1, [9, 0])
    found = ar.units_change(holed, n1_holed, np.append(n2, [9, 9]))
    assert found == ar.units_change(change, n1, n2)


def test_no_unit_and_one_unit_and_units_all_alike_are_defined():
    nothing = ar.units_change(np.array([]), np.array([], int), np.array([], int))
    assert (nothing.units, nothing.difference, nothing.p) == (0, None, None)
    single = ar.units_change(np.array([4.0]), np.array([9]), np.array([9]))
    assert (single.difference, single.p) == (4.0, None)
    alike = ar.units_change(np.full(12, 0.1), np.full(12, 9), np.full(12, 7))
    assert (alike.difference, alike.t, alike.p) == (pytest.approx(0.1), None, None)
    still = ar.units_change(np.zeros(12), np.full(12, 9), np.full(12, 7))
    assert (still.t, still.p) == (0.0, 1.0)


def test_an_area_of_one_person_has_no_test():
    found = ar.area_change(
        np.array([]), np.array([], int), np.array([], int), one(50.0, np.nan, 1), one(60.0, 9.0, 8)
    )
    assert found.difference == 10.0
    assert (found.t, found.p, found.low) == (None, None, None)


def test_standardised_change_weights_units_by_their_latest_headcount():
    earlier = Groups(np.array([50.0, 60, 70]), np.array([10.0, 12, 9]), np.array([10, 20, 8]))
    later = Groups(np.array([60.0, 60, 70]), np.array([11.0, 13, 9]), np.array([10, 10, 0]))
    found = ar.standardised_change(earlier, later, np.array([30, 10, 20]))
    assert found.difference == pytest.approx(0.75 * 10)
    expected = math.sqrt(0.75**2 * (100 / 10 + 121 / 10) + 0.25**2 * (144 / 20 + 169 / 10))
    assert found.se == pytest.approx(expected, rel=CLOSED)
    assert found.units == 2
    assert found.coverage == pytest.approx(40 / 60)


def test_standardised_change_without_units_or_with_single_answers_is_defined():
    none = Groups(np.array([np.nan]), np.array([np.nan]), np.array([0]))
    assert ar.standardised_change(none, none, np.array([9])).difference is None
    assert ar.standardised_change(none, none, np.array([9])).coverage == 0.0
    assert ar.standardised_change(none, none, np.array([0])).coverage is None
    single = one(50.0, np.nan, 1)
    found = ar.standardised_change(single, one(60.0, 9.0, 8), np.array([9]))
    assert (found.difference, found.se) == (10.0, None)


def test_three_units_against_three_cannot_give_less_than_a_tenth():
    found = ar.programme_comparison(np.array([9.0, 10, 11]), np.array([0.0, 1, 2]), seed=1)
    assert found.difference == pytest.approx(9.0)
    assert found.p == found.smallest_p == pytest.approx(0.10)
    assert (found.method, found.assignments) == ("exact", 20)
    assert found.caveat == ar.CAVEAT


def test_unequal_sizes_have_no_mirror_image():
    found = ar.programme_comparison(np.array([20.0, 21]), np.array([0.0, 1, 2]), seed=1)
    assert found.smallest_p == pytest.approx(1 / 10)
    assert found.p == pytest.approx(1 / 10)


def test_the_exact_p_equals_scipys_permutation_test():
    rng = np.random.default_rng(5)
    a, b = rng.normal(3, 5, 5), rng.normal(0, 5, 6)
    peer = stats.permutation_test(
        (a, b), lambda x, y: abs(x.mean() - y.mean()), n_resamples=np.inf, alternative="greater"
    )
    assert ar.programme_comparison(a, b, seed=1).p == pytest.approx(peer.pvalue, rel=CLOSED)


def test_many_units_are_drawn_with_a_seed_and_p_is_never_nothing():
    rng = np.random.default_rng(6)
    a, b = rng.normal(30, 2, 14), rng.normal(0, 2, 16)
    found = ar.programme_comparison(a, b, seed=3)
    assert found.method == "random"
    assert found.p == found.smallest_p == pytest.approx(1 / 10_001)
    again = ar.programme_comparison(rng.permutation(a), rng.permutation(b), seed=3)
    assert again.p == found.p


def test_drawn_and_exact_p_agree():
    rng = np.random.default_rng(7)
    a, b = rng.normal(3, 5, 7), rng.normal(0, 5, 8)
    exact = ar.programme_comparison(a, b, seed=1)
    saved, ar.EXACT_ASSIGNMENTS = ar.EXACT_ASSIGNMENTS, 0
    drawn = ar.programme_comparison(a, b, seed=1)
    ar.EXACT_ASSIGNMENTS = saved
    assert (exact.method, drawn.method) == ("exact", "random")
    assert drawn.p == pytest.approx(exact.p, abs=0.02)


def test_no_units_and_units_without_change_are_defined():
    assert ar.programme_comparison(np.array([]), np.array([1.0]), seed=1).p is None
    assert ar.programme_comparison(np.array([np.nan]), np.array([1.0]), seed=1).method == "none"
    assert ar.programme_comparison(np.zeros(3), np.zeros(3), seed=1).p == 1.0
