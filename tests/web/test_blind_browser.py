"""The cryptographic mode in a real browser: RFC 9474's numbers, dead connections, two tabs, a
shared computer. The requests that leave the browser are read, not only the page."""

# ruff: noqa: F401, F811  # fixtures of the ordinary mode serve here too

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from survey.web.catalogue import text
from tests.answering.crypto import Crypto, cryptographic
from tests.web.test_answer_browser import (
    DESK,
    PHONE,
    Site,
    accessible,
    browser,
    forward,
    kept,
    site,
    watched,
)

pytestmark = pytest.mark.chromium

VECTOR = json.loads(
    (Path(__file__).parents[1] / "data" / "rfc9474" / "randomized.json").read_text()
)
ISSUE, REDEEM = "**/api/v1/answers/credential", "**/api/v1/answers/redeem"


@pytest.fixture
def crypto(site: Site, services: Any) -> Crypto:
    return cryptographic(site.world, services.keys.folder)


def requests_of(page: Page) -> list[Request]:
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request))
    return seen


def bodies(seen: list[Request], ending: str) -> list[dict[str, Any]]:
    return [
        json.loads(each.post_data or "{}")
        for each in seen
        if each.method == "POST" and each.url.endswith(ending)
    ]


def records(page: Page) -> list[str]:
    """Names of what lies in the browser's database."""
    found: list[str] = page.evaluate(
        """() => new Promise((resolve) => {
            const opened = indexedDB.open("svar", 1);
            opened.onsuccess = () => {
                const store = opened.result.transaction("credentials").objectStore("credentials");
                const all = store.getAllKeys();
                all.onsuccess = () => { opened.result.close(); resolve(all.result); };
            };
        })"""
    )
    return found


def signed(page: Page) -> None:
    """Wait until the credential is there: the first step has been shown and the code exchanged."""
    expect(page.locator("#svar")).to_have_attribute("data-ready", "yes")


def gone(page: Page, language: str = "nb") -> None:
    """The page says that the code was exchanged elsewhere, or has served."""
    page.get_by_role("heading", name=text("blind.gone_title", language)).wait_for()
    assert page.locator("#send").count() == 0


def fill_in(page: Page, choice: int = 3) -> None:
    """From the start to the last step of the small instrument on a wide screen."""
    forward(page)
    page.check(f"#f-trust-{choice}")
    forward(page)


def codes_in(site: Site, request: Request) -> bool:
    whole = f"{request.url} {request.all_headers()} {request.post_data or ''}"
    return any(
        form in whole
        for unit in site.world.codes.values()
        for code in unit
        for form in (code.link, code.short)
    )


def test_the_browser_gives_the_numbers_of_the_rfc(site: Site) -> None:
    page = site.page(DESK)
    page.goto("/kode")
    module = page.evaluate("new URL('/static/answer/blind.js', location.href).href")
    found = page.evaluate(
        """async ([address, v]) => {
            const rfc = await import(address);
            const hex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
            const digits = (byte) => byte.toString(16).padStart(2, "0");
            const text = (bytes) => Array.from(bytes, digits).join("");
            const n = BigInt("0x" + v.n);
            const prepared = hex(v.msg_prefix + v.msg);
            const inverse = BigInt("0x" + v.inv);
            const { blinded, back } = await rfc.blind(n, prepared, hex(v.salt), inverse);
            const signature = await rfc.finalize(n, prepared, hex(v.blind_sig), back);
            const wrong = hex(v.blind_sig.replace(/.$/, (c) => (c === "0" ? "1" : "0")));
            const refused = await rfc.finalize(n, prepared, wrong, back)
                .then(() => "no", () => "yes");
            const drawn = [await rfc.blind(n, prepared), await rfc.blind(n, prepared)];
            const time = performance.now();
            for (let i = 0; i < 5; i += 1) await rfc.blind(n, prepared);
            return {
                blinded: text(blinded), signature: text(signature), refused,
                differ: text(drawn[0].blinded) !== text(drawn[1].blinded),
                milliseconds: (performance.now() - time) / 5,
            };
        }""",
        [module, VECTOR],
    )
    assert found["blinded"] == VECTOR["blinded_msg"]
    assert found["signature"] == VECTOR["sig"]
    assert found["refused"] == "yes"
    assert found["differ"]
    assert found["milliseconds"] < 2000


def test_an_answer_travels_without_code_and_without_cookie(
    site: Site,
    crypto: Crypto,
) -> None:
    page = site.page(DESK)
    seen = requests_of(page)
    page.goto(site.code())
    expect(page.locator("[data-mode=cryptographic]")).to_be_visible()
    expect(page.locator("[data-mode=ordinary]")).to_be_hidden()
    accessible(page)
    assert page.locator(".digest").text_content() == str(
        page.locator("#svar").get_attribute("data-digest")
    )
    fill_in(page)
    signed(page)
    assert len(records(page)) == 1
    page.click("#send")
    page.wait_for_url("**/takk*")
    (answer,) = site.world.inbox()
    assert answer.unit_id == site.world.units["north"]
    assert answer.sheet.startswith("4")
    (issued,), (redeemed,) = bodies(seen, "/credential"), bodies(seen, "/redeem")
    assert set(issued) == {"code", "blinded_message"}
    assert set(redeemed) == {"key", "message", "signature", "answers"}
    assert redeemed["answers"]["items"] == {"trust": 4}
    sent = next(each for each in seen if each.url.endswith("/redeem"))
    assert not codes_in(site, sent)
    assert "cookie" not in sent.all_headers()
    assert "referer" not in sent.all_headers()
    with_code = [each for each in seen if codes_in(site, each)]
    assert all("trust" not in (each.post_data or "") for each in with_code)
    # acknowledged: nothing is kept, neither secrets nor draft nor code
    assert records(page) == []
    assert page.evaluate("localStorage.length") == 0
    cookies = site.browser.contexts[-1].cookies(site.base + "/svar")
    assert {each["name"] for each in cookies} <= {"language"}
    page.goto(site.code())
    gone(page)
    accessible(page)


def test_nothing_is_exchanged_before_the_start(site: Site, crypto: Crypto) -> None:
    page = site.page(PHONE)
    page.goto(site.code())
    page.wait_for_load_state("networkidle")
    assert records(page) == []
    assert site.world.spent() == 0
    forward(page)
    signed(page)
    assert site.world.spent() == 1
    assert site.world.inbox() == []


def test_a_cut_after_the_issue_loses_nothing(site: Site, crypto: Crypto) -> None:
    """The code is spent and the answer of the server is lost; the tab is closed; all is well."""
    page = site.page(DESK)
    cut: list[str] = []

    def after(route: Route) -> None:
        route.fetch()
        cut.append(route.request.post_data or "")
        route.abort("connectionreset")

    page.route(ISSUE, after)
    page.goto(site.code())
    fill_in(page)
    page.wait_for_timeout(300)
    assert cut
    assert site.world.spent() == 1
    page.close()
    again = watched(site.browser.contexts[-1])
    seen = requests_of(again)
    again.goto(site.code())
    expect(again.locator("#b-trust")).to_be_attached()
    expect(again.locator("#f-trust-3")).to_be_checked()
    while not again.locator("#send").is_visible():
        forward(again)
    again.click("#send")
    again.wait_for_url("**/takk*")
    assert bodies(seen, "/credential") == [json.loads(cut[0])], "the same blinded message"
    assert len(site.world.inbox()) == 1


@pytest.mark.parametrize("stored", [False, True], ids=["before it arrived", "after it arrived"])
def test_a_cut_at_redemption_is_tried_again(
    site: Site,
    crypto: Crypto,
    stored: bool,
) -> None:
    """Before the server had it, or before its acknowledgement came back."""
    page = site.page(DESK)
    sent: list[str] = []

    def once(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if len(sent) > 1:
            route.continue_()
            return
        if stored:
            route.fetch()
        route.abort("connectionreset")

    page.route(REDEEM, once)
    page.goto(site.code())
    fill_in(page)
    page.click("#send")
    expect(page.locator("#status")).to_have_text(text("answer.retrying", "nb"))
    page.wait_for_url("**/takk*")
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert len(site.world.inbox()) == 1
    assert records(page) == []


def test_a_page_closed_before_the_acknowledgement_sends_on_when_opened_again(
    site: Site,
    crypto: Crypto,
) -> None:
    page = site.page(DESK)

    def lost(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route(REDEEM, lost)
    page.goto(site.code())
    fill_in(page)
    page.click("#send")
    expect(page.locator("#status")).to_have_text(text("answer.retrying", "nb"))
    page.close()
    assert len(site.world.inbox()) == 1
    again = watched(site.browser.contexts[-1])
    again.goto(site.code())
    again.wait_for_url("**/takk*")
    assert len(site.world.inbox()) == 1
    assert records(again) == []


def test_two_tabs_have_one_credential(site: Site, crypto: Crypto) -> None:
    first = site.page(DESK)
    second = watched(site.browser.contexts[-1])
    seen = requests_of(first)
    other = requests_of(second)
    for page in (first, second):
        page.goto(site.code())
    forward(first)
    forward(second)
    signed(first)
    signed(second)
    messages = {
        each["blinded_message"] for log in (seen, other) for each in bodies(log, "/credential")
    }
    assert len(messages) == 1
    for page, choice in ((first, 3), (second, 0)):
        page.check(f"#f-trust-{choice}")
        forward(page)
    first.click("#send")
    first.wait_for_url("**/takk*")
    second.click("#send")
    second.wait_for_url("**/takk*")
    (answer,) = site.world.inbox()
    assert answer.sheet.startswith("4"), "the first one counts"


def test_a_tab_that_comes_too_late_is_told_so(site: Site, crypto: Crypto) -> None:
    late = site.page(DESK)
    late.goto(site.code())
    first = watched(site.browser.contexts[-1])
    first.goto(site.code())
    fill_in(first)
    first.click("#send")
    first.wait_for_url("**/takk*")
    forward(late)
    gone(late)
    assert records(late) == []
    assert len(site.world.inbox()) == 1


def test_on_a_shared_computer_two_people_answer_after_each_other(
    site: Site,
    crypto: Crypto,
) -> None:
    """The first one begins and leaves; the second finds nothing of it, and both answers count."""
    page = site.page(DESK)
    page.goto(site.code(number=0))
    fill_in(page, 3)
    signed(page)
    kept(page)
    page.goto(site.code(number=1))
    expect(page.locator("#start")).to_be_visible()
    assert page.locator("input:checked").count() == 0
    fill_in(page, 0)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert len(records(page)) == 1, "the first one's, which only the first one's code opens"
    page.goto(site.code(number=0))
    expect(page.locator("#f-trust-3")).to_be_checked()
    while not page.locator("#send").is_visible():
        forward(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert sorted(answer.sheet[0] for answer in site.world.inbox()) == ["1", "4"]
    assert records(page) == []


def test_another_device_is_told_where_to_go_on(site: Site, crypto: Crypto) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    signed(page)
    other = site.page(PHONE, "en")
    other.goto(site.code())
    gone(other, "en")
    accessible(other)
    assert site.world.inbox() == []


def test_faults_are_shown_without_the_answers_ever_meeting_the_code(
    site: Site,
    crypto: Crypto,
) -> None:
    page = site.page(DESK)
    seen = requests_of(page)
    page.goto(site.code())
    forward(page)
    page.check("#f-time-0")
    forward(page)
    page.click("#send")
    expect(page.locator("#error-summary")).to_be_focused()
    question = page.locator("#b-trust .block__text").text_content()
    expect(page.locator("#error-summary a")).to_have_text(
        [text("answer.fault_required", "nb", text=question)]
    )
    accessible(page)
    page.click("#error-summary a")
    expect(page.locator("#f-trust-0")).to_be_focused()
    page.check("#f-trust-1")
    while not page.locator("#send").is_visible():
        forward(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert len(bodies(seen, "/redeem")) == 2
    assert len(site.world.inbox()) == 1
    assert not any("trust" in (each.post_data or "") for each in seen if codes_in(site, each))


def test_another_language_keeps_answers_at_home(site: Site, crypto: Crypto) -> None:
    page = site.page(DESK)
    seen = requests_of(page)
    page.goto(site.code())
    forward(page)
    page.check("#f-trust-3")
    signed(page)
    page.get_by_role("button", name="Nynorsk").click()
    expect(page.locator("html")).to_have_attribute("lang", "nn")
    expect(page.locator("#f-trust-3")).to_be_checked()
    (asked,) = [each for each in seen if each.method == "POST" and each.url.endswith("/svar")]
    assert "trust" not in (asked.post_data or ""), "the code travels without an answer"
    while not page.locator("#send").is_visible():
        forward(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert len(bodies(seen, "/credential")) == 1
    assert len(site.world.inbox()) == 1


def test_keys_of_ones_own_are_noticed(site: Site, crypto: Crypto) -> None:
    """A service that gives one person another key must give another file, or another digest."""
    page = site.page(DESK)
    file = json.dumps(crypto.published())
    page.route("**/api/v1/answers/keys/*", lambda route: route.fulfill(body=file))
    page.goto(site.code())
    forward(page)
    expect(page.locator("#status")).to_have_text(text("blind.keys_wrong", "nb"))
    assert site.world.spent() == 0


def test_a_survey_that_closed_meanwhile_says_so(site: Site, crypto: Crypto) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    fill_in(page)
    signed(page)
    site.world.change_wave(state="closed")
    page.click("#send")
    page.get_by_role("heading", name=text("answer.closed_title", "nb")).wait_for()


@pytest.fixture
def plain(site: Site) -> Page:
    return site.page(PHONE, java_script_enabled=False)


def test_without_javascript_the_ordinary_mode_applies_and_is_told(
    site: Site,
    crypto: Crypto,
    plain: Page,
) -> None:
    plain.goto(site.code())
    expect(plain.get_by_text(text("blind.without_javascript", "nb"))).to_be_visible()
    expect(plain.locator("[data-mode=cryptographic]")).to_be_hidden()
    plain.check("#f-trust-2")
    plain.click("#send")
    plain.wait_for_url("**/takk*")
    assert len(site.world.inbox()) == site.world.spent() == 1


def test_a_browser_that_keeps_nothing_gets_the_ordinary_mode(
    site: Site,
    crypto: Crypto,
) -> None:
    page = site.page(DESK)
    page.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")
    page.goto(site.code())
    expect(page.get_by_text(text("blind.without_javascript", "nb"))).to_be_visible()
    fill_in(page)
    page.click("#send")
    page.wait_for_url("**/takk*")
    assert len(site.world.inbox()) == 1


def test_what_lies_in_the_browser_cannot_be_read_without_the_code(
    site: Site,
    crypto: Crypto,
    browser: Browser,
) -> None:
    page = site.page(DESK)
    page.goto(site.code())
    forward(page)
    signed(page)
    stored = page.evaluate(
        """() => new Promise((resolve) => {
            const opened = indexedDB.open("svar", 1);
            opened.onsuccess = () => {
                const store = opened.result.transaction("credentials").objectStore("credentials");
                const all = store.getAll();
                all.onsuccess = () => resolve(all.result.map((each) => ({
                    names: Object.keys(each),
                    text: new TextDecoder("latin1").decode(each.data),
                })));
            };
        })"""
    )
    assert [each["names"] for each in stored] == [["name", "until", "iv", "data"]]
    assert "blinded" not in stored[0]["text"]
    assert site.code()[3:] not in stored[0]["text"]
