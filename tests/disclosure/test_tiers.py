"""The table of tiers, masks, bounds and unanimity, cell by cell."""

from itertools import pairwise

import numpy as np
import pytest
from drawn import People, measure

from survey.disclosure.engine import protect
from survey.disclosure.model import Item, Node, Tier
from survey.disclosure.rules import boundaries, unanimous

FOUR = Item("q", 4, "d", (-1, -1, 1, 1))
FIVE = Item("q", 5, "d", (-1, -1, 0, 1, 1))


def one_cell(rows, ticks=None, options=4):
    """A wave of one unit: rows are each person's answers to dimension d (and e)."""
    answers = np.tile(np.array(rows), 4)  # four items to a dimension, answered alike
    ticks = np.zeros((len(rows), 1)) if ticks is None else np.array(ticks)[:, None]
    people = People(
        [Node("unit", None)],
        np.zeros(len(rows), dtype=int),
        answers,
        ticks.astype(bool),
        ["d", "e"] * 4 if len(rows[0]) > 1 else ["d"] * 4,
        options,
    )
    return protect(measure(people), people.nodes).cells["unit"]


def mixed(n):
    return [[1 + i % 4, 1 + (i + i // 4) % 4] for i in range(n)]


@pytest.mark.parametrize(
    ("n", "tier"),
    [(4, Tier.NONE), (5, Tier.INDEX), (9, Tier.INDEX), (10, Tier.SHARES), (20, Tier.FULL)],
)
def test_the_tier_follows_the_number_of_answers(n, tier):
    assert one_cell(mixed(n)).tier == tier


def test_below_k_nothing_is_shown_not_even_how_many():
    cell = one_cell(mixed(4))
    assert cell.n is None
    assert not cell.comments
    assert all(i.value is None and i.n is None and not i.spread for i in cell.index.values())
    assert all(i.n is None and i.not_applicable is None for i in cell.items.values())
    assert all(o.shown is None and o.ticked is None for o in cell.options.values())


def test_from_five_there_are_indices_in_whole_points_and_nothing_else():
    cell = one_cell(mixed(9))
    assert cell.n == 9
    assert all(isinstance(i.value, int) and not i.spread for i in cell.index.values())
    assert all(i.n is None and not i.distribution for i in cell.items.values())
    assert not cell.comments


def test_from_ten_there_are_shares_interval_and_comments_but_no_categories():
    cell = one_cell(mixed(12))
    item = cell.items["q0"]
    assert (item.n, item.favourable.count, item.unfavourable.count) == (12, 6, 6)
    assert item.distribution == ()
    assert cell.index["overall"].spread
    assert cell.comments


def test_from_twenty_there_are_all_categories():
    item = one_cell(mixed(20)).items["q0"]
    assert [share.count for share in item.distribution] == [5, 5, 5, 5]


def test_shares_are_masked_where_one_part_is_one_or_two():
    item = one_cell([[1]] * 2 + [[3]] * 8 + [[4]] * 2).items["q0"]
    assert item.n == 12
    assert item.favourable.count is None
    assert item.unfavourable.count is None


def test_an_item_with_fewer_answers_than_its_unit_follows_its_own_number():
    rows = [[1 + i % 4, 0 if i < 4 else 1 + i % 4] for i in range(12)]
    cell = one_cell(rows)
    assert cell.items["q0"].n == 12
    assert cell.items["q1"].n is None
    assert cell.index["e"].value is not None
    assert not cell.index["e"].spread


def test_an_index_answered_by_fewer_than_k_is_hidden_with_its_companion():
    """With the pair rule taken away the overall index minus the other dimension gives it back."""
    rows = [[1 + i % 4, 1 + i % 3 if i < 4 else 0] for i in range(8)]
    cell = one_cell(rows)
    assert cell.index["e"].value is None
    assert [cell.index[name].value is None for name in ("overall", "d", "e")].count(True) >= 2


@pytest.mark.parametrize("loners", [0, 1])
def test_where_all_or_all_but_one_answered_alike_it_prints_at_least_90_per_cent(loners):
    item = one_cell([[4]] * (20 - loners) + [[1]] * loners).items["q0"]
    assert item.favourable.at_least_90
    assert item.favourable.count is None
    assert item.unfavourable.count is None
    assert not item.spread
    assert [s.count for s in item.distribution] == [None] * 4
    assert [s.at_least_90 for s in item.distribution] == [False, False, False, True]


def test_all_on_one_side_hides_the_categories_that_would_tell_it():
    item = one_cell([[3]] * 11 + [[4]] * 11).items["q0"]
    assert item.favourable.at_least_90
    assert all(share.count is None for share in item.distribution)


@pytest.mark.parametrize(
    ("answer", "n", "value", "bound"),
    [(4, 12, 95, "at_least"), (4, 7, 90, "at_least"), (1, 12, 5, "at_most"), (1, 7, 10, "at_most")],
)
def test_an_extreme_index_prints_as_a_bound(answer, n, value, bound):
    cell = one_cell([[answer, answer]] * n)
    index = cell.index["overall"]
    assert (index.value, index.bound, index.spread) == (value, bound, False)


def test_alike_answers_show_no_spread():
    assert not one_cell([[3, 3]] * 15).index["overall"].spread


@pytest.mark.parametrize(
    ("ticked", "count", "bound"),
    [(0, None, "at_most"), (1, None, "at_most"), (2, None, None), (6, 6, None),
     (10, None, None), (11, None, "at_least"), (12, None, "at_least")],
)  # fmt: skip
def test_a_multi_select_option_is_ticked_or_not_with_the_same_mask(ticked, count, bound):
    option = one_cell(mixed(12), [1] * ticked + [0] * (12 - ticked)).options["m/0"]
    assert (option.ticked, option.bound) == (count, bound)


@pytest.mark.parametrize(("missing", "shown"), [(0, 0), (1, None), (2, None), (3, 3), (13, None)])
def test_vet_ikke_follows_the_same_rows(missing, shown):
    rows = [[-1 if i < missing else 1 + i % 4, 1 + i % 4] for i in range(13)]
    assert one_cell(rows).items["q0"].not_applicable == shown


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        ([5, 5, 5, 5], {1, 2, 3}),
        ([1, 5, 7, 7], {2, 3}),
        ([1, 1, 9, 9], {3}),
        ([2, 6, 1, 11], {2}),
        ([5, 4, 2, 1], {2}),
        ([3, 3, 3, 1], {2}),
        ([9, 0, 0, 9], set()),
    ],
)
def test_counts_of_one_or_two_are_merged_with_a_neighbour(counts, known):
    found = boundaries(counts, FOUR)
    if sum(counts) >= 20:
        assert found == known
    else:
        assert found <= {2}
    edges = [0, *sorted(found), 4]
    sizes = [sum(counts[a:b]) for a, b in pairwise(edges)]
    assert not {1, 2} & set(sizes)


def test_a_neutral_part_is_merged_too():
    assert boundaries([3, 3, 2, 6, 6], FIVE) == {1, 3, 4}
    assert boundaries([4, 4, 4, 0, 0], FIVE) == {2, 3}


def test_unanimity_counts_sides_and_options():
    assert unanimous([0, 0, 6, 6], FOUR) == ((2, 4),)
    assert unanimous([0, 1, 0, 11], FOUR) == ((2, 4), (3, 4))
    assert unanimous([0, 2, 0, 10], FOUR) == ()


def test_the_index_of_a_single_item_waits_until_rounding_protects_it():
    """Five answers with the mean 87 are 2-3-3-3-2 or 3-3-3-3-1 steps and nothing else."""
    rng = np.random.default_rng(1)
    for n, shown in ((30, False), (34, True)):
        people = People(
            [Node("unit", None)], np.zeros(n, dtype=int), rng.integers(1, 5, (n, 1)),
            np.zeros((n, 1), dtype=bool), ["d"], 4,
        )  # fmt: skip
        cell = protect(measure(people), people.nodes).cells["unit"]
        assert (cell.index["d"].value is not None) == shown


def test_an_index_of_two_items_prints_as_a_wider_bound():
    """Near the end of six steps nobody or one only can have chosen the other end."""
    rows = [4, 4, 4, 4, 4, 3]
    people = People(
        [Node("unit", None)], np.zeros(6, dtype=int), np.column_stack([rows, rows]),
        np.zeros((6, 1), dtype=bool), ["d", "d"], 4,
    )  # fmt: skip
    index = protect(measure(people), people.nodes).cells["unit"].index["d"]
    assert (index.value, index.bound) == (83, "at_least")
