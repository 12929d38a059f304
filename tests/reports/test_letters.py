"""Letters, slips and posters: accessible, on their page, and their QR codes lead to one address."""

from __future__ import annotations

import io
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import page
import pikepdf
import pytest
import segno

from survey.core.errors import NotFound
from survey.core.languages import LANGUAGES
from survey.invitations.codes import Code, derive
from survey.reports.common.words import Words
from survey.reports.paper import qr_code
from survey.reports.paper.letters import Facts, LetterMaker, Ticket, html_of
from survey.reports.svg.font_metrics import wrap

LONG = (
    "Avdeling for habilitering, rehabilitering og tverrfaglig oppfølging av barn og unge med "
    "særskilte behov i Prøvevik og omegn, seksjon for lavterskeltilbud og samhandling med andre"
)
BASE = "https://barometer.provevik.kommune.no"
MM = 72 / 25.4
KINDS = ("letters", "slips", "poster")


@pytest.fixture(scope="module")
def maker() -> LetterMaker:
    return LetterMaker()


def facts(**changes: object) -> Facts:
    values: dict[str, object] = {
        "organisation": "Prøvevik kommune",
        "study": "Innovasjonskultur",
        "unit": "Solbakken barnehage",
        "k": 5,
        "base_url": BASE,
        "closes": datetime(2027, 3, 15, 15, tzinfo=UTC),
        "contact": "Kari Nordmann, tlf. 900 00 000",
    }
    return Facts(**{**values, **changes})  # type: ignore[arg-type]


def tickets(count: int) -> list[Ticket]:
    codes = [derive(bytes(32), uuid.UUID(int=n)) for n in range(count)]
    return [ticket(code) for code in codes]


def ticket(code: Code) -> Ticket:
    return Ticket(f"{BASE}/s/{code.link}", code.short)


def made(maker: LetterMaker, kind: str, what: Facts, count: int, language: str) -> bytes:
    if kind == "poster":
        return maker.poster(what, language)
    return (maker.letters if kind == "letters" else maker.slips)(what, tickets(count), language)


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_pdf_ua_1_in_every_language(
    maker: LetterMaker, kind: str, language: str
) -> None:
    pdf = made(maker, kind, facts(), 3, language)
    result = page.validate_pdf_bytes(pdf, profile=page.ValidationProfile.PDF_UA_1)
    assert result.is_compliant, [(f.rule_id, f.message) for f in result.failures]
    document = opened(pdf)
    assert str(document.Root.Lang) == language
    assert "Solbakken barnehage" in str(document.docinfo["/Title"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_names_stay_on_their_page(maker: LetterMaker, language: str) -> None:
    whole = facts(
        organisation=LONG,
        study=LONG,
        unit=LONG,
        base_url="https://innovasjonsbarometeret.provevik-interkommunale-samarbeid.kommune.no",
        opens=datetime(2027, 3, 1, 7, tzinfo=UTC),
        contact=LONG,
        keys_digest="0123456789abcdef" * 4,
    )
    assert len(opened(made(maker, "letters", whole, 3, language)).pages) == 3
    assert len(opened(made(maker, "slips", whole, 11, language)).pages) == 2
    assert len(opened(made(maker, "poster", whole, 0, language)).pages) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_promise_stays_below_the_code_on_a_slip(language: str) -> None:
    """Four lines of it fit: letters.css puts it at the bottom, in 6.9 points."""
    words = Words(language, "letters")
    promise = f"{words('promise', k=100)} {words('promise_leaders', others=99)}"
    assert len(wrap(promise, 6.9, 93 * MM, 400, lines=9)) <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_everything_on_paper_says_the_promise(kind: str) -> None:
    html = html_of(kind, facts(k=7), tickets(1), "nb")
    assert "Lederen din får ikke se svaret ditt." in html
    assert "grupper der minst 7 har svart" in html
    assert "sammen med minst 6 andre i området" in html


def test_ten_slips_stand_on_a_sheet(maker: LetterMaker) -> None:
    assert len(opened(maker.slips(facts(), tickets(11), "nb")).pages) == 2


def drawn(svg: bytes) -> list[list[bool]]:
    """What a scanner sees of the drawing: the colour at the middle of each module."""
    size = int(re.search(rb'viewBox="0 0 (\d+) ', svg)[1])
    seen = [[False] * size for _ in range(size)]
    for x, y, run in re.findall(rb"M(\d+) (\d+)\.5h(\d+)", svg):
        for at in range(int(x), int(x) + int(run)):
            seen[int(y)][at] = True
    return seen


@pytest.mark.parametrize("address", [f"{BASE}/kode", tickets(1)[0].link])
def test_the_picture_is_the_symbol_of_the_address_with_its_quiet_zone(address: str) -> None:
    expected = segno.make(address, error="m", micro=False, boost_error=False)
    assert expected.error == "M"
    rows = [[bool(dark) for dark in row] for row in expected.matrix_iter(border=4)]
    assert drawn(qr_code.svg(address)) == rows


def test_each_letter_carries_the_link_of_its_own_short_code() -> None:
    mine = tickets(4)
    html = html_of("letters", facts(), mine, "nb")
    parts = re.findall(r'src="chart:(\d+)".*?class="code">([^<]+)<', html, re.DOTALL)
    assert parts == [(str(n), each.short) for n, each in enumerate(mine)]


@pytest.mark.parametrize(("kind", "least"), [("letters", 25), ("slips", 25), ("poster", 60)])
def test_the_symbol_is_large_enough_to_scan(maker: LetterMaker, kind: str, least: float) -> None:
    """The width of the drawn rows on paper: the path is scaled by what stands before it."""
    pdf = opened(made(maker, kind, facts(), 1, "nb"))
    address = f"{BASE}/kode" if kind == "poster" else tickets(1)[0].link
    css = {"letters": 42.0, "slips": 35.0, "poster": 96.0}[kind]
    width = css * qr_code.share_of_symbol(address)
    assert width >= least
    scales = [float(operands[0]) * float(pdf_scale) for operands, pdf_scale in scaled(pdf.pages[0])]
    modules = len(qr_code.modules(address)) + 2 * qr_code.QUIET
    assert any(abs(scale * modules / MM - css) < 0.1 for scale in scales), scales


def scaled(sheet: pikepdf.Page) -> list[tuple[list[Any], float]]:
    """Every matrix that scales evenly, with the product of those around it."""
    found: list[tuple[list[Any], float]] = []
    stack, scale = [], 1.0
    for instruction in pikepdf.parse_content_stream(sheet):
        operands: Any = instruction.operands
        operator = instruction.operator
        if str(operator) == "q":
            stack.append(scale)
        elif str(operator) == "Q":
            scale = stack.pop()
        elif str(operator) == "cm":
            found.append((list(operands), scale))
            scale *= float(operands[0])
    return found


def test_the_picture_speaks_no_code_and_says_where_the_other_way_is() -> None:
    mine = tickets(2)
    html = html_of("letters", facts(), mine, "nb")
    for alt in re.findall(r'alt="([^"]+)"', html):
        assert "QR-kode" in alt
        assert not any(each.short in alt or each.link in alt for each in mine)
    for each in mine:
        assert html.count(each.short) == 1
        assert each.link not in html


def test_a_poster_knows_no_code() -> None:
    html = html_of("poster", facts(), (), "nb")
    assert "/s/" not in html
    assert "barometer.provevik.kommune.no/kode" in html


def test_the_digest_of_the_keys_stands_on_everything_of_a_cryptographic_study() -> None:
    digest = "0123456789abcdef" * 4
    for kind in KINDS:
        html = html_of(kind, facts(keys_digest=digest), tickets(1), "nb")
        assert digest in html.replace(" ", "")
        assert digest not in html_of(kind, facts(), tickets(1), "nb").replace(" ", "")
    letter = html_of("letters", facts(keys_digest=digest), tickets(1), "nb")
    assert "digital billett" in letter
    assert "digital billett" not in html_of("letters", facts(), tickets(1), "nb")


def test_days_are_said_as_far_as_they_are_known() -> None:
    opens = datetime(2027, 3, 1, 7, tzinfo=UTC)
    both = html_of("letters", facts(opens=opens), tickets(1), "nb")
    assert "Svar fra 01.03.2027 kl. 08:00 til 15.03.2027 kl. 16:00." in both
    assert "by 15 March 2027" in html_of("letters", facts(), tickets(1), "en")
    assert "Du kan svare fra" in html_of("poster", facts(opens=opens, closes=None), (), "nb")
    assert 'class="when"' not in html_of("poster", facts(closes=None), (), "nb")


def test_names_are_text_never_markup(maker: LetterMaker) -> None:
    hostile = facts(unit="<script>x</script>", study="</style>&", contact="\x00 \U0001f600 «ok»")
    html = html_of("letters", hostile, tickets(1), "nb")
    assert "<script" not in html
    pdf = maker.letters(hostile, tickets(1), "nb")
    assert page.validate_pdf_bytes(pdf, profile=page.ValidationProfile.PDF_UA_1).is_compliant


def test_a_language_without_texts_is_refused(maker: LetterMaker) -> None:
    with pytest.raises(NotFound):
        maker.poster(facts(), "se")
