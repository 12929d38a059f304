"""Charts are valid Plotly, say their numbers in words, and hide what is hidden."""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.release.document import Category, DimensionResult, ItemResult, OptionResult, QuestionResult, Score, Shares, UnitResult
from survey.reports import svg
from survey.reports.context import Context
from survey.reports.figures import style
from survey.reports.figures.heatmap import HeatRow, heatmap
from survey.reports.figures.shares import dimension_chart
from survey.reports.metrics import width as text_width
from survey.reports.model import Chart
from survey.reports.unit_report import charts_for, dashboard, render_unit_html
from survey.reports.words import Words
from tests.reports import samples

LANGUAGES = ("nb", "nn", "en")
LEAKED = re.compile(r"\bNone\b(?! of these)|\bnan\b|\bNaN\b|\binf\b")
"""What Python leaves where a number is missing; "None of these" is an answer in English."""


def strings(value: Any) -> list[str]:
    """Every string anywhere in plain data."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for each in value.values() for s in strings(each)]
    if isinstance(value, (list, tuple)):
        return [s for each in value for s in strings(each)]
    return []


def check(chart: Chart) -> None:
    drawn = svg.render(chart.spec)
    said = [*strings(dict(chart.spec)), chart.title, chart.subtitle, chart.alt, drawn]
    said += [*chart.table.header, *(cell for row in chart.table.rows for cell in row)]
    for text in said:
        assert not LEAKED.search(text), text
    assert all(len(row) == len(chart.table.header) for row in chart.table.rows)
    assert chart.title
    assert chart.title[-1] not in "."
    assert chart.title in chart.alt


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("n", [3, 7, 14, 24])
@pytest.mark.parametrize("width", [658, 340])
def test_every_chart_of_every_tier_is_valid_plotly(language: str, n: int, width: int) -> None:
    charts = charts_for(samples.header(), samples.unit(n, n + 6), language, width)
    expected = {3: 1, 7: 2, 14: 11, 24: 11}[n]
    assert len(charts) == expected
    for chart in charts:
        check(chart)
        if language == "nb":
            go.Figure(chart.spec)


def test_an_index_tier_shows_no_shares() -> None:
    ids = [chart.id for chart in charts_for(samples.header(), samples.unit(7, 12), "nb")]
    assert ids == ["profile", "comparison"]


def test_a_unit_without_any_published_wave_has_no_charts() -> None:
    unit = samples.unit(3, 6, is_new=True)
    assert charts_for(samples.header(), unit, "nb") == ()


def test_the_dumbbell_keeps_the_instruments_order_and_prints_the_last_value() -> None:
    unit = samples.unit()
    chart = charts_for(samples.header(), unit, "nb")[0]
    titles = [row[0] for row in chart.table.rows]
    assert titles[1:] == [d.title["nb"] for d in samples.instrument().dimensions]
    texts = [each["text"] for each in chart.spec["layout"]["annotations"]]
    for dimension in unit.dimensions:
        assert str(dimension.score.index) in texts


def test_waves_are_told_by_shape_and_shade() -> None:
    first, middle, last = (style.wave_marker(i, 3) for i in range(3))
    assert (first["symbol"], middle["symbol"], last["symbol"]) == ("circle", "diamond", "circle")
    assert first["color"] == style.PAPER
    shades = [first["line"]["color"], middle["color"], last["color"]]
    light = [style.luminance(shade) for shade in shades]
    assert light == sorted(light, reverse=True)
    for shade in shades:
        assert style.contrast(shade, style.PAPER) >= 3


@pytest.mark.parametrize("options", range(2, 12))
def test_a_grey_print_tells_neighbouring_answers_apart(options: int) -> None:
    colors = style.likert_colors(options)
    light = [style.luminance(color) for color in colors]
    assert len(set(colors)) == options
    # Lightness L* of neighbours differs visibly even without hue.
    perceived = [116 * max(y, 0.009) ** (1 / 3) - 16 for y in light]
    least = 15 if options <= 5 else 6
    for one, other in itertools.pairwise(perceived):
        assert abs(one - other) >= least


@pytest.mark.parametrize("color", [style.RUST, style.SAND, style.BLUE, style.DEEP, style.NEUTRAL])
def test_text_on_marks_and_outlines_of_marks_have_contrast(color: str) -> None:
    assert style.contrast(style.text_on(color), color) >= 4.5
    for edge in (style.RUST, style.DEEP, style.NEUTRAL_EDGE, style.HATCH):
        assert style.contrast(edge, style.PAPER) >= 3


@pytest.mark.parametrize("color", [style.INK, style.SOFT, "#8a4b10", "#4f5d6b", "#6a4c93"])
def test_texts_have_contrast_against_paper(color: str) -> None:
    assert style.contrast(color, style.PAPER) >= 4.5


def _with_items(unit: UnitResult, item: ItemResult) -> UnitResult:
    first = dataclasses.replace(unit.dimensions[0], items=(item,))
    return dataclasses.replace(unit, dimensions=(first, *unit.dimensions[1:]))


def _item_chart(item: ItemResult) -> Chart:
    unit = _with_items(samples.unit(), item)
    return next(
        c for c in charts_for(samples.header(), unit, "nb") if c.id.startswith("dimension-")
    )


ITEM = samples.instrument().dimensions[0].items[0].id


def test_a_masked_part_is_hatched_and_never_zero() -> None:
    chart = _item_chart(ItemResult(ITEM, Score(60, 12), Shares(80, None, None)))
    patterns = [t["marker"]["pattern"]["shape"] for t in chart.spec["data"] if "pattern" in
                t.get("marker", {})]  # fmt: skip
    assert any("/" in shapes for shapes in patterns)
    assert chart.table.rows[0][1:4] == ("vises ikke", "vises ikke", "80\u00a0%")


def test_unanimity_prints_at_least_ninety() -> None:
    shares = Shares(90, None, None, at_least="favourable")
    chart = _item_chart(ItemResult(ITEM, Score(95, 12, "at_least"), shares))
    assert "minst 90\u00a0%" in chart.table.rows[0]
    assert "minst 95" in chart.table.rows[0]


def test_merged_categories_are_named_together() -> None:
    categories = (Category((1, 2), 20), Category((3,), 50), Category((4,), 30))
    chart = _item_chart(ItemResult(ITEM, Score(66, 22), Shares(80, 0, 20), categories))
    assert chart.table.rows[0][1] == "20\u00a0% (Helt uenig / Litt uenig)"


def test_shares_sum_to_the_length_of_the_bar_and_stand_on_their_side() -> None:
    categories = (Category((1,), 10), Category((2,), 15), Category((3,), 45), Category((4,), 30))
    chart = _item_chart(ItemResult(ITEM, Score(66, 22), Shares(75, 0, 25), categories))
    # The keys' swatches are narrower bars.
    pieces = [
        (base, x)
        for trace in chart.spec["data"]
        for base, x, wide in zip(trace["base"], trace["x"], trace["width"], strict=True)
        if wide == 18
    ]
    assert sorted(pieces) == [(-25, 10), (-15, 15), (0, 45), (45, 30)]


def test_a_question_prints_its_denominator_and_hides_what_is_hidden() -> None:
    question = next(q for q in samples.instrument().questions if q.type == "multiple")
    options = tuple(
        OptionResult(o.id, None if i == 1 else 10 + i) for i, o in enumerate(question.options)
    )
    unit = dataclasses.replace(
        samples.unit(), questions=(QuestionResult(question.id, 23, options),)
    )
    chart = charts_for(samples.header(), unit, "nb")[-1]
    assert "n = 23" in chart.subtitle
    assert chart.table.rows[1][1] == "vises ikke"


def test_an_option_that_hardly_anybody_chose_prints_as_a_bound_and_leads_no_title() -> None:
    question = next(q for q in samples.instrument().questions if q.type == "multiple")
    options = tuple(OptionResult(o.id, 10, at_most=True) for o in question.options)
    unit = dataclasses.replace(
        samples.unit(), questions=(QuestionResult(question.id, 12, options),)
    )
    chart = charts_for(samples.header(), unit, "nn")[-1]
    assert {row[1] for row in chart.table.rows} == {"høgst 10\N{NO-BREAK SPACE}%"}
    assert "10" not in chart.title


def test_the_heat_map_hatches_hidden_cells_and_prints_the_others() -> None:
    rows = [HeatRow("Oppvekst", (Score(41, 90), Score(None, None))),
            HeatRow("Helse og en lang arbeidstittel", (Score(80, 90), Score(100, 9)))]  # fmt: skip
    chart = heatmap(Words("nb"), "Oppvekst er lavest", "Indeks 0–100", ["Deling", "Ledelse"], rows)
    check(chart)
    assert "41" in [each["text"] for each in chart.spec["layout"]["annotations"]]
    assert chart.table.rows[0] == ("Oppvekst", "41", "vises ikke")


indices = st.one_of(st.none(), st.integers(0, 100))
percents = st.one_of(st.none(), st.integers(0, 100))


@st.composite
def units(draw: st.DrawFn) -> UnitResult:
    """A unit result with hidden values anywhere, extreme scores and hostile names."""
    unit = samples.unit(
        draw(st.sampled_from([3, 7, 14, 24])),
        draw(st.sampled_from([None, 5, 24, 40])),
        seed=draw(st.integers(0, 50)),
        name=draw(st.text(min_size=1, max_size=150).filter(lambda name: not LEAKED.search(name))),
        is_new=draw(st.booleans()),
        half=draw(st.sampled_from([4, 9, 30])),
    )

    def score(old: Score) -> Score:
        index = draw(indices)
        return dataclasses.replace(old, index=index, interval=None, n=old.n if index else None)

    def item(old: ItemResult) -> ItemResult:
        if old.distribution is None or draw(st.booleans()):
            return dataclasses.replace(old, shares=None, distribution=None)
        cut = draw(st.integers(1, 3))
        parts = (tuple(range(1, cut + 1)), tuple(range(cut + 1, 5)))
        share = draw(percents)
        rest = None if share is None else 100 - share
        return dataclasses.replace(
            old, distribution=(Category(parts[0], share), Category(parts[1], rest))
        )

    def dimension(old: DimensionResult) -> DimensionResult:
        return dataclasses.replace(
            old, score=score(old.score), items=tuple(item(each) for each in old.items)
        )

    return dataclasses.replace(
        unit,
        overall=score(unit.overall),
        dimensions=tuple(dimension(each) for each in unit.dimensions),
        questions=tuple(
            dataclasses.replace(
                q, options=tuple(OptionResult(o.id, draw(percents)) for o in q.options)
            )
            for q in unit.questions
        ),
    )


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(units(), st.sampled_from(LANGUAGES), st.sampled_from([658, 340]))
def test_any_document_gives_charts_and_pages_without_none_or_nan(
    unit: UnitResult, language: str, width: int
) -> None:
    header = samples.header()
    for chart in charts_for(header, unit, language, width):
        check(chart)
    view = dashboard(header, unit, language, width=width)
    for section in view.sections:
        for text in (*section.sentences, *section.points):
            assert not LEAKED.search(text)
    assert not LEAKED.search(render_unit_html(header, unit, language, "0" * 64))


def test_the_head_of_the_last_column_never_stands_on_the_first_statement() -> None:
    """Also where the first statement has no number in that column: on a phone they met."""
    phone, checked = 328, 0
    for result in samples.unit(36).dimensions:
        first, *others = result.items
        if not others:
            continue
        items = (
            dataclasses.replace(first, not_applicable=None),
            *(dataclasses.replace(item, not_applicable=8) for item in others),
        )
        context = Context(samples.header(), samples.unit(36), "nb")
        chart = dimension_chart(context, dataclasses.replace(result, items=items), phone)
        assert chart is not None
        notes = chart.spec["layout"]["annotations"]
        (head,) = (n for n in notes if n["text"] == "Vet ikke")
        label = notes[notes.index(head) + 1]
        assert label["xanchor"] == "left"
        for line in label["text"].split("<br>"):
            assert text_width(line, style.TEXT) + text_width("Vet ikke", style.SMALL) < phone
        checked += 1
    assert checked >= 5
