"""The follow-up in a real browser: every page and state accessible, with the keyboard alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from survey.access import guard, sessions
from survey.core.db import now
from survey.followup import actions, reminders, targets
from survey.followup.actions import Draft
from survey.followup.model import TargetFacts
from tests.access.world import World, fresh
from tests.followup.conftest import at, release_second
from tests.marks import long

pytestmark = pytest.mark.chromium

SIZES = {"360": {"width": 360, "height": 740}, "1280": {"width": 1280, "height": 900}}
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
UNIT = "/enhet/3999/kultur/k"
PICTURES = os.environ.get("SURVEY_PICTURES")
"""A folder for pictures of every page, for people to look at."""


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@dataclass
class Site:
    world: World
    base: str
    browser: Browser

    def page(self, size: str, language: str, who: str = "staff", **options: Any) -> Page:
        context = self.browser.new_context(
            viewport=SIZES[size],  # type: ignore[arg-type]
            base_url=self.base,
            **options,
        )
        context.set_default_timeout(10_000)
        parts = self.world.parts
        with parts.db.transaction() as session:
            token = sessions.start(session, parts.secret, self.world.people[who], 8)
        cookie: Any = {
            "name": guard.session_cookie(parts.settings),
            "value": token,
            "url": self.base,
        }
        context.add_cookies([cookie, {"name": "language", "value": language, "url": self.base}])
        page = context.new_page()
        complaints: list[str] = []
        page.complaints = complaints  # type: ignore[attr-defined]

        def heard(message: ConsoleMessage) -> None:
            if "ontent Security" in message.text or "ontent-Security" in message.text:
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
def site(tmp_path: Path, browser: Browser) -> Iterator[Site]:
    world = fresh(tmp_path)
    server = make_server("127.0.0.1", 0, world.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(world, f"http://127.0.0.1:{server.server_port}", browser)
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()
    world.parts.db.dispose()


def accessible(page: Page, name: str = "") -> None:
    results = Axe().run(page, options=WCAG)
    assert results.violations_count == 0, results.generate_report()
    assert page.complaints == []  # type: ignore[attr-defined]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
    if PICTURES and name:
        wide = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=f"{PICTURES}/{name}-{wide}.png", full_page=True)


def full(world: World) -> int:
    """Actions of two waves, one late, and targets; returns an action's id."""
    first = at(world, "k")
    a, b = first.dimensions[:2]
    with world.parts.db.transaction() as session:
        late = Draft("Idékveld hver måned", "Kari, nestleder", date(2026, 3, 1), "under_way", a)
        done = Draft("Prøve kortere møter", "Alle", date(2026, 5, 1), "done")
        made = [actions.create(session, first, each, actor="cli") for each in (late, done)]
        wanted = [TargetFacts(a, 73, "leader_agreement", 2028), TargetFacts(b, 60, "other")]
        targets.store(session, first, wanted, actor="cli")
    release_second(world)
    second = at(world, "k")
    with world.parts.db.transaction() as session:
        new = Draft("Hospitere hos Fjellheim skole to dager", "Per", date(2027, 9, 1), "planned", b)
        actions.create(session, second, new, actor="cli")
    return made[0].id


@pytest.mark.parametrize(("size", "language"), [("360", "nn"), long("1280", "en")])
def test_every_page_and_state_is_accessible(site: Site, size: str, language: str) -> None:
    page = site.page(size, language)
    here = UNIT + "/oppfolging"
    page.goto(here)
    accessible(page, "followup-empty")
    action = full(site.world)
    for name, path in {
        "dashboard": UNIT,
        "followup": here,
        "new": here + "/tiltak",
        "edit": f"{here}/tiltak/{action}",
        "delete": f"{here}/tiltak/{action}/slett",
        "targets": here + "/mal",
    }.items():
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        accessible(page, name)
    page.goto(here + "/tiltak")
    page.click("main button[type=submit]")
    expect(page.locator("#error-summary")).to_be_focused()
    accessible(page, "new-faults")
    page.click("#error-summary a >> nth=1")
    expect(page.locator("#field-owner")).to_be_focused()
    page.goto(here + "/mal")
    first = at(site.world, "k").dimensions[0]
    page.fill(f"#field-{first}-value", "hundre")
    page.click("main button[type=submit]")
    expect(page.locator("#error-summary")).to_be_focused()
    accessible(page, "targets-faults")
    page.goto(f"{here}/tiltak/{action}")
    rival = at(site.world, "k")
    with site.world.parts.db.transaction() as session:
        known = actions.get(session, rival.organisation_id, rival.study_id, action)
        draft = Draft("Noe annet", "Noen andre", known.deadline)
        actions.change(session, rival, known, draft, actor="cli")
    page.click("main button[type=submit]")
    expect(page.locator("#error-summary")).to_be_focused()
    accessible(page, "edit-stale")
    auditor = site.page(size, language, "auditor")
    auditor.goto(here)
    accessible(auditor, "followup-auditor")


@pytest.mark.parametrize("size", ["360", "1280"])
def test_the_list_with_a_reminder_is_accessible(site: Site, size: str) -> None:
    with site.world.parts.db.transaction() as session:
        reminders.make_due(session, now() + reminders.AFTER)
    page = site.page(size, "nb", "north")
    page.goto("/enhet")
    accessible(page, "mine-reminder")


def test_an_action_is_agreed_with_the_keyboard_alone_and_without_scripts(site: Site) -> None:
    page = site.page("360", "nb", "north", java_script_enabled=False)
    page.goto("/enhet/3999/kultur/n1/oppfolging/tiltak")
    page.locator("#field-title").focus()
    page.keyboard.type("Idékveld")
    page.keyboard.press("Tab")
    page.keyboard.type("Kari")
    page.keyboard.press("Tab")
    expect(page.locator("#field-deadline")).to_be_focused()
    page.fill("#field-deadline", "2027-03-01")  # its parts follow the browser's own language
    page.locator("#field-status").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_be_visible()
    with site.world.parts.db.reading() as session:
        here = at(site.world, "n1")
        (made,) = actions.of_units(session, here.organisation_id, here.study_id, "n1")
    assert (made.title, made.owner, made.status) == ("Idékveld", "Kari", "under_way")
