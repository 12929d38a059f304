"""A random search for a leak: drawn trees, kinds, leaders, reorganisations and answers.

Every drawn wave goes through the rules at close and `protect`; an attacker who knows who answered,
and one who also knows one colleague's own answers, then tries equations, histograms and linear
programmes (the auditor). LEAK_EXAMPLES=5000 searches longer. Taken away (secondary=False), the same
search finds a leak in most waves: `test_the_search_has_power` counts them.
"""

import os
from dataclasses import replace

import numpy as np
import pytest
from drawn import People, measure
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from survey.disclosure.auditor import audit
from survey.disclosure.engine import protect
from survey.disclosure.model import (
    Cell,
    IndexCell,
    ItemCell,
    Node,
    OptionCell,
    Protected,
    Share,
    Tabulation,
    Tier,
)
from survey.disclosure.roster import lift_leaders, lift_small
from survey.disclosure.tree import Tree

pytestmark = pytest.mark.no_cover

EXAMPLES = int(os.environ.get("LEAK_EXAMPLES", "25"))
search = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # Shrinking takes minutes and the report names the cells; a long search may shrink.
    phases=list(Phase) if "LEAK_EXAMPLES" in os.environ else [Phase.generate],
    derandomize="LEAK_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


@st.composite
def waves(draw):
    """People of a small organisation, after the rules at close, and how they answered."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    areas = draw(st.integers(1, 3))
    nodes = [Node("0", None)]
    for area in range(areas):
        nodes.append(Node(f"0.{area}", "0"))
        units = draw(st.integers(1, 6))
        nodes += [
            Node(f"0.{area}.{u}", f"0.{area}", draw(st.sampled_from(["", "home", "school"])))
            for u in range(units)
        ]
    sizes = {n.id: draw(st.integers(0, 4 if n.id.count(".") < 2 else 30)) for n in nodes}
    leaders = {n.id: draw(st.integers(0, 2)) for n in nodes if n.id.count(".") == 2}
    k = draw(st.sampled_from([5, 5, 5, 7]))
    tree = Tree(nodes)
    stored, heads = lift_small(nodes, sizes, k), lift_leaders(nodes, leaders, k)
    where = [tree.at[stored[name]] for name, size in sizes.items() for _ in range(size)]
    where += [tree.at[heads[name]] for name, size in leaders.items() for _ in range(size)]
    unit = np.array(where, dtype=int)
    dimensions, items = draw(st.sampled_from([(1, 1), (2, 2), (2, 4), (3, 3)]))
    options = draw(st.sampled_from([2, 4, 4, 5]))
    answers = _answers(draw, rng, unit, dimensions * items, options)
    ticks = rng.random((len(unit), 2)) < draw(st.sampled_from([0.03, 0.2, 0.5, 0.95]))
    of = [f"d{d}" for d in range(dimensions) for _ in range(items)]
    return People(nodes, unit, answers, ticks, of, options), k, rng


def _answers(draw, rng, unit, items, options):
    """From uniform to unanimous; each node leans its own way."""
    agreement = draw(st.sampled_from([0.0, 0.3, 0.6, 0.85, 1.0]))
    lean = rng.integers(1, options + 1, (unit.max(initial=0) + 1, items))
    if draw(st.booleans()):
        lean[:] = draw(st.integers(1, options))
    same = rng.random((len(unit), items)) < agreement
    answers = np.where(same, lean[unit], rng.integers(1, options + 1, (len(unit), items)))
    missing = draw(st.sampled_from([0.0, 0.02, 0.3]))
    answers[rng.random(answers.shape) < missing] = -1
    answers[rng.random(answers.shape) < missing / 4] = 0
    return answers


def explain(report):
    return "\n".join(map(str, report.exposures[:20]))


@search
@given(waves())
def test_nobody_who_knows_who_answered_learns_what_they_answered(drawn):
    people, k, _ = drawn
    measured = measure(people)
    released = Tabulation(people.nodes, protect(measured, people.nodes, k))
    report = audit([released], measured.items, k, measured)
    assert report.passed, explain(report)


@search
@given(waves())
def test_nobody_learns_it_who_also_knows_one_colleagues_own_answers(drawn):
    """Taken away (a margin for one person in the rules): three of five plus a known one leak."""
    people, k, rng = drawn
    if not len(people.unit):
        return
    released = protect(measure(people), people.nodes, k)
    me = int(rng.integers(len(people.unit)))
    home = Tree(people.nodes).nodes[people.unit[me]].id
    nodes = [*people.nodes, Node("me", home, printed=False)]
    before, after = Tree(people.nodes), Tree(nodes)
    unit = np.array([after.at[before.nodes[u].id] for u in people.unit])
    unit[me] = after.at["me"]
    measured = measure(replace(people, nodes=nodes, unit=unit))
    known = Tabulation([Node("me", None)], alone(measured, k))
    report = audit(
        [Tabulation(nodes, released), known], measured.items, k, measured, colleague="me"
    )
    assert report.passed, explain(report)


def alone(measured, k):
    """One person's answers as somebody knows them: everything printed exactly."""
    at = measured.nodes.index("me")
    index = {
        name: IndexCell(1, round(measured.index_sum[at, i]))
        for i, name in enumerate(measured.indices)
        if measured.index_n[at, i]
    }
    items = {
        item.id: ItemCell(
            n=int(measured.counts[j][at].sum()),
            distribution=tuple(
                Share((c,), int(measured.counts[j][at, c])) for c in range(item.options)
            ),
            not_applicable=int(measured.not_applicable[at, j]),
        )
        for j, item in enumerate(measured.items)
    }
    options = {
        name: OptionCell(int(measured.shown[at, m]), int(measured.ticked[at, m]))
        for m, name in enumerate(measured.options)
    }
    full = {name: index.get(name, IndexCell()) for name in measured.indices}
    return Protected(k, {"me": Cell("me", 1, Tier.FULL, full, items, options)}, {})


@search
@given(waves(), st.data())
def test_nobody_learns_it_from_two_tabulations_of_the_same_answers(drawn, data):
    """A reorganisation: a unit moves, the wave is tabulated again with the first in view."""
    people, k, _ = drawn
    areas = [n.id for n in people.nodes if n.id.count(".") == 1]
    units = [n.id for n in people.nodes if n.id.count(".") == 2]
    moved = data.draw(st.sampled_from(units))
    target = data.draw(st.sampled_from(areas))
    nodes = [replace(n, parent=target) if n.id == moved else n for n in people.nodes]
    before, after = Tree(people.nodes), Tree(nodes)
    unit = np.array([after.at[before.nodes[u].id] for u in people.unit], dtype=int)
    first = Tabulation(people.nodes, protect(measure(people), people.nodes, k))
    measured = measure(replace(people, nodes=nodes, unit=unit))
    second = Tabulation(nodes, protect(measured, nodes, k, earlier=[first]))
    report = audit([first, second], measured.items, k, measured)
    assert report.passed, explain(report)


def test_the_search_has_power():
    """The same waves without secondary suppression: leaks are found in at least half of them."""
    leaks = []

    @settings(max_examples=15, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(waves())
    def attack(drawn):
        people, k, _ = drawn
        measured = measure(people)
        released = protect(measured, people.nodes, k, secondary=False)
        report = audit([Tabulation(people.nodes, released)], measured.items, k, measured)
        leaks.append(not report.passed)

    attack()
    assert sum(leaks) >= len(leaks) / 2
