"""Who is counted with whom: one pass, from counts alone."""

import numpy as np

from survey.disclosure.blocks import group, labels
from survey.disclosure.tree import Tree
from tests.disclosure.crowd import tree

AREAS = tree({"top": None, "1": "top", "2": "top", "1a": "1", "1b": "1", "2a": "2"})


def grouped(nodes, counts, least=5):
    return group(Tree(nodes), counts, least)


def n_at(nodes, grouping, node):
    found = Tree(nodes)
    inside = {found.nodes[place].id for place in found.subtree(found.at[node])}
    return sum(size for at, size in grouping.sizes.items() if at in inside)


def test_few_direct_staff_of_two_areas_meet_at_the_top_and_no_unit_is_hidden():
    found = grouped(AREAS, {"1": 2, "1a": 12, "1b": 8, "2": 3, "2a": 20})
    assert found.sizes == {"1a": 12, "1b": 8, "2a": 20, "top": 5}
    assert [n_at(AREAS, found, each) for each in ("1", "2", "top")] == [20, 20, 45]


def test_a_few_left_at_the_top_are_joined_by_an_areas_own_block():
    nodes = tree({"top": None, "area": "top", "a": "area", "b": "area"})
    found = grouped(nodes, {"top": 4, "area": 6, "a": 12, "b": 8})
    assert found.sizes == {"top": 10, "a": 12, "b": 8}
    assert found.home["area"] == "top"
    assert n_at(nodes, found, "area") == 20


def test_the_smallest_of_the_areas_that_can_spare_their_block_joins_ties_by_code():
    shape = {"top": None, "p": "top", "q": "top", "p1": "p", "q1": "q"}
    nodes = tree(shape)
    found = grouped(nodes, {"top": 1, "p": 7, "q": 6, "p1": 9, "q1": 9})
    assert found.sizes == {"top": 7, "p": 7, "p1": 9, "q1": 9}
    tied = grouped(nodes, {"top": 1, "p": 6, "q": 6, "p1": 9, "q1": 9})
    assert tied.home["p"] == "top"
    assert tied.home["q"] == "q"


def test_an_area_without_another_block_below_it_keeps_its_own():
    nodes = tree({"top": None, "area": "top", "a": "area", "b": "top"})
    found = grouped(nodes, {"top": 2, "a": 4, "area": 4, "b": 9})
    assert found.sizes == {"area": 8, "b": 9}
    assert "top" not in found.home, "two people at the top are in no block"


def test_in_a_flat_tree_two_people_at_the_top_are_counted_nowhere_and_every_unit_prints():
    nodes = tree({"top": None, "a": "top", "b": "top", "c": "top"})
    found = grouped(nodes, {"top": 2, "a": 12, "b": 9, "c": 7})
    assert found.sizes == {"a": 12, "b": 9, "c": 7}
    for units in (1, 6, 12):
        for few in (2, 3, 4):
            flat = tree({"top": None, **{f"u{i}": "top" for i in range(units)}})
            counts = {"top": few, **{f"u{i}": 7 for i in range(units)}}
            assert grouped(flat, counts).sizes == {f"u{i}": 7 for i in range(units)}


def test_fewer_than_least_in_all_are_in_no_block():
    assert grouped(AREAS, {"1a": 2, "2a": 2}).sizes == {}


def test_labels_keep_people_of_no_block_at_the_top():
    nodes = tree({"top": None, "a": "top", "b": "top"})
    assert labels(nodes, {"a": 9, "b": 3}, 5) == {"top": "top", "a": "a", "b": "top"}


def test_grouping_people_where_they_were_grouped_changes_nothing():
    for _, nodes, counts in random_trees(500):
        once = labels(nodes, counts, 5)
        moved: dict[str, int] = {}
        for node, count in counts.items():
            moved[once[node]] = moved.get(once[node], 0) + count
        first, again = grouped(nodes, counts), grouped(nodes, moved)
        assert again.sizes == first.sizes


def random_trees(many):
    rng = np.random.default_rng(20261130)
    for number in range(many):
        size = int(rng.integers(1, 14))
        shape = {"n00": None} | {
            f"n{i:02d}": f"n{int(rng.integers(0, i)):02d}" for i in range(1, size)
        }
        drawn = rng.integers(0, 15, size) * (rng.random(size) < 0.8)
        yield number, tree(shape), dict(zip(shape, drawn.tolist(), strict=True))


def test_twenty_thousand_random_trees_have_disjoint_blocks_of_enough_people():
    for number, nodes, counts in random_trees(20_000):
        least = 5 if number % 2 else 10
        found = Tree(nodes)
        grouping = group(found, counts, least)
        sizes, total = grouping.sizes, sum(counts.values())
        assert all(size >= least for size in sizes.values())
        counted = sum(sizes.values())
        assert total - counted < least, "nobody who can be counted is left out"
        assert counted == 0 or total >= least
        for node, home in grouping.home.items():
            assert found.at[node] in found.subtree(found.at[home]), "at the unit or above it"
