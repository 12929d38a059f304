import math

import numpy as np
import pingouin as pg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from survey.measurement import effects as ef
from survey.measurement.verdicts import judge
from tests.measurement.reference import BFI_SCALES, CLOSED, ITERATIVE, bfi, numbers, values


def group(*samples):
    return ef.Groups(
        np.array([s.mean() if s.size else np.nan for s in samples]),
        np.array([s.std(ddof=1) if s.size > 1 else np.nan for s in samples]),
        np.array([s.size for s in samples]),
    )


def delta(earlier, later):
    """Cliff's delta of one group."""
    where = [np.zeros(sample.size, int) for sample in (earlier, later)]
    return ef.cliffs_deltas(earlier, where[0], later, where[1], 1)[0]


def by_gender(scale):
    """Mean of the answered items for gender 1 and 2, as the reference values were computed."""
    score = np.nanmean(bfi(scale), axis=1)
    gender = numbers("bfi/bfi.csv", "gender")[:, 0]
    return score[gender == 1], score[gender == 2]


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_welch_equals_bfi_gender_welch(scale):
    men, women = by_gender(scale)
    found = ef.welch(group(women), group(men))
    change = judge(women.mean(), men.mean(), found.se[0], found.df[0])
    expected = values("pingouin")[f"bfi.gender.{scale}.welch"]
    assert found.t[0] == pytest.approx(expected["t"], rel=CLOSED)
    assert found.df[0] == pytest.approx(expected["df"], rel=CLOSED)
    assert found.p[0] == pytest.approx(expected["p"], rel=CLOSED)
    assert change.low == pytest.approx(expected["lo"], rel=CLOSED)
    assert change.high == pytest.approx(expected["hi"], rel=CLOSED)


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_hedges_g_equals_bfi_gender_pg_hedges_and_d_pg_cohen(scale):
    men, women = by_gender(scale)
    found = ef.hedges_g(group(women), group(men))
    reference = values("pingouin")
    expected = reference[f"bfi.gender.{scale}.pg_hedges"]
    assert found.g[0] == pytest.approx(expected, rel=CLOSED)
    factor = 1 - 3 / (4 * (men.size + women.size - 2) - 1)
    expected = reference[f"bfi.gender.{scale}.pg_cohen"]
    assert found.g[0] / factor == pytest.approx(expected, rel=CLOSED)


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_cliffs_delta_equals_bfi_gender_mannwhitney(scale):
    men, women = by_gender(scale)
    expected = values("pingouin")[f"bfi.gender.{scale}.mannwhitney"]["cliff_delta"]
    assert delta(women, men) == pytest.approx(expected, rel=CLOSED)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000), n1=st.integers(2, 30), n2=st.integers(2, 30), d=st.floats(-3, 3)
)
def test_the_interval_of_g_inverts_the_noncentral_t(seed, n1, n2, d):
    rng = np.random.default_rng(seed)
    earlier, later = rng.normal(0, 1, n1), rng.normal(d, 1, n2)
    found = ef.hedges_g(group(earlier), group(later))
    df, scale = n1 + n2 - 2, math.sqrt(n1 * n2 / (n1 + n2))
    factor = 1 - 3 / (4 * df - 1)
    t = found.g[0] / factor * scale
    assert t == pytest.approx(stats.ttest_ind(later, earlier).statistic, rel=1e-9, abs=1e-9)
    for tail, end in ((0.975, found.low[0]), (0.025, found.high[0])):
        reached = stats.nct.cdf(t, df, end / factor * scale)
        assert reached == pytest.approx(tail, rel=ITERATIVE)


@pytest.mark.parametrize(("n", "d"), [(10, 0.0), (12, 0.8), (25, -1.5), (400, 0.1), (6000, 0.02)])
def test_the_interval_of_g_holds_its_tail_probabilities_to_a_millionth(n, d):
    found = ef.hedges_g(
        ef.Groups(np.array([0.0]), np.array([1.0]), np.array([n])),
        ef.Groups(np.array([d]), np.array([1.0]), np.array([n])),
    )
    df, scale = 2 * n - 2, math.sqrt(n / 2)
    factor = 1 - 3 / (4 * df - 1)
    for end, tail in ((found.low[0], 0.975), (found.high[0], 0.025)):
        reached = stats.nct.cdf(d * scale, df, end / factor * scale)
        assert reached == pytest.approx(tail, rel=ITERATIVE)


def test_an_enormous_effect_still_has_an_ordered_interval():
    found = ef.hedges_g(
        ef.Groups(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([500, 10])),
        ef.Groups(np.array([9.0, -40.0]), np.array([1.0, 1.0]), np.array([500, 10])),
    )
    assert (found.low < found.g).all()
    assert (found.g < found.high).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), levels=st.sampled_from([3, 12, 100_000]))
def test_cliffs_deltas_equal_all_pairs_counted_one_by_one(seed, levels):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, levels, 40) / 7, rng.integers(0, levels, 50) / 7
    first[:3] = np.nan
    g1, g2 = rng.integers(0, 4, 40), rng.integers(0, 4, 50)
    for table in (ef._TABLE, 0):
        saved, ef._TABLE = ef._TABLE, table
        found = ef.cliffs_deltas(first, g1, second, g2, 5)
        ef._TABLE = saved
        for unit in range(5):
            a = first[(g1 == unit) & ~np.isnan(first)]
            b = second[g2 == unit]
            if a.size and b.size:
                expected = np.sign(b[:, None] - a).mean()
                assert found[unit] == pytest.approx(expected, abs=1e-12)
            else:
                assert np.isnan(found[unit])


def test_cliffs_delta_takes_rounding_for_a_tie():
    assert delta(np.array([0.1 + 0.2]), np.array([0.3])) == 0.0
    assert np.isnan(delta(np.array([]), np.array([0.3])))
    assert np.isnan(delta(np.array([np.nan]), np.array([0.3])))


def test_tables_of_units_equal_unit_by_unit_and_pingouin():
    rng = np.random.default_rng(3)
    before = [rng.normal(50, 15, n) for n in (10, 14, 30)]
    after = [rng.normal(55, 18, n) for n in (12, 10, 25)]
    test, effect = (
        ef.welch(group(*before), group(*after)),
        ef.hedges_g(group(*before), group(*after)),
    )
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        peer = stats.ttest_ind(b, a, equal_var=False)
        assert test.t[i] == pytest.approx(peer.statistic, rel=CLOSED)
        assert test.p[i] == pytest.approx(peer.pvalue, rel=CLOSED)
        assert effect.g[i] == pytest.approx(pg.compute_effsize(b, a, eftype="hedges"), rel=CLOSED)


def test_no_variation_in_either_wave_is_defined():
    flat, higher = group(np.full(12, 50.0)), group(np.full(12, 75.0))
    same, changed = ef.welch(flat, flat), ef.welch(flat, higher)
    assert (same.t[0], same.p[0], same.df[0]) == (0.0, 1.0, 22.0)
    assert np.isnan([changed.t[0], changed.p[0]]).all()
    assert changed.difference[0] == 25.0
    assert ef.hedges_g(flat, flat).g[0] == 0.0
    assert ef.hedges_g(flat, flat).low[0] < 0 < ef.hedges_g(flat, flat).high[0]
    assert np.isnan(ef.hedges_g(flat, higher).g[0])


def test_one_answer_or_none_gives_no_test():
    one, none, many = group(np.array([3.0])), group(np.array([])), group(np.arange(5.0))
    for earlier, later in ((one, many), (many, one), (none, many), (many, none), (none, none)):
        assert np.isnan(ef.welch(earlier, later).p[0])
        assert np.isnan(ef.hedges_g(earlier, later).g[0])


def test_a_constant_changes_neither_t_nor_g_nor_delta():
    rng = np.random.default_rng(11)
    a, b = rng.integers(0, 13, 20) / 12 * 100, rng.integers(0, 13, 24) / 12 * 100
    one, two = ef.welch(group(a), group(b)), ef.welch(group(a + 9), group(b + 9))
    assert two.t[0] == pytest.approx(one.t[0], rel=1e-9)
    assert ef.hedges_g(group(a + 9), group(b + 9)).g[0] == pytest.approx(
        ef.hedges_g(group(a), group(b)).g[0], rel=1e-9
    )
    assert delta(a + 9, b + 9) == delta(a, b)


def test_paired_t_equals_scipy_and_shows_the_match_rate():
    rng = np.random.default_rng(13)
    before = rng.normal(50, 15, 30)
    after = before + rng.normal(4, 8, 30)
    before[0] = np.nan
    found = ef.paired(before, after, later_n=40)
    peer = stats.ttest_rel(after[1:], before[1:])
    assert found.matched == 29
    assert found.match_rate == pytest.approx(29 / 40)
    assert found.t == pytest.approx(peer.statistic, rel=CLOSED)
    assert found.p == pytest.approx(peer.pvalue, rel=CLOSED)
    interval = peer.confidence_interval()
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (interval.low, interval.high), rel=CLOSED
    )


def test_fewer_than_twenty_matched_persons_are_not_tested():
    found = ef.paired(np.zeros(19), np.ones(19), later_n=50)
    assert found.t is None
    assert found.reason == "fewer than 20 matched persons"
    assert ef.paired(np.array([]), np.array([]), later_n=0).match_rate is None


def test_everybody_changing_alike_is_defined():
    same = ef.paired(np.full(25, 40.0), np.full(25, 40.0), later_n=25)
    assert (same.t, same.p) == (0.0, 1.0)
    shifted = ef.paired(np.full(25, 40.0), np.full(25, 50.0), later_n=25)
    assert shifted.t is None
    assert shifted.difference == 10.0
    assert shifted.reason
