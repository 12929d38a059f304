import math

import pytest

from survey.measurement.sigma import sigma_hat

EVERYONE = (400, 24.0)


def test_sigma_is_pooled_over_blocks_of_ten_and_more_in_whole_points():
    blocks = [(10, 12.0)] * 5 + [(30, 20.0)] * 5 + [(9, 90.0)] * 50 + [(5, math.nan)]
    expected = math.sqrt((5 * 9 * 144 + 5 * 29 * 400) / (5 * 9 + 5 * 29))
    assert sigma_hat(blocks, EVERYONE, False) == (round(expected), "within") == (18, "within")


def test_nine_blocks_cannot_tell_and_all_people_do_instead():
    assert sigma_hat([(30, 12.0)] * 9, EVERYONE, False) == (24, "everyone")
    assert sigma_hat([(10, 12.0)] * 10, EVERYONE, False) == (12, "within")
    assert sigma_hat([], (100, 24.5), True) == (25, "everyone")


@pytest.mark.parametrize(("single", "points"), [(False, 30), (True, 38)])
def test_fewer_than_a_hundred_people_get_an_assumed_sd_on_the_safe_side(single, points):
    assert sigma_hat([(30, 12.0)] * 3, (99, 12.0), single) == (points, "assumed")
    assert sigma_hat([], (0, math.nan), single) == (points, "assumed")


def test_answers_spread_evenly_over_four_steps_have_less_than_what_is_assumed_of_one_item():
    steps = [0, 100 / 3, 200 / 3, 100]
    assert round(math.sqrt(sum((x - 50) ** 2 for x in steps) / 4)) == 37


def test_sigma_is_never_printed_as_nothing():
    assert sigma_hat([(10, 0.0)] * 12, (120, 0.0), False) == (1, "within")
    assert sigma_hat([], (120, 0.0), False) == (1, "everyone")
