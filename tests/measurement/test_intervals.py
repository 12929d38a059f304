import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from survey.measurement.intervals import (
    Interval,
    mean_interval,
    printed_interval,
    quantile,
    standard_error,
)
from tests.measurement.reference import CLOSED, numbers, values

API = 6194


@pytest.fixture(scope="module")
def api00():
    return numbers("api_survey/apisrs.csv", "api00")[:, 0]


def test_mean_and_se_with_correction_equal_srs_fpc_and_srs_formula_se(api00):
    se = standard_error(api00.std(ddof=1), 200, API)
    reference = values("api_survey")
    assert api00.mean() == pytest.approx(reference["srs.fpc.api00"]["mean"], rel=CLOSED)
    assert se == pytest.approx(reference["srs.fpc.api00"]["se"], rel=CLOSED)
    assert se == pytest.approx(reference["srs.formula_se"], rel=CLOSED)


def test_the_interval_is_the_t_interval_srs_fpc_t_df_ci_not_the_normal_one(api00):
    interval = mean_interval(api00.mean(), api00.std(ddof=1), 200, API)
    expected = values("api_survey")["srs.fpc.api00.t_df_ci"]
    assert [interval.low, interval.high] == pytest.approx(expected, rel=CLOSED)
    assert interval.low < values("api_survey")["srs.fpc.api00"]["lo"]


@pytest.mark.parametrize("headcount", [None, 0])
def test_se_without_headcount_equals_srs_nofpc(api00, headcount):
    se = standard_error(api00.std(ddof=1), 200, headcount)
    assert se == pytest.approx(values("api_survey")["srs.nofpc.api00"]["se"], rel=CLOSED)


def test_a_share_as_a_mean_equals_srs_prop_api00_gt700(api00):
    above = (api00 > 700).astype(float)
    reference = values("api_survey")["srs.prop_api00_gt700"]
    assert above.mean() == pytest.approx(reference["mean"], rel=CLOSED)
    se = standard_error(above.std(ddof=1), 200, API)
    assert se == pytest.approx(reference["se"], rel=CLOSED)


def test_a_paired_difference_with_correction_equals_srs_diff(api00):
    change = api00 - numbers("api_survey/apisrs.csv", "api99")[:, 0]
    reference = values("api_survey")["srs.diff.api00_api99"]
    assert change.mean() == pytest.approx(reference["mean"], rel=CLOSED)
    se = standard_error(change.std(ddof=1), 200, API)
    assert se == pytest.approx(reference["se"], rel=CLOSED)


@pytest.mark.parametrize("headcount", [24, 29, 48])
def test_a_unit_of_24_answers_equals_unit_lq2002_first_company(headcount):
    expected = values("api_survey")[f"unit.lq2002_first_company.N{headcount}"]
    se = standard_error(expected["sd"], 24, headcount)
    assert se == pytest.approx(expected["se_fpc"], rel=CLOSED, abs=0)
    interval = mean_interval(expected["mean"], expected["sd"], 24, headcount)
    ends = (expected["lo"], expected["hi"])
    assert (interval.low, interval.high) == pytest.approx(ends, rel=CLOSED)


@settings(max_examples=40)
@given(n=st.integers(1, 60), mean=st.floats(0, 100), sd=st.floats(0, 50))
def test_everybody_has_answered_means_no_width(n, mean, sd):
    sd = math.nan if n == 1 else sd
    assert standard_error(sd, n, n) == 0.0
    assert mean_interval(mean, sd, n, n) == Interval(mean, mean)


@pytest.mark.parametrize("headcount", [10, 0])
def test_more_answers_than_employees_gives_no_correction(headcount):
    assert mean_interval(50, 20, 12, headcount) == mean_interval(50, 20, 12, None)


@pytest.mark.parametrize("headcount", [9, 0, None])
def test_one_answer_of_several_and_none_at_all_have_no_interval(headcount):
    assert mean_interval(50, math.nan, 1, headcount) is None
    assert mean_interval(math.nan, math.nan, 0, headcount) is None
    assert standard_error(math.nan, 0, headcount) is None


def test_all_equal_answers_have_an_interval_of_no_width():
    assert mean_interval(75, 0.0, 12, 30) == Interval(75, 75)


@pytest.mark.parametrize("probability", [0.8, 0.975, 1 - 0.025 / 6])
def test_quantiles_are_those_of_the_normal_and_of_students_t(probability):
    assert quantile(probability) == pytest.approx(stats.norm.ppf(probability), rel=CLOSED)
    assert quantile(probability, 11) == pytest.approx(stats.t.ppf(probability, 11), rel=CLOSED)


def test_a_printed_interval_goes_outward_and_stays_on_the_scale():
    # 1.96·20/√25·√(1 − 25/40) = 4.80
    se = standard_error(20, 25, 40)
    assert printed_interval(50, se) == Interval(45, 55)
    assert printed_interval(3, se) == Interval(0, 8)
    assert printed_interval(98, se) == Interval(93, 100)


def test_a_printed_interval_is_open_on_the_side_where_the_index_is_clamped():
    assert printed_interval(10, 3.0, low_open=True) == Interval(0, 16)
    assert printed_interval(90, 3.0, high_open=True) == Interval(84, 100)
