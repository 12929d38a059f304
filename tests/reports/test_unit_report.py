"""The PDF: accessible, complete, in the shipped font, from memory only."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import page
import pikepdf
import pytest

from survey.release.codec import header_from_json, unit_from_json
from survey.release.document import SCHEMA, AreaVerdict, Change, Participation
from survey.reports.common.pdf import BrokenReport, PdfMaker
from survey.reports.common.words import Words
from survey.reports.svg import font_metrics
from survey.reports.unit.report import (
    FreeText,
    UnitReportRenderer,
    charts_for,
    css_string,
    dashboard,
    render_unit_html,
)
from tests.marks import long
from tests.reports import samples
from tests.reports.pdf_text import text_of

DIGEST = "0123456789abcdef" * 4
GOLDEN = Path(__file__).parents[1] / "data" / "releases"
HOSTILE = '<script>alert(1)</script><img src="file:///etc/passwd"> & \'x\' \\"; }</style>'


@pytest.fixture(scope="module")
def renderer() -> UnitReportRenderer:
    return UnitReportRenderer()


@pytest.fixture(scope="module")
def maker() -> PdfMaker:
    return PdfMaker()


@pytest.fixture(scope="module")
def report(renderer: UnitReportRenderer) -> Callable[..., bytes]:
    @cache
    def made(language: str = "nb", n: int = 24, waves: int = 3) -> bytes:
        used = samples.WAVES[:waves]
        unit = samples.unit(n, n + 7, waves=used)
        return renderer.render(samples.header(used), unit, language, DIGEST)

    return made


def pages_of(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


def structure(document: pikepdf.Pdf) -> list[pikepdf.Dictionary]:
    """Every structure element of a tagged PDF."""
    found, waiting = [], [document.Root.StructTreeRoot]
    while waiting:
        element = waiting.pop()
        if isinstance(element, pikepdf.Array):
            waiting.extend(element)
        elif isinstance(element, pikepdf.Dictionary):
            if "/S" in element:
                found.append(element)
            if "/K" in element:
                waiting.append(element.K)
    return found


UNITS = [(5, 3), (8, 3), (24, 3), (24, 1), (200, 3), (3, 3)]
"""How many answered, and in how many waves; each is tried in one language in every run."""


@pytest.mark.parametrize(
    ("n", "waves", "language"),
    [
        (*unit, language) if (position + number) % 3 == 0 else long(*unit, language)
        for position, unit in enumerate(UNITS)
        for number, language in enumerate(("nb", "nn", "en"))
    ],
)
def test_the_first_page_holds_the_four_questions_and_no_heading_loses_its_table(
    report: Callable[..., bytes], language: str, n: int, waves: int
) -> None:
    """Mended: in ten of the demo's reports the verdict stood on page two, in others the heading of
    the changes on page one and their table on page two."""
    words, made = Words(language), report(language, n, waves)
    first = text_of(made, 1)
    for part in ("answered", "standing", "changed", "talk"):
        assert words(f"section_{part}") in first
    assert words("talk_action" if n >= 5 else "talk_area") in first  # the last of the points
    _, heading, after = first.partition(words("section_dimensions"))
    assert not heading or words("dimension") in after


@pytest.mark.parametrize(
    ("language", "n", "waves"),
    [("nb", 24, 3), ("nn", 130, 3), ("en", 7, 3), ("nb", 3, 3), ("nn", 24, 1)],
)
def test_every_state_is_pdf_ua_1(
    language: str, n: int, waves: int, report: Callable[..., bytes]
) -> None:
    pdf = report(language, n, waves)
    result = page.validate_pdf_bytes(pdf, profile=page.ValidationProfile.PDF_UA_1)
    assert result.is_compliant, [(f.rule_id, f.message) for f in result.failures]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_language_title_bookmarks_and_alternatives_are_there(
    language: str, report: Callable[..., bytes]
) -> None:
    pdf = report(language)
    document = pages_of(pdf)
    assert str(document.Root.Lang) == language
    assert document.Root.ViewerPreferences.DisplayDocTitle
    title = {"nb": "Innovasjonskultur", "nn": "Innovasjonskultur", "en": "Innovation culture"}
    assert str(document.docinfo["/Title"]) == f"{title[language]}: Solbakken barnehage"
    with document.open_outline() as outline:
        names = [each.title for each in outline.root[0].children]
    assert len(names) >= 8
    charts = charts_for(samples.header(), samples.unit(24, 31), language)
    alts = {str(each.Alt) for each in structure(document) if each.S == "/Figure"}
    assert alts == {chart.alt for chart in charts}


def test_a_full_report_is_about_six_pages_and_page_one_answers_four_questions(
    report: Callable[..., bytes],
) -> None:
    html = render_unit_html(samples.header(), samples.unit(), "nb", DIGEST)
    order = [html.index(t) for t in ("Hvem svarte?", "Hvor står vi?", "Har det endret seg?",
                                     "Hva skal vi snakke om?")]  # fmt: skip
    assert order == sorted(order)
    assert 5 <= len(pages_of(report()).pages) <= 7
    document = pages_of(report())
    with document.open_outline() as outline:
        first = document.pages[0].objgen
        talk = next(e for e in outline.root[0].children if e.title == "Hva skal vi snakke om?")
        assert talk.destination is not None
        assert talk.destination[0].objgen == first  # type: ignore[index]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("area", [False, True])
def test_the_longest_verdicts_still_fit_page_one(
    language: str, area: bool, renderer: UnitReportRenderer
) -> None:
    """Few answered; a rise with what could undo it, reckoned with people; the area's beside it."""
    risen = Change("risen", 48, 61, 13, 4, 22, basis="persons", tipping=55)
    beside = AreaVerdict("1", "Oppvekst, utdanning, kultur og frivillighet", risen)
    unit = samples.area(90, 120, units=7) if area else samples.unit(name=samples.LONG_NAME)
    change = dataclasses.replace(unit.changes[0], overall=risen, area=beside, regression=5)
    unit = dataclasses.replace(
        unit, changes=(change, *unit.changes[1:]), participation=Participation(300, 300, 140)
    )
    first = text_of(renderer.render(samples.header(), unit, language, DIGEST), 1)
    words = Words(language)
    assert words("answered_few") in first
    assert words("section_changed") in first
    assert words("talk_action") in first


def test_long_names_still_fit_page_one(renderer: UnitReportRenderer) -> None:
    unit = samples.unit(26, 24, name=samples.LONG_NAME, seed=9)
    pdf = pages_of(renderer.render(samples.header(), unit, "nb", DIGEST))
    with pdf.open_outline() as outline:
        talk = next(e for e in outline.root[0].children if e.title == "Hva skal vi snakke om?")
        assert talk.destination is not None
        assert talk.destination[0].objgen == pdf.pages[0].objgen  # type: ignore[index]


def test_only_the_shipped_font_is_embedded(report: Callable[..., bytes]) -> None:
    names = set()
    document = pages_of(report())
    for each in document.objects:
        if isinstance(each, pikepdf.Dictionary) and "/FontName" in each:
            assert "/FontFile2" in each or "/FontFile3" in each
            names.add(str(each.FontName).split("+")[1].rstrip(","))
    assert names == {"Source-Sans-3", "Source-Sans-3-Semi-Bold"}


def test_equal_input_gives_equal_bytes(report: Callable[..., bytes]) -> None:
    again = UnitReportRenderer().render(samples.header(), samples.unit(24, 31), "nb", DIGEST)
    assert again == report()


def test_names_and_comments_are_text_never_markup(renderer: UnitReportRenderer) -> None:
    header = samples.header(study=HOSTILE, organisation=HOSTILE)
    unit = samples.unit(name=HOSTILE)
    question = next(q.id for q in samples.instrument().questions if q.type == "text")
    text = FreeText({question: [HOSTILE, "smil 🙂 \u202e og \x00 kontrolltegn"]})
    html = render_unit_html(header, unit, "nb", DIGEST, text)
    assert "<script" not in html
    assert html.count("</style>") == 1
    pdf = renderer.render(header, unit, "nb", DIGEST, text)
    result = page.validate_pdf_bytes(pdf, profile=page.ValidationProfile.PDF_UA_1)
    assert result.is_compliant


def test_a_css_string_escapes_everything_that_could_end_it() -> None:
    assert css_string('a";}</style>') == '"a\\000022\\00003b\\00007d\\00003c\\00002fstyle\\00003e"'


@pytest.mark.parametrize(
    "html",
    [
        '<img src="chart:missing" alt="x">',
        '<img src="file:///etc/hostname" alt="x">',
        '<img src="http://127.0.0.1:1/x.png" alt="x">',
        '<link rel="stylesheet" href="file:///etc/hostname">',
        '<a rel="attachment" href="file:///etc/hostname">x</a>',
        '<style>p { background: url("file:///etc/hostname") }</style><p>x</p>',
    ],
)
def test_what_is_not_in_memory_fails_the_report(html: str, maker: PdfMaker) -> None:
    whole = f'<html lang="nb"><head><title>t</title></head><body><h1>h</h1>{html}</body></html>'
    with pytest.raises(BrokenReport):
        maker.make(whole, {})


@pytest.mark.parametrize(
    "svg",
    [
        b"<svg",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>',
    ],
)
def test_a_broken_chart_fails_the_report(svg: bytes, maker: PdfMaker) -> None:
    html = '<html lang="nb"><title>t</title><body><img src="chart:a" alt="x"></body></html>'
    with pytest.raises(BrokenReport):
        maker.make(html, {"a": svg})


def test_a_character_without_a_glyph_fails_the_report(maker: PdfMaker) -> None:
    html = '<html lang="nb"><head><title>t</title></head><body><p>\U000f1234</p></body></html>'
    with pytest.raises(BrokenReport):
        maker.make(html, {})


def test_a_foreign_font_fails_the_report(maker: PdfMaker) -> None:
    html = '<html lang="nb"><title>t</title><p style="font-family: DejaVu Sans">x</p></html>'
    with pytest.raises(BrokenReport, match="not shipped"):
        maker.make(html, {})


def test_the_fonts_ship_with_their_licence_and_cover_the_languages() -> None:
    letters = "æøåÆØÅđŋšŧžáčÁČĐŊŠŦŽ«»–−→○◆●□αωσ"
    assert font_metrics.printable(letters) == letters
    folder = Path(font_metrics.__file__).parents[1] / "fonts"
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL-SourceSans3.md").read_text("utf-8").upper()
    digits = {font_metrics.width(digit, 100) for digit in "0123456789"}
    assert len(digits) == 1


@pytest.mark.parametrize("name", sorted(p.stem for p in GOLDEN.glob("*.json")))
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_documents_of_every_schema_keep_rendering(
    name: str, language: str, renderer: UnitReportRenderer
) -> None:
    stored = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    header = header_from_json(json.dumps(stored["header"]))
    unit = unit_from_json(json.dumps(stored["unit"]))
    titles = [chart.title for chart in charts_for(header, unit, language)]
    assert titles == stored["titles"][language]
    html = render_unit_html(header, unit, language, DIGEST)
    assert "chart:profile" in html
    assert [v.chart.title for s in dashboard(header, unit, language).sections for v in s.charts]
    if language == "nb":
        pdf = renderer.render(header, unit, language, DIGEST)
        assert page.validate_pdf_bytes(pdf, profile=page.ValidationProfile.PDF_UA_1).is_compliant


def test_there_is_a_golden_document_of_every_schema() -> None:
    schemas = {json.loads(p.read_text("utf-8"))["unit"]["schema"] for p in GOLDEN.glob("*.json")}
    assert schemas == set(range(1, SCHEMA + 1))


def test_a_single_wave_report_has_no_table_of_changes() -> None:
    unit = samples.unit(waves=samples.WAVES[:1])
    html = render_unit_html(samples.header(samples.WAVES[:1]), unit, "nb", DIGEST)
    assert "Endring i hvert delmål" not in html
    assert '<table class="changes">' not in html


def test_the_table_of_changes_has_a_chip_for_each_sub_goal() -> None:
    html = render_unit_html(samples.header(), samples.unit(), "nb", DIGEST)
    chips = re.findall(r'<span class="chip (\w+)">([^<]+)</span>', html)
    assert len(chips) == len(samples.instrument().dimensions)
    assert set(chips) <= {("risen", "Økt"), ("fallen", "Gått ned"), ("unknown", "Vet ikke")}
