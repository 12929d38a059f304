"""Small units before a wave opens, leaders at its close."""

from survey.disclosure.model import Node
from survey.disclosure.small_units import lift_leaders, merge_units

TREE = [
    Node("root", None),
    Node("care", "root"),
    Node("school", "root"),
    Node("a", "care", "home"),
    Node("b", "care", "home"),
    Node("c", "care", "clinic"),
    Node("s", "school", "school"),
]


def test_a_unit_with_fewer_than_k_invited_joins_the_smallest_sibling_that_reaches_k():
    goes = merge_units(TREE, {"a": 3, "b": 20, "c": 6, "s": 12}, k=5)
    assert goes["a"] == "b", "its own kind goes before a smaller unit of another kind"
    assert merge_units(TREE, {"a": 20, "b": 9, "c": 3, "s": 12}, k=5)["c"] == "b"
    assert {k: v for k, v in goes.items() if k != "a"} == {n.id: n.id for n in TREE if n.id != "a"}


def test_two_small_siblings_become_one_unit_and_a_lonely_one_joins_its_parent():
    goes = merge_units(TREE, {"a": 3, "b": 2, "s": 4}, k=5)
    assert goes["a"] == goes["b"] == "a"
    assert goes["s"] != "s"
    assert merge_units(TREE, {"care": 8, "a": 2, "s": 9}, k=5)["a"] == "care"


def test_chains_of_merging_end_in_a_unit_that_stays():
    goes = merge_units(TREE, {"a": 1, "b": 1, "c": 1, "s": 30}, k=5)
    for target in goes.values():
        assert goes[target] == target


def test_merging_leaves_no_unit_with_one_to_four_invited_below_the_root():
    invited = {"a": 1, "b": 4, "c": 2, "s": 3, "care": 2, "root": 1}
    goes = merge_units(TREE, invited, k=5)
    total: dict[str, int] = {}
    for unit, number in invited.items():
        total[goes[unit]] = total.get(goes[unit], 0) + number
    for node in TREE[1:]:
        if goes[node.id] == node.id and node.id not in {"care", "school"}:
            assert not 0 < total.get(node.id, 0) < 5


def test_a_unit_with_nobody_invited_is_left_alone():
    assert merge_units(TREE, {"b": 9, "s": 9}, k=5)["a"] == "a"


def test_leaders_are_stored_at_the_nearest_ancestor_with_k_leaders():
    lands = lift_leaders(TREE, {"a": 2, "b": 2, "c": 1, "s": 1}, k=5)
    assert lands["a"] == lands["b"] == lands["c"] == "care"
    assert lands["s"] == "root"


def test_leaders_never_stay_in_their_own_unit_even_where_it_has_k_of_them():
    assert lift_leaders(TREE, {"a": 7}, k=5)["a"] == "care"


def test_a_larger_k_lifts_leaders_further():
    assert lift_leaders(TREE, {"a": 3, "b": 3, "s": 3}, k=7)["a"] == "root"
