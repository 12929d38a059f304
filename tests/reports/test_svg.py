"""The SVG renderer draws what it knows exactly and refuses everything else."""

from __future__ import annotations

import copy
import itertools
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from survey.reports.figures.canvas import Canvas
from survey.reports.figures.parts import Bar, draw_bars, spread
from survey.reports.svg import draw, font_metrics
from survey.reports.svg.frame import UnknownAttribute, number
from survey.reports.unit.report import charts_for
from tests.reports import samples


def small() -> dict[str, Any]:
    canvas = Canvas(400)
    canvas.label("Label <b> & more")
    canvas.points([20.0], [30], {"symbol": "circle", "size": 10, "color": "#000000"}, ["x"])
    canvas.strokes([(0, 50, 30)], "#000000", 1)
    draw_bars(canvas, [Bar(0, 40, 40, 10, "#ffffff", "#000000", "b", hatched=True)])
    canvas.top = 60
    canvas.line(0, 100, 40, "#000000", 1)
    return canvas.finish([(0, "0"), (100, "100")])


def test_every_text_is_escaped_and_the_svg_is_well_formed() -> None:
    drawn = draw.render(small(), label='a "quoted" <label>')
    root = ET.fromstring(drawn)
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Label <b> & more" in texts
    assert root.attrib["aria-label"] == 'a "quoted" <label>'


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("frames",), "figure.frames"),
        (("layout", "template"), "layout.template"),
        (("layout", "font", "variant"), "layout.font.variant"),
        (("layout", "margin", "x"), "layout.margin.x"),
        (("layout", "xaxis", "type"), "layout.xaxis.type"),
        (("layout", "yaxis", "title"), "layout.yaxis.title"),
        (("layout", "annotations", 0, "bgcolor"), "layout.annotations[0].bgcolor"),
        (("layout", "annotations", 0, "font", "style"), "layout.annotations[0].font.style"),
        (("layout", "shapes", 0, "opacity"), "layout.shapes.opacity"),
        (("layout", "shapes", 0, "line", "shape"), "layout.shapes.line.shape"),
        (("data", 0, "opacity"), "data[0].opacity"),
        (("data", 0, "marker", "angle"), "data[0].marker.angle"),
        (("data", 1, "line", "smoothing"), "data[1].line.smoothing"),
        (("data", 2, "text"), "data[2].text"),
        (("data", 2, "marker", "pattern", "path"), "data[2].marker.pattern.path"),
    ],
)
def test_an_unknown_attribute_is_named(path: tuple[Any, ...], name: str) -> None:
    spec = copy.deepcopy(small())
    place: Any = spec
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "anything"
    with pytest.raises(UnknownAttribute) as caught:
        draw.render(spec)
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", 0, "type"), "pie"),
        (("data", 0, "mode"), "markers+text"),
        (("data", 0, "marker", "symbol"), "star"),
        (("data", 2, "orientation"), "v"),
        (("data", 2, "marker", "pattern", "shape"), "x"),
        (("layout", "barmode"), "stack"),
        (("layout", "shapes", 0, "type"), "circle"),
        (("layout", "shapes", 0, "xref"), "x2"),
        (("layout", "annotations", 0, "align"), "center"),
        (("layout", "annotations", 0, "showarrow"), True),
        (("layout", "annotations", 0, "text"), "a <i>word</i>"),
    ],
)
def test_an_unknown_value_is_refused(path: tuple[Any, ...], value: object) -> None:
    spec = copy.deepcopy(small())
    place: Any = spec
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(UnknownAttribute):
        draw.render(spec)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    spec = small()
    spec["data"][0]["x"] = [value]
    with pytest.raises(ValueError, match="cannot be drawn"):
        draw.render(spec)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.005, "1"), (-0.001, "0"), (12.5, "12.5"), (100, "100"), (-3.456, "-3.46")],
)
def test_numbers_have_a_point_and_two_decimals(value: float, text: str) -> None:
    assert number(value) == text


def test_anchors_resolve_to_the_same_place_for_the_shipped_font() -> None:
    chart = charts_for(samples.header(), samples.unit(), "nb")[0]
    assert "text-anchor" not in draw.render(chart.spec)
    assert "text-anchor" in draw.render(chart.spec, anchors=True)


def test_equal_specs_give_equal_bytes() -> None:
    def drawn() -> list[str]:
        charts = charts_for(samples.header(), samples.unit(), "nn")
        return [draw.render(chart.spec) for chart in charts]

    assert drawn() == drawn()


def test_text_is_wrapped_to_its_room_and_long_words_are_cut() -> None:
    text = "Forankring i planer og " + "lederavtaler" * 12
    lines = font_metrics.wrap(text, 12, 200)
    assert len(lines) > 2
    assert all(font_metrics.width(line, 12) <= 200 for line in lines)
    assert "".join(lines).replace("-", "").replace(" ", "") == text.replace(" ", "")


def test_what_the_font_lacks_becomes_a_box_and_controls_vanish() -> None:
    assert font_metrics.printable("Sámi đŋšŧž ok 🙂\u202e\x00!") == "Sámi đŋšŧž ok □!"


def test_labels_are_spread_without_touching_and_stay_inside() -> None:
    centres = spread([50, 51, 52], [40, 40, 40], 0, 200)
    assert [b - a >= 46 for a, b in itertools.pairwise(centres)] == [True, True]
    assert centres[0] - 20 >= 0
    squeezed = spread([199, 198], [60, 60], 0, 200)
    assert max(squeezed) + 30 <= 200


def test_marks_at_both_ends_of_the_scale_are_whole() -> None:
    drawn = draw.render(small())
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn)
    assert size is not None
    assert (int(size[1]), int(size[2])) == (400, 84)
