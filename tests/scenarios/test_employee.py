"""An employee answers on a phone in nynorsk while the network is cut twice."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from survey.instrument.layout import Layout
from survey.web.catalogue import text
from tests.answering.conftest import build
from tests.scenarios.conftest import PHONE, Stage, picture, press
from tests.web.test_answer_browser import SHIPPED, until, waiting

pytestmark = pytest.mark.chromium


def forward(page: Page) -> None:
    page.locator(".step-nav button:not(#send)").last.click()


def shown(page: Page) -> Any:
    """The question that fills the screen."""
    return page.locator(".block:visible")


def test_an_employee_answers_on_a_phone_though_the_network_is_cut_twice(stage: Stage) -> None:
    world = build(stage.parts.db, secret=stage.parts.secret)
    world.change_wave(
        instrument=SHIPPED.to_dict(), instrument_digest=SHIPPED.digest, instrument_version="1"
    )
    world.instrument = SHIPPED

    # A note on the wall has a code on it.
    page = stage.page(PHONE, "nn")
    page.goto("/kode")
    page.fill("#code", world.codes["north"][0].short.lower())
    picture(page, "employee-1-code")
    press(page, text("answer.code_go", "nn"))
    expect(page.get_by_role("heading", name=text("answer.promise_title", "nn"))).to_be_visible()
    page.get_by_label(text("answer.advance", "nn")).check()
    picture(page, "employee-2-promise", whole=True)
    forward(page)

    # One press for each statement.
    for number in range(1, 5):
        expect(page.locator(".step-head h1")).to_have_text(
            text("answer.step", "nn", n=number, m=30)
        )
        shown(page).locator(".choice", has_text="Litt einig").click()
    expect(page.locator(".step-head h1")).to_have_text(text("answer.step", "nn", n=5, m=30))
    picture(page, "employee-3-statement")

    # The first cut: in the lift. The questions are here already; nothing is lost or asked for.
    page.context.set_offline(True)
    shown(page).locator(".choice", has_text="Heilt einig").click()
    expect(page.locator(".step-head h1")).to_have_text(text("answer.step", "nn", n=6, m=30))
    page.wait_for_timeout(400)
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto("/svar")
    expect(again.locator("#status")).to_have_text(text("answer.draft_found", "nn"))
    expect(again.locator(".step-head h1")).to_have_text(text("answer.step", "nn", n=6, m=30))
    picture(again, "employee-4-found-again")
    while not again.locator("#send").is_visible():
        forward(again)
    assert world.spent() == 0

    # The second cut: when the answers are to leave.
    until(lambda: again.evaluate("!document.querySelector('#send-offline').hidden"), again)
    again.context.set_offline(True)
    again.click("#send")
    expect(again.locator("#status")).to_have_text(text("answer.waiting", "nn"))
    assert len(waiting(again)) == 1
    again.locator("#status").scroll_into_view_if_needed()
    picture(again, "employee-5-waiting")
    again.context.set_offline(False)
    again.wait_for_url("**/takk*")
    expect(again.locator("h1")).to_have_text(text("answer.thanks_title", "nn"))
    picture(again, "employee-6-thanks")

    # One answer, whole, and nothing left on the phone.
    (answer,) = world.inbox()
    given = Layout(SHIPPED).decode(answer.sheet)["items"]
    assert sorted(given.values()) == [3, 3, 3, 3, 4]
    until(lambda: again.evaluate("localStorage.length") == 0 and waiting(again) == [], again)
    assert {each["name"] for each in again.context.cookies()} <= {"language"}
