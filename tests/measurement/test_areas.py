import math
from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from survey.measurement import areas as ar
from survey.measurement.areas import Cluster
from survey.measurement.effects import Groups
from survey.measurement.verdicts import Index, printed_change
from tests.measurement.reference import CLOSED, table, values


def one(mean, sd, n):
    return Groups(np.array([mean]), np.array([sd]), np.array([n]))


# ------------------------------------------------------------------ units as clusters


@cache
def schools():
    """The people of tests/data/cluster_change: (unit, wave, y, z), chosen as its R script says."""
    data = table("cluster_change/apiclus1.csv")
    rows = list(zip(*(data[name] for name in ("dnum", "stype", "api99", "api00")), strict=True))
    names = list(dict.fromkeys(data["dnum"]))
    first = [
        (unit, 1, float(before), 100.0 * (kind == "E"))
        for number, (unit, kind, before, _) in enumerate(rows, 1)
        if number % 5 and unit != names[4]
    ]
    second = [
        (unit, 2, float(after), 100.0 * (kind != "H"))
        for number, (unit, kind, _, after) in enumerate(rows, 1)
        if number % 7 and unit != names[2]
    ]
    return first + second, names


def clusters(people, names, value):
    found = []
    for name in names:
        waves = [[p[value] for p in people if p[:2] == (name, wave)] for wave in (1, 2)]
        means = [sum(w) / len(w) if w else None for w in waves]
        found.append(Cluster(len(waves[0]), len(waves[1]), *means))
    return found


def difference(cells):
    before = sum(c.n1 * (c.index1 or 0) for c in cells) / sum(c.n1 for c in cells)
    return sum(c.n2 * (c.index2 or 0) for c in cells) / sum(c.n2 for c in cells) - before


@pytest.mark.parametrize("which", ["all", "both"])
def test_the_standard_error_equals_svycontrast_of_two_domain_means(which):
    people, names = schools()
    kept = names if which == "all" else [n for i, n in enumerate(names) if i not in (2, 4)]
    cells = clusters(people, kept, 2)
    expected = values("cluster_change")[f"{which}.one"]
    assert difference(cells) == pytest.approx(expected["difference"], rel=CLOSED)
    se, df = ar.clustered_se([cells])
    assert (se, df) == (pytest.approx(expected["se"], rel=CLOSED), expected["df"])
    half = stats.t.isf(0.025, df) * se
    assert difference(cells) - half == pytest.approx(expected["low"], rel=CLOSED)
    assert difference(cells) + half == pytest.approx(expected["high"], rel=CLOSED)


@pytest.mark.parametrize("which", ["all", "both"])
def test_the_standard_error_of_an_overall_index_equals_svycontrast_of_four_means(which):
    people, names = schools()
    kept = names if which == "all" else [n for i, n in enumerate(names) if i not in (2, 4)]
    parts = [clusters(people, kept, value) for value in (2, 3)]
    expected = values("cluster_change")[f"{which}.mean_of_two"]
    se, df = ar.clustered_se(parts)
    assert (se, df) == (pytest.approx(expected["se"], rel=CLOSED), expected["df"])


def test_the_standard_error_is_also_that_of_a_regression_with_clustered_errors():
    people, names = schools()
    y, after = (np.array([p[i] for p in people]) for i in (2, 1))
    units = [names.index(p[0]) for p in people]
    peer = sm.OLS(y, sm.add_constant(after - 1.0)).fit(
        cov_type="cluster", cov_kwds={"groups": units, "use_correction": False}
    )
    se, df = ar.clustered_se([clusters(people, names, 2)])
    assert se == pytest.approx(peer.bse[1] * math.sqrt(15 / 14), rel=CLOSED)
    assert df == 14


def test_a_hand_checked_standard_error():
    # the first wave's mean is 50, the second's 60; the third unit is new
    cells = [Cluster(10, 10, 40, 50), Cluster(10, 10, 60, 50), Cluster(0, 10, None, 80)]
    e = [10 * -10 / 30 - 10 * -10 / 20, 10 * -10 / 30 - 10 * 10 / 20, 10 * 20 / 30]
    assert sum(e) == pytest.approx(0)
    se, df = ar.clustered_se([cells])
    assert se == pytest.approx(math.sqrt(3 / 2 * sum(x * x for x in e)), rel=CLOSED)
    assert df == 2


def test_a_cluster_that_answered_in_no_wave_does_not_count():
    cells = [Cluster(10, 10, 40, 50), Cluster(10, 10, 60, 50)]
    nobody = [*cells, Cluster(0, 0, None, None)]
    assert ar.clustered_se([nobody]) == ar.clustered_se([cells])


def test_the_mean_of_the_same_index_twice_is_that_index():
    cells = [Cluster(10, 12, 40, 50), Cluster(8, 10, 60, 50), Cluster(0, 10, None, 80)]
    assert ar.clustered_se([cells, cells]) == pytest.approx(ar.clustered_se([cells]))


def test_without_two_clusters_or_without_a_wave_there_is_no_standard_error():
    assert ar.clustered_se([[]]) is None
    assert ar.clustered_se([[Cluster(10, 10, 40, 50)]]) is None
    assert ar.clustered_se([[Cluster(10, 0, 40, None), Cluster(10, 0, 50, None)]]) is None
    assert ar.clustered_se([]) is None


def test_units_that_moved_alike_have_no_error_and_a_verdict_all_the_same():
    cells = [Cluster(10, 10, 40 + u, 43 + u) for u in range(12)]
    se, df = ar.clustered_se([cells])
    assert (se, df) == (pytest.approx(0, abs=1e-12), 11)
    assert printed_change(Index(46, 120), Index(49, 120), se, df).verdict == "risen"


def test_a_printed_change_is_standardised_to_the_latest_headcounts():
    assert ar.standardised([50, 60], [60, 60], [30, 10]) == 7.5
    assert ar.standardised([], [], []) is None
    assert ar.standardised([50], [60], [0]) is None
    with pytest.raises(ValueError):
        ar.standardised([50, 60], [60, 60], [30])


# ------------------------------------------------------------------ may units be the cases?


def some(units, seed=1):
    """Clusters of an area."""
    rng = np.random.default_rng(seed)
    return [
        Cluster(int(a), int(b), float(rng.normal(55, 8)), float(rng.normal(60, 8)))
        for a, b in rng.integers(5, 40, (units, 2))
    ]


def test_ten_units_are_the_cases_of_an_area_and_nine_are_not():
    ten = some(10)
    assert ar.judged_by_units([ten]) == ar.clustered_se([ten])
    assert ar.units_in_both([ten]) == 10
    assert ar.judged_by_units([ten[:9]]) is None


def test_units_with_fewer_than_five_answers_in_a_wave_do_not_make_the_ten():
    cells = some(9)
    more = [*cells, Cluster(4, 30, 50.0, 60.0), Cluster(0, 9, None, 60.0)]
    assert ar.judged_by_units([more]) is None
    enough = [*cells, Cluster(5, 30, 50.0, 60.0)]
    assert ar.judged_by_units([enough]) == ar.clustered_se([enough])


def test_an_overall_index_needs_ten_units_in_each_of_its_sub_goals():
    ten = some(10)
    one_hidden = [*ten[:9], Cluster(0, 20, None, 60.0)]
    assert ar.units_in_both([ten, one_hidden]) == 9
    assert ar.judged_by_units([ten, one_hidden]) is None
    assert ar.judged_by_units([]) is None


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
    peer = stats.permutation_test(  # type: ignore[call-overload]
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
