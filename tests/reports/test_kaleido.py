"""Our drawing and Plotly's own agree: marks within one pixel, and every string."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from survey.reports.common.model import Chart
from survey.reports.common.words import Words
from survey.reports.figures.heatmap import HeatRow, heatmap
from survey.reports.svg import draw
from survey.reports.unit.report import charts_for
from tests.reports import samples

pytestmark = pytest.mark.chromium
CHROMIUM = "/usr/bin/chromium"
NS = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def plotly() -> Iterator[Any]:
    """Kaleido's server, one figure at a time (its threaded server mixes figures up)."""
    import kaleido

    kaleido.start_sync_server(n=1, path=CHROMIUM, mathjax=False)

    def draw(chart: Chart) -> ET.Element:
        layout = chart.spec["layout"]
        drawn = kaleido.calc_fig_sync(
            {"data": list(chart.spec["data"]), "layout": dict(layout)},
            opts={"format": "svg", "width": layout["width"], "height": layout["height"]},
        )
        return ET.fromstring(drawn)

    yield draw
    kaleido.stop_sync_server()


def charts() -> list[Chart]:
    odd = samples.five_point()
    five = charts_for(samples.header(source=odd), samples.unit(126, 144, source=odd, seed=9), "nb")
    full = charts_for(samples.header(), samples.unit(130, 150, name="Æ <b> & co"), "en")
    shares = charts_for(samples.header(), samples.unit(14, 18), "nn", 340)
    score = samples.unit().overall
    heat = heatmap(Words("nb"), "T", "S", ["A", "B"], [HeatRow("x", (score, score))])
    return [full[0], full[1], full[2], full[-1], shares[0], shares[3], five[2], heat]


def boxes(path: str) -> list[tuple[float, float, float, float]]:
    """The bounding box of each rectangle M…V/H…Z of a path: left, top, right, bottom."""
    out = []
    for part in re.findall(r"M[^M]*Z", path):
        x, y = (float(n) for n in NUMBER.findall(part)[:2])
        xs, ys = [x], [y]
        for axis, number in re.findall(r"([HV])(-?[\d.]+)", part):
            (xs if axis == "H" else ys).append(float(number))
        out.append((min(xs), min(ys), max(xs), max(ys)))
    return out


def our_marks(root: ET.Element) -> dict[str, list[tuple[float, ...]]]:
    marks: dict[str, list[tuple[float, ...]]] = {"bar": [], "point": [], "line": []}
    for each in root.iter(f"{NS}path"):
        kind, path = each.get("class", ""), each.get("d", "")
        if kind == "bar":
            marks["bar"] += boxes(path)
        elif kind == "point":
            marks["point"] += [centre(part) for part in re.findall(r"M[^M]*", path)]
        elif kind == "line":
            marks["line"] += [tuple(map(float, NUMBER.findall(p))) for p in re.findall(
                r"M[^M]*", path)]  # fmt: skip
    return marks


def centre(part: str) -> tuple[float, float]:
    """The middle of one symbol: circle (M right A left A right), diamond, tick."""
    numbers = [float(n) for n in NUMBER.findall(part)]
    if "A" in part:
        return (numbers[0] + numbers[7]) / 2, numbers[1]
    if "L" in part:
        return (numbers[0] + numbers[4]) / 2, numbers[1]
    return numbers[0], (numbers[1] + numbers[2]) / 2


def plotly_marks(root: ET.Element) -> dict[str, list[tuple[float, ...]]]:
    marks: dict[str, list[tuple[float, ...]]] = {"bar": [], "point": [], "line": []}
    plot = next(
        g for g in root.iter(f"{NS}g") if g.get("class", "") == "xy" and "translate" in
        g.get("transform", "")
    )  # fmt: skip
    dx, dy = (float(n) for n in NUMBER.findall(plot.get("transform", ""))[:2])
    for layer in root.iter(f"{NS}g"):
        if layer.get("class", "").startswith("trace bars"):
            for each in layer.iter(f"{NS}path"):
                marks["bar"] += [(a + dx, b + dy, c + dx, d + dy) for a, b, c, d in
                                 boxes(each.get("d", ""))]  # fmt: skip
        if layer.get("class", "").startswith("trace scatter"):
            for each in layer.iter(f"{NS}path"):
                kind = each.get("class", "")
                if "point" in kind:
                    x, y = (float(n) for n in NUMBER.findall(each.get("transform", ""))[:2])
                    marks["point"].append((x + dx, y + dy))
                elif "js-line" in kind:
                    for part in re.findall(r"M[^M]*", each.get("d", "")):
                        numbers = list(map(float, NUMBER.findall(part)))
                        if len(numbers) == 3:
                            numbers.append(numbers[1])
                        marks["line"].append((numbers[0] + dx, numbers[1] + dy,
                                              numbers[2] + dx, numbers[3] + dy))  # fmt: skip
    return marks


def texts(root: ET.Element) -> list[str]:
    """Every line of text, whitespace made equal."""
    found = []
    for each in root.iter(f"{NS}text"):
        spans = list(each.iter(f"{NS}tspan"))
        for part in spans or [each]:
            line = " ".join("".join(part.itertext()).split())
            if line:
                found.append(line)
    return sorted(found)


@pytest.mark.parametrize("number", range(8))
def test_marks_and_strings_agree_with_plotly(plotly: Any, number: int) -> None:
    chart = charts()[number]
    ours, theirs = ET.fromstring(draw.render(chart.spec)), plotly(chart)
    assert texts(ours) == texts(theirs)
    mine, norm = our_marks(ours), plotly_marks(theirs)
    assert {kind: len(each) for kind, each in mine.items()} == {
        kind: len(each) for kind, each in norm.items()
    }
    assert sum(map(len, norm.values())) > 0
    for kind, marks in mine.items():
        left = list(norm[kind])
        for one in marks:
            nearest = min(left, key=lambda other: apart(one, other))
            assert apart(one, nearest) <= 1, kind
            left.remove(nearest)


def apart(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """How far apart two marks are, in pixels; lines of other lengths are no marks of each other."""
    if len(one) != len(other):
        return float("inf")
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
