import math

import numpy as np
import pytest
from scipy import stats

from survey.measurement.keep import range_quantile, told_apart


@pytest.mark.parametrize("m", [2, 3, 6, 12, 30])
def test_the_quantile_is_that_of_tukeys_studentised_range(m):
    expected = stats.studentized_range.ppf(0.95, m, np.inf)
    assert range_quantile(m) == pytest.approx(expected, abs=1e-9)


def test_the_ends_of_six_must_lie_further_apart_than_two_chosen_beforehand():
    assert round(range_quantile(6) / math.sqrt(2), 2) == 2.85
    assert round(range_quantile(2) / math.sqrt(2), 2) == 1.96


def test_the_difference_is_held_to_its_standard_error_for_the_same_people():
    # SE² = (20² + 24² - 2·0.5·20·24)/16 = 31: SE 5.57, times 2.85 it is 15.87
    assert not told_apart(70, 55, 20, 24, 0.5, 16, 6)
    assert told_apart(71, 55, 20, 24, 0.5, 16, 6)
    # two sub-goals alone: times 1.96 it is 10.91
    assert not told_apart(70, 60, 20, 24, 0.5, 16, 2)
    assert told_apart(71, 60, 20, 24, 0.5, 16, 2)


def test_people_who_answer_both_alike_tell_them_apart_sooner():
    assert not told_apart(66, 55, 20, 20, 0.5, 20, 6)
    assert told_apart(66, 55, 20, 20, 0.8, 20, 6)


def test_the_same_number_twice_and_one_sub_goal_alone_are_never_told_apart():
    assert not told_apart(60, 60, 20, 20, 1.0, 20, 6)
    assert not told_apart(90, 60, 20, 20, 0.5, 20, 1)
    assert not told_apart(90, 60, 20, 20, 0.5, 0, 6)


def simulated(rng, units, n, rho):
    """Printed indices of six sub-goals that are the same in truth; sd 22, correlation rho."""
    shared = rng.normal(0, math.sqrt(rho), (units, n, 1))
    people = 60 + 22 * (shared + rng.normal(0, math.sqrt(1 - rho), (units, n, 6)))
    return np.floor(people.mean(axis=1) + 0.5).astype(int)


@pytest.mark.parametrize("rho", [0.2, 0.5])
def test_of_six_equal_sub_goals_two_are_told_apart_in_one_unit_of_twenty(rho):
    rng = np.random.default_rng(3)
    told, naive = [], []
    for n in range(5, 41):  # printed whole points move a single n by a point or two either way
        means = simulated(rng, 3000, n, rho)
        high, low = means.max(axis=1), means.min(axis=1)
        pairs = zip(high.tolist(), low.tolist(), strict=True)
        told += [told_apart(a, b, 22, 22, rho, n, 6) for a, b in pairs]
        naive.append(np.mean(high - low > 1.96 * 22 * math.sqrt(2 * (1 - rho) / n)))
    assert 0.045 <= np.mean(told) <= 0.053
    assert np.mean(naive) == pytest.approx(0.36, abs=0.015)  # as if they had been chosen before
