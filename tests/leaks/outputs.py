"""Everything that a published wave puts out, and that it all says the same.

The API's documents are read as they come. Pages, figures, spreadsheets and PDFs must contain no
number that these documents, drawn by the product's own report, do not contain: then whoever attacks
the documents attacks them all, and nothing is rounded more finely in one place than in another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from survey.release.codec import header_from_json, unit_from_json
from survey.release.document import ReleaseHeader, UnitResult
from survey.reports.common.model import DashboardView
from survey.reports.unit.report import charts_for, dashboard, render_unit_html
from tests.leaks.reading import Wave
from tests.leaks.world import Publication, Published
from tests.reports import pdf_text

NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
PAGE, PHONE = 560, 328


def documents(made: Published, ordinal: int) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Header and units, by code, of a release, from the API."""
    path = f"/studies/s/waves/{ordinal}/release"
    found = made.api(path)
    header = found["header"] | {"digest": found["digest"]}
    codes = [unit["code"] for unit in header["units"]]
    return header, {code: made.api(f"{path}/units/{code}")["result"] for code in codes}


def read_wave(made: Published, published: Publication, known: Iterable[int] = ()) -> Wave:
    """A published wave as the attacker reads it; ``known`` are people whose answers he knows."""
    header, units = documents(made, published.ordinal)
    return Wave(header, units, published.people, tuple(known))


def differences(
    made: Published, header: Mapping[str, Any], unit: Mapping[str, Any], *, as_pdf: bool
) -> list[str]:
    """Numbers on a unit's page, in its figures, spreadsheets or PDF that its documents do not have.

    The release's mark is taken out first: letters and digits of a digest say nothing, and whatever
    two digits stand in it would count as known.
    """
    plain = {name: value for name, value in header.items() if name != "digest"}
    mark = header["digest"][:12]
    head = header_from_json(json.dumps(plain))
    result = unit_from_json(json.dumps(unit))
    view = dashboard(head, result, "nb")
    told = numbers(_listed(plain)) | numbers(_listed(unit))
    known = numbers(_drawn(head, result, view)) | told
    address = f"/enhet/{made.org}/s/{unit['unit']['code']}"
    wave = f"wave={head.wave.ordinal}"
    page = made.client.get(f"{address}?{wave}")
    assert page.status_code == 200
    found = [f"page: {each}" for each in numbers([text_of(page.text).replace(mark, "")]) - known]
    figures = made.client.get(f"{address}/figurer.json?{wave}&bredde={PAGE}").json or {}
    found += [f"figures: {each}" for each in numbers(_said(figures)) - known]
    drawn = charts_for(head, result, "nb", PAGE)
    if figures != {each.id: json.loads(json.dumps(each.spec)) for each in drawn}:
        found.append("figures: other than drawn from the documents")
    for chart in (chart for section in view.sections for chart in section.charts):
        csv = made.client.get(f"{address}/tall/{chart.chart.id}.csv?{wave}")
        if csv.data.decode("utf-8-sig") != chart.csv:
            found.append(f"csv: {chart.chart.id}")
        finer = {each for each in numbers([chart.csv]) if "." in each} - told
        found += [f"csv: {each}" for each in finer]
    if as_pdf:
        pdf = made.client.get(f"{address}/rapport.pdf?{wave}")
        assert pdf.status_code == 200
        text = pdf_text.text_of(pdf.data)
        assert head.wave.label in text
        found += [f"pdf: {each}" for each in numbers([text.replace(mark, "")]) - known]
    return found


def _said(figures: Mapping[str, Any]) -> Iterator[str]:
    """What figures say: beside their marks, under the pointer, on their axes. (Where marks lie on
    the page is counted in pixels, and says the same.)"""
    for figure in figures.values():
        for trace in figure["data"]:
            for name in ("text", "hovertext", "customdata", "name"):
                yield from _listed(trace.get(name))
        yield from _listed([each.get("text") for each in figure["layout"].get("annotations", ())])


def numbers(texts: Iterable[str]) -> set[str]:
    """Every number that stands in the texts, as it is written."""
    return {each.replace(",", ".") for text in texts for each in NUMBER.findall(text)}


def _drawn(head: ReleaseHeader, result: UnitResult, view: DashboardView) -> Iterator[str]:
    """What the documents give when they are drawn: page, phone, and print."""
    for each in (view, dashboard(head, result, "nb", width=PHONE)):
        yield from (each.title, each.headline, each.warning)
        yield from (f"{fact.value} {fact.note}" for fact in each.facts)
        for section in each.sections:
            yield from (*section.sentences, *section.points)
            yield from (line for _, lines in section.blocks for line in lines)
            yield from (f"{term.term} {term.meaning}" for term in section.terms)
            yield from (cell for table in section.tables for row in table.rows for cell in row)
            for row in section.changes.rows if section.changes else ():
                yield f"{row.before} {row.now} {row.range} {row.sentence}"
            for chart in section.charts:
                yield text_of(chart.svg)
                yield f"{chart.csv} {chart.chart.title} {chart.chart.subtitle} {chart.chart.alt}"
    yield text_of(render_unit_html(head, result, "nb", ""))
    yield from (chart.alt for chart in charts_for(head, result, "nb"))
    yield " ".join(map(str, range(1, 20)))  # numbers of pages, and of steps in forms


def _listed(document: Any) -> Iterator[str]:
    """Every value of a document."""
    if isinstance(document, Mapping):
        for value in document.values():
            yield from _listed(value)
    elif isinstance(document, list):
        for value in document:
            yield from _listed(value)
    elif document is not None:
        yield str(document)


def text_of(html: str) -> str:
    """What a reader sees or hears of a page: its text and text alternatives."""
    parser = _Text()
    parser.feed(html)
    return " ".join(parser.parts)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("style", "script")
        self.parts += [v for k, v in attrs if v and k in ("alt", "title", "aria-label")]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)
