"""Attacks by adding and subtracting what is printed, and what takes place without protection."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from drawn import People, measure, municipality

from survey.disclosure.auditor import audit
from survey.disclosure.engine import protect
from survey.disclosure.model import Item, Measured, Node, Tabulation
from survey.errors import InvalidInput

AREA = [Node("all", None), *(Node(u, "all") for u in ("a", "b", "c", "d"))]


def wave(sizes, nodes=AREA, seed=3, items=4):
    """Uniform answers of given numbers of people in given nodes."""
    rng = np.random.default_rng(seed)
    order = [node.id for node in sorted(nodes, key=lambda node: (node.parent or "", node.id))]
    from survey.disclosure.tree import Tree

    at = Tree(nodes).at
    unit = np.repeat([at[name] for name in order], [sizes.get(name, 0) for name in order])
    answers = rng.integers(1, 5, (len(unit), items))
    ticks = rng.random((len(unit), 2)) < 0.4
    return People(list(nodes), unit, answers, ticks, ["d", "e"] * (items // 2), 4)


def hidden(protected):
    return {name for name, cell in protected.cells.items() if cell.n is None}


def test_parent_minus_children_gives_no_hidden_unit():
    """Without secondary suppression unit a alone is hidden and the sum over b, c, d gives it."""
    people = wave({"a": 3, "b": 12, "c": 9, "d": 20})
    assert hidden(protect(measure(people), AREA, secondary=False)) == {"a"}
    assert hidden(protect(measure(people), AREA)) == {"a", "c"}, "the next smallest goes with it"


def test_two_small_units_that_reach_k_together_cost_nothing_more():
    people = wave({"a": 3, "b": 4, "c": 9, "d": 20})
    assert hidden(protect(measure(people), AREA)) == {"a", "b"}


def test_two_small_units_that_do_not_reach_k_together_take_one_more():
    people = wave({"a": 2, "b": 2, "c": 9, "d": 20})
    assert hidden(protect(measure(people), AREA)) == {"a", "b", "c"}


def test_a_parents_own_staff_is_a_cell_that_may_not_be_found_either():
    """Without secondary suppression the parent minus its children is its three leaders."""
    people = wave({"all": 3, "a": 8, "b": 12, "c": 9, "d": 20})
    assert hidden(protect(measure(people), AREA, secondary=False)) == set()
    assert hidden(protect(measure(people), AREA)) == {"a"}


def test_a_distribution_has_its_own_joint_threshold_of_ten():
    """Without secondary suppression six people's shares are the parent's minus the others'."""
    people = wave({"a": 6, "b": 24, "c": 25, "d": 26})
    bare = protect(measure(people), AREA, secondary=False)
    safe = protect(measure(people), AREA)
    for item in ("q0", "q1"):
        assert [u for u in "abcd" if bare.cells[u].items[item].n is None] == ["a"]
        assert [u for u in "abcd" if safe.cells[u].items[item].n is None] == ["a", "b"]
    assert safe.cells["a"].index["overall"].value is not None
    assert safe.cells["b"].index["overall"].value is not None
    assert not safe.cells["b"].index["overall"].spread, "sums of squares have that threshold too"


def test_a_masked_share_is_not_the_difference_of_printed_ones():
    """Without secondary suppression the two unfavourable answers in a are the difference."""
    people = wave({"a": 15, "b": 24, "c": 25, "d": 26})
    people.answers[people.unit == 1, 0] = [1, 1, *[3, 4] * 6, 3]
    bare = protect(measure(people), AREA, secondary=False)
    assert [bare.cells[u].items["q0"].favourable.count is None for u in "abcd"].count(True) == 1
    safe = protect(measure(people), AREA)
    assert safe.cells["a"].items["q0"].favourable.count is None
    assert [safe.cells[u].items["q0"].favourable.count is None for u in "abcd"].count(True) == 2


def test_a_bound_is_not_made_exact_by_subtraction():
    """Without secondary suppression the parent minus the others gives the exact 100."""
    people = wave({"a": 12, "b": 24, "c": 25, "d": 26})
    people.answers[people.unit == 1] = 4
    safe = protect(measure(people), AREA)
    bare = protect(measure(people), AREA, secondary=False)
    values = [safe.cells[u].index["overall"] for u in "abcd"]
    assert (values[0].value, values[0].bound) == (95, "at_least")
    assert sum(v.value is None for v in values) == 1
    assert all(bare.cells[u].index["overall"].value is not None for u in "abcd")


def test_a_bound_beside_a_small_neighbour_is_not_printed():
    """With it, 13 favourable of 16 and "minst 90 %" of 12 tell one or two among the other four."""
    people = wave({"a": 12, "b": 4, "c": 25, "d": 26})
    people.answers[people.unit == 1] = 4
    cell = protect(measure(people), AREA).cells["a"]
    assert cell.index["overall"].value is None


def test_a_kind_is_printed_only_when_it_tells_no_hidden_unit():
    """With the check taken away the kind minus its four printed units is unit x's three people."""
    nodes = [
        Node("all", None),
        *(Node(f"k{i}", "all", "home") for i in range(4)),
        Node("x", "all", "home"),
        Node("y", "all", "school"),
        Node("z", "all", "school"),
    ]
    sizes = {"k0": 30, "k1": 31, "k2": 32, "k3": 33, "x": 3, "y": 6, "z": 40}
    measured = measure(wave(sizes, nodes))
    assert set(protect(measured, nodes, secondary=False).kinds) == {"home"}
    safe = protect(measured, nodes)
    assert hidden(safe) == {"x", "y"}
    assert set(safe.kinds) == set()


def test_a_kind_of_fewer_than_four_units_is_never_printed():
    nodes = [Node("all", None), *(Node(f"k{i}", "all", "home") for i in range(3))]
    assert protect(measure(wave({f"k{i}": 20 for i in range(3)}, nodes)), nodes).kinds == {}


def test_a_kind_of_printed_units_is_the_mean_of_their_people():
    nodes = [Node("all", None), *(Node(f"k{i}", "all", "home") for i in range(4)), Node("o", "all")]
    measured = measure(wave({"k0": 20, "k1": 21, "k2": 22, "k3": 23, "o": 50}, nodes))
    kind = protect(measured, nodes).kinds["home"]
    units = [measured.nodes.index(f"k{i}") for i in range(4)]
    mean = measured.index_sum[units, 0].sum() / measured.index_n[units, 0].sum()
    assert kind.n == 86
    assert abs(kind.index["overall"].value - mean) <= 0.5


def test_a_reorganised_tabulation_of_the_same_answers_is_one_system_with_the_first():
    """Moving unit b: without the first release in view, the new area minus the old one is b."""
    old = [
        Node("all", None), Node("x", "all"), Node("y", "all"),
        *(Node(u, "x") for u in ("a", "b", "c")), *(Node(u, "y") for u in ("d", "e")),
    ]  # fmt: skip
    new = [replace(n, parent="y") if n.id == "b" else n for n in old]
    sizes = {"a": 3, "b": 3, "c": 30, "d": 31, "e": 32}
    first = protect(measure(wave(sizes, old)), old)
    assert hidden(first) == {"a", "b"}
    again = measure_under(new, wave(sizes, old))
    alone = protect(again, new)
    assert alone.cells["y"].n is not None
    both = protect(again, new, earlier=[Tabulation(old, first)])
    assert both.cells["y"].n is None or both.cells["x"].n is None or both.cells["all"].n is None
    assert both.cells["y"].index["overall"].value is None, "y now minus y then is unit b"


def measure_under(nodes, people):
    """The same answers under another tree."""
    from survey.disclosure.tree import Tree

    before, after = Tree(people.nodes), Tree(nodes)
    unit = np.array([after.at[before.nodes[u].id] for u in people.unit])
    return measure(replace(people, nodes=list(nodes), unit=unit))


def test_late_answers_are_not_the_difference_between_two_releases():
    """Interim and final: the two who answered after the first release are 14 minus 12."""
    first_people = wave({"a": 12, "b": 24, "c": 25, "d": 26})
    first = protect(measure(first_people), AREA)
    late = [*AREA, Node("a#late", "a", printed=False)]
    final = measure(wave({"a": 12, "a#late": 2, "b": 24, "c": 25, "d": 26}, late))
    alone = protect(final, late, secondary=False)
    assert alone.cells["a"].n == 14
    both = protect(final, late, earlier=[Tabulation(AREA, first)])
    assert "a#late" not in both.cells
    assert both.cells["a"].n is None
    assert both.cells["all"].n is None


def test_pooled_waves_do_not_give_the_hidden_wave_back():
    """Unit a had 3 answers in wave 2: pooled minus wave 1 is those three."""
    waves = {1: {"a": 20, "b": 24, "c": 25}, 2: {"a": 3, "b": 24, "c": 9}}
    trees, released = {}, []
    for number, sizes in waves.items():
        trees[number] = [Node("all", None), *(Node(f"{u}@{number}", "all") for u in sizes)]
        people = wave({f"{u}@{number}": n for u, n in sizes.items()}, trees[number])
        released.append(Tabulation(trees[number], protect(measure(people), trees[number])))
    pooled = [
        Node("all", None),
        *(Node(u, "all") for u in "abc"),
        *(Node(f"{u}@{w}", u, printed=False) for u in "abc" for w in (1, 2)),
    ]
    people = wave({f"{u}@{w}": n for w, s in waves.items() for u, n in s.items()}, pooled)
    assert protect(measure(people), pooled, secondary=False).cells["a"].n == 23
    safe = protect(measure(people), pooled, earlier=released)
    assert safe.cells["a"].n is None
    assert safe.cells["b"].n == 48


def test_the_order_of_rows_and_nodes_changes_nothing():
    people = municipality(40, seed=5)
    measured = measure(people)
    order = np.random.default_rng(1).permutation(len(measured.nodes))
    rows = {
        name: getattr(measured, name)[order]
        for name in ("n", "index_n", "index_sum", "index_sumsq", "not_applicable", "unanswered",
                     "shown", "ticked")
    }  # fmt: skip
    shuffled = replace(
        measured,
        nodes=tuple(measured.nodes[i] for i in order),
        counts=tuple(table[order] for table in measured.counts),
        **rows,
    )
    assert protect(shuffled, [people.nodes[i] for i in order]) == protect(measured, people.nodes)


def test_a_municipality_keeps_most_of_what_the_tiers_allow():
    people = municipality(120, seed=2)
    measured = measure(people)
    reasons = Counter(
        (line.statistic.split(":")[0], line.reason) for line in protect(measured, people.nodes).log
    )
    cells = len(measured.nodes)
    assert reasons["n", "secondary"] < 0.05 * cells
    assert reasons["index", "secondary"] < 0.05 * cells * len(measured.indices)
    assert reasons["item", "secondary"] < 0.05 * cells * len(measured.items) * 4


def test_a_table_that_does_not_fit_the_tree_is_refused_with_every_fault():
    people = wave({"a": 8, "b": 8})
    measured = measure(people)
    with pytest.raises(InvalidInput) as caught:
        protect(measured, [*AREA[:-1], Node("e", "all")])
    assert {fault.where for fault in caught.value.faults} == {"node d", "node e"}
    with pytest.raises(InvalidInput):
        protect(replace(measured, n=measured.n[::-1].copy()), AREA)


def test_a_tree_with_a_cycle_two_roots_or_an_unknown_parent_is_refused():
    measured = measure(wave({"a": 8}))
    for bad in (
        [Node("all", None), Node("b", "c"), Node("c", "b")],
        [Node("all", None), Node("b", None)],
        [Node("all", None), Node("b", "nowhere")],
        [Node("all", None), Node("all", None)],
    ):
        with pytest.raises(InvalidInput):
            protect(measured, bad)


def test_a_dimension_outside_the_overall_index_costs_no_companion():
    """Hiding a one-item dimension needs no second hidden dimension unless the overall index is
    made of it; the auditor agrees in both cases."""
    nodes = [Node("k", None), *(Node(f"u{n}", "k") for n in range(4))]
    direct = {f"u{n}": (20, 55.0 + n) for n in range(4)}
    hidden = {}
    for inside in (True, False):
        measured = _one_item_beside(nodes, direct, inside)
        protected = protect(measured, nodes)
        assert audit([Tabulation(nodes, protected)], measured.items, truth=measured).passed
        hidden[inside] = sum(
            protected.cells["u0"].index[name].value is None for name in ("many", "more", "goal")
        )
    assert hidden[True] == 2
    assert hidden[False] == 1


def _one_item_beside(nodes, direct, inside):
    """Two dimensions of six items, and one of a single item that may be outside the index."""
    ids = [node.id for node in nodes]
    indices = ("overall", "many", "more", "goal")
    n = np.array([sum(d[0] for d in direct.values()) if i == "k" else direct[i][0] for i in ids])
    total = np.array(
        [
            sum(a * b for a, b in direct.values()) if i == "k" else direct[i][0] * direct[i][1]
            for i in ids
        ]
    )
    items = [Item(f"{d}{i}", 4, d, (-1, -1, 1, 1)) for d in ("many", "more") for i in range(6)]
    items.append(Item("goal1", 4, "goal", (-1, -1, 1, 1), inside))
    quarter = np.stack([n // 4] * 4, axis=1)
    return Measured(
        nodes=tuple(ids),
        n=n,
        indices=indices,
        index_n=np.stack([n] * 4, axis=1),
        index_sum=np.stack([total] * 4, axis=1),
        index_sumsq=np.stack([total**2 / n + 400.0 * n] * 4, axis=1),
        items=tuple(items),
        counts=tuple(quarter for _ in items),
        not_applicable=np.zeros((len(ids), len(items)), dtype=np.int64),
        unanswered=np.zeros((len(ids), len(items)), dtype=np.int64),
    )
