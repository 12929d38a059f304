"""One and two become none or three, without bias, and each block by itself."""

import numpy as np
import pytest

from survey.disclosure.small_counts import fresh_draw, round_small, round_tails


@pytest.mark.parametrize(("drawn", "rounded"), [(0.5, 0), (2.5, 3)])
def test_one_of_twelve_becomes_none_or_three_by_the_draw(drawn, rounded):
    assert round_tails("item", {"a": 1}, {"a": 12}, lambda _: drawn) == {"a": rounded}


def test_what_is_no_small_count_stays():
    for count in (0, 3, 6, 9, 12):
        assert round_tails("item", {"a": count}, {"a": 12}, lambda _: 1.7) == {"a": count}


def test_all_but_one_or_two_become_all_or_all_but_three():
    counts, sizes = {"a": 11, "b": 10}, {"a": 12, "b": 12}
    for drawn in (0.1, 1.1, 2.1):
        rounded = round_tails("item", counts, sizes, lambda _, d=drawn: d)  # type: ignore[misc]
        assert set(rounded.values()) <= {9, 12}


def test_thirty_thousand_draws_keep_the_mean():
    draws = [fresh_draw("") for _ in range(30_000)]
    for count in (1, 2):
        mean = np.mean([round_small(count, drawn) for drawn in draws])
        assert mean == pytest.approx(count, abs=0.04)


def test_how_one_block_was_rounded_says_nothing_of_another():
    """Two colleagues who know that their two became none learn nothing of the block beside."""
    sizes = {"a": 12, "b": 16}
    for others in (0, 1, 2):
        seen = [round_tails("i", {"a": 2, "b": others}, sizes, fresh_draw) for _ in range(6_000)]
        given = [each["b"] for each in seen if each["a"] == 0]
        assert np.mean(given) == pytest.approx(others, abs=0.15)
        assert set(given) == ({0} if not others else {0, 3})


def test_a_municipality_of_eighty_small_blocks_keeps_its_sum_nearly():
    """Each block adds a variance of two: sums of eighty stray by twelve or thirteen people."""
    rng = np.random.default_rng(11)
    counts = rng.integers(1, 3, 80).tolist()
    strays = [
        sum(round_small(count, fresh_draw("")) for count in counts) - sum(counts)
        for _ in range(2_000)
    ]
    assert abs(np.mean(strays)) < 1.5
    assert 11 < np.std(strays) < 14.5


def test_draws_fill_their_range_and_are_never_the_same_again():
    drawn = [fresh_draw("x") for _ in range(2_000)]
    assert len(set(drawn)) == len(drawn)
    assert 0 <= min(drawn) < 0.1
    assert 2.9 < max(drawn) < 3
