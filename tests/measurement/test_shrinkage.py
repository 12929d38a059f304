from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from survey.measurement.scoring import group_moments
from survey.measurement.shrinkage import (
    fit_printed,
    fit_random_intercept,
    median_of_others,
    regression_to_mean,
    shrink,
)
from tests.measurement.reference import (
    CLOSED,
    ITERATIVE,
    bhr2000_items,
    groups,
    numbers,
    table,
    values,
)

KLEIN = ["JOBSAT", "COHES", "POSAFF", "PAY", "NEGLEAD", "WLOAD", "TASKSIG", "PHYSEN"]


def data(dataset, variable):
    if dataset == "klein2000":
        number, names = groups("klein2000/klein2000.csv", "GRPID")
        return numbers("klein2000/klein2000.csv", variable)[:, 0], number, names
    number, names = groups("bhr2000/bhr2000.csv", "GRP")
    if variable == "scalemean":
        return bhr2000_items().mean(axis=1), number, names
    return numbers("bhr2000/bhr2000.csv", variable)[:, 0], number, names


def fit(scores, number, count, minimum_n=1):
    m = group_moments(scores, number, count)
    n, mean = m.n[:, 0], m.mean[:, 0]
    return fit_random_intercept(n, mean, m.squares[:, 0], minimum_n), n, mean


CASES = [("klein2000", v) for v in KLEIN] + [("bhr2000", "scalemean"), ("bhr2000", "HRS")]


@pytest.mark.parametrize(("dataset", "variable"), CASES)
def test_reml_equals_lmer_reml(dataset, variable):
    scores, number, names = data(dataset, variable)
    model, _, _ = fit(scores, number, len(names))
    expected = values(dataset)[f"{dataset}.{variable}.lmer_reml"]
    assert model.mu == pytest.approx(expected["intercept"], rel=ITERATIVE)
    assert model.mu_se == pytest.approx(expected["intercept_se"], rel=ITERATIVE)
    assert model.tau2 == pytest.approx(expected["tau00"], rel=ITERATIVE, abs=1e-12)
    assert model.sigma2 == pytest.approx(expected["sigma2"], rel=ITERATIVE)
    assert model.icc == pytest.approx(expected["icc"], rel=ITERATIVE, abs=1e-12)


@pytest.mark.parametrize(("dataset", "variable"), CASES)
def test_empirical_bayes_means_equal_eb_means_and_reliability(dataset, variable):
    scores, number, names = data(dataset, variable)
    model, n, mean = fit(scores, number, len(names))
    found = shrink(model, n, mean)
    for name, value in values(dataset)[f"{dataset}.{variable}.eb_means"].items():
        assert found.mean[names.index(name)] == pytest.approx(value, rel=ITERATIVE, abs=1e-6)
    pull = model.tau2 / (model.tau2 + model.sigma2 / n)
    expected = values(dataset)[f"{dataset}.{variable}.lmer_reliability_of_group_means"]
    summary = {"mean": pull.mean(), "min": pull.min(), "max": pull.max()}
    assert summary == pytest.approx(expected, rel=ITERATIVE, abs=1e-12)


@pytest.mark.parametrize(("dataset", "variable"), CASES)
def test_raw_means_and_n_equal_their_ids(dataset, variable):
    scores, number, names = data(dataset, variable)
    _, n, mean = fit(scores, number, len(names))
    reference = values(dataset)
    for name, value in reference[f"{dataset}.{variable}.raw_means"].items():
        assert mean[names.index(name)] == pytest.approx(value, abs=5.1e-11)
    expected = reference[f"{dataset}.{variable}.n"]
    assert {name: n[names.index(name)] for name in expected} == expected


def test_statsmodels_agrees_to_the_four_digits_it_has():
    scores, number, names = data("klein2000", "JOBSAT")
    peer = smf.mixedlm("y ~ 1", pd.DataFrame({"y": scores}), groups=number).fit(reml=True)
    model, _, _ = fit(scores, number, len(names))
    assert model.tau2 == pytest.approx(float(np.ravel(peer.cov_re)[0]), rel=1e-3)
    assert model.sigma2 == pytest.approx(peer.scale, rel=1e-3)


def test_balanced_units_give_the_analysis_of_variance_estimate():
    # closed form: sigma2 = MSW, tau2 = (MSB - MSW)/k when that is positive
    scores, number, names = data("klein2000", "PHYSEN")
    model, _, _ = fit(scores, number, len(names))
    table = values("klein2000")["klein2000.PHYSEN.aov"]
    assert model.sigma2 == pytest.approx(table["ms_within"], rel=CLOSED)
    expected = (table["ms_between"] - table["ms_within"]) / 15
    assert model.tau2 == pytest.approx(expected, rel=CLOSED)


def test_the_likelihood_is_nowhere_better_on_a_fine_grid():
    rng = np.random.default_rng(8)
    for _ in range(20):
        sizes = rng.integers(2, 40, 8)
        number = np.repeat(np.arange(8), sizes)
        scores = rng.normal(0, 1, number.size) + rng.normal(0, rng.choice([0.1, 0.5]), 8)[number]
        model, n, mean = fit(scores, number, 8)
        within = group_moments(scores, number, 8).squares.sum()

        def height(ratio, n=n, mean=mean, within=within):
            weight = n / (1 + n * ratio)
            mu = (weight * mean).sum() / weight.sum()
            q = within + (weight * (mean - mu) ** 2).sum()
            return (n.sum() - 1) * np.log(q) + np.log1p(n * ratio).sum() + np.log(weight.sum())

        best = height(model.tau2 / model.sigma2)
        assert all(best <= height(ratio) + 1e-9 for ratio in np.linspace(0, 3, 3001))


def test_units_below_ten_answers_do_not_enter_the_model():
    rng = np.random.default_rng(2)
    number = np.repeat(np.arange(12), [15] * 11 + [9])
    scores = rng.normal(0, 1, number.size)
    changed = scores.copy()
    changed[number == 11] += 50
    with_, n, _ = fit(scores, number, 12, minimum_n=10)
    without, _, _ = fit(changed, number, 12, minimum_n=10)
    assert with_ == without
    assert with_.units == 11
    assert n[11] == 9


def test_nobody_differs_within_units_gives_the_variance_of_the_means():
    number = np.repeat(np.arange(3), 4)
    model, n, mean = fit(np.array([1.0, 2.0, 4.0])[number], number, 3)
    assert model.sigma2 == 0.0
    assert model.tau2 == pytest.approx(np.var([1, 2, 4], ddof=1))
    found = shrink(model, n, mean)
    np.testing.assert_allclose(found.mean, [1, 2, 4])
    assert found.band == ("below", "below", "above")


def test_all_equal_answers_leave_every_unit_around():
    number = np.repeat(np.arange(3), 4)
    model, n, mean = fit(np.full(12, 10 / 3), number, 3)
    assert (model.tau2, model.sigma2, model.icc) == (0.0, 0.0, None)
    assert shrink(model, n, mean).band == ("around",) * 3


@pytest.mark.parametrize("sizes", [[], [12], [0, 12], [1, 1, 1]])
def test_no_model_without_two_units_and_a_degree_of_freedom(sizes):
    number = np.repeat(np.arange(len(sizes)), sizes)
    model, _, _ = fit(np.arange(number.size, dtype=float), number, max(len(sizes), 1))
    assert model is None


def test_a_unit_without_answers_has_no_band():
    number = np.repeat([0, 1, 3], 12)
    rng = np.random.default_rng(4)
    model, n, mean = fit(rng.normal(0, 1, 36), number, 4)
    found = shrink(model, n, mean)
    assert found.band[2] is None
    assert np.isnan(found.mean[2])


def test_a_constant_shifts_mu_and_nothing_else_and_order_does_not_matter():
    rng = np.random.default_rng(9)
    number = np.repeat(np.arange(20), rng.integers(10, 30, 20))
    scores = rng.normal(50, 15, number.size) + rng.normal(0, 8, 20)[number]
    order, relabel = rng.permutation(number.size), rng.permutation(20)
    one, n1, m1 = fit(scores, number, 20)
    two, n2, m2 = fit(scores[order] + 7, relabel[number][order], 20)
    assert two.mu == pytest.approx(one.mu + 7, rel=1e-9)
    assert (two.tau2, two.sigma2) == pytest.approx((one.tau2, one.sigma2), rel=1e-9)
    bands = shrink(two, n2, m2).band
    assert tuple(bands[i] for i in relabel) == shrink(one, n1, m1).band


# ------------------------------------------------------------------ from printed numbers


def test_the_model_of_printed_numbers_is_near_that_of_all_answers():
    rng = np.random.default_rng(6)
    number = np.repeat(np.arange(60), rng.integers(10, 40, 60))
    scores = rng.normal(60, 19, number.size) + rng.normal(0, 7, 60)[number]
    whole, n, mean = fit(scores, number, 60, minimum_n=10)
    printed = fit_printed(n.tolist(), np.floor(mean + 0.5).tolist(), 19)
    assert printed.units == 60
    assert printed.mu == pytest.approx(whole.mu, abs=0.1)
    assert np.sqrt(printed.tau2) == pytest.approx(np.sqrt(whole.tau2), abs=0.3)
    assert np.sqrt(printed.sigma2) == pytest.approx(19, abs=0.05)


def test_printed_cells_below_ten_answers_do_not_enter():
    few = fit_printed([12, 20, 30, 9], [50, 60, 70, 5], 19)
    assert few == fit_printed([12, 20, 30], [50, 60, 70], 19)
    assert fit_printed([12, 9, 1], [50, 60, 70], 19) is None


@pytest.mark.parametrize(
    ("n", "index", "points"),
    [
        (10, 40, 10),  # 361/10 = 36.1 beside 36: half of twenty points is chance
        (10, 80, 10),
        (40, 40, 4),  # 9.0 beside 36: a fifth
        (10, 60, 0),
        (5, 85, 17),  # 72.2/108.2 of 25 = 16.7
    ],
)
def test_a_unit_picked_by_its_result_moves_back_by_this_much(n, index, points):
    assert regression_to_mean(60.0, 36.0, 19, n, index) == points


def test_units_that_do_not_differ_move_back_all_the_way():
    assert regression_to_mean(60.0, 0.0, 19, 30, 45) == 15


def test_the_size_of_the_way_back_is_what_picked_units_really_lose():
    rng = np.random.default_rng(7)
    truth = rng.normal(60, 6, 4000)
    first, second = (truth + rng.normal(0, 19, 4000) / np.sqrt(12) for _ in range(2))
    low = first < 52
    said = [regression_to_mean(60, 36, 19, 12, round(x)) for x in first[low].tolist()]
    assert np.mean(second[low] - first[low]) == pytest.approx(np.mean(said), abs=0.6)


def test_units_of_the_same_kind_are_the_median_of_five_others_at_least():
    assert median_of_others([50, 60, 70, 80]) is None
    assert median_of_others([50, 60, 70, 80, None]) is None
    assert median_of_others([80, 50, 70, 60, 90]) == 70
    assert median_of_others([50, 60, None, 61, 80, 90, 40]) == 61  # 60.5, half up


def test_a_median_of_organisations_is_the_benchmark_of_the_civil_service():
    data = table("csps/csps_engagement_2009_2018.csv")
    scores, published = defaultdict(list), {}
    for year, kind, value in zip(data["year"], data["kind"], data["value"], strict=True):
        if kind == "organisation" and value not in ("", "NA"):
            scores[year].append(round(float(value)))
        elif kind == "benchmark_median":
            published[year] = float(value)
    assert len(published) == 10
    found = {year: median_of_others(scores[year]) for year in published}
    # published from unrounded scores of organisations; these are in whole points
    assert all(abs(found[year] - value) <= 1 for year, value in published.items())
    assert sum(found[year] == value for year, value in published.items()) >= 9
