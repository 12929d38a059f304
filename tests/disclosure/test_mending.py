"""What the auditor finds is withheld, until it finds nothing."""

from dataclasses import replace

import pytest
from drawn import measure, municipality

from survey.disclosure.auditor import audit
from survey.disclosure.engine import protect
from survey.disclosure.mending import cleared, withhold
from survey.disclosure.model import Tabulation


@pytest.fixture(scope="module")
def wave():
    people = municipality(10, 3, 4, 5)
    return people.nodes, measure(people)


def leaky(wave, part):
    """The engine's work with one kind of statistic as it stands before secondary suppression."""
    nodes, measured = wave
    good, bare = protect(measured, nodes), protect(measured, nodes, secondary=False)
    cells = {
        code: replace(cell, **{part: getattr(bare.cells[code], part)})
        if cell.n is not None
        else cell
        for code, cell in good.cells.items()
    }
    return replace(good, cells=cells)


def exposures(protected, wave):
    nodes, measured = wave
    return audit([Tabulation(nodes, protected)], measured.items, truth=measured).exposures


@pytest.mark.parametrize("part", ["index", "items", "options"])
def test_what_a_weaker_engine_leaves_open_is_closed(wave, part):
    nodes, measured = wave
    open_cells = leaky(wave, part)
    if not exposures(open_cells, wave):
        pytest.fail("the sample leaks nothing, so it proves nothing")
    mended, report = cleared(open_cells, measured, nodes)
    assert report.passed
    assert exposures(mended, wave) == ()
    assert {line.reason for line in mended.log} >= {"audit"}


def test_nothing_more_is_hidden_where_nothing_is_exposed(wave):
    nodes, measured = wave
    good = protect(measured, nodes)
    mended, report = cleared(good, measured, nodes)
    assert report.passed
    assert mended == good


def test_hiding_goes_from_the_neighbours_to_everywhere(wave):
    nodes, measured = wave
    good = protect(measured, nodes)
    root = next(node.id for node in nodes if node.parent is None)
    leaf = nodes[-1].id
    shown = [
        {
            code
            for code, cell in withhold(good, nodes, [(leaf, "index d0")], wide).cells.items()
            if cell.index["d0"].value is not None
        }
        for wide in (0, 1, 2)
    ]
    assert shown[0] > shown[1] > shown[2]
    assert shown[1] == {root}
