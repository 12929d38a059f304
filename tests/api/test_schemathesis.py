"""The running server against its own document, by schemathesis: thousands of requests, all checks.

``SCHEMATHESIS_SECONDS`` makes the search longer than CI can afford.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from alembic import command

from survey.cli.run import web_command
from survey.operations.migrate import alembic_config
from tests.access.world import World, fresh

HERE = Path(__file__).parent
FALSE_ALARMS = "ensure_resource_availability"
"""It takes a wave's release for a resource that exists as soon as the wave does."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = fresh(tmp_path_factory.mktemp("world"))
    yield made
    made.parts.db.dispose()


@pytest.fixture(scope="module")
def address(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service as it is run, gunicorn and all, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with world.parts.db.transaction() as session:
        config = alembic_config()
        config.attributes["connection"] = session.connection()
        command.stamp(config, "head")  # its tables were made without the migrations
    settings = replace(world.parts.settings, base_url=f"http://127.0.0.1:{port}")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SURVEY_")},
        "SURVEY_DATA_DIR": str(settings.data_dir),
        "SURVEY_SECRET_KEY": settings.secret_key,
        "SURVEY_BASE_URL": settings.base_url,
        "SURVEY_ALLOWED_HOSTS": f"127.0.0.1:{port}",
    }
    log = (tmp_path_factory.mktemp("log") / "web.log").open("wb")
    process = subprocess.Popen(
        web_command(settings, "127.0.0.1", port, sqlite=True),
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        _wait(f"{settings.base_url}/healthz")
        yield settings.base_url
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:  # not listening yet, or listening and not ready
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.mark.parametrize("phase", ["coverage", "fuzzing", "stateful"])
def test_no_request_gets_an_answer_that_the_document_does_not_promise(
    phase: str, world: World, address: str, tmp_path: Path
) -> None:
    """No 500, no undocumented status, type or shape, nothing accepted that the schema forbids, no
    key ignored; by boundary values, by chance, and by sequences of calls."""
    seconds = int(os.environ.get("SCHEMATHESIS_SECONDS", "12"))
    key = world.key()
    done = _run(phase, seconds, key, address, tmp_path)
    if " passed" not in done.stdout:  # a busy machine may need longer to send anything at all
        done = _run(phase, 8 * seconds, key, address, tmp_path)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    still = requests.get(f"{address}/api/v1/organisations/3999/studies", headers=key, timeout=10)
    assert still.status_code == 200, "the key was lost on the way: what came after tried nothing"


def _run(
    phase: str, seconds: int, key: dict[str, str], address: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    arguments = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--no-color"),
        *("--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{address}/api/v1/openapi.json"),
        *("--header", f"Authorization: {key['Authorization']}"),
        *("--phases", phase, "--max-time", str(seconds), "--seed", "20261121"),
        *("--checks", "all", "--exclude-checks", FALSE_ALARMS),
        *("--warnings", "off", "--continue-on-failure"),
    ]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
