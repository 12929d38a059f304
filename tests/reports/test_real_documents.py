"""What the release room computes from answers is what this room can show, and shows truly."""

from __future__ import annotations

import json

import pytest

from survey.release.codec import header_from_json, to_json, unit_from_json
from survey.release.document import ReleaseHeader, UnitResult
from survey.reports.svg import draw
from survey.reports.unit.report import charts_for, dashboard, render_unit_html
from tests.release.samples import as_earlier, compute, frame, sheets
from tests.reports.truth import LANGUAGES, check, said

TREE = [("k", None, 0), ("n", "k", 0), ("n1", "n", 140), ("n2", "n", 14), ("n3", "n", 8),
        ("n4", "n", 4), ("n5", "n", 3), ("s", "k", 0), ("s1", "s", 26),
        ("s2", "s", 12)]  # fmt: skip
SIZES = {"n1": 120, "n2": 12, "n3": 7, "n4": 4, "n5": 3, "s1": 26, "s2": 12}


@pytest.fixture(scope="module")
def released() -> tuple[ReleaseHeader, tuple[UnitResult, ...]]:
    """The second of two waves, as it is stored and read."""
    first = compute(frame(TREE), sheets(0.5, 1, SIZES))
    second = compute(frame(TREE, ordinal=2), sheets(0.7, 9, SIZES), [as_earlier(first)])
    header = header_from_json(to_json(second.header))
    return header, tuple(unit_from_json(to_json(unit)) for unit in second.units)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_unit_of_a_computed_release_renders_and_says_the_truth(
    released: tuple[ReleaseHeader, tuple[UnitResult, ...]], language: str
) -> None:
    header, units = released
    for unit in units:
        for chart in charts_for(header, unit, language):
            assert draw.render(chart.spec).endswith("</svg>")
        assert unit.unit.name in render_unit_html(header, unit, language, "0" * 64)
        check(said(header, unit, language))
    assert {unit.tier for unit in units} == {"none", "index", "shares", "full"}


def test_a_hidden_units_page_has_no_number_that_its_document_lacks(
    released: tuple[ReleaseHeader, tuple[UnitResult, ...]],
) -> None:
    header, units = released
    hidden = next(unit for unit in units if unit.tier == "none")
    view = dashboard(header, hidden, "nb")
    assert view.facts[0].value == "vises ikke"
    assert not [c for s in view.sections for c in s.charts]
    assert json.loads(to_json(hidden))["overall"]["index"] is None


def test_an_area_with_small_units_shows_those_who_are_counted_together(
    released: tuple[ReleaseHeader, tuple[UnitResult, ...]],
) -> None:
    header, units = released
    found = [unit for unit in units if unit.others is not None]
    assert found
    for unit in found:
        name = f"Andre i {unit.unit.name}"
        charts = {chart.id: chart for chart in charts_for(header, unit, "nb")}
        assert name in charts["comparison"].table.header
