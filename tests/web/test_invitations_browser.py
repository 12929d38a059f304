"""The pages of invitations in a real browser: no barrier, nothing too wide, usable as files."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest

from survey.invitations.addresses import ContactRow, add_contacts
from survey.invitations.replacing import replace_unknown
from survey.study.find import find_wave
from tests.access.world import World
from tests.web.test_browser import address, barriers, browser, opened

pytestmark = pytest.mark.chromium

__all__ = ["address", "browser"]

PAGE = "/stab/3999/undersokelse/kultur/maling/2/invitasjoner"
PAGES = ("", "/antall", "/epost", "/brev", "/plakat", "/ny-kode", "/paminn")


@pytest.fixture(scope="module")
def invited(world: World) -> World:
    """Wave 2 has people on paper, by mail, and a code besides a lost one."""
    parts, journey = world.parts, world.journey
    with parts.db.transaction() as session:
        wave = find_wave(session, journey.study, 2)
        rows = [ContactRow(n, "n2", f"person{n}@kommune.no") for n in range(2, 9)]
        add_contacts(session, parts.secret, parts.keys, wave, rows, reason="Vikarer")
        replace_unknown(session, parts.secret, parts.keys, wave, "n1", reason="lost")
    return world


@pytest.mark.parametrize(
    ("language", "width", "pages"), [("nn", 320, PAGES), ("nb", 1280, PAGES[:2])]
)
def test_no_page_of_invitations_has_a_barrier_or_is_too_wide(
    invited: World, browser: Any, address: str, language: str, width: int, pages: tuple[str, ...]
) -> None:
    faults = []
    page = opened(invited, browser, address, "staff", width)
    for path in pages:
        page.goto(f"{address}{PAGE}{path}?language={language}")
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        problems = barriers(page) + page.said
        problems += [f"{over} px too wide"] if over > 0 else []
        faults += [f"{path}: {problem}" for problem in problems]
    page.context.close()
    assert faults == []


def test_letters_are_saved_by_the_browser_and_a_second_press_loses_none(
    invited: World, browser: Any, address: str
) -> None:
    page = opened(invited, browser, address, "staff", 360)
    page.goto(f"{address}{PAGE}/brev?language=nb")
    page.select_option("#unit", "n1")
    page.get_by_label("Hvem kan de ansatte spørre?").fill("Kari, tlf. 900 00 000")
    with page.expect_download() as download:
        page.get_by_role("button", name="Hent brevene").dblclick()
    saved = download.value.path().read_bytes()
    assert len(pikepdf.open(io.BytesIO(saved)).pages) == 1
    assert download.value.suggested_filename == "n1.brev.nb.pdf"
    page.goto(f"{address}{PAGE}/brev?language=nb")
    assert "Alle koder på papir er delt ut." in page.content()
    page.context.close()


def test_a_wrong_number_comes_back_with_the_summary_in_focus(
    invited: World, browser: Any, address: str
) -> None:
    page = opened(invited, browser, address, "staff", 360)
    page.goto(f"{address}{PAGE}/antall?language=nb")
    page.fill("#unit-n1", "mange")
    page.get_by_role("button", name="Lag kodene").click()
    page.wait_for_selector("#error-summary")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    page.locator("#error-summary a").first.click()
    assert page.evaluate("document.activeElement.id") == "unit-n1"
    assert barriers(page) == []
    page.context.close()
