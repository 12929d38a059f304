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

from survey.release.document import (
    Category,
    Change,
    DimensionResult,
    ItemResult,
    OptionResult,
    QuestionResult,
    Score,
    Share,
    ShareChange,
    UnitResult,
    WaveChange,
)
from survey.reports.common.context import Context
from survey.reports.common.model import Chart
from survey.reports.common.words import Words
from survey.reports.figures import style
from survey.reports.figures.heatmap import HeatRow, heatmap
from survey.reports.figures.unit_figures import dimension_chart
from survey.reports.svg import draw
from survey.reports.svg.font_metrics import width as text_width
from survey.reports.unit.report import charts_for, dashboard, render_unit_html
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
    drawn = draw.render(chart.spec)
    said = [*strings(dict(chart.spec)), chart.title, chart.subtitle, chart.alt, drawn]
    said += [*chart.table.header, *(cell for row in chart.table.rows for cell in row)]
    for text in said:
        assert not LEAKED.search(text), text
    assert all(len(row) == len(chart.table.header) for row in chart.table.rows)
    assert chart.title
    assert chart.title[-1] not in "."
    assert chart.title in chart.alt


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("n", [3, 7, 14, 130])
@pytest.mark.parametrize("width", [658, 340])
def test_every_chart_of_every_tier_is_valid_plotly(language: str, n: int, width: int) -> None:
    charts = charts_for(samples.header(), samples.unit(n, n + 6), language, width)
    expected = {3: 1, 7: 2, 14: 11, 130: 11}[n]
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


def _with_items(unit: UnitResult, *items: ItemResult) -> UnitResult:
    first = dataclasses.replace(unit.dimensions[0], items=items)
    return dataclasses.replace(unit, dimensions=(first, *unit.dimensions[1:]))


def _item_chart(*items: ItemResult, n: int = 130, history: bool = False, **more: Any) -> Chart:
    unit = _with_items(samples.unit(n, n + 20), *items)
    if not history:
        unit = dataclasses.replace(unit, history=(), changes=())
    unit = dataclasses.replace(unit, **more)
    return next(
        c for c in charts_for(samples.header(), unit, "nb") if c.id.startswith("dimension-")
    )


ITEMS = [item.id for item in samples.instrument().dimensions[0].items]
ITEM, REVERSED = ITEMS[0], ITEMS[3]
ROUNDED = "Andelene er rundet av til hele 5\u00a0%"


def _categories(*percents: int) -> tuple[Category, ...]:
    return tuple(
        Category(value, samples.category(each)) for value, each in enumerate(percents, start=1)
    )


def _pieces(chart: Chart) -> list[tuple[float, float]]:
    """Base and length of every piece of a bar; the keys' swatches are lower."""
    return sorted(
        (base, x)
        for trace in chart.spec["data"]
        for base, x, wide in zip(trace["base"], trace["x"], trace["width"], strict=True)
        if wide == 18
    )


def test_pieces_are_as_long_as_their_shares_and_stand_on_their_side() -> None:
    chart = _item_chart(ItemResult(ITEM, Share(75, 1), _categories(10, 15, 45, 30)))
    assert _pieces(chart) == [(-25, 10), (-15, 15), (0, 45), (45, 30)]
    assert f"{ROUNDED} og trenger ikke bli 100 til sammen." in chart.subtitle
    assert chart.table.rows[0][1:] == ("10\u00a0%", "15\u00a0%", "45\u00a0%", "30\u00a0%",
                                       "75\u00a0%")  # fmt: skip


def test_a_reversed_statement_is_drawn_turned_and_says_so() -> None:
    chart = _item_chart(ItemResult(REVERSED, Share(25, 1), _categories(10, 15, 45, 30)))
    assert _pieces(chart) == [(-75, 30), (-45, 45), (0, 15), (15, 10)]
    assert "snudd: nedre del av skalaen teller som øvre" in chart.alt
    cells = dict(zip(chart.table.header, chart.table.rows[0], strict=True))
    assert cells["Helt enig"] == "10\u00a0%"
    hovers = [text for trace in chart.spec["data"] for text in trace["hovertext"]]
    assert "Helt uenig: 10\u00a0%" in hovers  # as it was answered


def test_shares_beyond_the_steps_are_words_and_still_seen() -> None:
    chart = _item_chart(ItemResult(ITEM, Share(99, 1, "above"), _categories(1, 1, 1, 97)))
    assert chart.table.rows[0][1] == "under 5\u00a0%"
    assert chart.table.rows[0][4] == "over 95\u00a0%"
    assert all(length > 0 for _, length in _pieces(chart))


def test_bars_whose_rounded_shares_exceed_a_hundred_stay_inside_the_chart() -> None:
    chart = _item_chart(ItemResult(ITEM, Share(99, 1), _categories(5, 5, 55, 55)))
    low, high = chart.spec["layout"]["xaxis"]["range"]
    assert all(low <= base and base + length <= high for base, length in _pieces(chart))


def test_below_a_hundred_answers_a_statement_is_one_dot_per_wave() -> None:
    chart = _item_chart(ItemResult(ITEM, Share(60)), n=24, history=True)
    dots = [trace for trace in chart.spec["data"] if trace["name"] == "Etter 2026"]
    assert dots[-1]["x"] == [60]
    assert len({trace["name"] for trace in chart.spec["data"]}) == 3
    assert f"{ROUNDED}." in chart.subtitle
    texts = [each["text"] for each in chart.spec["layout"]["annotations"]]
    assert "ingen eller noen få" in texts
    assert "alle unntatt noen få" in texts
    assert chart.table.header[1:4] == ("Før 2024", "Under 2025", "Etter 2026")


def test_the_ends_of_the_line_are_few_and_all_but_a_few() -> None:
    few = _item_chart(ItemResult(ITEM, Share(None, 5, "few")), n=24)
    most = _item_chart(ItemResult(ITEM, Share(None, 5, "all_but_few")), n=24)
    assert few.spec["data"][-1]["x"] == [0]
    assert most.spec["data"][-1]["x"] == [100]
    assert few.table.rows[0][1] == "ingen eller noen få"
    assert most.title.endswith("alle unntatt noen få svarte i øvre del av skalaen")


def test_the_title_names_both_ends_and_counts_what_is_hidden() -> None:
    shown = (ItemResult(ITEMS[0], Share(30)), ItemResult(ITEMS[1], Share(None, 5, "few")))
    chart = _item_chart(*shown, ItemResult(ITEMS[2]), n=24)
    assert chart.title == (
        "Delingsarenaer: fra ingen eller noen få til 30\u00a0% svarte i øvre del av skalaen; "
        "1 påstand vises ikke"
    )
    assert chart.table.rows[2][1] == "vises ikke"


def test_a_statement_whose_share_has_changed_says_so_on_chart_and_in_table() -> None:
    change = WaveChange(
        1,
        Change("hidden"),
        {},
        items={
            ITEMS[0]: ShareChange("risen", 30, 5, 55),
            ITEMS[1]: ShareChange("unknown", 5, -20, 30),
        },
    )
    items = [ItemResult(each, Share(60)) for each in ITEMS[:2]]
    chart = _item_chart(*items, n=24, history=True, changes=(change,))
    assert [row[-1] for row in chart.table.rows] == ["Økt", "Vet ikke"]
    texts = [each["text"] for each in chart.spec["layout"]["annotations"]]
    assert texts.count("gått opp") == 1


def question(*shares: Share | None, language: str = "nb", **more: Any) -> Chart:
    known = next(q for q in samples.instrument().questions if q.type == "multiple")
    given = [*shares, *[None] * (len(known.options) - len(shares))]
    options = tuple(OptionResult(o.id, each) for o, each in zip(known.options, given, strict=True))
    result = QuestionResult(known.id, options)
    unit = dataclasses.replace(samples.unit(), questions=(result,), **more)
    return charts_for(samples.header(), unit, language)[-1]


def test_a_question_says_how_many_answered_here_and_hides_what_is_hidden() -> None:
    chart = question(Share(10), None, Share(40))
    assert "n = 24" in chart.subtitle
    assert f"{ROUNDED}." in chart.subtitle
    assert chart.table.rows[1][1] == "vises ikke"
    assert re.fullmatch(r"«.+» er oftest valgt \(40\u00a0%\); \d+ svar vises ikke", chart.title)


def test_options_that_hardly_anybody_chose_lead_no_title() -> None:
    few = Share(None, 5, "few")
    known = next(q for q in samples.instrument().questions if q.type == "multiple")
    chart = question(*[few] * len(known.options), language="nn")
    assert {row[1] for row in chart.table.rows} == {"ingen eller nokre få"}
    assert chart.title == "Kvart svar som blir vist, er valt av ingen eller nokre få"


def test_an_option_whose_share_has_changed_says_so() -> None:
    known = next(q for q in samples.instrument().questions if q.type == "multiple")
    name = f"{known.id}/{known.options[0].id}"
    options = {name: ShareChange("fallen", -30, -50, -10)}
    change = WaveChange(1, Change("hidden"), {}, options=options)
    chart = question(Share(10), Share(40), changes=(change,))
    assert [row[-1] for row in chart.table.rows[:2]] == ["Gått ned", "–"]


def test_the_comparison_draws_an_open_interval_to_the_end_of_the_scale() -> None:
    unit = samples.clamped()
    chart = next(c for c in charts_for(samples.header(), unit, "en") if c.id == "comparison")
    lines = next(t for t in chart.spec["data"] if t["mode"] == "lines")
    assert 100 in lines["x"]
    assert 0 in lines["x"]
    assert chart.table.rows[1][1:3] == ("90 or more", "79 or more")
    assert chart.table.rows[2][1:3] == ("10 or less", "21 or less")
    assert chart.table.rows[0][1:3] == ("about 59", "–")
    assert "median of 7 others of the same kind" in chart.table.header


def test_the_heat_map_hatches_hidden_cells_and_prints_the_others() -> None:
    rows = [HeatRow("Oppvekst", (Score(41), Score(None))),
            HeatRow("Helse og en lang arbeidstittel", (Score(80), Score(100)))]  # fmt: skip
    chart = heatmap(Words("nb"), "Oppvekst er lavest", "Indeks 0–100", ["Deling", "Ledelse"], rows)
    check(chart)
    assert "41" in [each["text"] for each in chart.spec["layout"]["annotations"]]
    assert chart.table.rows[0] == ("Oppvekst", "41", "vises ikke")


indices = st.one_of(st.none(), st.integers(0, 100))
bounds: st.SearchStrategy[Any] = st.sampled_from([None, None, "at_least", "at_most", "open"])


@st.composite
def shares(draw: st.DrawFn) -> Share | None:
    """Any form that a share may be printed in."""
    step = draw(st.sampled_from([1, 5]))
    form: Any = draw(st.sampled_from([None, "few", "all_but_few", "below", "above", "hidden"]))
    if form == "hidden":
        return None
    percent = {"below": step, "above": 100 - step}.get(form, 5 * draw(st.integers(1, 19)))
    return Share(None if form in ("few", "all_but_few") else percent, step, form)


@st.composite
def units(draw: st.DrawFn) -> UnitResult:
    """A unit result with hidden values anywhere, extreme scores and hostile names."""
    unit = samples.unit(
        draw(st.sampled_from([3, 7, 14, 130])),
        draw(st.sampled_from([None, 5, 24, 200])),
        seed=draw(st.integers(0, 50)),
        name=draw(st.text(min_size=1, max_size=150).filter(lambda name: not LEAKED.search(name))),
        is_new=draw(st.booleans()),
    )

    def score(old: Score) -> Score:
        index = draw(indices)
        return Score(index, draw(bounds) if index is not None else None)

    def item(old: ItemResult) -> ItemResult:
        categories = None
        if old.categories is not None and draw(st.booleans()):
            each = draw(st.lists(shares(), min_size=4, max_size=4))
            categories = tuple(
                Category(value, share or Share(20)) for value, share in enumerate(each, start=1)
            )
        return ItemResult(old.id, draw(shares()), categories, draw(shares()))

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
                q, options=tuple(OptionResult(o.id, draw(shares())) for o in q.options)
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


@pytest.mark.parametrize("width", [328, 658])
def test_the_column_of_dont_know_never_stands_on_the_statements(width: int) -> None:
    """Also where the first statement has no number in that column: on a phone they met."""
    checked = 0
    context = Context(samples.header(), samples.unit(130, 150), "nb")
    for result in context.unit.dimensions:
        first, *others = result.items
        if not others:
            continue
        items = (
            dataclasses.replace(first, not_applicable=None),
            *(dataclasses.replace(i, not_applicable=Share(None, 1, "few")) for i in others),
        )
        chart = dimension_chart(context, dataclasses.replace(result, items=items), width)
        assert chart is not None
        notes = chart.spec["layout"]["annotations"]
        (head,) = (n for n in notes if n["text"] == "Vet ikke")
        label = notes[notes.index(head) + 1]
        assert label["xanchor"] == "left"
        for line in label["text"].split("<br>"):
            assert text_width(line, style.TEXT) + text_width("Vet ikke", style.SMALL) < width
        in_column = [n for n in notes if n["xanchor"] == "right"]
        assert {"ingen eller", "noen få"} <= {n["text"] for n in in_column}
        assert all(text_width(n["text"], style.SMALL) <= 70 for n in in_column)
        checked += 1
    assert checked >= 5
