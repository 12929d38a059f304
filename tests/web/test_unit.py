"""What a manager sees: own units, the dashboard in every state and language, numbers, the PDF."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from markupsafe import escape

from survey.reports.unit.report import dashboard
from tests.access.world import World, fresh


def queries(world: World, address: str, name: str) -> int:
    client = world.client(name)
    client.get(address)
    seen: list[str] = []

    def count(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement != "BEGIN":
            seen.append(statement)

    sa.event.listen(world.parts.db.reader, "before_cursor_execute", count)
    try:
        assert client.get(address).status_code == 200
    finally:
        sa.event.remove(world.parts.db.reader, "before_cursor_execute", count)
    return len(seen)


def test_the_list_holds_own_units_and_those_below(world: World) -> None:
    page = world.client("north").get("/enhet").text
    for name in ("Område nord", "Solbakken barnehage", "Fjellheim skole", "Lia bofellesskap"):
        assert name in page
    for name in ("Elvestien sykehjem", "Område sør"):
        assert name not in page


def test_staff_are_sent_to_their_own_pages(world: World) -> None:
    assert world.client("staff").get("/enhet").location == "/stab/3999"


def test_somebody_without_a_unit_is_told_so(world: World) -> None:
    assert "innovasjonsstaben" in world.client("idle").get("/enhet").text


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_dashboard_has_every_section_and_chart_with_its_numbers(
    world: World, language: str
) -> None:
    page = world.client("north").get(f"/enhet/3999/kultur/n1?language={language}").text
    charts = re.findall(r'<figure class="chart" data-chart="([\w-]+)"', page)
    assert len(charts) >= 5
    assert len(set(charts)) == len(charts)
    assert page.count("<svg xmlns") == 2 * len(charts)
    assert page.count("<caption>") == len(charts)
    assert "Solbakken barnehage" in page
    assert f'<html lang="{language}">' in page


def test_a_suppressed_unit_reads_well_and_gives_no_number_away(world: World) -> None:
    page = world.client("staff").get("/enhet/3999/kultur/s2").text
    assert "Havna barnehage" in page
    assert '<figure class="chart"' not in page


def test_a_wave_that_is_not_released_is_unknown(world: World) -> None:
    client = world.client("north")
    for wave in ("2", "99", "x", "-1", "9" * 40):
        assert client.get(f"/enhet/3999/kultur/n1?wave={wave}").status_code == 404, wave


def test_the_numbers_of_a_chart_come_as_a_spreadsheet(world: World) -> None:
    client = world.client("north")
    page = client.get("/enhet/3999/kultur/n1").text
    address = re.search(r'href="(/enhet/3999/kultur/n1/tall/[^"]+)"', page)
    assert address is not None
    answer = client.get(address.group(1).replace("&amp;", "&"))
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) > 2
    assert len({len(row) for row in rows}) == 1
    assert client.get("/enhet/3999/kultur/n1/tall/nothing.csv").status_code == 404


def test_the_report_is_a_pdf_in_the_language_of_the_page(world: World) -> None:
    client = world.client("north")
    answer = client.get("/enhet/3999/kultur/n3/rapport.pdf?language=nn")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-1.7")
    with pikepdf.open(io.BytesIO(answer.data)) as document:
        assert str(document.Root.Lang) == "nn"
    assert 'filename="n3-1-nn.pdf"' in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/enhet/3999/kultur/n3/rapport.pdf?language=nn").data == answer.data


def test_the_print_view_leaves_out_what_only_a_screen_can_use(world: World) -> None:
    page = world.client("north").get("/enhet/3999/kultur/n1?utskrift=1").text
    assert "charts.js" not in page
    assert page.count("<details") == page.count('<details class="chart__numbers no-print">') > 0


def test_a_page_needs_few_queries_and_as_many_for_many_answers_as_for_few(world: World) -> None:
    large = queries(world, "/enhet/3999/kultur/n1", "north")
    small = queries(world, "/enhet/3999/kultur/n3", "north")
    assert large == small <= 11


def test_doubling_the_respondents_leaves_the_number_of_queries_unchanged(tmp_path: Path) -> None:
    world = fresh(tmp_path)
    pages = ("/enhet", "/enhet/3999/kultur/n1", "/enhet/3999/kultur/n1/figurer.json")
    before = [queries(world, page, "north") for page in pages]
    count, columns = sa.text("SELECT count(*) FROM response"), "wave_id, unit_id, role, answers"
    with world.parts.db.writer.begin() as connection:
        stored = connection.execute(count).scalar_one()
        connection.execute(
            sa.text(
                f"INSERT INTO response (organisation_id, id, {columns}) "
                f"SELECT organisation_id, randomblob(16), {columns} FROM response"
            )
        )
        assert connection.execute(count).scalar_one() == 2 * stored > 0
    assert [queries(world, page, "north") for page in pages] == before
    world.parts.db.dispose()


def test_the_page_and_the_report_say_what_the_release_says(world: World) -> None:
    from survey.release import read

    with world.parts.db.reading() as session:
        home, study = world.journey.organisation_id, world.journey.study.id
        stored = read.unit_document(session, home, study, "n1")
    view = dashboard(stored.header, stored.unit, "nb")
    page = world.client("north").get("/enhet/3999/kultur/n1").text
    for fact in view.facts:
        assert fact.value in page
    for section in view.sections:
        assert f'id="{section.id}"' in page
    tables = [table for section in view.sections for table in section.tables]
    assert tables
    for table in tables:
        for cell in (cell for row in (table.header, *table.rows) for cell in row):
            assert f">{escape(cell)}</t" in page
