"""One and two become none or three, without bias, and sums stay near."""

import numpy as np
import pytest

from survey.disclosure.small_counts import fresh_draw, round_small, round_tails


@pytest.mark.parametrize(("start", "rounded"), [(0.5, 0), (2.5, 3)])
def test_one_of_twelve_becomes_none_or_three_by_the_draw(start, rounded):
    assert round_tails("item", [1], [12], lambda _: start) == [rounded]


def test_what_is_no_small_count_stays():
    counts, sizes = [0, 3, 6, 9, 12], [12] * 5
    assert round_tails("item", counts, sizes, lambda _: 1.7) == counts


def test_all_but_one_or_two_become_all_or_all_but_three():
    for start in (0.1, 1.1, 2.1):
        assert set(round_tails("item", [11, 10], [12, 12], lambda _, s=start: s)) <= {9, 12}


def test_thirty_thousand_draws_keep_the_mean():
    draws = np.random.default_rng(7).random(30_000) * 3
    for count in (1, 2):
        mean = np.mean([round_small([count], start)[0] for start in draws])
        assert mean == pytest.approx(count, abs=0.02)


def test_any_subtree_of_eighty_blocks_keeps_its_sum_within_six():
    rng = np.random.default_rng(11)
    worst = 0
    for _ in range(300):
        counts = rng.integers(0, 5, 80).tolist()
        rounded = np.array(round_small(counts, float(rng.random() * 3)))
        drift = np.concatenate([[0], np.cumsum(rounded - counts)])
        worst = max(worst, int(drift.max() - drift.min()))  # every run of the order
    assert 0 < worst <= 6


def test_each_tail_is_drawn_by_itself_and_never_again():
    draw = fresh_draw()
    assert draw("item:a/low") == draw("item:a/low")
    assert draw("item:a/low") != draw("item:a/high")
    assert fresh_draw()("item:a/low") != draw("item:a/low")
    drawn = [fresh_draw()("x") for _ in range(2_000)]
    assert 0 <= min(drawn) < 0.1
    assert 2.9 < max(drawn) < 3
