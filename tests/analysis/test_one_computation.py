"""The same answers by both ways, as a release and as an analysis, give the same numbers."""

import csv
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from survey.analysis.analyse import figures
from survey.analysis.answers_file import Columns, read_answers, with_headcounts
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.measurement.intervals import Z95, quantile
from survey.measurement.participation import Participation
from survey.measurement.rounding import points_above, points_below, whole_points
from survey.release.counting import count
from survey.release.counting import read_answers as read_sheets
from tests.release import samples

UNITS = [f"u{number:02}" for number in range(12)]
HEADS = dict.fromkeys(UNITS, 31) | {"u00": 28, "u01": 20}
"""Everybody answers in u00, and more than the headcount says in u01."""
PEOPLE = dict.fromkeys(UNITS, 28)
TREE = [("top", None, 0), *[(unit, "top", HEADS[unit]) for unit in UNITS]]
STEPS = 20
"""People of a unit whose mean is a whole number."""


def one_item():
    """One sub-goal of one statement on 1-5, so that unit means can be whole points."""
    plain = samples.instrument().to_dict()
    labels = plain["scales"]["agree"]["labels"]
    scale = {**plain["scales"]["agree"], "max": 5, "labels": {**labels, "5": labels["4"]}}
    dimension = {**plain["dimensions"][0], "items": plain["dimensions"][0]["items"][:1]}
    return Instrument.from_dict(
        {**plain, "scales": {"agree": scale}, "dimensions": [dimension], "questions": []}
        | {"index": {"dimensions": ["share"]}}
    )


def analysed(folder, instrument, waves):
    """The JSON of ``survey analyse`` of the sheets of several waves, by unit."""
    items, width = list(instrument.items), Layout(instrument).width
    place = Layout(instrument).items
    path, heads = folder / "answers.csv", folder / "heads.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["unit", "wave", *items])
        for wave, joined in enumerate(waves, 1):
            for unit, sheets in joined.items():
                for start in range(0, len(sheets), width):
                    sheet = sheets[start : start + width]
                    answers = [sheet[place[item]].translate({48: "", 63: ""}) for item in items]
                    rows.writerow([unit, wave, *answers])
    heads.write_text("unit,headcount\n" + "".join(f"{u},{n}\n" for u, n in HEADS.items()))
    columns = Columns("unit", "wave")
    counted = with_headcounts(read_answers(path, instrument, columns), heads, columns)
    return json.loads(json.dumps(figures(instrument, counted), allow_nan=False))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Drawn answers: (the release, the wave's tables of the analysis, the sheets)."""
    joined = samples.sheets(0.5, sizes=PEOPLE)
    release = samples.compute(samples.frame(TREE), joined)
    analysis = analysed(tmp_path_factory.mktemp("one"), samples.instrument(), [joined])
    return release, analysis["waves"]["1"], joined


def test_participation_is_the_same(both):
    release, analysis, _ = both
    for unit in UNITS:
        ours = samples.by_code(release)[unit].participation
        assert type(ours) is Participation
        assert ours.answered == analysis["units"][unit]["n"]
        assert ours.headcount == analysis["units"][unit]["headcount"]
    assert [u for u in UNITS if samples.by_code(release)[u].participation.over] == ["u01"]


def test_an_index_is_the_mean_of_the_same_scores_in_whole_points(both):
    release, analysis, _ = both
    for unit in UNITS:
        for dimension in samples.by_code(release)[unit].dimensions:
            assert dimension.score.bound is None
            exact = analysis["units"][unit][dimension.id]["index"]
            assert dimension.score.index == whole_points(exact)


def test_an_interval_rests_on_the_same_standard_error_with_the_printed_sd(both):
    release, analysis, _ = both
    for unit in UNITS:
        for dimension in samples.by_code(release)[unit].dimensions:
            score, cell = dimension.score, analysis["units"][unit][dimension.id]
            point = 3 / 100  # of the scale 1-4, on which an analysis gives means and sd
            assert cell["sd"] > 0
            sigma = release.header.method.dimensions[dimension.id].sigma
            half = Z95 * sigma * cell["se_fpc"] / cell["sd"]
            if unit == "u00":
                assert score.everyone
                assert (score.interval, cell["se_fpc"]) == (None, 0.0)
                continue
            assert score.interval.low == points_below(score.index - half)
            assert score.interval.high == points_above(score.index + half)
            low, high = cell["ci_fpc"]
            half = quantile(0.975, cell["n"] - 1) * cell["se_fpc"]
            assert (high - low) / 2 == pytest.approx(half)
            assert cell["mean"] == pytest.approx(1 + cell["index"] * point)


def test_the_scales_quality_and_the_spread_of_people_are_the_same(both):
    release, analysis, _ = both
    for name, how in release.header.method.dimensions.items():
        cell = analysis["organisation"][name]
        assert how.source == "within"
        assert (how.alpha, how.omega) == (round(cell["alpha"], 2), round(cell["omega"], 2))
        assert how.alpha_interval == tuple(round(end, 2) for end in cell["alpha_ci"])
        assert (how.icc1, how.icc2) == (round(cell["icc1"], 2), round(cell["icc2"], 2))
        units = [row[name] for row in analysis["units"].values()]
        squares = sum((u["n"] - 1) * (u["sd"] / 3 * 100) ** 2 for u in units)
        assert how.sigma == whole_points(math.sqrt(squares / sum(u["n"] - 1 for u in units)))


def test_favourable_answers_are_counted_alike(both):
    _, analysis, joined = both
    instrument, nodes = samples.instrument(), samples.frame(TREE).nodes()
    counted = count(instrument, nodes, read_sheets(instrument, nodes, joined))
    for row, node in enumerate(nodes[1:], 1):
        for dimension in instrument.dimensions:
            shares = [counted.shares[f"item:{item.id}"] for item in dimension.items]
            upper = sum(share.counts[row, list(share.favourable)].sum() for share in shares)
            valid = sum(share.counts[row].sum() for share in shares)
            cell = analysis["units"][node.id][dimension.id]
            assert cell["favourable"] == pytest.approx(upper / valid)


# ------------------------------------------------------------------ change


def whole_sheets(instrument, means):
    """Sheets of twenty people of each unit whose mean score is exactly the one that is given."""
    width = Layout(instrument).width
    joined = {}
    for unit, mean in means.items():
        steps = np.full(STEPS, mean * STEPS // 25 // STEPS)
        steps[: mean * STEPS // 25 % STEPS] += 1
        steps[1::4] += 1  # so that people differ, and the mean stays
        steps[3::4] -= 1
        assert steps.sum() * 25 == mean * STEPS
        joined[unit] = "".join(str(1 + step).ljust(width, "0") for step in steps.tolist())
    return joined


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """Two waves in which every mean is a whole point, so that what is printed is exact."""
    instrument = one_item()
    first = dict(zip(UNITS, [40, 45, 50] * 4, strict=True))
    second = {u: first[u] + rise for u, rise in zip(UNITS, [0, 5, 10, 5] * 3, strict=True)}
    waves = [whole_sheets(instrument, means) for means in (first, second)]
    releases: list[Any] = []
    for ordinal, joined in enumerate(waves, 1):
        frame = replace(samples.frame(TREE, ordinal=ordinal), instrument=instrument)
        past = [samples.as_earlier(release) for release in releases]
        releases.append(samples.compute(frame, joined, past))
    analysis = analysed(tmp_path_factory.mktemp("two"), instrument, waves)
    return releases[1], analysis["changes"]["1→2"]


def test_an_areas_change_has_the_same_estimate_interval_and_verdict(changed):
    release, analysis = changed
    ours = samples.by_code(release)["top"].changes[0].dimensions["share"]
    theirs = analysis["organisation"]["share"]
    assert ours.basis == theirs["basis"] == "units"
    assert ours.difference == pytest.approx(theirs["difference"])
    low, high = theirs["ci"]
    assert (ours.low, ours.high) == (points_below(low), points_above(high))
    assert ours.verdict == theirs["verdict"] == "risen"
    half = (high - low) / 2
    seen = max(points_above(theirs["minimum_detectable"]), points_above(half + 1))
    assert ours.minimum_detectable == seen


def test_a_units_change_is_the_same_difference(changed):
    release, analysis = changed
    for unit in UNITS:
        ours = samples.by_code(release)[unit].changes[0].dimensions["share"]
        theirs = analysis["units"][unit]["share"]
        assert ours.difference == pytest.approx(theirs["difference"])
