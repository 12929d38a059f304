"""Do verdicts and printed intervals keep what the method page promises?

Seeded, so nothing here fails by chance. What is simulated: staff with a lasting view of the whole
and of each of six sub-goals, a mood of the day, and four statements of 1-4 per sub-goal. Within
units the overall index then has an sd of 19 points, a sub-goal of 24; the same person a year later
correlates .7. Three of four answer, drawn anew in every wave. Indices are printed as they are:
means of people in whole points, clamped and open at the ends, the overall one a mean of printed
ones.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy import stats

from survey.disclosure.printing import PrintedIndex
from survey.measurement.areas import Cluster, clustered_se
from survey.measurement.sigma import sigma_hat
from survey.measurement.verdicts import Index, printed_change, share_change, unit_change
from survey.release.results import interval
from tests.marks import long

HEADCOUNTS = [long(8), 12, 20, long(40)]
"""Sizes of units; the smallest and the largest in the whole run."""

UNITS = 4000
LASTING, DAY, OWN, STATEMENT = 16.0, 10.0, 14.0, 16.0
LATENT = {0: 0.0, 10: 10.6, 20: 21.6}
"""What moves the index by 0, 10 and 20 points: at its ends a scale of four steps gives less."""


def staff(rng, shape):
    """Lasting views, six sub-goals per person."""
    return rng.normal(0, LASTING, (*shape, 1)) + rng.normal(0, OWN, (*shape, 6))


def answers(rng, people, level):
    """Scores 0-100 of six sub-goals from four statements of 1-4 each."""
    today = level + people + rng.normal(0, DAY, (*people.shape[:-1], 1))
    felt = today[..., None] + rng.normal(0, STATEMENT, (*people.shape, 4))
    return (np.clip(np.round(felt / 100 * 3) + 1, 1, 4) - 1).mean(axis=-1) / 3 * 100


def printed(scores, there):
    """Seven printed indices per unit, the overall one last."""
    n = there.sum(axis=1)
    means = (scores * there[..., None]).sum(axis=1) / np.maximum(n, 1)[:, None]
    low = np.where(n < 20, 10, 5)[:, None]
    values = np.floor(np.clip(means, low, 100 - low) + 0.5)
    under, over = means < low, means > 100 - low
    columns = [
        np.column_stack([values, np.floor(values.mean(axis=1) + 0.5)]).astype(int).tolist(),
        np.column_stack([under, under.any(axis=1)]).tolist(),
        np.column_stack([over, over.any(axis=1)]).tolist(),
    ]
    return [
        [Index(value, size, low, high) for value, low, high in zip(*rows, strict=True)]
        for size, *rows in zip(n.tolist(), *columns, strict=True)
    ]


@cache
def sigmas():
    """(of a sub-goal, of the overall index): the sd of 400 units of twelve, as it is printed."""
    scores = answers(np.random.default_rng(1), staff(np.random.default_rng(2), (400, 12)), 50)
    everyone = (4800, float(scores.std()))
    each, whole = scores[..., 0].std(axis=1, ddof=1), scores.mean(axis=-1).std(axis=1, ddof=1)
    return tuple(
        sigma_hat([(12, sd) for sd in column.tolist()], everyone, single_item=False)[0]
        for column in (each, whole)
    )


@dataclass(frozen=True)
class Judged:
    """The changes of many units: six sub-goals as a family, and the overall index by itself."""

    families: list
    overall: list

    def alarms(self):
        return np.mean([c.verdict != "unknown" for c in self.overall])

    def family_alarms(self):
        return np.mean([any(c.verdict != "unknown" for c in six) for six in self.families])


@cache
def judged(headcount, change=0, kept=0.0, seed=1, level=50):
    """Units of this size in two waves; ``kept`` is the share of the staff that stays.

    A unit with fewer than five answers in a wave is not printed.
    """
    rng = np.random.default_rng([seed, headcount])
    shape = (UNITS, headcount)
    first = staff(rng, shape)
    second = np.where(rng.random((*shape, 1)) < kept, first, staff(rng, shape))
    waves = [
        printed(answers(rng, people, level + half), rng.random(shape) < 0.75)
        for people, half in ((first, -LATENT[change] / 2), (second, LATENT[change] / 2))
    ]
    pairs = [(a, b) for a, b in zip(*waves, strict=True) if min(a[0].n, b[0].n) >= 5]
    of_one, of_all = sigmas()
    return Judged(
        [
            [unit_change(x, y, of_one, m=6) for x, y in zip(a[:6], b[:6], strict=True)]
            for a, b in pairs
        ],
        [unit_change(a[6], b[6], of_all) for a, b in pairs],
    )


def holds(found, change):
    """Whether the true change lies in the interval; an open end says that there is more."""
    above = found.low_open or found.low <= change
    return above and (found.high_open or change <= found.high)


def test_the_simulated_people_are_as_they_are_described():
    rng = np.random.default_rng(3)
    people = staff(rng, (40_000,))
    first, second = answers(rng, people, 50), answers(rng, people, 50)
    assert first.mean(axis=1).std() == pytest.approx(19, abs=0.3)
    assert first[:, 0].std() == pytest.approx(24, abs=0.3)
    assert np.corrcoef(first.mean(axis=1), second.mean(axis=1))[0, 1] == pytest.approx(
        0.7, abs=0.02
    )
    assert sigmas() == (24, 19)
    for change, latent in LATENT.items():
        ends = [answers(rng, people, 50 + half).mean() for half in (-latent / 2, latent / 2)]
        assert ends[1] - ends[0] == pytest.approx(change, abs=0.3)


# ------------------------------------------------------------------ false alarms and power


@pytest.mark.parametrize("headcount", HEADCOUNTS)
def test_the_overall_index_gives_three_to_four_false_alarms_of_a_hundred_when_people_are_new(
    headcount,
):
    assert 0.025 <= judged(headcount).alarms() <= 0.045


@pytest.mark.parametrize("headcount", HEADCOUNTS)
def test_and_about_one_of_a_hundred_when_four_of_five_are_the_same(headcount):
    assert 0.002 <= judged(headcount, kept=0.8).alarms() <= 0.015


@pytest.mark.parametrize("headcount", HEADCOUNTS)
def test_six_sub_goals_together_give_a_false_alarm_in_one_unit_of_twenty_at_most(headcount):
    new = judged(headcount).family_alarms()
    assert 0.015 <= new <= 0.05
    assert judged(headcount, kept=0.8).family_alarms() < new


@pytest.mark.parametrize(("headcount", "power"), [(12, 0.57), (20, 0.79)])
def test_a_true_rise_of_twenty_is_found_as_often_as_the_method_page_says(headcount, power):
    found = judged(headcount, change=20)
    assert np.mean([c.verdict == "risen" for c in found.overall]) == pytest.approx(power, abs=0.02)
    assert not any(c.verdict == "fallen" for c in found.overall)


# ------------------------------------------------------------------ coverage


@pytest.mark.parametrize(
    ("headcount", "change", "kept"),
    [
        long(8, 0, 0.0),
        long(8, 20, 0.0),
        (20, 0, 0.0),
        long(20, 10, 0.0),
        (20, 20, 0.0),
        long(20, 10, 0.8),
    ],
)
def test_intervals_of_a_change_hold_the_true_one_nineteen_times_of_twenty(headcount, change, kept):
    found = judged(headcount, change, kept)
    assert np.mean([holds(c, change) for c in found.overall]) >= 0.95
    together = [all(holds(c, change) for c in six) for six in found.families]
    assert np.mean(together) >= 0.95


def test_they_do_so_too_near_the_end_of_the_scale():
    rng = np.random.default_rng(4)
    people = staff(rng, (40_000,))
    true = answers(rng, people, 85 + 10.8).mean() - answers(rng, people, 85 - 10.8).mean()
    assert 12 < true < 16
    for headcount in (12, 30):
        found = judged(headcount, 20, level=85)
        assert np.mean([holds(c, true) for c in found.overall]) >= 0.95
        assert np.mean([holds(c, true) for six in found.families for c in six]) >= 0.95


@pytest.mark.parametrize("headcount", HEADCOUNTS)
def test_the_interval_of_an_index_holds_what_everybody_in_the_unit_would_have_said(headcount):
    rng = np.random.default_rng(headcount)
    shape = (UNITS, headcount)
    scores, there = answers(rng, staff(rng, shape), 55), rng.random(shape) < 0.75
    sigma, held = sigmas()[0], []
    for true, index in zip(scores.mean(axis=1)[:, 0].tolist(), printed(scores, there), strict=True):
        first = index[0]
        if 5 <= first.n < headcount and not (first.low_open or first.high_open):
            found = interval(PrintedIndex(first.value), sigma, first.n, headcount)
            held.append(found.low <= true <= found.high)
    assert np.mean(held) >= 0.95


@pytest.mark.parametrize("n", [12, 20, 60, 120])
@pytest.mark.parametrize(("before", "after"), [(0.5, 0.5), (0.45, 0.65), (0.7, 0.7)])
def test_the_interval_of_a_share_holds_the_true_change(n, before, after):
    rng = np.random.default_rng(n)
    counts = [rng.binomial(n, share, UNITS) for share in (before, after)]
    told = np.logical_and.reduce([(c > 3) & (c < n - 3) for c in counts])
    step = 5 if n < 100 else 1
    shares = [
        (np.floor(100 * c[told] / n / step + 0.5) * step).astype(int).tolist() for c in counts
    ]
    found = [share_change(a, b, n, n, step, step, 1) for a, b in zip(*shares, strict=True)]
    change = round(100 * (after - before), 9)
    assert np.mean([f.low <= change <= f.high for f in found]) >= 0.95


# ------------------------------------------------------------------ areas


AREAS = 1500


@cache
def areas(units, parts=1):
    """Areas whose units differ and move by themselves, by 5 points; the area as a whole does not.

    Sub-goals of a unit move half together. Arrays (wave, area, unit[, part]) of n and of indices.
    """
    rng = np.random.default_rng([units, parts])
    n = rng.integers(8, 31, (2, AREAS, units))
    shape = (AREAS, units, parts)
    level = rng.normal(60, 6, shape)
    half = 5 / math.sqrt(2)
    moved = rng.normal(0, half, (AREAS, units, 1)) + rng.normal(0, half, shape)
    waves = [level, level + moved]
    noise = rng.normal(0, 19, (2, *shape)) / np.sqrt(n)[..., None]
    return n, np.floor(np.clip(np.array(waves) + noise, 10, 90) + 0.5)


def mean(n, indices):
    """The area's index, unrounded: its units weighted by their answers."""
    return (n[..., None] * indices).sum(axis=2) / n.sum(axis=2)[..., None]


def cells(n, indices, area, part):
    rows = zip(*n[:, area].tolist(), *indices[:, area, :, part].astype(int).tolist(), strict=True)
    return [Cluster(*row) for row in rows]


@pytest.mark.parametrize("units", [10, long(20), long(40)])
def test_units_that_move_together_deceive_a_test_on_people_and_not_one_on_units(units):
    n, indices = areas(units)
    exact = mean(n, indices)[..., 0]
    whole = np.floor(exact + 0.5).astype(int)
    by_units, by_people, verdicts = [], [], []
    for area in range(AREAS):
        change, sizes = exact[1, area] - exact[0, area], n[:, area].sum(axis=1).tolist()
        se, df = clustered_se([cells(n, indices, area, 0)])
        by_units.append(abs(change) / se)
        by_people.append(abs(change) > 1.96 * 19 * math.sqrt(1 / sizes[0] + 1 / sizes[1]))
        before, after = [Index(v, s) for v, s in zip(whole[:, area].tolist(), sizes, strict=True)]
        verdicts.append(printed_change(before, after, se, df))
    assert 0.11 <= np.mean(by_people) <= 0.20
    assert 0.035 <= np.mean(np.array(by_units) > stats.t.isf(0.025, units - 1)) <= 0.065
    # printed: rounded outward, so that fewer still are called a change
    assert np.mean([v.verdict != "unknown" for v in verdicts]) <= 0.05
    assert np.mean([holds(v, 0) for v in verdicts]) >= 0.95


def test_the_overall_index_of_an_area_is_judged_by_its_units_too():
    n, indices = areas(12, parts=6)
    exact = mean(n, indices)
    whole = np.floor(np.floor(exact + 0.5).mean(axis=2) + 0.5).astype(int)
    ratios, verdicts = [], []
    for area in range(600):
        se, df = clustered_se([cells(n, indices, area, part) for part in range(6)])
        ratios.append(abs(exact[1, area].mean() - exact[0, area].mean()) / se)
        sizes = n[:, area].sum(axis=1).tolist()
        before, after = [Index(v, s) for v, s in zip(whole[:, area].tolist(), sizes, strict=True)]
        verdicts.append(printed_change(before, after, se, df))
    assert 0.03 <= np.mean(np.array(ratios) > stats.t.isf(0.025, 11)) <= 0.08
    assert np.mean([holds(v, 0) for v in verdicts]) >= 0.95
