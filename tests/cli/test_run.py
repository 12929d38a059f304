"""Web and worker together: they start, they answer, and nothing is left when they are stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from survey.core.config import Settings
from survey.core.services import build
from survey.operations import migrate
from tests.conftest import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    parts = build(Settings(data_dir=tmp_path / "var"))
    migrate.upgrade(parts)
    parts.db.dispose()
    return tmp_path / "var"


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "survey.cli.main", "run", *arguments],
            env={"PATH": "/usr/bin:/bin", "SURVEY_DATA_DIR": str(folder), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def status(port: int, path: str = "/readyz", form: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", path, form, headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def ready(process: subprocess.Popen[str], port: int) -> bool:
    if process.poll() is not None:
        raise AssertionError(process.communicate())
    return status(port) == 200


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != "zombie" for one in processes)


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_it_answers_and_however_it_is_stopped_nothing_is_left(
    start: Callable[..., Any], how: str
) -> None:
    port = free_port()
    process = start("--port", str(port))
    until(lambda: ready(process, port))
    processes = until(lambda: len(found := family(process)) >= 3 and found)
    os.kill(process.pid, getattr(signal, how))
    process.wait(40)
    until(lambda: gone(processes), 40)
    assert status(port) == 0


def test_when_one_ends_all_end_and_it_is_told(start: Callable[..., Any]) -> None:
    port = free_port()
    process = start("--port", str(port))
    until(lambda: ready(process, port))
    processes = family(process)
    [worker] = [one for one in processes if one.cmdline()[-1:] == ["worker"]]
    worker.kill()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The worker has ended" in errors
    until(lambda: gone(processes), 40)


def test_a_taken_port_is_told(start: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("--port", str(taken.getsockname()[1]))
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "is taken" in errors
    assert "Traceback" not in errors


def test_a_wrong_setting_stops_the_start(start: Callable[..., Any]) -> None:
    process = start(SURVEY_PROCESES="3")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "SURVEY_PROCESSES" in errors


def test_whoever_answers_stands_in_no_log_and_no_file_of_the_server(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """Also where somebody has switched the server's own access log on."""
    port, counters = free_port(), tmp_path / "counters"
    counters.mkdir()
    process = start(
        *("--only", "web", "--port", str(port)),
        PROMETHEUS_MULTIPROC_DIR=str(counters),
        GUNICORN_CMD_ARGS="--access-logfile -",
        SURVEY_BASE_URL=f"http://127.0.0.1:{port}",
    )
    until(lambda: ready(process, port))

    def kept() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in counters.iterdir()}

    before, code = kept(), "0" * 26
    pages = ("/", "/kode", f"/s/{code}", "/static/base.css", "/takk", "/nowhere")
    assert [status(port, page) for page in pages] == [200, 200, 303, 200, 200, 404]
    assert status(port, "/kode", f"code={code}") == 404
    assert status(port, "/svar", f"code={code}") == 404
    assert kept() == before
    assert status(port, "/stab/3999") == 303
    assert kept() != before
    process.send_signal(signal.SIGINT)
    written = "".join(process.communicate(timeout=40))
    requests = [line for line in written.splitlines() if "route" in line or "HTTP/1" in line]
    assert len(requests) == 1, written
    assert "/stab/<org>" in requests[0]
