"""A study from its form to the release that was looked at, in a real browser: no barrier on any
page in any state, nothing wider than a phone, and the error summary leads to its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from survey.background import task_handlers
from survey.jobs import execution, tasks
from tests.access.world import World, fresh
from tests.web.test_browser import address, barriers, browser, opened

pytestmark = pytest.mark.chromium
__all__ = ["address", "browser"]

KULTUR = "/stab/3999/undersokelse/kultur"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of this module's own: its tests change it."""
    made = fresh(tmp_path_factory.mktemp("studies"))
    yield made
    made.parts.db.dispose()


def run(world: World) -> None:
    works = task_handlers.works(world.parts)
    while True:
        with world.parts.db.transaction() as session:
            claimed = tasks.claim(session)
        if claimed is None:
            return
        execution.carry_out(world.parts.db, works, claimed)


class Walk:
    """A page that looks for barriers at every stop."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.faults: list[str] = []

    def look(self, *states: str) -> None:
        """The page as it stands: in bokmål here, and reloaded in the other languages where the
        state is kept by its address."""
        for language in states or ("",):
            if language:
                self.page.goto(self.page.url.split("?")[0] + f"?language={language}")
            over = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            found = barriers(self.page) + ([f"{over} px too wide"] if over > 0 else [])
            found += [said for said in self.page.said if "status of 422" not in said]
            self.faults += [f"{self.page.url} {language}: {each}" for each in found]
            self.page.said.clear()
        if states:
            self.page.goto(self.page.url.split("?")[0] + "?language=nb")

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).first.click()


@pytest.fixture
def walk(world: World, browser: Any, address: str) -> Walk:
    page = opened(world, browser, address, "staff", 320)
    page.goto(f"{address}/stab/3999?language=nb")
    return Walk(page, address)


def test_a_study_is_made_its_faults_mended_and_its_wave_opened_after_the_check(
    walk: Walk,
) -> None:
    page = walk.page
    walk.follow("Ny undersøkelse")
    page.fill("#f-k", "3")
    walk.press("Lag undersøkelsen")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert page.title().startswith("Feil: ")
    walk.look()
    page.locator("#error-summary a[href='#f-k']").press("Enter")
    assert page.evaluate("document.activeElement.id") == "f-k"
    page.fill("#f-name", "Åpen kultur")
    page.fill("#f-k", "12")
    walk.press("Vis hva valget mitt betyr")
    assert page.locator(".ks__each--chosen h4").inner_text().startswith("Minst 12 svar")
    walk.look()
    walk.press("Lag undersøkelsen")
    walk.follow("Ny måling")
    page.evaluate("document.querySelector('#f-opens_at').value = '2099-03-29T02:30'")
    walk.press("Lag målingen")
    walk.look()
    page.locator("#f-opens_at").fill("")
    page.locator("#f-closes_at").fill("2099-05-01T16:00")
    walk.press("Lag målingen")
    walk.follow("Endre kladden")
    walk.look("en")
    walk.press("Lagre endringene")
    walk.follow("Sjekk og åpne")
    walk.look("nn", "en")
    walk.press("Åpne målingen")
    assert "Målingen er åpen." in page.inner_text("main")
    walk.follow("Forleng målingen")
    walk.press("Forleng målingen")
    walk.look()
    assert walk.faults == []


def test_a_wave_is_closed_looked_at_and_released_and_its_texts_are_read(
    walk: Walk, world: World
) -> None:
    page = walk.page
    page.goto(f"{walk.base}{KULTUR}/maling/2/forleng?language=nb")
    page.locator("#f-closes_at").fill("2099-05-01T16:00")
    page.get_by_label("Ferie eller fravær").check()
    page.fill("#f-note", "Vinterferie.")
    walk.press("Forleng målingen")
    walk.follow("Lukk før tiden")
    walk.press("Lukk målingen")
    walk.look()
    page.get_by_label("Noe annet").check()
    page.fill("#f-note", "Alle er ferdige.")
    with world.parts.db.transaction() as session:
        wave = session.get_one(type(world.journey.wave), _key(world))
        wave.release_after_close = False
    walk.press("Lukk målingen")
    page.goto(f"{walk.base}{KULTUR}/maling/2/frigi")
    walk.look()
    run(world)
    page.reload()
    walk.look("nn", "en")
    walk.press("Frigi resultatene")
    run(world)
    page.locator("#progress[data-state=done]").wait_for()  # the page sees it by itself
    page.goto(f"{walk.base}{KULTUR}/maling/2")
    walk.follow("Se hva hver enhet får vist")
    walk.look("nn", "en")
    page.goto(f"{walk.base}{KULTUR}/maling/1/tekster")
    walk.press("Lagre")
    walk.look()
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Vis dem slik de er").check()
    walk.press("Lagre")
    assert "1 tekst er avgjort." in page.inner_text("main")
    walk.follow("Les for seg, eller forkort")
    walk.press("Se hvordan den forkortede teksten blir")
    walk.look()
    walk.press("Lagre")
    walk.look()
    assert walk.faults == []


def _key(world: World) -> tuple[int, int]:
    return world.journey.organisation_id, world.journey.wave.id
