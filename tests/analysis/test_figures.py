"""Whole waves and changes: what holds for every figure whatever the answers."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from survey.analysis import change_figures, tables, wave_figures
from survey.measurement.scoring import DimensionKey, ScoringKey
from survey.measurement.wave import WaveAnswers

UNITS = 14


def key(dimensions=3, items=4, low=1, high=5):
    return ScoringKey(
        tuple(
            DimensionKey(
                f"d{d}",
                tuple(range(d * items, (d + 1) * items)),
                tuple(i == 0 and d == 1 for i in range(items)),
                low,
                high,
                max(1, -(-2 * items // 3)),
            )
            for d in range(dimensions)
        ),
        tuple(range(dimensions)),
    )


def wave(seed, persons=200, options=5, missing=0.08, dimensions=3, items=4, people=False):
    rng = np.random.default_rng(seed)
    where = rng.integers(0, UNITS, persons)
    level = rng.normal(0, 0.7, UNITS)[where] + rng.normal(0, 0.8, persons)
    noise = rng.normal(0, 0.8, (persons, dimensions * items))
    answers = np.clip(np.round((options + 1) / 2 + level[:, None] + noise), 1, options)
    answers[rng.random(answers.shape) < missing] = 0
    return WaveAnswers(
        answers.astype(np.uint8),
        where,
        np.bincount(where, minlength=UNITS) + rng.integers(0, 8, UNITS).astype(float),
        rng.permutation(persons) if people else None,
    )


def names(order=None):
    labels = [f"u{i}" for i in range(UNITS)]
    return labels if order is None else [labels[i] for i in order]


def everything(first, second, scoring, labels):
    before, after = (wave_figures.measure_wave(w, scoring, UNITS) for w in (first, second))
    change = change_figures.measure_change(before, after)
    return {
        "waves": [tables.wave_table(m, labels) for m in (before, after)],
        "change": tables.change_table(change, before, after, labels),
    }


def close(one, two, skip=()):
    """The same nested tables up to rounding."""
    if isinstance(one, dict):
        assert set(one) == set(two)
        for name in one:
            if name not in skip:
                close(one[name], two[name], skip)
    elif isinstance(one, list):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            close(a, b, skip)
    elif isinstance(one, float) or isinstance(two, float):
        assert two == pytest.approx(one, rel=1e-6, abs=1e-7)
    else:
        assert one == two


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), people=st.booleans())
def test_the_order_of_persons_and_units_never_matters(seed, people):
    rng = np.random.default_rng(seed)
    relabel = rng.permutation(UNITS)
    back = np.argsort(relabel)
    shuffled = []
    waves = [wave(seed, people=people), wave(seed + 1, people=people)]
    for w in waves:
        order = rng.permutation(len(w.units))
        persons = None if w.persons is None else w.persons[order]
        shuffled.append(
            WaveAnswers(w.sheets[order], relabel[w.units][order], w.headcounts[back], persons)
        )
    (first, second), (third, fourth) = waves, shuffled
    one = everything(first, second, key(), names())
    two = everything(third, fourth, key(), names(back))
    close(one, two)


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), shift=st.integers(-3, 20))
def test_adding_a_constant_shifts_means_and_nothing_else(seed, shift):
    waves = wave(seed), wave(seed + 1)
    one = everything(*waves, key(low=1, high=5), names())
    two = everything(*waves, key(low=1 + shift, high=5 + shift), names())
    close(one, two, skip={"mean", "ci", "ci_fpc", "eb_mean"})
    first, second = (t["waves"][0]["organisation"]["d0"]["mean"] for t in (one, two))
    assert second == pytest.approx(first + shift)


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_everybody_has_answered_means_no_width_anywhere(seed):
    w = wave(seed, missing=0.0)
    full = WaveAnswers(w.sheets, w.units, np.bincount(w.units, minlength=UNITS).astype(np.float64))
    table = tables.wave_table(wave_figures.measure_wave(full, key(), UNITS), names())
    for unit in table["units"].values():
        low, high = unit["d0"]["ci_fpc"]
        assert low == high == unit["d0"]["mean"]
    low, high = table["organisation"]["d0"]["ci_fpc"]
    assert low == high


def degenerate():
    one = np.zeros(1, int)
    yield "nobody", np.zeros((0, 12)), np.zeros(0, int), None
    yield "one person", np.full((1, 12), 3), one, np.full(UNITS, 3.0)
    yield "all missing", np.zeros((30, 12)), np.arange(30) % UNITS, None
    yield "all not applicable", np.full((30, 12), 15), np.arange(30) % UNITS, None
    yield "all equal", np.full((300, 12), 4), np.arange(300) % UNITS, np.full(UNITS, 30.0)
    yield "more than employed", np.full((300, 12), 2), np.arange(300) % UNITS, np.full(UNITS, 5.0)
    yield "one each", np.arange(168).reshape(14, 12) % 5 + 1, np.arange(14), np.full(UNITS, 1.0)
    yield "no headcount", np.arange(240).reshape(20, 12) % 5 + 1, np.arange(20) % 3, np.zeros(UNITS)


@pytest.mark.parametrize("case", list(degenerate()), ids=lambda c: c[0])
@pytest.mark.parametrize("other", list(degenerate()), ids=lambda c: c[0])
def test_degenerate_waves_give_defined_tables_without_nan_or_warning(case, other):
    first, second = (
        WaveAnswers(c[1].astype(np.uint8), c[2], c[3], np.arange(len(c[2]))) for c in (case, other)
    )
    json.dumps(everything(first, second, key(), names()), allow_nan=False)


@pytest.mark.parametrize(("items", "options"), [(1, 4), (2, 2), (5, 11), (3, 7)])
def test_any_number_of_items_and_options_gives_defined_tables(items, options):
    first, second = (wave(s, items=items, options=options) for s in (1, 2))
    scoring = key(items=items, low=0, high=options - 1)
    table = everything(first, second, scoring, names())
    json.dumps(table, allow_nan=False)
    assert (table["waves"][0]["organisation"]["d0"]["alpha"] is None) == (items < 3)


def test_all_equal_answers_are_told_as_what_they_are():
    equal = WaveAnswers(
        np.full((280, 12), 4, np.uint8), np.arange(280) % UNITS, np.full(UNITS, 30.0)
    )
    table = everything(equal, equal, key(), names())
    # a reverse-keyed item among equal answers is no agreement of the person with himself
    unit = table["waves"][0]["units"]["u0"]["d0"]
    assert (unit["mean"], unit["sd"], unit["rwg_uniform"], unit["ad"]) == (4.0, 0.0, 1.0, 0.0)
    assert unit["band"] == "around"
    assert table["waves"][0]["organisation"]["d0"]["alpha"] is None
    change = table["change"]["units"]["u0"]["d0"]
    assert (change["t"], change["p"], change["hedges_g"], change["ci"]) == (0, 1, 0, [0, 0])
    assert change["verdict"] == "unknown"


def test_unit_tables_equal_what_scipy_says_unit_by_unit():
    first, second = wave(31, persons=400), wave(32, persons=420)
    scoring = key()
    before, after = (wave_figures.measure_wave(w, scoring, UNITS) for w in (first, second))
    change = change_figures.measure_change(before, after)
    table = tables.change_table(change, before, after, names())
    for number in range(UNITS):
        a, b = (m.scores[m.answers.units == number, 0] for m in (before, after))
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        found = table["units"][f"u{number}"]["d0"]
        assert found["difference"] == pytest.approx(b.mean() - a.mean())
        if min(a.size, b.size) >= 10:
            peer = stats.ttest_ind(b, a, equal_var=False)
            assert found["t"] == pytest.approx(peer.statistic)
            delta = 2 * stats.mannwhitneyu(b, a).statistic / (a.size * b.size) - 1
            assert found["cliffs_delta"] == pytest.approx(delta)


def test_small_units_have_neither_test_nor_verdict():
    first, second = wave(1, persons=8 * UNITS), wave(2, persons=8 * UNITS)
    w1, w2 = (WaveAnswers(w.sheets, np.arange(8 * UNITS) % UNITS, None) for w in (first, second))
    found = everything(w1, w2, key(), names())["change"]["units"]["u0"]["d0"]
    assert (found["t"], found["hedges_g"], found["cliffs_delta"]) == (None, None, None)
    assert (found["ci"], found["verdict"], found["minimum_detectable"]) == (None, None, None)


def judged(found):
    """What an interval says; None where there is none."""
    if found["ci"] is None:
        return None
    low, high = found["ci"]
    return "risen" if low > 0 else "fallen" if high < 0 else "unknown"


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), lift=st.integers(0, 2))
def test_a_verdict_is_whether_its_interval_excludes_0_whatever_holm_says(seed, lift):
    second = wave(seed + 1, 300)
    second.sheets[second.sheets > 0] = np.minimum(second.sheets[second.sheets > 0] + lift, 5)
    change = everything(wave(seed, 300), second, key(), names())["change"]
    rows = [change["organisation"], *change["units"].values()]
    for found in (row[name] for row in rows for name in row):
        assert found["verdict"] == judged(found)
        if found["verdict"] == "unknown":
            assert abs(found["difference"]) < found["minimum_detectable"]


def test_holm_adjusts_p_and_decides_nothing():
    change = everything(wave(5, 400), wave(40, 400), key(dimensions=3), names())["change"]
    cells = [u[f"d{d}"] for u in change["units"].values() for d in range(3)]
    overruled = [c for c in cells if c["p"] is not None and c["p"] < 0.05 <= c["p_adjusted"]]
    assert overruled
    assert {c["verdict"] for c in overruled} <= {"risen", "fallen"}


def test_holm_is_over_the_dimensions_and_the_overall_index_stands_apart():
    found = everything(wave(5, 400), wave(6, 400), key(), names())["change"]["units"]["u3"]
    smallest = min(found[f"d{d}"]["p"] for d in range(3))
    assert min(found[f"d{d}"]["p_adjusted"] for d in range(3)) == pytest.approx(
        min(1.0, 3 * smallest)
    )
    assert found["overall"]["p_adjusted"] == found["overall"]["p"]


def test_waves_of_other_dimensions_are_not_compared():
    measured = [wave_figures.measure_wave(wave(1, dimensions=d), key(d), UNITS) for d in (2, 3)]
    with pytest.raises(ValueError, match="same dimensions"):
        change_figures.measure_change(*measured)


def test_linked_persons_are_paired_where_they_stayed_and_only_if_they_are_one():
    first, second = wave(1, 300, people=True), wave(2, 300, people=True)
    stays = WaveAnswers(second.sheets, first.units[np.argsort(first.persons)], None, np.arange(300))
    measured = [wave_figures.measure_wave(w, key(), UNITS) for w in (first, stays)]
    change = change_figures.measure_change(*measured)
    whole = change.organisation[0].paired
    assert whole.matched > 200
    place = np.argsort(first.persons)
    before, after = measured[0].scores[place, 0], measured[1].scores[:, 0]
    both = ~np.isnan(before) & ~np.isnan(after)
    assert whole.t == pytest.approx(stats.ttest_rel(after[both], before[both]).statistic)
    assert change.units.paired
    for (unit, _), test in change.units.paired.items():
        assert test.matched >= 20
        assert test.matched <= measured[0].answered[unit]
    twice = first.persons.copy()
    twice[twice == 7] = 8
    doubled = WaveAnswers(first.sheets, first.units, None, twice)
    links = change_figures._links(wave_figures.measure_wave(doubled, key(), UNITS), measured[1])
    assert not np.isin(twice[links[0]], [7, 8]).any()


def test_the_overall_index_is_left_out_when_one_dimension_is_all():
    assert [c.id for c in wave_figures.columns_of(key(1))] == ["d0"]
    assert [c.id for c in wave_figures.columns_of(key(2))] == ["d0", "d1", "overall"]


def test_the_overall_index_of_different_scales_stands_on_0_to_100():
    mixed = ScoringKey(
        (DimensionKey("a", (0,), (False,), 1, 4, 1), DimensionKey("b", (1,), (False,), 1, 7, 1)),
        (0, 1),
    )
    overall = wave_figures.columns_of(mixed)[-1]
    assert (overall.low, overall.high, overall.point) == (0.0, 100.0, 1.0)
