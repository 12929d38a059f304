"""The pages about people, keys, events and one's own account in a real browser: no barrier that axe
knows, nothing wider than a phone, the policy kept."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from survey.access import passwords, people
from survey.organisation.models import Unit
from tests.access.world import World, fresh
from tests.web.test_browser import address, barriers, browser, opened  # noqa: F401  # fixtures

pytestmark = pytest.mark.chromium

PASSWORD = "riktig hest batteri"
PEOPLE = "/stab/3999/personer"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    (folder / "secret").write_text("hemmelig")
    (folder / "oidc.toml").write_text(
        '[entra]\nlabel = "kommunekonto"\nissuer = "http://127.0.0.1:1"\nclient_id = "x"\n'
        'client_secret_file = "secret"\n'
    )
    made = fresh(
        folder,
        smtp_host="127.0.0.1",
        mail_from="barometer@kommune.example",
        oidc_file=folder / "oidc.toml",
    )
    hashed = passwords.make_hash(PASSWORD)
    with made.parts.db.transaction() as session:
        home = made.journey.organisation_id
        for unit in session.scalars(sa.select(Unit).where(Unit.organisation_id == home)):
            unit.manager_email = {"n1": "ola.lie@kommune.example", "n2": "nei"}.get(unit.code)
        for name in ("staff", "north"):
            person = people.get(session, home, made.people[name].id)
            people.set_password(session, person, hashed, actor="cli")
    yield made
    made.parts.db.dispose()


def faults(page: Any) -> list[str]:
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    found = [f"{page.url}: {each}" for each in barriers(page)]
    found += [f"{page.url}: {said}" for said in page.said if "status of 4" not in said]
    found += [f"{page.url}: {over} px too wide"] if over > 0 else []
    page.said.clear()
    return found


def test_no_state_of_the_pages_about_access_has_a_barrier(
    world: World,
    browser: Any,  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    """The pages as they stand are tried in test_accessibility.py; here is what they lead to."""
    idle, found = world.people["idle"].id, []
    page = opened(world, browser, address, None, 320)
    for path in ("/glemt-passord", "/logg-inn", "/logg-inn/entra"):
        page.goto(f"{address}{path}?language=nn")
        page.said = [each for each in page.said if "status of 502" not in each]
        found += faults(page)
    page.context.close()
    page = opened(world, browser, address, "staff", 320)
    for path in (f"{PEOPLE}/ledere", "/stab/3999/hendelser?fra=x"):
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}language=nn")
        found += faults(page)
    page.goto(f"{address}{PEOPLE}/{idle}")
    page.locator("form[action$='/lenke'] button").click()
    page.wait_for_selector(".shown-once")
    found += faults(page)
    for form in (f"{PEOPLE}/ny", "/stab/3999/api-nokler"):
        page.goto(f"{address}{form}")
        page.locator("main form:last-of-type button[type=submit]").last.click()
        page.wait_for_selector("#error-summary")
        assert page.evaluate("document.activeElement.id") == "error-summary"
        found += faults(page)
    page.get_by_label("Namn").fill("HR")
    page.locator("#scope-0").check()
    page.locator("main form:last-of-type button[type=submit]").last.click()
    page.wait_for_selector(".shown-once")
    found += faults(page)
    page.context.close()
    assert found == []


def test_the_second_step_is_set_up_and_used_by_keyboard_on_a_phone(
    world: World,
    browser: Any,  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    page, found = opened(world, browser, address, None, 360), []
    page.goto(f"{address}/logg-inn?language=nn")
    sign_in(page)
    page.goto(f"{address}/min-side")
    page.get_by_role("link", name="Slå på totrinnsinnlogging").press("Enter")
    page.get_by_label("Passordet du har no").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".secret")
    found += faults(page)
    app = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("Skriv inn koden som appen viser").fill(app.now())
    page.keyboard.press("Enter")
    page.wait_for_selector(".code-list")
    found += faults(page)
    page.context.close()
    page = opened(world, browser, address, None, 360)
    page.goto(f"{address}/logg-inn?language=nn")
    sign_in(page)
    page.wait_for_url("**/logg-inn/kode")
    found += faults(page)
    page.get_by_label("Eingongskode").fill("000000")
    page.keyboard.press("Enter")
    page.wait_for_selector("#error-summary")
    found += faults(page)
    page.get_by_label("Eingongskode").fill(app.generate_otp(int(time.time()) // 30 + 1))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/enhet$"))
    page.goto(f"{address}/min-side/totrinn")
    found += faults(page)
    page.context.close()
    assert found == []


def sign_in(page: Any) -> None:
    page.get_by_label("E-postadresse").fill("north@kommune.example")
    page.get_by_label("Passord").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(enhet|logg-inn/kode)$"))
