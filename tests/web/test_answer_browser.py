"""The respondent's pages in a real browser: steps, draft, dead connections, accessibility."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    expect,
    sync_playwright,
)
from werkzeug.serving import WSGIRequestHandler, make_server

import survey
from survey.core.db import now
from survey.instrument.check import load
from survey.web.catalogue import text
from tests.answering.conftest import World, build
from tests.marks import long

pytestmark = pytest.mark.chromium

SHIPPED = load(Path(survey.__path__[0]).parent / "instruments" / "baerum-barometer" / "1.yaml")
LOCALES = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB", "se": "se-NO"}
PHONE = {"width": 360, "height": 740}
SMALL = {"width": 320, "height": 600}
DESK = {"width": 1280, "height": 900}
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")]
        .filter((each) => each.getBoundingClientRect().right > innerWidth)
        .map((each) => `${each.tagName} ${each.id} ${each.className} ${each.textContent}`)"""


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@dataclass
class Site:
    world: World
    base: str
    browser: Browser

    def page(
        self,
        size: dict[str, int] = PHONE,
        language: str = "nb",
        worker: bool = False,
        **options: Any,
    ) -> Page:
        """A page of a device of its own; without a service worker, as in Safari and Firefox."""
        context = self.browser.new_context(
            service_workers="allow" if worker else "block",
            viewport=size,  # type: ignore[arg-type]
            locale=LOCALES[language],
            base_url=self.base,
            **options,
        )
        context.set_default_timeout(10_000)
        return watched(context)

    def code(self, unit: str = "north", number: int = 0) -> str:
        return f"/s/{self.world.codes[unit][number].link}"


def watched(context: BrowserContext) -> Page:
    """A page that remembers what the console complained about (a strict CSP among others)."""
    page = context.new_page()
    complaints: list[str] = []
    page.complaints = complaints  # type: ignore[attr-defined]

    def heard(message: ConsoleMessage) -> None:
        if "Content Security" in message.text or "Content-Security" in message.text:
            complaints.append(message.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", heard)
    return page


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def site(services: Any, app: Any, browser: Browser) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    world = build(services.db, secret=services.secret)
    yield Site(world, f"http://127.0.0.1:{server.server_port}", browser)
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()


def accessible(page: Page) -> None:
    results = Axe().run(page, options=WCAG)
    assert results.violations_count == 0, results.generate_report()
    assert page.complaints == []  # type: ignore[attr-defined]
    assert page.evaluate(TOO_WIDE) == []


def forward(page: Page) -> None:
    page.locator(".step-nav button:not(#send)").last.click()


def draft(page: Page) -> str:
    return str(page.evaluate("JSON.stringify(localStorage)"))


def kept(page: Page) -> None:
    """Wait until a draft has been written (the pages' CSP forbids Playwright's own waiting)."""
    for _ in range(100):
        if "svar-draft:" in draft(page):
            return
        page.wait_for_timeout(50)
    raise AssertionError("no draft was written")


@pytest.mark.parametrize(
    ("size", "language"),
    [(PHONE, "nb"), long(PHONE, "en"), long(SMALL, "se"), long(DESK, "nn")],
    ids=lambda value: value if isinstance(value, str) else str(value["width"]),
)
def test_every_page_and_state_is_accessible(
    site: Site, size: dict[str, int], language: str
) -> None:
    page = site.page(size, language)
    page.goto("/kode")
    accessible(page)
    page.fill("#code", "ABCDE-12345")
    page.keyboard.press("Enter")
    expect(page.locator("#error-summary")).to_be_focused()
    accessible(page)
    page.goto(site.code())
    accessible(page)
    while True:
        forward(page)
        accessible(page)
        if page.locator("#send").is_visible():
            break
    page.click("#send")
    expect(page.locator("#error-summary")).to_be_focused()
    accessible(page)
    page.click("#error-summary a")
    expect(page.locator("#f-trust-0")).to_be_focused()
    page.keyboard.press("Space")
    while not page.locator("#send").is_visible():
        forward(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert page.locator("html").get_attribute("lang") == language
    accessible(page)
    page.goto(site.code())
    expect(page.locator("h1")).to_have_text(text("answer.used_title", language))
    accessible(page)


def test_without_javascript_the_whole_form_is_one_accessible_page(site: Site) -> None:
    page = site.page(PHONE, java_script_enabled=False)
    page.goto(site.code())
    assert page.locator("fieldset:visible").count() == 7
    assert page.locator("#draft").is_hidden()
    # the whole row is the target, also outside the words
    row = page.locator(".choice", has_text="Litt enig").first
    box = row.bounding_box()
    assert box is not None
    row.click(position={"x": box["width"] - 8, "y": 6})
    assert page.is_checked("#f-trust-2")
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert site.world.spent() == 1


@pytest.mark.parametrize("language", LOCALES)
def test_the_promise_is_read_on_a_phone_without_scrolling(site: Site, language: str) -> None:
    page = site.page(PHONE, language)
    page.goto(site.code())
    promise = page.get_by_text(text("answer.promise", language, k=5)).bounding_box()
    start = page.get_by_role("button", name=text("answer.begin", language)).bounding_box()
    assert promise is not None
    assert start is not None
    assert promise["y"] + promise["height"] <= start["y"]


@pytest.mark.parametrize(("size", "first"), [(PHONE, 1), (DESK, 3)])
def test_steps_show_one_statement_on_a_phone_and_several_on_a_wide_screen(
    site: Site, size: dict[str, int], first: int
) -> None:
    page = site.page(size)
    page.goto(site.code())
    assert page.title().startswith("Liten undersøkelse")
    forward(page)
    steps = 8 if first == 1 else 2
    expect(page).to_have_title(f"Steg 1 av {steps} – Liten undersøkelse – Innovasjonsbarometeret")
    assert page.locator(".block:visible").count() == first
    expect(page.locator(".step-head h1")).to_be_focused()
    page.check("#f-trust-3")
    forward(page)
    expect(page).to_have_title(f"Steg 2 av {steps} – Liten undersøkelse – Innovasjonsbarometeret")
    page.go_back()
    expect(page.locator("#b-trust")).to_be_visible()
    assert page.is_checked("#f-trust-3")
    page.set_viewport_size(DESK if first == 1 else PHONE)  # type: ignore[arg-type]
    expect(page.locator("#b-trust")).to_be_visible()


def test_an_answer_can_be_emptied_and_none_of_these_excludes_the_others(site: Site) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    page.check("#f-time-0")
    page.locator("#b-time .clear").click()
    assert page.locator("#b-time input:checked").count() == 0
    forward(page)
    page.check("#f-effects-0")
    page.check("#f-effects-2")
    assert not page.is_checked("#f-effects-0")
    page.check("#f-effects-1")
    assert not page.is_checked("#f-effects-2")


def test_keyboard_alone_answers(site: Site) -> None:
    page = site.page(PHONE)
    page.goto(site.code())
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.step-nav') !== null"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert page.is_checked("#f-trust-1")


def test_a_draft_survives_being_cut_off_and_no_one_else_can_read_it(site: Site) -> None:
    page = site.page(PHONE)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    kept(page)
    page.evaluate("document.querySelector('[name=\"t.help\"]').value = 'Hemmelig tekst'")
    page.locator("#f-trust-3").dispatch_event("input")
    page.wait_for_timeout(500)
    stored = draft(page)
    for word in ("Hemmelig", "trust", site.code()[3:], "north"):
        assert word not in stored
    own = page.input_value("[name=submission_id]")

    # cut off: the tab is gone, the link is opened again
    page.close()
    again = watched(site.browser.contexts[-1])
    again.goto(site.code())
    expect(again.locator("#b-trust")).to_be_visible()
    assert again.is_checked("#f-trust-3")
    assert again.input_value("[name='t.help']") == "Hemmelig tekst"
    assert again.input_value("[name=submission_id]") == own
    expect(again.locator("#status")).to_have_text(text("answer.draft_found", "nb"))

    # a colleague with another code on the same device sees nothing of it
    again.goto(site.code(number=1))
    expect(again.locator(".start")).to_be_visible()
    assert again.locator("input:checked").count() == 0
    assert site.world.spent() == 0


def test_the_draft_goes_when_it_is_deleted_or_sent(site: Site) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    kept(page)
    first = page.input_value("[name=submission_id]")
    page.click("#forget")
    expect(page.locator("#status")).to_have_text(text("answer.forgotten", "nb"))
    page.wait_for_timeout(400)
    assert draft(page) == "{}"
    assert page.locator("input:checked").count() == 0
    assert page.input_value("[name=submission_id]") != first
    forward(page)
    page.check("#f-trust-0")
    kept(page)
    forward(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert draft(page) == "{}"
    assert page.evaluate("document.cookie") == ""
    assert site.world.inbox()[0].sheet.startswith("1")


def test_old_drafts_go_when_the_survey_has_closed(site: Site) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    kept(page)
    page.clock.set_fixed_time(now() + timedelta(days=2))
    site.world.change_wave(state="closed", closes_at=now())
    page.goto(site.code())
    expect(page.locator("h1")).to_have_text(text("answer.closed_title", "nb"))
    assert draft(page) == "{}"


def test_another_language_keeps_answers_and_place(site: Site) -> None:
    page = site.page(PHONE)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    forward(page)
    page.check("#f-time-1")
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.get_by_role("button", name="Nynorsk").click()
    assert "trust" not in (asked.value.post_data or ""), "the answers stay here"
    expect(page.locator("html")).to_have_attribute("lang", "nn")
    expect(page.locator("#b-time")).to_be_visible()
    expect(page.locator("#f-time-1")).to_be_checked()
    expect(page.locator("#f-trust-3")).to_be_checked()
    # the questions have no Sámi: the frame has, and says which is which
    page.get_by_role("button", name="Davvisámegiella").click()
    expect(page.locator("html")).to_have_attribute("lang", "se")
    expect(page.locator("#b-time legend")).to_have_attribute("lang", "nb")
    expect(page.locator("#f-time-1")).to_be_checked()
    expect(page.locator(".step-nav button:visible").last).to_have_text(text("answer.next", "se"))
    page.wait_for_timeout(300)
    accessible(page)


def test_sending_goes_on_until_it_is_acknowledged(site: Site) -> None:
    """The first request never leaves, the second arrives and its answer is lost."""
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-2")
    forward(page)
    seen: list[str] = []

    def cut(route: Route) -> None:
        seen.append(route.request.post_data or "")
        if len(seen) == 1:
            route.abort("internetdisconnected")
        elif len(seen) == 2:
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/svar", cut)
    page.click("#send")
    expect(page.locator("#status")).to_have_text(text("answer.retrying", "nb"))
    page.wait_for_url("**/takk*")
    assert len(seen) == 3
    assert len(set(seen)) == 1, "the same submission, word for word"
    assert len(site.world.inbox()) == 1
    assert draft(page) == "{}"


def test_a_page_that_was_closed_while_sending_sends_on_when_it_is_opened_again(
    site: Site,
) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-2")
    forward(page)
    page.route("**/svar", lambda route: route.abort("internetdisconnected"))
    page.click("#send")
    expect(page.locator("#status")).to_have_text(text("answer.retrying", "nb"))
    page.close()
    again = watched(site.browser.contexts[-1])
    again.goto(site.code())
    again.wait_for_url("**/takk*")
    assert len(site.world.inbox()) == 1


def test_nothing_leaves_the_device_before_send_and_no_other_host_is_asked(site: Site) -> None:
    page = site.page(PHONE)
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.method, request.url)))
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    for _ in range(4):
        forward(page)
    page.wait_for_timeout(500)
    assert {method for method, _ in asked} == {"GET"}
    assert all(url.startswith(site.base) for _, url in asked)
    assert "trust" not in json.dumps(asked)


def test_the_pages_read_in_forced_colours(site: Site) -> None:
    page = site.page(DESK, forced_colors="active")
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    accessible(page)
    outline = page.evaluate(
        "getComputedStyle(document.querySelector('#f-trust-3').closest('.choice')).outlineStyle"
    )
    assert outline == "solid"


def test_the_form_weighs_little(site: Site) -> None:
    """At most 60 kB travel for the heaviest shipped questionnaire; nothing is reckoned twice.

    The page itself is sent as it is, because it holds the code beside what was typed (BREACH).
    """
    site.world.change_wave(
        instrument=SHIPPED.to_dict(), instrument_digest=SHIPPED.digest, instrument_version="1"
    )
    page = site.page(PHONE, worker=True)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: dict[str, float] = {}
    address: dict[str, str] = {}
    network.on(
        "Network.responseReceived",
        lambda event: address.update({event["requestId"]: event["response"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda event: sizes.update({address[event["requestId"]]: event["encodedDataLength"]}),
    )
    page.goto(site.code())
    page.wait_for_load_state("networkidle")
    assert page.locator(".block").count() >= 24
    assert len(sizes) >= 6
    assert sum(sizes.values()) < 60_000, sizes


RECORDS = """() => new Promise((resolve) => {
    const opened = indexedDB.open("svar-waiting", 1);
    opened.onupgradeneeded = () => opened.result.createObjectStore("answers", { keyPath: "name" });
    opened.onsuccess = () => {
        const all = opened.result.transaction("answers").objectStore("answers").getAll();
        all.onsuccess = () => {
            opened.result.close();
            resolve(all.result.map((each) => ({
                ...each, envelope: each.envelope && Array.from(each.envelope),
            })));
        };
    };
})"""


def waiting(page: Page) -> list[dict[str, Any]]:
    """What waits on the device for a connection."""
    found: list[dict[str, Any]] = page.evaluate(RECORDS)
    return found


def workers(page: Page) -> int:
    return int(
        page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")
    )


def until(true: Any, page: Page) -> None:
    for _ in range(100):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def offline(site: Site, number: int = 0) -> Page:
    """A page that has pressed "send" without a connection."""
    page = site.page(DESK, worker=True)
    page.goto(site.code(number=number))
    expect(page.locator("#send-offline")).to_be_attached()
    until(lambda: page.evaluate("!document.querySelector('#send-offline').hidden"), page)
    forward(page)
    page.check("#f-trust-2")
    forward(page)
    page.context.set_offline(True)
    page.click("#send")
    expect(page.locator("#status")).to_have_text(text("answer.waiting", "nb"))
    return page


def test_a_closed_page_s_answer_is_sent_when_the_connection_returns(site: Site) -> None:
    page = offline(site)
    (record,) = waiting(page)
    plain = bytes(record["envelope"]).decode("latin1")
    for word in ("trust", site.code()[3:], "code="):
        assert word not in plain
    assert record["until"] <= (now() + timedelta(hours=24)).timestamp() * 1000
    context = page.context
    page.close()
    assert site.world.spent() == 0
    context.set_offline(False)
    other = watched(context)
    until(lambda: site.world.spent() == 1, other)
    (answer,) = site.world.inbox()
    assert answer.sheet.startswith("3")
    # the next visit to these pages leaves nothing, not even the service worker
    other.goto("/kode")
    until(lambda: draft(other) == "{}" and waiting(other) == [] and workers(other) == 0, other)
    other.goto(site.code())
    expect(other.locator("h1")).to_have_text(text("answer.used_title", "nb"))


def test_a_waiting_answer_can_be_deleted_and_is_not_sent(site: Site) -> None:
    page = offline(site)
    page.get_by_role("button", name=text("answer.forget", "nb")).click()
    expect(page.locator("#status")).to_have_text(text("answer.forgotten_sending", "nb"))
    until(lambda: waiting(page) == [] and draft(page) == "{}", page)
    assert page.locator("input:checked").count() == 0
    page.context.set_offline(False)
    page.wait_for_timeout(1500)
    assert site.world.spent() == 0
    forward(page)
    page.check("#f-trust-1")
    forward(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    (answer,) = site.world.inbox()
    assert answer.sheet.startswith("2")


def test_an_open_page_hears_that_its_answer_was_sent_for_it(site: Site) -> None:
    """The page itself gets no answer through; the service worker does."""
    page = site.page(DESK, worker=True)
    page.goto(site.code())
    until(lambda: page.evaluate("!document.querySelector('#send-offline').hidden"), page)
    forward(page)
    page.check("#f-trust-2")
    forward(page)
    page.route("**/svar", lambda route: route.abort("internetdisconnected"))
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert len(site.world.inbox()) == 1
    until(lambda: draft(page) == "{}" and waiting(page) == [] and workers(page) == 0, page)


def test_who_asked_for_it_is_led_on_by_a_press_and_never_by_a_key(site: Site) -> None:
    page = site.page(PHONE)
    page.goto(site.code())
    page.get_by_label(text("answer.advance", "nb")).check()
    forward(page)
    page.locator(".choice", has_text="Litt enig").first.click()
    expect(page.locator("#b-time")).to_be_visible()
    expect(page.locator(".step-head h1")).to_be_focused()
    page.wait_for_timeout(800)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.is_checked("#f-time-1")
    page.wait_for_timeout(500)
    expect(page.locator("#b-time")).to_be_visible()
    assert site.page(DESK).goto(site.code())
    assert site.browser.contexts[-1].pages[0].locator("#advance").is_hidden()


def test_without_javascript_an_answer_can_be_taken_back(site: Site) -> None:
    page = site.page(PHONE, java_script_enabled=False)
    page.goto(site.code())
    page.check("#f-trust-2")
    page.check("#f-time-1")
    page.get_by_label(text("answer.none", "nb")).nth(1).check()
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert site.world.inbox()[0].sheet.startswith("30")


def test_large_text_on_a_small_screen_by_keyboard_alone(site: Site) -> None:
    """320 px, twice the text, forced colours, no pointer: from code by an error to thanks."""
    page = site.page(SMALL, "se", forced_colors="active")
    larger = "document.documentElement.style.fontSize = '225%'"  # twice what base.css says
    press = page.keyboard.press

    def reach(selector: str) -> None:
        for _ in range(60):
            press("Tab")
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"the keyboard never reached {selector}")

    page.goto("/kode")
    page.evaluate(larger)
    reach("#code")
    page.keyboard.type(site.world.codes["north"][0].short.lower().replace("-", " "))
    press("Enter")
    page.wait_for_url("**/svar")
    page.evaluate(larger)
    accessible(page)
    reach(".step-nav button")
    press("Enter")
    while not page.locator("#send").is_visible():
        reach(".step-nav button:not(.button--secondary)")
        accessible(page)
        focused = page.evaluate(
            "document.activeElement.getBoundingClientRect().bottom <= innerHeight"
        )
        assert focused, "the focus is out of sight"
        press("Enter")
    reach("#send")
    press("Enter")
    expect(page.locator("#error-summary")).to_be_focused()
    page.evaluate(larger)
    accessible(page)
    reach("#error-summary a")
    press("Enter")
    expect(page.locator("#f-trust-0")).to_be_focused()
    press("Space")
    while not page.locator("#send").is_visible():
        reach(".step-nav button:not(.button--secondary)")
        press("Enter")
    reach("#send")
    press("Enter")
    page.wait_for_url("**/takk*")
    page.evaluate(larger)
    accessible(page)
    assert page.locator("html").get_attribute("lang") == "se"
