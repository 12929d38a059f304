"""The choice of waves and neighbours, figures as JSON, numbers as CSV: the same, whichever way."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator

import plotly.graph_objects as go
import pytest
from flask.testing import FlaskClient

from survey.reports.common.words import Words
from tests.access.world import World
from tests.web.waves import three

PAGE = "/enhet/3999/kultur/n1"


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = three(tmp_path_factory.mktemp("waves"))
    yield made
    made.parts.db.dispose()


@pytest.fixture(scope="module")
def manager(waves: World) -> FlaskClient:
    return waves.client("north")


def numbers(client: FlaskClient, chart: str, query: str = "") -> list[list[str]]:
    text = client.get(f"{PAGE}/tall/{chart}.csv?language=nb{query}").data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_the_page_says_the_verdict_since_the_wave_that_was_chosen(manager: FlaskClient) -> None:
    whole = manager.get(f"{PAGE}?language=nb").text
    chosen = manager.get(f"{PAGE}?language=nb&fra=2").text
    sentence = re.compile(r'headline__sentence">([^<]*)<')
    first, second = (sentence.findall(page)[0] for page in (whole, chosen))
    assert "Måling 1" in first
    assert "Måling 2" in second
    assert "Måling 1" not in second
    assert len(numbers(manager, "profile")[0]) == len(numbers(manager, "profile", "&fra=2")[0]) + 1


def test_the_csv_of_a_chosen_page_holds_what_the_page_shows(manager: FlaskClient) -> None:
    page = manager.get(f"{PAGE}?language=nb&mot=parent&fra=1").text
    address = re.findall(r'href="([^"]+/tall/comparison.csv[^"]*)"', page)[0].replace("&amp;", "&")
    rows = csv.reader(io.StringIO(manager.get(address).data.decode("utf-8-sig")), delimiter=";")
    header = next(rows)
    assert "Område nord" in header
    assert "Kommunen" not in header


@pytest.mark.parametrize("query", ["fra=9", "fra=x&mot=alle", "fra=&mot=", "fra=3"])
def test_what_does_not_exist_is_as_if_nothing_was_chosen(manager: FlaskClient, query: str) -> None:
    assert numbers(manager, "profile", f"&{query}") == numbers(manager, "profile")
    assert numbers(manager, "comparison", f"&{query}") == numbers(manager, "comparison")
    assert manager.get(f"{PAGE}?{query}").status_code == 200


def test_a_figure_says_in_its_hover_what_the_table_says(manager: FlaskClient) -> None:
    figures = manager.get(f"{PAGE}/figurer.json?language=nb").json
    assert figures is not None
    table = numbers(manager, "profile")
    said = {
        f"{row[0]}, {wave}: {cell}"
        for row in table[1:]
        for wave, cell in zip(table[0][1:], row[1:], strict=True)
        if cell != Words("nb")("hidden_short")
    }
    hovers = {
        text
        for trace in figures["profile"]["data"]
        for text in trace.get("hovertext", ())
        if ": " in text
    }
    assert said == hovers


@pytest.mark.parametrize(("asked", "drawn"), [("700", 700), ("1", 260), ("9999", 1000), ("x", 560)])
def test_a_figure_is_as_wide_as_asked_within_reason(
    manager: FlaskClient, asked: str, drawn: int
) -> None:
    figures = manager.get(f"{PAGE}/figurer.json?bredde={asked}").json
    assert figures
    for spec in figures.values():
        assert spec["layout"]["width"] == drawn
        go.Figure(spec)


def test_figures_tell_of_nothing_that_the_page_does_not(manager: FlaskClient) -> None:
    """A hidden dimension stands as the marker; no number of it is in the figure or the CSV."""
    for unit in ("n2", "n3"):
        page = manager.get(f"/enhet/3999/kultur/{unit}?language=nb").text
        charts = set(re.findall(r'data-chart="([\w-]+)"', page))
        figures = manager.get(f"/enhet/3999/kultur/{unit}/figurer.json").json
        assert figures is not None
        assert set(figures) == charts


def test_only_the_units_manager_gets_figures(waves: World) -> None:
    for name, status in ((None, 401), ("sykehjem", 404), ("idle", 404), ("stranger", 404)):
        answer = waves.client(name).get(f"{PAGE}/figurer.json")
        assert answer.status_code in (status, 303, 403), name
        assert "layout" not in answer.text


def test_fewer_than_half_is_warned_of_before_anything_else(manager: FlaskClient) -> None:
    few = Words("nb")("answered_few")
    page = manager.get("/enhet/3999/kultur/n2?language=nb").text
    assert page.index(few) < page.index('id="standing"')
    assert few not in manager.get(f"{PAGE}?language=nb").text


def test_every_row_of_numbers_has_a_cell_for_each_column(manager: FlaskClient) -> None:
    page = manager.get(f"{PAGE}?language=nb").text
    tables = re.findall(r"<table>.*?</table>", page, flags=re.DOTALL)
    assert tables
    for table in tables:
        wide = table.split("</thead>")[0].count("<th ")
        for row in re.findall(r"<tr>.*?</tr>", table.split("<tbody>")[1], flags=re.DOTALL):
            assert row.count("<th ") + row.count("<td") == wide


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_each_sub_goal_has_a_chip_that_opens_its_sentence(
    manager: FlaskClient, language: str
) -> None:
    words = Words(language)
    page = manager.get(f"{PAGE}?language={language}").text
    table = page.split('<table class="changes" ')[1].split("</table>")[0]
    rows = re.findall(r'<span class="chip chip--(\w+)">([^<]+)</span></summary><p>([^<]+)<', table)
    assert len(rows) == table.count('scope="row"') > 1
    for kind, chip, sentence in rows:
        assert chip == words(f"chip_{kind}")
        assert len(sentence) > len(chip)
    printed = manager.get(f"{PAGE}?language={language}&utskrift=1").text
    assert "chip--" in printed
    assert "</summary><p>" not in printed


def test_the_form_has_a_box_for_every_earlier_wave_and_works_without_a_script(
    manager: FlaskClient,
) -> None:
    page = manager.get(f"{PAGE}?fra=2&language=nb").text
    boxes = dict(re.findall(r'name="fra" value="(\d)"( checked)?', page))
    assert boxes == {"1": "", "2": " checked"}
    assert '<form method="get"' in page
    assert json.dumps(page).count("Endring siden") == 1
