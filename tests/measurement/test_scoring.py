import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from survey.measurement import scoring as sc
from tests.measurement.reference import CLOSED, numbers, table, values


def dimension(items=4, low=1, high=4, reverse=(), minimum=None):
    return sc.DimensionKey(
        "d",
        tuple(range(items)),
        tuple(i in reverse for i in range(items)),
        low,
        high,
        sc.minimum_answered(items) if minimum is None else minimum,
    )


def score(codes, **key):
    return sc.person_scores(np.array(codes, np.uint8), sc.ScoringKey((dimension(**key),)))[:, 0]


def test_a_four_point_scale_gives_the_four_pomp_points():
    found = score([[1] * 4, [2] * 4, [3] * 4, [4] * 4])
    np.testing.assert_allclose(found, [0, 100 / 3, 200 / 3, 100], rtol=1e-15)


def test_a_reverse_keyed_item_is_turned():
    assert score([[4, 4, 4, 1]], reverse=(3,))[0] == 100.0


def test_two_thirds_of_the_items_must_be_answered():
    # 4 items: 3 needed
    found = score([[4, 4, 4, 0], [4, 4, 0, 0], [4, 4, 4, 15], [4, 4, 15, 15], [0] * 4])
    assert found[0] == found[2] == 100.0
    assert np.isnan(found[[1, 3, 4]]).all()


@pytest.mark.parametrize(
    ("items", "share", "needed"),
    [(1, 2 / 3, 1), (2, 2 / 3, 2), (3, 2 / 3, 2), (4, 2 / 3, 3), (6, 2 / 3, 4), (5, 0.6, 3)],
)
def test_minimum_answered_is_the_share_rounded_up(items, share, needed):
    assert sc.minimum_answered(items, share) == needed


def test_a_code_beyond_the_scale_is_missing_and_never_zero():
    found = score([[4, 4, 4, 9], [5, 5, 5, 5]])
    assert found[0] == 100.0
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("low", "high"), [(1, 4), (1, 5), (1, 6), (1, 7), (0, 10), (-2, 2), (0, 1)]
)
def test_any_integer_scale_runs_from_0_to_100(low, high):
    key = dimension(items=1, low=low, high=high)
    codes = np.arange(1, key.options + 1, dtype=np.uint8)[:, None]
    found = sc.person_scores(codes, sc.ScoringKey((key,)))[:, 0]
    assert found[0] == 0.0
    assert found[-1] == 100.0
    np.testing.assert_array_equal(sc.item_values(codes, key)[:, 0], np.arange(low, high + 1))


@settings(max_examples=40)
@given(
    sheets=hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 30), st.just(5)),
        elements=st.sampled_from([0, 1, 2, 3, 4, 5, 15]),
    ),
    turned=st.sets(st.integers(0, 4)),
)
def test_scores_equal_the_definition_written_out(sheets, turned):
    key = dimension(items=5, low=1, high=5, reverse=turned)
    found = sc.person_scores(sheets, sc.ScoringKey((key,)))[:, 0]
    for row, value in zip(sheets.tolist(), found, strict=True):
        points = [
            ((6 - x if i in turned else x) - 1) / 4 * 100 for i, x in enumerate(row) if 1 <= x <= 5
        ]
        if len(points) < 4:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(sum(points) / len(points), rel=1e-12, abs=1e-12)


@settings(max_examples=25)
@given(
    sheets=hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 20), st.just(4)),
        elements=st.sampled_from([0, 1, 2, 3, 4, 15]),
    ),
)
def test_reversing_twice_is_the_identity(sheets):
    turned = np.where((sheets >= 1) & (sheets <= 4), 5 - sheets, sheets).astype(np.uint8)
    all_four = (0, 1, 2, 3)
    np.testing.assert_array_equal(score(turned, reverse=all_four), score(sheets))
    once = 100 - score(sheets, reverse=all_four)
    np.testing.assert_allclose(once, score(sheets), rtol=1e-12, atol=1e-12)


def test_many_sheets_are_scored_in_pieces_with_the_same_result():
    rng = np.random.default_rng(1)
    sheets = rng.integers(0, 5, (70_000, 4)).astype(np.uint8)
    whole = score(sheets)
    np.testing.assert_array_equal(whole[65_000:], score(sheets[65_000:]))


def test_the_overall_index_is_the_mean_of_dimensions_not_of_items():
    small = sc.DimensionKey("a", (0,), (False,), 1, 5, 1)
    large = sc.DimensionKey("b", (1, 2, 3), (False,) * 3, 1, 5, 2)
    key = sc.ScoringKey((small, large), (0, 1))
    sheets = np.array([[5, 1, 1, 1], [0, 1, 1, 1]], np.uint8)
    scores = sc.person_scores(sheets, key)
    assert key.index_minimum == 2
    np.testing.assert_array_equal(sc.overall_scores(scores, key), [50.0, np.nan])


def test_the_overall_index_needs_two_thirds_of_its_dimensions():
    keys = tuple(sc.DimensionKey(str(i), (i,), (False,), 1, 5, 1) for i in range(6))
    key = sc.ScoringKey(keys, tuple(range(6)))
    sheets = np.array([[5, 5, 5, 5, 0, 0], [5, 5, 5, 0, 0, 0]], np.uint8)
    found = sc.overall_scores(sc.person_scores(sheets, key), key)
    np.testing.assert_array_equal(found, [100.0, np.nan])


def test_a_key_without_an_index_has_no_overall_score():
    key = sc.ScoringKey((dimension(),))
    assert np.isnan(sc.overall_scores(np.ones((3, 1)), key)).all()


def test_sheets_are_read_from_text_and_bytes():
    expected = [[1, 4, 0], [15, 11, 2]]
    assert sc.read_sheets("140?;2", 3).tolist() == expected
    assert sc.read_sheets(b"140?;2", 3).tolist() == expected
    assert sc.read_sheets("", 3).shape == (0, 3)


@pytest.mark.parametrize(("text", "width"), [("1234", 3), ("12\n", 3), ("12é", 2), ("1", 0)])
def test_what_are_no_whole_sheets_is_refused(text, width):
    with pytest.raises(ValueError, match="sheet"):
        sc.read_sheets(text, width)


@pytest.mark.parametrize(
    "key",
    [
        {"columns": (), "reverse": (), "low": 1, "high": 4, "minimum": 1},
        {"columns": (0,), "reverse": (), "low": 1, "high": 4, "minimum": 1},
        {"columns": (0,), "reverse": (False,), "low": 1, "high": 1, "minimum": 1},
        {"columns": (0,), "reverse": (False,), "low": 0, "high": 11, "minimum": 1},
        {"columns": (0,), "reverse": (False,), "low": 1, "high": 4, "minimum": 2},
    ],
)
def test_an_impossible_key_is_refused(key):
    with pytest.raises(ValueError, match="d:"):
        sc.DimensionKey("d", **key)


# ------------------------------------------------------------------ counts


def counts_of(codes, options, **how):
    """Counts of one item, everybody in one group."""
    return sc.item_counts(codes, 0, options, np.zeros(len(codes), int), 1, **how)[0]


def test_item_counts_tell_options_not_applicable_and_unanswered_apart():
    sheets = np.array([[1], [2], [2], [4], [15], [0], [9]], np.uint8)
    assert counts_of(sheets, 4).tolist() == [1, 2, 0, 1, 1, 2]
    grouped = sc.item_counts(sheets, 0, 4, np.array([0, 0, 2, 2, 2, 0, 0]), 3)
    assert grouped.tolist() == [[1, 1, 0, 0, 0, 2], [0] * 6, [0, 1, 0, 1, 1, 0]]


def test_a_reverse_keyed_items_counts_are_turned_and_those_without_answer_stay_last():
    sheets = np.array([[1], [2], [2], [4], [15], [0]], np.uint8)
    assert counts_of(sheets, 4, reverse=True).tolist() == [1, 0, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("options", "favourable"), [(2, (1,)), (3, (2,)), (4, (2, 3)), (5, (3, 4)), (11, range(6, 11))]
)
def test_favourable_is_the_upper_half_and_the_middle_is_neutral(options, favourable):
    assert sc.upper_half(options) == tuple(favourable)


@pytest.mark.parametrize(
    ("percent", "index"), [((24, 16, 10, 40, 10), 49), ((4, 12, 34, 28, 22), 63)]
)
def test_the_golden_check_of_the_civil_service_survey(percent, index):
    codes = np.repeat(np.arange(1, 6, dtype=np.uint8), percent)[:, None]
    scores = sc.person_scores(codes, sc.ScoringKey((dimension(items=1, high=5),)))
    assert scores.mean() == pytest.approx(index)
    assert counts_of(codes, 5)[list(sc.upper_half(5))].sum() == 50


def own_scale(codes, options):
    """Mean and sd of one item's scores on its own scale from 1, and how many have one."""
    key = sc.ScoringKey((dimension(items=1, high=options),))
    moments = sc.group_moments(sc.person_scores(codes, key), np.zeros(len(codes), int), 1)
    step = (options - 1) / 100
    return 1 + moments.mean[0, 0] * step, moments.sd[0, 0] * step, moments.n[0, 0]


def test_percentages_equal_mass_percent_and_mathanxiety_published():
    data = table("likert_pkg/mass.csv")
    levels = [n for n in values("likert_pkg")["mass.percent"][0] if n != "_row"]
    published = {r["Item"]: r for r in values("likert_pkg")["MathAnxiety.published"]}
    means = {r["item"]: r for r in values("likert_pkg")["mass.mean_sd_sample"]}
    for row in values("likert_pkg")["mass.percent"]:
        item = row["_row"]
        codes = np.array([[int(a)] for a in data[item]], np.uint8)
        shares = counts_of(codes, 5)[:5] / len(codes) * 100
        assert shares.tolist() == pytest.approx([row[level] for level in levels], rel=CLOSED)
        assert shares.tolist() == pytest.approx([published[item][n] for n in levels], rel=CLOSED)
        mean, sd, _ = own_scale(codes, 5)
        assert mean == pytest.approx(means[item]["mean"], rel=CLOSED)
        assert sd == pytest.approx(means[item]["sd"], rel=CLOSED)


@pytest.mark.parametrize("country", ["summary", "Canada", "Mexico", "United States"])
def test_low_high_mean_and_sd_equal_the_pisa_sample(country):
    file = "likert_pkg/pisaitems_ST24_sample4500.csv"
    here = np.array([country in ("summary", c) for c in table(file)["country"]])
    for row in values("likert_pkg")[f"sample.{country}"]:
        answers = numbers(file, row["item"])[here, 0]
        codes = np.nan_to_num(answers, nan=0).astype(np.uint8)[:, None]
        shares = counts_of(codes, 4)[:4] / counts_of(codes, 4)[:4].sum() * 100
        high = shares[list(sc.upper_half(4))].sum()
        assert (100 - high, high) == pytest.approx((row["low"], row["high"]), rel=CLOSED)
        mean, sd, n = own_scale(codes, 4)
        assert n == row["n"]
        assert (mean, sd) == pytest.approx((row["mean"], row["sd"]), rel=CLOSED)


# ------------------------------------------------------------------ groups


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_group_moments_equal_numpy_whatever_the_order(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(50, 20, (80, 2))
    scores[rng.random(scores.shape) < 0.2] = np.nan
    where = rng.integers(0, 7, 80)
    order = rng.permutation(80)
    found = sc.group_moments(scores, where, 8)
    again = sc.group_moments(scores[order], where[order], 8)
    np.testing.assert_allclose(again.mean, found.mean, rtol=1e-12)
    np.testing.assert_allclose(again.sd, found.sd, rtol=1e-9)
    for group in range(8):
        for column in range(2):
            own = scores[where == group, column]
            own = own[~np.isnan(own)]
            assert found.n[group, column] == own.size
            if own.size > 1:
                assert found.mean[group, column] == pytest.approx(own.mean(), rel=1e-12)
                assert found.sd[group, column] == pytest.approx(own.std(ddof=1), rel=1e-9)
            else:
                assert np.isnan(found.sd[group, column])


def test_equal_answers_have_a_standard_deviation_of_exactly_zero():
    moments = sc.group_moments(np.full(1000, 100 / 3), np.zeros(1000, int), 1)
    assert moments.sd[0, 0] == 0.0
