import pytest
from scipy import stats

from survey.measurement.chance import by_chance


@pytest.mark.parametrize(
    ("units", "found"), [(300, (8, 3, 13)), (400, (10, 4, 17)), (0, (0, 0, 0)), (12, (0, 0, 2))]
)
def test_so_many_units_would_rise_by_chance(units, found):
    assert by_chance(units) == found


@pytest.mark.parametrize("units", [1, 2, 40, 80, 1000])
def test_the_range_is_the_binomials_and_holds_nineteen_of_twenty(units):
    _, low, high = by_chance(units)
    count = stats.binom(units, 0.025)
    assert (low, high) == tuple(count.ppf([0.025, 0.975]))
    assert count.cdf(high) - count.cdf(low - 1) >= 0.95


def test_units_are_counted():
    with pytest.raises(ValueError, match="counted"):
        by_chance(-1)
