"""A stage for whole tasks: the running service, a browser, and pictures of what people see.

``SCENARIO_PICTURES=1`` writes the pictures to ``docs/pictures/scenarios`` (docs/scenarios.md shows
them); otherwise none is taken. No scenario has a mock: mails go through a real SMTP server.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

import survey
from survey.access import guard, sessions
from survey.access.models import Person
from survey.app import create_app
from survey.background import task_handlers
from survey.core.services import Services
from survey.jobs import execution, tasks
from tests.mail.postoffice import PostOffice, posted
from tests.mail.postoffice import start as start_post

FOLDER = Path(survey.__path__[0]).parent / "docs" / "pictures" / "scenarios"
WANTED = os.environ.get("SCENARIO_PICTURES") == "1"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@dataclass
class Stage:
    """The running service at ``base`` and somebody's browser."""

    parts: Services
    app: Flask
    base: str
    browser: Browser

    def page(self, size: dict[str, int], language: str, who: Person | None = None) -> Page:
        """A browser of its own, signed in as somebody or as nobody."""
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale={"nb": "nb-NO", "nn": "nn-NO"}[language],
            base_url=self.base,
            accept_downloads=True,
        )
        context.set_default_timeout(15_000)
        if who is not None:
            with self.parts.db.transaction() as session:
                token = sessions.start(session, self.parts.secret, who, 8)
            name = guard.session_cookie(self.parts.settings)
            context.add_cookies([{"name": name, "value": token, "url": self.base}])
        return context.new_page()

    def work(self) -> None:
        """Do what the worker would, until nothing is left to do."""
        works = task_handlers.works(self.parts)
        while True:
            with self.parts.db.transaction() as session:
                claimed = tasks.claim(session)
            if claimed is None:
                return
            execution.carry_out(self.parts.db, works, claimed)


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep what is on the screen, when pictures are wanted."""
    if WANTED:
        FOLDER.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=FOLDER / f"{name}.png", full_page=whole, animations="disabled")


def sheet(pdf: bytes, name: str) -> None:
    """Keep the first page of a PDF, when pictures are wanted (with poppler's pdftoppm)."""
    if WANTED:
        command = ["pdftoppm", "-png", "-r", "70", "-f", "1", "-l", "1", "-singlefile", "-"]
        subprocess.run([*command, FOLDER / name], input=pdf, check=True)


def press(page: Page, name: str) -> None:
    """Press a button that leads to another page."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def follow(page: Page, name: str) -> None:
    """Follow a link."""
    with page.expect_navigation():
        page.get_by_role("link", name=name).first.click()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A real SMTP server that takes every mail."""
    made, controller = start_post()
    yield made
    controller.stop()


@pytest.fixture
def stage(services: Services, office: PostOffice, browser: Browser) -> Iterator[Stage]:
    """The service on an empty database, with a mail server."""
    parts = posted(services, office)
    yield from serve(parts, browser)


def serve(parts: Services, browser: Browser) -> Iterator[Stage]:
    """Run the service of ``parts`` until the scenario is over."""
    server: Any = None
    parts = replace(parts, settings=replace(parts.settings, processes=2))
    app = create_app(parts.settings, parts)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Stage(parts, app, f"http://127.0.0.1:{server.server_port}", browser)
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()
