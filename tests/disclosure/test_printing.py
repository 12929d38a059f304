"""What is printed at a node, with the values that the design was attacked with."""

import numpy as np
import pytest

from survey.disclosure.model import AnswerCounts, Counted, IndexCounts
from survey.disclosure.printing import (
    PrintedIndex,
    PrintedShare,
    Printer,
    overall,
    printed_category,
    printed_share,
)
from survey.disclosure.protect import protect
from survey.release.document import Interval
from survey.release.results import interval
from tests.disclosure.crowd import blocks, counted, draw_low, printed, tree

THREE = tree({"area": None, "A": "area", "B": "area"})
STEPS = (0.0, 100 / 3, 200 / 3, 100.0)


def of_counts(counts):
    """People of one unit by what they chose: scores of a sub-goal of one item, and choices."""
    chosen = [option for option, n in enumerate(counts) for _ in range(n)]
    return {"area": [STEPS[option] for option in chosen]}, {"area": chosen}


def test_an_extreme_unit_prints_its_bound_and_its_area_the_weighted_mean():
    found = printed(counted(THREE, {"A": [97.0] * 8, "B": [60.0] * 20}))
    assert found.index("d", "A") == PrintedIndex(90, "at_least")
    assert found.index("d", "B") == PrintedIndex(60)
    assert found.index("d", "area") == PrintedIndex(69)


def test_an_area_whose_blocks_are_all_clamped_at_one_end_is_open_there():
    found = printed(counted(THREE, {"A": [100.0] * 12, "B": [100.0] * 15}))
    assert found.index("d", "area") == PrintedIndex(90, "at_least")
    found = printed(counted(THREE, {"A": [100.0] * 12, "B": [0.0] * 12}))
    assert found.index("d", "area") == PrintedIndex(50)


def test_seven_direct_staff_beside_two_large_units_stand_in_no_item_block():
    people = {"area": [50.0] * 7, "A": [50.0] * 60, "B": [50.0] * 60}
    chosen = {"area": [3] * 7, "A": [0, 3] * 30, "B": [0, 3] * 30}
    made = blocks(counted(THREE, people, chosen))
    assert made.shares["item:i"].grouping.sizes == {"A": 60, "B": 60}
    assert made.categories["item:i"].grouping.sizes == {"area": 120}
    assert made.answers.sizes == {"area": 7, "A": 60, "B": 60}
    found = Printer(made)
    assert found.n("area") == 127
    assert found.n_of_others("area") == 7
    assert found.share("item:i", "area") == PrintedShare(50, 5)


@pytest.mark.parametrize("leaders", [97.0, 50.0])
def test_the_same_cells_print_whatever_the_leaders_of_an_area_answered(leaders):
    made = {"area": [leaders] * 6, "A": [60.0] * 12, "B": [70.0] * 15}
    found = printed(counted(THREE, made))
    assert found.index("d", "A") == PrintedIndex(60)
    assert found.index("d", "B") == PrintedIndex(70)
    expected = (6 * min(leaders, 90) + 12 * 60 + 15 * 70) / 33
    assert found.index("d", "area") == PrintedIndex(int(expected + 0.5))
    assert found.index("d", "area", others=True) is not None


def test_leaders_of_an_area_who_all_agree_leave_it_at_seventy():
    made = {"area": [97.0] * 6, "A": [60.0] * 12, "B": [70.0] * 15}
    assert printed(counted(THREE, made)).index("d", "area") == PrintedIndex(70)


def test_which_cells_print_depends_on_counts_and_never_on_answers():
    rng = np.random.default_rng(3)
    shape = tree({"top": None, **{f"u{i}": "top" for i in range(8)}})
    gaps = {f"u{i}": rng.random(4 + 3 * i) < 0.1 for i in range(8)}

    def wave():
        people = {
            u: [None if gap else float(rng.choice(STEPS)) for gap in missing]
            for u, missing in gaps.items()
        }
        chosen = {
            u: [None if gap else int(rng.integers(4)) for gap in missing]
            for u, missing in gaps.items()
        }
        found = printed(counted(shape, people, chosen))
        return {
            (node.id, found.n(node.id), found.index("d", node.id) is None,
             found.share("item:i", node.id) is None,
             found.categories("item:i", node.id) is None)
            for node in shape
        }  # fmt: skip

    first = wave()
    assert all(wave() == first for _ in range(20))


@pytest.mark.parametrize("counts", [(1, 0, 0, 9), (0, 1, 1, 8), (0, 0, 3, 7)])
def test_ten_answers_to_a_single_item_are_told_apart_by_nothing_printed(counts):
    people, chosen = of_counts(counts)
    found = printed(counted(tree({"area": None}), people, chosen, alone=True))
    index = found.index("d", "area")
    assert index == PrintedIndex(80, "at_least")
    assert found.share("item:i", "area") is None
    assert found.categories("item:i", "area") is None
    shown = interval(index, 20, 10, 12)
    assert (shown.low, shown.high) == (74, 100)
    assert interval(PrintedIndex(90), 20, 10, 12) == Interval(84, 96)


@pytest.mark.parametrize("counts", [(0, 0, 0, 6), (0, 0, 2, 4)])
def test_six_answers_to_a_single_item_print_nothing_of_it(counts):
    people, chosen = of_counts(counts)
    found = printed(counted(tree({"area": None}), people, chosen, alone=True))
    assert found.n("area") == 6
    assert found.index("d", "area") is None


@pytest.mark.parametrize(("n", "end"), [(10, 80), (20, 90), (40, 95)])
def test_one_or_two_at_the_bottom_and_all_others_at_the_top_print_as_all_at_the_top_do(n, end):
    seen = set()
    for counts in ((2, 0, 0, n - 2), (1, 0, 0, n - 1), (0, 0, 0, n)):
        people, chosen = of_counts(counts)
        found = printed(counted(tree({"area": None}), people, chosen, alone=True))
        seen.add(found.index("d", "area"))
    assert seen == {PrintedIndex(end, "at_least")}


def test_the_interval_of_a_clamped_index_is_open_at_its_end():
    shown = interval(PrintedIndex(90, "at_least"), 20, 10, 12)
    assert (shown.low, shown.high) == (84, 100)
    shown = interval(PrintedIndex(10, "at_most"), 20, 10, 12)
    assert (shown.low, shown.high) == (0, 16)


def only_options(counts, favourable=()):
    n = int(np.sum(counts))
    made = Counted(
        tree({"area": None}),
        np.array([n]),
        {"d": IndexCounts(np.array([n]), np.array([50.0 * n]))},
        {"question:q": AnswerCounts(np.array([counts], dtype=np.int64), favourable=favourable)},
    )
    return Printer(protect(made, 5, draw_low))


def test_three_exclusive_options_have_no_share_below_a_hundred():
    found = only_options((5, 4, 1))
    assert "question:q" not in found.shares
    assert found.categories("question:q", "area") is None
    large = only_options((50, 40, 30))
    assert large.categories("question:q", "area") == (
        PrintedShare(40, 5), PrintedShare(35, 5), PrintedShare(25, 5),
    )  # fmt: skip


def test_twelve_answers_on_three_steps_have_an_index_and_no_share():
    people = {"area": [0.0] * 4 + [50.0] * 4 + [100.0] * 4}
    chosen = {"area": [0] * 4 + [1] * 4 + [2] * 4}
    found = printed(counted(tree({"area": None}), people, chosen, steps=3))
    assert found.index("d", "area") == PrintedIndex(50)
    assert "item:i" not in found.shares
    assert found.categories("item:i", "area") is None


def test_thirty_answers_on_four_steps_have_a_favourable_share_and_no_categories():
    people, chosen = of_counts((6, 9, 8, 7))
    found = printed(counted(tree({"area": None}), people, chosen))
    assert found.share("item:i", "area") == PrintedShare(50, 5)
    assert found.categories("item:i", "area") is None


def test_nobody_tells_none_from_one_or_two_nor_all_from_all_but_one_or_two():
    few = {printed_share(count, 12, 5) for count in (0, 3)}
    assert few == {PrintedShare(None, 5, "few")}
    most = {printed_share(count, 12, 5) for count in (9, 12)}
    assert most == {PrintedShare(None, 5, "all_but_few")}


def test_shares_stand_in_steps_of_five_and_from_a_hundred_in_whole_per_cent():
    assert printed_share(7, 19, 5) == PrintedShare(35, 5)
    assert printed_share(370, 1000, 1) == PrintedShare(37, 1)
    assert printed_share(4, 1000, 1) == PrintedShare(1, 1, "below")
    assert printed_share(996, 1000, 1) == PrintedShare(99, 1, "above")


def test_categories_stand_in_steps_of_five_with_one_form_at_either_end():
    assert printed_category(4, 100) == PrintedShare(5, 5, "below")
    assert printed_category(5, 100) == PrintedShare(5, 5)
    assert printed_category(95, 100) == PrintedShare(95, 5)
    assert printed_category(96, 100) == PrintedShare(95, 5, "above")
    assert printed_category(25, 200) == PrintedShare(15, 5), "halves go up"


def test_an_item_alone_in_its_sub_goal_has_its_index_only_below_three_hundred():
    for n, shown in ((299, False), (300, True)):
        people, chosen = of_counts((n // 4, n // 4, n // 4, n - 3 * (n // 4)))
        found = printed(counted(tree({"area": None}), people, chosen, alone=True))
        assert found.index("d", "area") is not None
        assert (found.share("item:i", "area") is not None) is shown
        assert (found.categories("item:i", "area") is not None) is shown


def test_categories_and_share_of_a_hundred_do_not_tell_that_nobody_chose_the_highest():
    seen = set()
    for highest in (0, 1, 2):
        people, chosen = of_counts((42 - highest, 0, 58, highest))
        found = printed(counted(tree({"area": None}), people, chosen))
        seen.add((found.share("item:i", "area"), found.categories("item:i", "area")))
    assert len(seen) == 1


def test_on_a_scale_of_two_steps_the_index_is_a_share_and_waits_for_a_hundred():
    for n, shown in ((20, None), (99, None), (100, PrintedIndex(40))):
        made = Counted(
            tree({"area": None}),
            np.array([n]),
            {"d": IndexCounts(np.array([n]), np.array([40.0 * n]), steps=2)},
        )
        assert Printer(protect(made, 5, draw_low)).index("d", "area") == shown


def test_the_overall_index_is_the_mean_of_the_printed_ones_and_open_where_a_part_is():
    parts = [PrintedIndex(50), PrintedIndex(61), PrintedIndex(90, "at_least")]
    assert overall(parts) == PrintedIndex(67, "at_least")
    assert overall([*parts, PrintedIndex(10, "at_most")]) == PrintedIndex(53, "open")
    assert overall([*parts, None]) is None
    assert overall([PrintedIndex(50), PrintedIndex(51)]) == PrintedIndex(51), "halves go up"


def test_nothing_printed_of_six_people_depends_on_which_of_them_lacks_a_sub_goal():
    shape = tree({"area": None, "A": "area", "B": "area"})
    others = {"B": [55.0] * 12}
    seen = set()
    for lacking in range(6):
        mine = [None if place == lacking else 40.0 for place in range(6)]
        found = printed(counted(shape, {"A": mine, **others}))
        seen.add((found.n("A"), found.index("d", "A"), found.index("d", "area")))
    assert seen == {(6, PrintedIndex(40), PrintedIndex(50))}


def test_a_unit_whose_people_lack_a_sub_goal_weighs_at_the_block_that_holds_it():
    people = {"area": [80.0] * 5, "A": [None, None, 20.0, 20.0, 20.0, 20.0], "B": [60.0] * 10}
    found = printed(counted(THREE, people))
    assert found.index("d", "A") is None
    # the block at the area holds its own five and the four of A who have a score: it weighs 11
    mean = int((5 * 80 + 4 * 20) / 9 + 0.5)
    assert found.index("d", "area", others=True) == PrintedIndex(mean)
    assert found.index("d", "area") == PrintedIndex(int((11 * mean + 10 * 60) / 21 + 0.5))


def test_vet_ikke_stands_from_a_hundred_answers_only():
    def share(n, said):
        made = Counted(
            tree({"area": None}),
            np.array([n]),
            {"d": IndexCounts(np.array([n]), np.array([50.0 * n]))},
            {"missing:i": AnswerCounts(np.array([[n - said, said]]), "d", (1,))},
        )
        return Printer(protect(made, 5, draw_low)).share("missing:i", "area")

    assert share(99, 20) is None
    assert share(120, 24) == PrintedShare(20, 1)


def test_texts_are_pooled_among_ten_people_or_more():
    found = printed(counted(THREE, {"area": [50.0] * 6, "A": [50.0] * 9, "B": [50.0] * 14}))
    assert found.texts("A") is None
    assert found.texts("B") == 14
    assert found.texts("area") == 15


def test_a_larger_k_groups_more_people():
    people = {"area": [50.0] * 6, "A": [50.0] * 9, "B": [50.0] * 14}
    assert blocks(counted(THREE, people), k=10).answers.sizes == {"area": 15, "B": 14}
