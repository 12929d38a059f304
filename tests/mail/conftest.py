"""A mail server, what is logged, and the command line at work on both."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from survey.cli import mail as commands
from survey.cli.main import cli
from survey.core import logs
from survey.core.services import Services
from tests.mail.postoffice import PostOffice, posted, start


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server of this test's own."""
    made, controller = start()
    yield made
    controller.stop()


@pytest.fixture
def written_logs(services: Services) -> Iterator[io.StringIO]:
    """What the service logs, at the level of a debugger; the mail server's own log is left out."""
    root, other = logging.getLogger(), logging.getLogger("mail.log")
    before = (root.handlers[:], root.level, other.level)
    logs.configure(services.settings)
    root.setLevel(logging.DEBUG)
    other.setLevel(logging.CRITICAL)
    written = io.StringIO()
    for handler in root.handlers:
        handler.stream = written  # type: ignore[attr-defined]
    yield written
    root.handlers[:], root.level = before[0], before[1]
    other.setLevel(before[2])


@pytest.fixture
def survey(services: Services, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the test's own database and mail server; gives what it printed."""
    parts = posted(services, office)

    @contextmanager
    def opened(**_: Any) -> Any:
        yield run.parts  # type: ignore[attr-defined]

    monkeypatch.setattr(commands, "opened", opened)

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli, ["mail", *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    run.parts = parts  # type: ignore[attr-defined]
    return run
