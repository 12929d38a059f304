"""Nobody sees when somebody answers: not on a page, in the API, a command, a metric or a log."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from flask.testing import FlaskClient

from survey.background import timed_work
from survey.cli import wave as wave_commands
from survey.cli.main import cli
from survey.core import logs
from survey.core.db import now
from survey.study.models import Wave
from survey.study.participation import latest_hour
from tests.access.world import World, fresh
from tests.release.journey import draw_answers

TOKEN = "t" * 32
WAVE = "/stab/3999/undersokelse/kultur/maling/2"
API = "/api/v1/organisations/3999/studies/kultur/waves/2"
ANSWERED = {"n1": 9, "s1": 3}
"""Of the world's open wave, when it begins."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = fresh(tmp_path, metrics_token=TOKEN)
    yield made
    made.parts.db.dispose()


@pytest.fixture
def written(world: World) -> Iterator[Callable[[], list[Any]]]:
    """What has been logged, at the level of a debugger, since it was asked last."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure(world.parts.settings)
    root.setLevel(logging.DEBUG)
    stream = io.StringIO()
    for handler in root.handlers:
        handler.stream = stream  # type: ignore[attr-defined]

    def read() -> list[Any]:
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        stream.seek(0)
        stream.truncate()
        return lines

    yield read
    root.handlers[:], root.level = before
    structlog.reset_defaults()


@pytest.fixture
def tick(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Lets the worker's clock look at a time that the test chooses."""

    def look(moment: datetime) -> None:
        monkeypatch.setattr(timed_work, "now", lambda: moment)
        with world.parts.db.transaction() as session:
            timed_work.tick(session, world.parts.keys)

    return look


def metrics(world: World) -> str:
    asked = {"Authorization": f"Bearer {TOKEN}"}
    return world.app.test_client().get("/metrics", headers=asked).text


def answer(world: World, unit: str, number: int) -> None:
    """One person, from the address on the poster to the thanks, with all that a browser fetches."""
    code = world.journey.codes[unit][number]
    browser = world.app.test_client()
    browser.get("/")
    browser.get("/kode")
    browser.get("/favicon.ico")
    browser.get(f"/{code}")
    assert browser.post("/kode", data={"code": "0" * 26}).status_code == 404
    assert browser.post("/kode", data={"code": code}).status_code == 303
    page = browser.get("/svar").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        browser.get(address).close()
    assert browser.get("/skrift/SourceSans3-Regular.ttf").status_code == 200
    send(browser, code, answers(world))
    assert browser.get("/takk").status_code == 200


def answers(world: World) -> dict[str, Any]:
    return draw_answers(world.journey.instrument(), random.Random(5))


def send(browser: FlaskClient, code: str, given: dict[str, Any]) -> None:
    checked = browser.post("/api/v1/answers/validate", json={"code": code, "answers": given})
    assert checked.json == {"status": "valid"}
    given = {"code": code, "submission_id": str(uuid.uuid4()), "answers": given}
    assert browser.post("/api/v1/answers", json=given).status_code == 201


def test_answering_moves_no_metric_and_writes_no_line(
    world: World, written: Callable[[], list[Any]]
) -> None:
    before = metrics(world)
    written()
    answer(world, "n1", ANSWERED["n1"])
    assert written() == []
    assert metrics(world) == before
    world.client("staff").get(WAVE)
    assert [line["route"] for line in written()] == [
        "/stab/<org>/undersokelse/<study>/maling/<int:ordinal>"
    ]
    assert metrics(world) != before


def test_a_code_that_is_refused_leaves_no_trace_either(
    world: World, written: Callable[[], list[Any]]
) -> None:
    """Used, unknown, or in a form that has faults: whoever tries is about to answer."""
    before = metrics(world)
    written()
    browser = world.app.test_client()
    used = world.journey.codes["n1"][0]
    for code in (used, "0" * 26, "tull"):
        given = {"code": code, "submission_id": str(uuid.uuid4()), "answers": {}}
        assert browser.post("/svar", data=given).status_code in (404, 409)
        assert browser.post("/api/v1/answers", json=given).status_code in (404, 409, 422)
    assert written() == []
    assert metrics(world) == before


def test_whoever_asks_all_the_time_learns_nothing_new_until_six(
    world: World, tick: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = latest_hour(now()) - timedelta(days=2)
    with world.parts.db.transaction() as session:
        wave = session.get_one(Wave, (world.journey.organisation_id, world.journey.wave.id))
        wave.opened_at = first - timedelta(hours=1)

    @contextmanager
    def opened(**_: Any) -> Any:
        yield world.parts

    monkeypatch.setattr(wave_commands, "opened", opened)
    staff, key = world.client("staff"), world.key("studies:read")
    program = world.app.test_client()

    def look() -> tuple[str, ...]:
        pages = [staff.get(WAVE + more).text for more in ("", "/lukk", "/forleng")]
        pages.append(staff.get("/stab/3999").text)
        reads = [program.get(API + more, headers=key).text for more in ("", "/participation")]
        done = CliRunner().invoke(
            cli, ["wave", "list", "--organisation", "3999", "--study", "kultur"]
        )
        assert done.exit_code == 0, done.output
        events = staff.get("/stab/3999/hendelser").text
        return (*pages, *reads, done.output, events)

    tick(first - timedelta(seconds=1))
    silent = look()
    assert "Første telling kommer" in silent[0]
    assert "first count of answers" in silent[-2]
    tick(first)
    told = look()
    assert "minst 5 av 24" in told[0]  # nine of n1
    assert "færre enn fem av 30" in told[0]  # three of s1
    assert "minst 5 av 88" in told[1]
    assert "at least 5 of 88" in told[-2]
    moment = first
    for number in range(10, 16):
        moment += timedelta(hours=3)
        send(world.app.test_client(), world.journey.codes["n1"][number], answers(world))
        tick(moment)
        assert look() == told
    tick(first + timedelta(days=1))
    assert "minst 15 av 24" in look()[0]
