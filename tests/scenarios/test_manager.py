"""A manager finds out whether leadership has improved, and makes an action of it."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from survey.access.models import Person
from survey.answering.intake import submit
from tests.access.world import World, fresh
from tests.followup.conftest import release_second
from tests.release.journey import draw_answers
from tests.scenarios.conftest import DESK, Stage, follow, picture, press, serve

pytestmark = pytest.mark.chromium


def answer_better(world: World) -> None:
    """The others of the second wave answer; they all find that leadership has become good."""
    draws = random.Random(6)
    journey = world.journey
    instrument = journey.instrument()
    for unit, done in {"n1": 9, "n2": 0, "n3": 0, "s1": 3}.items():
        for code in journey.codes[unit][done:]:
            given: Any = draw_answers(instrument, draws)
            for item in instrument.dimension("leadership").items:
                scale = instrument.scale_of(item.id)
                short = draws.random() < 0.3  # most agree wholly, some nearly
                least, most = scale.minimum + short, scale.maximum - short
                given["items"][item.id] = least if item.reverse else most
            with world.parts.db.transaction() as session:
                own = str(uuid.UUID(int=draws.getrandbits(128)))
                submit(session, world.parts.secret, code, own, given)


@pytest.fixture
def released(tmp_path: Path, browser: Browser) -> Iterator[tuple[Stage, Person]]:
    """A municipality whose second wave has been released."""
    world = fresh(tmp_path)
    answer_better(world)
    release_second(world)
    for stage in serve(world.parts, browser):
        yield stage, world.people["north"]
    world.parts.db.dispose()


def test_a_manager_finds_out_whether_leadership_improved_and_makes_an_action(
    released: tuple[Stage, Person],
) -> None:
    stage, manager = released
    page = stage.page(DESK, "nb", manager)
    page.goto("/enhet")
    picture(page, "manager-1-units")
    follow(page, "Solbakken barnehage")
    page.wait_for_load_state("networkidle")
    picture(page, "manager-2-dashboard")

    # Has leadership improved? The answer is a sentence, with how sure one can be.
    verdict = page.locator(".first__changed tr", has_text="Innovasjonsledelse")
    expect(verdict).to_contain_text("Vi vet ikke om innovasjonsledelse har endret seg (62 og 81)")
    verdict.scroll_into_view_if_needed()
    picture(page, "manager-3-leadership")

    # One thing to improve, one action with an owner and a deadline.
    follow(page, "Oppfølging: tiltak og mål")
    page.select_option("#field-improve", label=_tools(page))
    press(page, "Lagre valget")
    picture(page, "manager-4-choice")
    follow(page, "Nytt tiltak")
    page.fill("#field-title", "Prøve ett nytt verktøy i måneden, og si hva som skjedde")
    page.fill("#field-owner", "Kari, nestleder")
    page.fill("#field-deadline", "2027-03-01")
    picture(page, "manager-5-action")
    press(page, "Lagre")
    expect(page.locator("main")).to_contain_text("Prøve ett nytt verktøy i måneden")
    expect(page.locator("main")).to_contain_text("Kari, nestleder")
    picture(page, "manager-6-agreed", whole=True)


def _tools(page: Page) -> str:
    """The choice of tools as what to improve, whatever stands behind its name."""
    options = page.locator("#field-improve option").all_inner_texts()
    return next(each for each in options if each.startswith("Innovasjonsverktøy"))
