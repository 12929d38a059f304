"""The auditor finds what is exposed, and only that."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import measure, municipality
from test_subtraction import AREA, measure_under, wave

from survey.disclosure.audit_system import histograms
from survey.disclosure.auditor import audit
from survey.disclosure.engine import protect
from survey.disclosure.model import IndexCell, Node, OptionCell, Tabulation
from survey.disclosure.tree import Tree


def exposures(people, *, secondary=True, known=True, changed=None, k=5):
    measured = measure(people)
    released = protect(measured, people.nodes, k, secondary=secondary)
    if changed is not None:
        released = changed(released)
    truth = measured if known else None
    return audit([Tabulation(people.nodes, released)], measured.items, k, truth).exposures


def found(exposed):
    return {(e.cell, e.statistic.split()[0], e.criterion) for e in exposed}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_protected_municipality_passes(seed, known):
    assert exposures(municipality(40, seed=seed), known=known) == ()


@pytest.mark.parametrize("known", [True, False])
def test_a_municipality_without_secondary_suppression_fails(known):
    """The auditor's power: the primary step alone is found out, with and without known n."""
    kinds = {e.criterion for e in exposures(municipality(40, seed=1), secondary=False, known=known)}
    assert "a" in kinds


def test_a_hidden_unit_that_subtraction_gives_is_named_with_its_n_and_its_mean():
    exposed = exposures(wave({"a": 3, "b": 12, "c": 9, "d": 20}), secondary=False)
    assert ("a", "n", "a") in found(exposed)
    assert ("a", "index", "b") in found(exposed)
    assert "is 3" in next(e.what for e in exposed if (e.cell, e.statistic) == ("a", "n"))


def test_it_names_the_shares_of_fewer_than_ten():
    exposed = exposures(wave({"a": 6, "b": 24, "c": 25, "d": 26}), secondary=False)
    assert {e.cell for e in exposed if e.statistic.startswith("item")} == {"a"}
    assert ("a", "index", "b") not in found(exposed)


def test_it_names_a_masked_share_that_the_others_give():
    people = wave({"a": 15, "b": 24, "c": 25, "d": 26})
    people.answers[people.unit == 1, 0] = [1, 1, *[3, 4] * 6, 3]
    exposed = [e for e in exposures(people, secondary=False) if e.statistic == "item q0"]
    assert any(e.cell == "a" and "2 of 15" in e.what for e in exposed)
    assert exposures(people) == ()


def test_it_names_a_small_group_confined_by_inequalities_alone():
    """No equation gives unit a, but 4 of 5 people with a mean of 95 cannot be low."""
    people = wave({"a": 4, "all": 1, "b": 30, "c": 30}, items=8)
    people.answers[people.unit < 2] = [4] * 7 + [3]
    exposed = exposures(people, secondary=False)
    assert ("a", "index", "b") in found(exposed)
    assert exposures(people) == ()


def test_it_names_a_count_that_two_integers_are_left_of():
    """A unit of nine beside one person: with five of ten favourable it has four or five."""
    nodes = [*AREA[:3]]
    people = wave({"a": 9, "all": 1, "b": 30}, nodes)
    people.answers[people.unit < 2, 0] = [1] * 5 + [4] * 5
    exposed = exposures(people, secondary=False)
    assert any(e.cell == "a" and e.criterion == "c" and e.statistic == "item q0" for e in exposed)
    assert exposures(people) == ()


def test_it_names_what_overall_and_the_other_dimensions_give():
    """Taken away: the rule that hides a companion of a dimension too few answered."""
    people = wave({"a": 8, "b": 30, "c": 30, "d": 30}, items=8)
    few = np.flatnonzero(people.unit == 1)[:5]
    people.answers[np.ix_(few, [1, 3, 5, 7])] = 0
    assert exposures(people) == ()

    def companion_shown(released):
        values = released.cells["a"].index
        index = {n: IndexCell(8, 50) if n == "d" else v for n, v in values.items()}
        index["overall"] = IndexCell(8, 50)
        cell = replace(released.cells["a"], index=index)
        return replace(released, cells={**released.cells, "a": cell})

    exposed = exposures(people, changed=companion_shown)
    assert any(e.statistic == "index e" and e.criterion == "b" for e in exposed)


def test_it_names_an_option_that_the_sum_gives():
    people = wave({"a": 15, "b": 24, "c": 25})
    people.ticks[:] = np.arange(len(people.unit))[:, None] % 3 == 0
    people.ticks[people.unit == 1] = False
    people.ticks[np.flatnonzero(people.unit == 1)[:2]] = True
    assert any(e.statistic.startswith("option") for e in exposures(people, secondary=False))
    assert exposures(people) == ()


def test_it_reads_earlier_releases_together_with_the_new_one():
    """Interim and final: each release passes alone, together they give the two late answers."""
    late = [*AREA, Node("a#late", "a", printed=False)]
    final = wave({"a": 12, "a#late": 2, "b": 24, "c": 25, "d": 26}, late)
    measured, number = measure(final), Tree(late).at["a#late"]
    first = protect(measure_under(AREA, final.only(final.unit != number)), AREA)
    before, after = Tabulation(AREA, first), Tabulation(late, protect(measured, late))
    exposed = audit([before, after], measured.items, 5, measured).exposures
    assert ("a#late", "n", "a") in found(exposed)
    safe = Tabulation(late, protect(measured, late, earlier=[before]))
    assert audit([before, safe], measured.items, 5, measured).exposures == ()


def test_it_solves_linear_programmes_where_kinds_cross_the_tree():
    nodes = [
        Node("all", None), Node("x", "all"), Node("y", "all"),
        *(Node(f"x{i}", "x", "home") for i in range(3)),
        *(Node(f"y{i}", "y", "home") for i in range(3)),
        Node("xs", "x", "school"), Node("ys", "y", "school"),
    ]  # fmt: skip
    sizes = {"x0": 3, "x1": 22, "x2": 30, "y0": 4, "y1": 25, "y2": 28, "xs": 9, "ys": 12}
    people = wave(sizes, nodes, items=8)
    assert exposures(people) == ()
    assert {e.cell for e in exposures(people, secondary=False)} >= {"x0", "y0"}


def test_a_report_counts_what_was_examined_and_says_whether_it_passed():
    people = wave({"a": 6, "b": 24, "c": 25, "d": 26})
    measured = measure(people)
    report = audit([Tabulation(AREA, protect(measured, AREA))], measured.items, 5, measured)
    assert report.passed
    assert report.examined["equations"] > 50
    assert report.examined["hidden sets"] > 0


def test_histograms_are_all_ways_to_spread_people_over_options():
    assert len(histograms(20, 4)) == 1771
    assert len(np.unique(histograms(6, 4), axis=0)) == 84
    assert (histograms(6, 4).sum(axis=1) == 6).all()


def test_an_option_told_as_a_bound_is_told_on_purpose():
    people = wave({"a": 15, "b": 24, "c": 25}, AREA[:4])
    people.ticks[:] = False
    measured = measure(people)
    released = protect(measured, AREA[:4])
    assert released.cells["a"].options["m/0"] == OptionCell(15, None, "at_most")
    assert released.cells["all"].options["m/0"] == OptionCell(), "all 64 would tell of each unit"
    assert exposures(people) == ()
