"""What the release room computes from answers is what this room can show."""

from __future__ import annotations

import json

import pytest

from survey.release.codec import header_from_json, to_json, unit_from_json
from survey.release.compute import compute
from survey.release.document import UnitResult
from survey.reports import svg
from survey.reports.unit_report import charts_for, dashboard, render_unit_html
from tests.release.samples import draw_sheets, frame

TREE = [("k", None, 0), ("n", "k", 0), ("n1", "n", 30), ("n2", "n", 14), ("n3", "n", 8),
        ("n4", "n", 4), ("s", "k", 0), ("s1", "s", 26), ("s2", "s", 12)]  # fmt: skip
SIZES = {"n1": 25, "n2": 12, "n3": 7, "n4": 4, "s1": 26, "s2": 12}


@pytest.fixture(scope="module")
def released() -> tuple[str, list[str]]:
    sheets = {code: draw_sheets(n, 0.6, 1 + i) for i, (code, n) in enumerate(SIZES.items())}
    computed = compute(frame(TREE), sheets)
    return to_json(computed.header), [to_json(unit) for unit in computed.units]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_unit_of_a_computed_release_renders(
    released: tuple[str, list[str]], language: str
) -> None:
    header = header_from_json(released[0])
    tiers = set()
    for text in released[1]:
        unit: UnitResult = unit_from_json(text)
        tiers.add(unit.tier)
        for chart in charts_for(header, unit, language):
            assert svg.render(chart.spec).endswith("</svg>")
        assert dashboard(header, unit, language).sections
        assert unit.unit.name in render_unit_html(header, unit, language, "0" * 64)
    assert {"none", "full"} <= tiers


def test_a_hidden_units_page_has_no_number_that_its_document_lacks(
    released: tuple[str, list[str]],
) -> None:
    header = header_from_json(released[0])
    hidden = next(u for u in map(unit_from_json, released[1]) if u.tier == "none")
    view = dashboard(header, hidden, "nb")
    assert view.facts[0].value == "vises ikke"
    assert not [c for s in view.sections for c in s.charts]
    assert json.loads(to_json(hidden))["overall"]["index"] is None
