"""Does the verdict keep what the method page promises? Seeded, so it cannot fail by chance.

Units of real sizes answer a four-item scale of 1-4; persons have an sd of about 19 points, 75 %
answer, and the true change is known.
"""

import numpy as np
import pytest

from survey.measurement.areas import units_change
from survey.measurement.change import holm_verdicts, published_index, verdict
from survey.measurement.scoring import DimensionKey, ScoringKey, person_scores

KEY = ScoringKey((DimensionKey("d", (0, 1, 2, 3), (False,) * 4, 1, 4, 3),))
RUNS = 4000
SIGMA = 19


def answers(rng, runs, size, mean):
    """Person scores of ``runs`` units of ``size``, sd about 19 points on 0-100."""
    person = rng.normal(mean, 18.0, (runs, size, 1)) + rng.normal(0, 14.0, (runs, size, 4))
    codes = np.clip(np.round(person / 100 * 3) + 1, 1, 4).astype(np.uint8)
    return person_scores(codes.reshape(-1, 4), KEY)[:, 0].reshape(runs, size)


def verdicts(seed, headcount, change, runs=RUNS):
    rng = np.random.default_rng(seed)
    count = np.maximum(rng.binomial(headcount, 0.75, (2, runs)), 5)
    waves = [answers(rng, runs, headcount, 50 + d) for d in (-change / 2, change / 2)]
    found = []
    for run in range(runs):
        n1, n2 = count[:, run].tolist()
        earlier = published_index(waves[0][run, :n1].mean(), n1)
        later = published_index(waves[1][run, :n2].mean(), n2)
        found.append(verdict(earlier, later, n1, n2, SIGMA))
    return found


def share(found, *words):
    return np.mean([result.verdict in words for result in found])


def test_the_simulated_persons_have_the_sd_they_should():
    scores = answers(np.random.default_rng(1), 500, 12, 50)
    assert scores.std() == pytest.approx(SIGMA, abs=1.0)


@pytest.mark.parametrize("headcount", [8, 12, 20, 40])
def test_false_alarms_are_three_to_seven_per_cent(headcount):
    found = verdicts(headcount, headcount, change=0)
    assert 0.03 <= share(found, "risen", "fallen") <= 0.07


@pytest.mark.parametrize(("headcount", "power"), [(12, 0.59), (20, 0.82)])
def test_a_true_rise_of_twenty_is_found_as_often_as_the_method_page_says(headcount, power):
    found = verdicts(100 + headcount, headcount, change=20)
    assert share(found, "risen") == pytest.approx(power, abs=0.06)
    assert share(found, "fallen") < 0.002


def test_the_interval_holds_the_true_change_nineteen_times_of_twenty():
    found = verdicts(7, 20, change=10)
    held = np.mean([result.low <= 10 <= result.high for result in found])
    assert 0.93 <= held <= 0.97


def test_six_dimensions_together_cry_wolf_in_three_to_seven_per_cent_of_units():
    found = [verdicts(900 + d, 16, change=0, runs=3000) for d in range(6)]
    alarms = [
        any(r.verdict in ("risen", "fallen") for r in holm_verdicts(unit))
        for unit in zip(*found, strict=True)
    ]
    assert 0.03 <= np.mean(alarms) <= 0.07


def test_units_that_move_together_do_not_deceive_the_test_on_units():
    rng = np.random.default_rng(12)
    alarms = []
    for _ in range(1500):
        n = rng.integers(8, 30, 20)
        moves = rng.normal(0, 6, 20)  # every unit moves, the area on average does not
        change = moves + rng.normal(0, 19, 20) * np.sqrt(2 / n)
        alarms.append(units_change(change, n, n).p < 0.05)
    assert 0.03 <= np.mean(alarms) <= 0.07
