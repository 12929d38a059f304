"""A manager's page in a browser: charts that answer, a choice without loading, a short print."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from werkzeug.serving import make_server

from survey.followup import actions, choices
from survey.followup.actions import Draft
from survey.followup.model import ChoiceFacts
from survey.web.base import look
from survey.web.unit.views import PLOTLY
from tests.access.world import World
from tests.followup.conftest import at
from tests.web.test_browser import Quiet, browser
from tests.web.waves import three

pytestmark = pytest.mark.chromium
__all__ = ["browser"]

PAGE = "/enhet/3999/kultur/n1?language=nb"
interactive = pytest.mark.skipif(not look.built(PLOTLY), reason="plotly.js was not built")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = three(tmp_path_factory.mktemp("waves"))
    yield made
    made.parts.db.dispose()


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, world.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(world: World, address: str, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    cookie = world.client("north").get_cookie("session")
    assert cookie is not None
    context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
    made = context.new_page()
    made.said, made.asked = [], []
    made.on("console", lambda message: made.said.append(message.text))
    made.on("pageerror", lambda error: made.said.append(str(error)))
    made.on("request", lambda request: made.asked.append(request.url))
    yield made
    context.close()


def until(page: Any, condition: str) -> None:
    """Wait for a condition; Playwright's own waiting would evaluate a text, which the policy
    forbids."""
    for _ in range(400):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


def table(page: Any, chart: str) -> list[list[str]]:
    found = page.locator(f"figure[data-chart={chart}] tr")
    rows = found.evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.textContent.trim()))")
    return [[str(cell) for cell in row] for row in rows]


def hovered(page: Any, chart: str) -> set[str]:
    """What every mark of a chart says under the pointer."""
    figure = page.locator(f"figure[data-chart={chart}]")
    figure.scroll_into_view_if_needed()
    said = set()
    for mark in figure.locator(".scatterlayer .point").all():
        box = mark.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=2)
        page.wait_for_timeout(60)
        said |= set(figure.locator(".hoverlayer .hovertext").all_text_contents())
    return {text for text in said if text}


@interactive
def test_charts_come_alive_and_say_in_their_hover_what_the_table_says(
    page: Any, address: str
) -> None:
    kept: list[Any] = []
    page.route("**/plotly*", lambda route: kept.append(route))
    page.goto(f"{address}{PAGE}", wait_until="commit")
    page.wait_for_selector("figure[data-chart=profile] > .chart__drawing--wide svg")
    page.unroute("**/plotly*")
    for each in kept:
        each.continue_()
    page.wait_for_selector("figure[data-chart=profile].chart--live .hoverlayer", state="attached")
    rows = table(page, "profile")
    allowed = {
        f"{row[0]}, {wave}: {cell}"
        for row in rows[1:]
        for wave, cell in zip(rows[0][1:], row[1:], strict=True)
    }
    said = {text for text in hovered(page, "profile") if ": " in text}
    assert len(said) >= 15
    assert said <= allowed
    for chart in page.locator("figure[data-chart]").all():
        chart.scroll_into_view_if_needed()
    count = page.locator("figure[data-chart]").count()
    until(page, f"document.querySelectorAll('.chart--live').length === {count}")
    labels = page.locator(".chart__drawing--live").evaluate_all(
        "all => all.map(e => e.role + e.getAttribute('aria-label').length)"
    )
    assert all(re.fullmatch(r"img[1-9]\d+", label) for label in labels)
    assert page.said == []
    assert {url.split("/")[2] for url in page.asked} == {address.split("/")[2]}


@interactive
def test_a_choice_is_shown_without_loading_the_page_and_keeps_the_focus(
    page: Any, address: str
) -> None:
    page.goto(f"{address}{PAGE}")
    page.wait_for_selector(".chart--live")
    page.locator("details.choose summary").press("Enter")
    page.evaluate("window.here = true")
    page.locator("#fra-1").wait_for(state="visible")
    page.locator("#fra-1").focus()
    page.keyboard.press("Space")
    until(page, "location.search.includes('fra=2')")
    page.wait_for_selector("figure[data-chart=profile].chart--live")
    assert page.evaluate("window.here")
    assert page.evaluate("document.activeElement.id") == "fra-1"
    assert "Måling 2" in page.locator(".headline__sentence").inner_text()
    assert len(table(page, "profile")[0]) == 3
    assert page.locator("[data-told]").inner_text() == "Figurene er oppdatert."
    page.set_viewport_size({"width": 360, "height": 800})
    until(page, "document.querySelector('.chart--live') === null")
    page.locator("figure[data-chart=profile]").scroll_into_view_if_needed()
    until(page, "document.querySelector('.chart--live .main-svg')?.clientWidth < 330")
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0
    assert page.said == []


def test_without_a_script_the_drawings_stand_and_the_form_works(
    world: World,
    address: str,
    browser: Any,
) -> None:
    context = browser.new_context(java_script_enabled=False)
    cookie = world.client("north").get_cookie("session")
    assert cookie is not None
    context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}{PAGE}")
    page.locator("details.choose summary").click()
    page.locator("#fra-1").uncheck()
    page.get_by_role("button", name="Vis", exact=True).click()
    assert "fra=2" in page.url
    assert "Måling 2" in page.locator(".headline__sentence").inner_text()
    assert page.locator("figure[data-chart=profile] svg").first.is_visible()
    context.close()


def overlaps(pdf: Path) -> list[tuple[str, str]]:
    """Pairs of words that are printed over each other."""
    told = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True)
    found = []
    for sheet in told.stdout.decode().split("<page ")[1:]:
        words = re.findall(
            r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>', sheet
        )
        boxes = [(*(float(edge) for edge in word[:4]), word[4]) for word in words]
        for (left, top, right, bottom, one), (x0, y0, x1, y1, two) in combinations(boxes, 2):
            wide, high = min(right, x1) - max(left, x0), min(bottom, y1) - max(top, y0)
            if wide > 1 and high > 0.5 * min(bottom - top, y1 - y0):
                found.append((one, two))
    return found


def test_the_page_prints_on_few_sheets(
    world: World, page: Any, address: str, tmp_path: Path
) -> None:
    place = at(world, "n1")
    draft = Draft("Idékveld hver måned", "Kari, nestleder", date(2027, 3, 1), "planned", None)
    dimensions = world.journey.instrument().dimensions
    with world.parts.db.transaction() as session:
        actions.create(session, place, draft, actor="cli")
        chosen = ChoiceFacts(dimensions[0].id, dimensions[1].id)
        choices.store(session, place, chosen, actor="cli")
    page.goto(f"{address}{PAGE}&utskrift=1")
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    with pikepdf.open(tmp_path / "page.pdf") as printed:
        assert 1 <= len(printed.pages) <= 6
    assert overlaps(tmp_path / "page.pdf") == []
