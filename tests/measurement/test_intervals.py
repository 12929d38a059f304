import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from survey.measurement import intervals as iv
from tests.measurement.reference import CLOSED, numbers, values

API = 6194


@pytest.fixture(scope="module")
def api00():
    return numbers("api_survey/apisrs.csv", "api00")[:, 0]


def test_mean_and_se_with_correction_equal_srs_fpc_and_srs_formula_se(api00):
    found = iv.mean_interval(api00.mean(), api00.std(ddof=1), 200, API)
    reference = values("api_survey")
    assert api00.mean() == pytest.approx(reference["srs.fpc.api00"]["mean"], rel=CLOSED)
    assert found.se == pytest.approx(reference["srs.fpc.api00"]["se"], rel=CLOSED)
    assert found.se == pytest.approx(reference["srs.formula_se"], rel=CLOSED)


def test_the_interval_is_the_t_interval_srs_fpc_t_df_ci_not_the_normal_one(api00):
    found = iv.mean_interval(api00.mean(), api00.std(ddof=1), 200, API)
    expected = values("api_survey")["srs.fpc.api00.t_df_ci"]
    assert [found.low, found.high] == pytest.approx(expected, rel=CLOSED)
    assert found.low < values("api_survey")["srs.fpc.api00"]["lo"]


def test_se_without_headcount_equals_srs_nofpc(api00):
    found = iv.mean_interval(api00.mean(), api00.std(ddof=1), 200, None)
    assert found.se == pytest.approx(values("api_survey")["srs.nofpc.api00"]["se"], rel=CLOSED)
    assert found.basis == "unknown_headcount"


def test_a_share_as_a_mean_equals_srs_prop_api00_gt700(api00):
    above = (api00 > 700).astype(float)
    found = iv.mean_interval(above.mean(), above.std(ddof=1), 200, API)
    reference = values("api_survey")["srs.prop_api00_gt700"]
    assert above.mean() == pytest.approx(reference["mean"], rel=CLOSED)
    assert found.se == pytest.approx(reference["se"], rel=CLOSED)


def test_a_paired_difference_with_correction_equals_srs_diff(api00):
    change = api00 - numbers("api_survey/apisrs.csv", "api99")[:, 0]
    found = iv.mean_interval(change.mean(), change.std(ddof=1), 200, API)
    reference = values("api_survey")["srs.diff.api00_api99"]
    assert change.mean() == pytest.approx(reference["mean"], rel=CLOSED)
    assert found.se == pytest.approx(reference["se"], rel=CLOSED)


@pytest.mark.parametrize("headcount", [24, 29, 48])
def test_a_unit_of_24_answers_equals_unit_lq2002_first_company(headcount):
    expected = values("api_survey")[f"unit.lq2002_first_company.N{headcount}"]
    found = iv.mean_interval(expected["mean"], expected["sd"], 24, headcount)
    assert found.se == pytest.approx(expected["se_fpc"], rel=CLOSED, abs=0)
    assert (found.low, found.high) == pytest.approx((expected["lo"], expected["hi"]), rel=CLOSED)


@pytest.mark.parametrize(("count", "n"), [(0, 5), (5, 5), (3, 7), (10, 12), (37, 50)])
def test_wilson_without_headcount_equals_propci(count, n):
    found = iv.wilson_interval(count, n, None)
    expected = values("pingouin")[f"propci.{count}_{n}.wilson"]
    assert [found.low, found.high] == pytest.approx(expected, rel=CLOSED, abs=1e-15)


@settings(max_examples=40)
@given(n=st.integers(1, 200), share=st.floats(0, 1), more=st.integers(1, 300))
def test_wilson_with_headcount_is_wilson_at_the_effective_n(n, share, more):
    count, headcount = round(share * n), n + more
    effective = n * (headcount - 1) / (headcount - n)
    found = iv.wilson_interval(count, n, headcount)
    expected = proportion_confint(count / n * effective, effective, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert 0.0 <= found.low <= count / n <= found.high <= 1.0
    plain = iv.wilson_interval(count, n, None)
    assert found.width <= plain.width + 1e-12


@pytest.mark.parametrize(
    ("headcount", "n", "percent", "printed"),
    [(200, 120, 43, 5.6), (150, 80, 50, 7.5), (50, 40, 30, 6.4), (500, 375, 60, 2.5)],
)
def test_the_printed_margin_is_that_of_the_civil_service_survey(headcount, n, percent, printed):
    assert round(iv.printed_margin(percent / 100, n, headcount) * 100, 1) == printed


@settings(max_examples=40)
@given(
    n=st.integers(1, 60),
    mean=st.floats(0, 100),
    sd=st.floats(0, 50),
    count=st.floats(0, 1),
)
def test_everybody_has_answered_means_no_width(n, mean, sd, count):
    sd = math.nan if n == 1 else sd
    found = iv.mean_interval(mean, sd, n, n)
    assert (found.low, found.high, found.se, found.basis) == (mean, mean, 0.0, "complete")
    share = iv.wilson_interval(round(count * n), n, n)
    assert share.width == 0.0
    assert share.basis == "complete"
    assert iv.printed_margin(0.5, n, n) == 0.0


def test_more_answers_than_employees_gives_no_correction_and_says_so():
    over, unknown = (iv.mean_interval(50, 20, 12, n) for n in (10, None))
    assert over.basis == "more_than_headcount"
    assert (over.low, over.high) == (unknown.low, unknown.high)
    assert iv.wilson_interval(6, 12, 10).basis == "more_than_headcount"
    assert iv.printed_margin(0.5, 12, 10) == iv.printed_margin(0.5, 12, None)
    assert iv.response_rate(12, 10) == 1.2


def test_one_answer_of_several_and_none_at_all_have_no_interval():
    assert iv.mean_interval(50, math.nan, 1, 9).low is None
    assert iv.mean_interval(math.nan, math.nan, 0, 9).basis == "too_few"
    assert iv.wilson_interval(0, 0, 9).width is None
    assert iv.printed_margin(0.5, 0, 9) is None
    assert iv.response_rate(3, None) is None
    assert iv.response_rate(3, 0) is None
    assert iv.wilson_interval(1, 1, 9).low > 0


def test_all_equal_answers_have_an_interval_of_no_width():
    found = iv.mean_interval(75, 0.0, 12, 30)
    assert (found.low, found.high) == (75, 75)


def test_a_count_above_n_is_refused():
    with pytest.raises(ValueError, match="no share"):
        iv.wilson_interval(6, 5, None)


def test_tables_of_units_equal_unit_by_unit():
    n = np.array([0, 1, 1, 2, 12, 12, 12, 30])
    heads = np.array([5, 1, 4, 9, 12, 30, 8, np.nan])
    mean = np.where(n > 0, 55.0, np.nan)
    sd = np.where(n > 1, 18.0, np.nan)
    low, high, se = iv.mean_intervals(mean, sd, n, heads)
    for i in range(n.size):
        head = None if np.isnan(heads[i]) else int(heads[i])
        one = iv.mean_interval(mean[i], sd[i], int(n[i]), head)
        for value, expected in ((low[i], one.low), (high[i], one.high), (se[i], one.se)):
            if expected is None:
                assert np.isnan(value)
            else:
                assert value == pytest.approx(expected, rel=1e-12)


def test_a_wider_level_gives_a_wider_interval():
    narrow, wide = (iv.mean_interval(50, 20, 12, 30, level) for level in (0.90, 0.99))
    assert narrow.width < wide.width
    assert iv.wilson_interval(3, 9, 20, 0.9).width < iv.wilson_interval(3, 9, 20, 0.99).width
