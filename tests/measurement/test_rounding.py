import pytest

from survey.measurement.rounding import points_above, points_below, whole_points


@pytest.mark.parametrize(
    ("value", "points"), [(62.49, 62), (62.5, 63), (62.5 - 7e-15, 63), (0.0, 0), (-0.5, 0)]
)
def test_a_half_goes_up_in_spite_of_rounding_in_the_sums(value, points):
    assert whole_points(value) == points


@pytest.mark.parametrize(
    ("value", "below", "above"), [(3.2, 3, 4), (-3.2, -4, -3), (3 + 4e-16, 3, 3), (3 - 4e-16, 3, 3)]
)
def test_ends_go_outward_but_a_whole_one_stays_where_it_is(value, below, above):
    assert (points_below(value), points_above(value)) == (below, above)
