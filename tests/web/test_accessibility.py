"""Every page that the service has, in three languages, against WCAG 2.2 AA.

The pages come from the URL map, so a new one is tried the day it is made. What was tried is what
``survey/web/accessibility.json`` says and the page /tilgjengelighet shows; after a change of pages:

    WRITE_ACCESSIBILITY=1 .venv/bin/pytest -n0 tests/web/test_accessibility.py

Each language is seen in a way of its own (``make test`` tries every page in one of them,
``make test-full`` in all): bokmål on a wide screen with text of twice the size and
by keyboard, nynorsk at 320 px, English in forced colours. The look of the pages is in the name of
the test: Designsystemet's when it was built, and our own without it.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from survey.jobs import tasks
from survey.organisation import changes
from survey.organisation.units import unit_by_code
from survey.web.base import look
from tests.access.world import World, arguments
from tests.marks import long
from tests.web.test_browser import Quiet, browser

pytestmark = pytest.mark.chromium
__all__ = ["browser"]

LANGUAGES = ("nb", "nn", "en")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
DATA = Path(str(resources.files("survey.web"))) / "accessibility.json"

ELSEWHERE = {
    "answer.show": "tests/web/test_answer_browser.py",
    "answer.link": "leads to answer.show",
    "factor.ask": "tests/web/test_account_browser.py",
    "outside.begin": "leads to another service",
    "outside.answer": "leads to the reader's pages",
    "outside.leave": "leads to another service",
    "staff_waves.confirm_open": "tests/web/test_studies_browser.py",
    "staff_waves.edit": "tests/web/test_studies_browser.py",
    "staff_release.hidden": "leads to staff_release.shown",
    "staff_release.show": "tests/web/test_studies_browser.py",
}
"""Pages that need more than an address, and where they are tried."""


ENGLISH = ("documentation.docs",)
"""Pages that have one language, seen once."""


DECIDING = "/stab/3999/enheter/endringer/ny?fra=n3&til=n1&valgt=1"
"""The second step of telling a merger or a split."""


@dataclass(frozen=True)
class Visit:
    """A page as somebody sees it. ``state`` tells visits of one page apart."""

    endpoint: str
    rule: str
    path: str
    name: str | None
    state: str


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
def visits(world: World) -> list[Visit]:
    """Every address that answers with a page, as the one who may see it; and some states more."""
    with world.parts.db.transaction() as session:
        payload = {"study": "kultur", "languages": ["nb"], "ordinal": 1}
        task = tasks.enqueue(session, world.journey.organisation_id, "unit_reports", payload, "cli")
        task.state, task.done, task.total = "running", 3, 8
        unit = unit_by_code(session, world.journey.organisation_id, "n3")
        renamed = changes.note(session, unit, "renamed", "cli", before="Lia", after=unit.name)
        number = task.id
    known = arguments(task=number, person=world.people["north"].id, change=renamed.id)
    found = [Visit("reorganisations.add", "", DECIDING, "staff", "deciding")]
    clients = {name: world.client(name) for name in (None, "north", "staff")}
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        if not _is_page(rule.rule):
            continue
        for state in _states(rule.arguments):
            values = {k: v for k, v in {**known, **state}.items() if k in rule.arguments}
            path = world.app.url_map.bind("localhost").build(rule.endpoint, values)
            for name, client in clients.items():
                with client.get(path) as answer:
                    page = answer.mimetype == "text/html" and answer.status_code in (200, 410)
                if page:
                    gone = ["gone"] if answer.status_code == 410 else []
                    text = ",".join(f"{k}={v}" for k, v in state.items()) or "".join(gone)
                    found.append(Visit(rule.endpoint, rule.rule, path, name, text))
                    break
    found.append(Visit("base.sign_in", "/logg-inn", "/logg-inn?ut=1", None, "signed out"))
    found.append(Visit("unit.mine", "/enhet", "/enhet", "idle", "no unit"))
    found.append(Visit("unit.show", "", "/enhet/3999/kultur/n3?utskrift=1", "north", "print"))
    found.append(Visit("error", "", "/finnes-ikke", None, "404"))
    found.append(Visit("error", "", "/stab/3999", "north", "403"))
    return found


def _is_page(rule: str) -> bool:
    """False for the API, files, and what leads elsewhere without being seen."""
    if rule.startswith(("/api/", "/static/", "/s/", "/skrift/")):
        return rule == "/api/v1/docs"
    return "." not in rule and not rule.endswith(("/fil", "z"))


def _states(names: set[str]) -> list[Mapping[str, Any]]:
    """A released and an open wave; a large unit, and one whose numbers are hidden."""
    if "ordinal" in names:
        return [{"ordinal": 1}, {"ordinal": 2}]
    if "unit" in names and "study" in names and not names & {"action", "chart"}:
        return [{"unit": "n1"}, {"unit": "s2"}]
    return [{}]


class Reader:
    """One browser tab for each person, used again for every page."""

    def __init__(self, world: World, browser: Browser, address: str) -> None:
        self.world, self.browser, self.address = world, browser, address
        self.tabs: dict[str | None, tuple[BrowserContext, Page]] = {}
        self.said: list[str] = []
        axe = resources.files("axe_playwright_python") / "axe.min.js"
        self.axe = axe.read_text("utf-8")

    def page(self, name: str | None) -> Page:
        if name not in self.tabs:
            context = self.browser.new_context(service_workers="block")
            if name is not None:
                cookie = self.world.client(name).get_cookie("session")
                assert cookie is not None
                context.add_cookies(
                    [{"name": "session", "value": cookie.value, "url": self.address}]
                )
            context.route("**/plotly-*.js*", lambda route: route.abort())
            page = context.new_page()
            page.on("console", lambda message: self.said.append(message.text))
            page.on("pageerror", lambda error: self.said.append(str(error)))
            self.tabs[name] = (context, page)
        return self.tabs[name][1]

    def open(self, visit: Visit, language: str) -> Page:
        page = self.page(visit.name)
        joint = "&" if "?" in visit.path else "?"
        self.said.clear()
        page.goto(f"{self.address}{visit.path}{joint}language={language}")
        return page

    def barriers(self, page: Page) -> list[str]:
        page.evaluate(self.axe)
        found = page.evaluate("options => axe.run(document, options)", RULES)["violations"]
        return [f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found]

    def close(self) -> None:
        for context, _ in self.tabs.values():
            context.close()


def anatomy(page: Page, language: str) -> list[str]:
    """One title, one heading of the first level, the right languages."""
    seen = page.evaluate(
        """() => ({
          title: document.title, lang: document.documentElement.lang,
          h1: document.querySelectorAll("h1").length,
          switch: [...document.querySelectorAll(".language-switch a")].map(a => a.lang),
          over: document.documentElement.scrollWidth - window.innerWidth,
        })"""
    )
    faults = []
    if not seen["title"].split("–")[0].strip():
        faults.append("no title")
    if seen["lang"] != language and "/api/" not in page.url:
        faults.append(f"lang is {seen['lang']}")
    if seen["h1"] != 1:
        faults.append(f"{seen['h1']} headings of the first level")
    if any(not each for each in seen["switch"]):
        faults.append("a language without lang")
    if seen["over"] > 0:
        faults.append(f"{seen['over']} px too wide")
    return faults


WHERE = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) { return null; }
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const around = e.closest("label, .choice") ?? e, ring = getComputedStyle(around);
  const marked = [style, ring].some(s => s.boxShadow !== "none"
    || (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2));
  const x = Math.min(Math.max(box.x + Math.min(box.width, 20) / 2, 1), innerWidth - 1);
  const y = Math.min(Math.max(box.y + box.height / 2, 1), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  const over = top && (e.contains(top) || top.contains(e) || around.contains(top));
  const all = [...document.querySelectorAll("*")];
  return { at: all.indexOf(e), name: e.outerHTML.slice(0, 90), marked,
    seen: over && box.bottom > 0 && box.top < innerHeight };
}"""


def keyboard(page: Page, limit: int = 40) -> list[str]:
    """Tab through the page: the order of the page, always visible, never stuck."""
    faults, first, last = [], -1, -1
    page.evaluate("document.activeElement?.blur?.(); window.scrollTo(0, 0)")
    for _ in range(limit):
        page.keyboard.press("Tab")
        here = page.evaluate(WHERE)
        if here is None:
            break
        if here["at"] <= last:
            if here["at"] not in (first, last):  # a browser without a frame begins anew
                faults.append(f"focus goes back to {here['name']}")
            break
        first, last = (here["at"] if first < 0 else first), here["at"]
        if not here["marked"]:
            faults.append(f"focus does not show on {here['name']}")
        if not here["seen"]:
            faults.append(f"focus is hidden on {here['name']}")
    return faults if last >= 0 else ["nothing can be reached with Tab"]


COLOURS = """() =>
  [...document.querySelectorAll(".button, input:not([type=hidden]), select, textarea")]
  .filter(e => e.checkVisibility() && !["file", "checkbox", "radio"].includes(e.type)
    && !e.closest(".language-switch, .first-button"))
  .filter(e => parseFloat(getComputedStyle(e).borderTopWidth) < 1 && !e.matches(".button--quiet"))
  .map(e => "no border in forced colours: " + e.outerHTML.slice(0, 80))"""


def way(page: Page, language: str, by_keyboard: bool) -> list[str]:
    """What is tried in this language only; by keyboard, the first state of a page."""
    if language == "nb":
        faults = keyboard(page) if by_keyboard else []
        page.evaluate("document.documentElement.style.fontSize = '225%'")
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return [*faults, *([f"{over} px too wide with large text"] if over > 0 else [])]
    return page.evaluate(COLOURS) if language == "en" else []


def prepare(page: Page, language: str) -> None:
    page.set_viewport_size({"width": 320 if language == "nn" else 1280, "height": 800})
    page.emulate_media(
        forced_colors="active" if language == "en" else "none", reduced_motion="reduce"
    )


DESIGNED = pytest.param(
    "designsystemet",
    marks=pytest.mark.skipif(not look.built(look.THEME), reason="Designsystemet was not built"),
)


SHARES = [0, long(1), long(2)]
"""Thirds of all pages: of each language one is tried in every run, so that every page is tried in
one language, and all of them in the whole run."""


def share_of(visits: list[Visit], language: str, number: int) -> list[Visit]:
    """One third of what is there to see; the thirds of one number make up the whole."""
    start = (number - LANGUAGES.index(language)) % len(LANGUAGES)
    return visits[start :: len(LANGUAGES)]


def first_states(visits: list[Visit]) -> set[Visit]:
    """The first visit of every page."""
    return set({visit.endpoint: visit for visit in reversed(visits)}.values())


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dress", [DESIGNED])
def test_no_page_has_a_barrier_in(
    world: World,
    browser: Browser,
    address: str,
    visits: list[Visit],
    dress: str,
    language: str,
    share: int,
) -> None:
    reader, faults = Reader(world, browser, address), []
    by_keyboard = first_states(visits)
    for visit in share_of(visits, language, share):
        if visit.endpoint in ENGLISH and language != "nb":
            continue
        page = reader.page(visit.name)
        prepare(page, language)
        reader.open(visit, language)
        problems = [*anatomy(page, language), *reader.barriers(page)]
        problems += way(page, language, visit in by_keyboard)
        problems += [said for said in reader.said if "Content Security Policy" in said]
        faults += [f"{visit.path} ({visit.name}): {problem}" for problem in problems]
    reader.close()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shares_are_all_pages_and_every_page_has_each_number_once(
    visits: list[Visit], language: str
) -> None:
    numbers = range(len(LANGUAGES))
    shares = [share_of(visits, language, number) for number in numbers]
    assert sorted(map(repr, chain(*shares))) == sorted(map(repr, visits))
    across = [share_of(visits, other, 0) for other in LANGUAGES]
    assert sorted(map(repr, chain(*across))) == sorted(map(repr, visits))
    assert len(SHARES) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_pages_have_one_title(world: World, visits: list[Visit], language: str) -> None:
    clients = {name: world.client(name) for name in {visit.name for visit in visits}}
    ends = defaultdict(set)
    for visit in visits:
        if visit.state == "gone" or (visit.endpoint in ENGLISH and language != "nb"):
            continue  # a link that no longer works says the same everywhere
        joint = "&" if "?" in visit.path else "?"
        answer = clients[visit.name].get(f"{visit.path}{joint}language={language}")
        title = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
        assert title is not None, visit.path
        ends[" ".join(title[1].split())].add(visit.endpoint)
    assert {title: names for title, names in ends.items() if len(names) > 1} == {}


def test_our_own_look_has_no_barrier_either(
    world: World,
    browser: Browser,
    address: str,
    visits: list[Visit],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(look, "built", lambda name: False)
    wanted = {"base.start", "base.sign_in", "unit.show", "staff.show_wave", "organisation.show"}
    wanted |= {"account.show", "followup.new_action", "answer.type_code", "error"}
    reader, faults = Reader(world, browser, address), []
    for visit in (each for each in visits if each.endpoint in wanted):
        page = reader.page(visit.name)
        prepare(page, "nn")
        reader.open(visit, "nn")
        assert "vendor/theme.css" not in page.content()
        faults += [f"{visit.path}: {said}" for said in reader.barriers(page) + anatomy(page, "nn")]
    reader.close()
    assert not faults, "\n".join(faults)


def test_the_statement_says_what_was_tried(world: World, visits: list[Visit]) -> None:
    tried: dict[str, set[str]] = defaultdict(set)
    for visit in visits:
        if visit.rule:
            tried[visit.rule].add(visit.state)
    said = json.loads(DATA.read_text("utf-8")) if DATA.is_file() else {}
    pages = {rule: len(states) for rule, states in sorted(tried.items())}
    if os.environ.get("WRITE_ACCESSIBILITY"):
        said.update(date=date.today().isoformat(), languages=list(LANGUAGES), pages=pages)  # noqa: DTZ011
        DATA.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert said["pages"] == pages, "pages came or went: see the top of this file"
    assert said["languages"] == list(LANGUAGES)
    seen = {visit.endpoint for visit in visits}
    client = world.client("staff")
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or not _is_page(rule.rule):
            continue
        if rule.endpoint in seen or rule.endpoint in ELSEWHERE:
            continue
        values = {k: v for k, v in arguments().items() if k in rule.arguments}
        path = world.app.url_map.bind("localhost").build(rule.endpoint, values)
        kind = client.get(path)
        page = kind.mimetype == "text/html" and kind.status_code != 404
        assert not page, f"{rule.endpoint} is a page that nothing tries"
