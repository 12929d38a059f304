"""Signing in, reading and mending by keyboard in a real browser. Every page by itself is tried in
``test_accessibility.py``."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from survey.access import links
from tests.access.world import World

pytestmark = pytest.mark.chromium

CHROMIUM = Path("/usr/bin/chromium")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


class Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, world.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(world: World, browser: Any, address: str, name: str | None, width: int) -> Any:
    context = browser.new_context(viewport={"width": width, "height": 800})
    if name is not None:
        cookie = world.client(name).get_cookie("session")
        assert cookie is not None
        context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    return page


def barriers(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


def test_a_manager_signs_in_by_link_and_reads_a_result_by_keyboard_alone(
    world: World, browser: Any, address: str
) -> None:
    with world.parts.db.transaction() as session:
        token = links.create(session, world.parts.secret, world.people["north"], actor="cli")
    page = opened(world, browser, address, None, 360)
    page.goto(f"{address}/inn/{token}?language=nb")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Hopp til innholdet"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/enhet(#main)?$"))
    page.locator("a[href='/enhet/3999/kultur/n1']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/enhet/3999/kultur/n1")
    assert page.get_by_role("heading", level=1).inner_text() == "Solbakken barnehage"
    numbers = page.locator(".chart__numbers summary").first
    numbers.focus()
    page.keyboard.press("Enter")
    page.locator(".chart__numbers table").first.wait_for(state="visible")
    page.context.close()


def test_a_failed_sign_in_comes_back_with_the_summary_in_focus(
    world: World, browser: Any, address: str
) -> None:
    page = opened(world, browser, address, None, 360)
    page.goto(f"{address}/logg-inn?language=nn")
    page.get_by_label("E-postadresse").fill("ingen@kommune.no")
    page.get_by_label("Passord").fill("feil hest batteri")
    page.get_by_role("button", name="Logg inn").click()
    page.wait_for_selector("#error-summary")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert page.title().startswith("Du vart ikkje logga inn")
    assert page.get_by_label("E-postadresse").input_value() == "ingen@kommune.no"
    assert barriers(page) == []
    page.context.close()


def test_a_wrong_file_comes_back_with_its_faults_and_no_barrier(
    world: World, browser: Any, address: str
) -> None:
    page = opened(world, browser, address, "staff", 360)
    page.goto(f"{address}/stab/3999/enheter?language=nb")
    wrong = {"name": "x.csv", "mimeType": "text/csv", "buffer": b"code;name;parent code\nx;;y\n"}
    page.set_input_files("#file", files=[wrong])
    page.get_by_role("button", name="Se hva som endres").click()
    page.wait_for_selector("#error-summary")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert barriers(page) == []
    page.context.close()


def test_a_unit_is_mended_from_the_summary_and_said_in_nynorsk(
    world: World, browser: Any, address: str
) -> None:
    page = opened(world, browser, address, "staff", 320)
    page.goto(f"{address}/stab/3999/enheter/enhet/s2?language=nn")
    page.get_by_label("Namn").fill("")
    page.get_by_label("Tilsette i sjølve eininga").fill("mange")
    page.get_by_role("button", name="Lagre").click()
    page.wait_for_selector("#error-summary")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert page.title().startswith("Ikkje lagra")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.get_by_role("link", name="Namn: manglar.").click()
    page.keyboard.type("Havna barnehage")
    page.get_by_label("Tilsette i sjølve eininga").fill("12")
    page.get_by_role("button", name="Lagre").click()
    page.get_by_text("Eininga er lagra.").wait_for()
    page.context.close()
