from collections import defaultdict

import pytest

from survey.measurement.comparison import median_benchmark, same_kind_mean
from tests.measurement.reference import table


def test_the_median_of_organisations_is_the_published_benchmark_of_the_civil_service():
    data = table("csps/csps_engagement_2009_2018.csv")
    scores, published = defaultdict(list), {}
    for year, kind, value in zip(data["year"], data["kind"], data["value"], strict=True):
        if kind == "organisation" and value not in ("", "NA"):
            scores[year].append(float(value))
        elif kind == "benchmark_median":
            published[year] = float(value)
    assert len(published) == 10
    found = {year: median_benchmark(scores[year]) for year in published}
    # published from unrounded scores of organisations; these are in whole points
    assert all(abs(found[year] - value) <= 1 for year, value in published.items())
    assert sum(found[year] == value for year, value in published.items()) >= 9


def test_every_organisation_has_one_vote_and_five_must_vote():
    assert median_benchmark([50, 60, 70, 80]) is None
    assert median_benchmark([50, 60, 70, 80, None, float("nan")]) is None
    assert median_benchmark([80, 50, 70, 60, 90]) == 70
    assert median_benchmark([50, 60, 61, 80, 90, 40]) == 61  # 60.5, half up


def test_units_of_the_same_kind_count_persons_and_need_three_others():
    assert same_kind_mean([250, 300], [5, 5]) is None
    assert same_kind_mean([250, 300, 400], [5, 5, 4]) is None
    assert same_kind_mean([250, 300, 1000], [5, 5, 10]) == pytest.approx(77.5)
