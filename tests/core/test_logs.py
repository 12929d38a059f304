"""What is logged, and what never is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from gunicorn.config import Config

from survey.app import create_app
from survey.core import logs
from survey.core.services import Services

CODE = "ABCDEFGHJKMNPQRSTVWXYZ2345"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


@pytest.fixture
def lines(settings: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """Call it once to begin (standard error must be the test's own by then), again to read."""
    begun: list[bool] = []

    def begin_or_read() -> list[dict[str, Any]]:
        if not begun:
            logs.configure(settings)
        begun.append(True)
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return begin_or_read


def test_a_request_is_one_line_with_its_route_and_without_path_or_address(
    services: Services, lines: Any
) -> None:
    lines()
    client = create_app(services.settings, services).test_client()
    client.get(f"/stab/{CODE}?x={CODE}", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    client.post("/logg-inn", data={"email": f"{CODE}@kommune.example"})
    written = lines()
    requests = [line for line in written if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["/stab/<org>", "/logg-inn"]
    assert requests[0]["method"] == "GET"
    assert requests[0]["ms"] >= 0
    assert CODE not in json.dumps(written)
    assert "203.0.113.9" not in json.dumps(written)


def test_an_unhandled_error_is_logged_by_route_without_values(
    services: Services, lines: Any
) -> None:
    lines()
    app = create_app(services.settings, services)

    @app.get("/breaks/<thing>")
    def breaks(thing: str) -> str:
        local_value = thing * 2
        raise RuntimeError(f"something else of {len(local_value)}")

    from survey.access.guard import access

    access("public")(breaks)
    answer = app.test_client().get(f"/breaks/{CODE}")
    assert answer.status_code == 500
    written = lines()
    [line] = [line for line in written if line["level"] == "error"]
    assert line["route"] == "/breaks/<thing>"
    assert CODE not in json.dumps(written)
    assert "RuntimeError" in json.dumps(line)


def test_gunicorns_messages_lose_what_they_quote(lines: Any) -> None:
    lines()
    logger = logs.QuietGunicorn(Config())
    logger.info("Listening at: %s (%s)", "http://127.0.0.1:8000", 1)
    logger.error("Error handling request %s", f"/s/{CODE}")
    logger.warning("Invalid request from ip=%s: %s", "203.0.113.9", CODE)
    logger.access(None, None, {}, None)
    written = lines()
    assert written[0]["event"] == "Listening at: http://127.0.0.1:8000 (1)"
    assert written[1]["event"] == "Error handling request …"
    assert len(written) == 3
    assert CODE not in json.dumps(written)
    assert "203.0.113.9" not in json.dumps(written)


def test_libraries_log_through_the_same_handler(lines: Any) -> None:
    lines()
    logging.getLogger("some.library").warning("careful")
    logging.getLogger("weasyprint").info("chatter")
    [line] = lines()
    assert (line["event"], line["logger"], line["level"]) == ("careful", "some.library", "warning")


def test_the_console_format_is_for_people(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(replace(settings, log_format="console"))
    try:
        raise ValueError("oh")
    except ValueError:
        logs.logger().exception("went wrong", kind="demo")
    written = capsys.readouterr().err
    assert "went wrong" in written
    assert "kind=demo" in written
    assert "ValueError: oh" in written
