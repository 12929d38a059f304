"""Several processes as one: they start together, end together, and never outlive their parent."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.parse import urlsplit

from survey.core.errors import Conflict, say

PATIENCE = 60.0
"""Seconds until the web must be ready."""

GRACE = 30.0
"""Seconds that a process gets to end by itself; both web and worker need less."""

_SET_PARENT_DEATH_SIGNAL = 1


@dataclass(frozen=True, slots=True)
class Child:
    """A process to start: its name in messages, and its command."""

    name: str
    command: Sequence[str]


def supervise(
    children: Sequence[Child],
    ready_url: str | None,
    when_ready: Callable[[], None],
    logs: Path | None,
) -> None:
    """Start ``children``, call ``when_ready`` once ``ready_url`` answers 200, wait for a signal.

    With ``logs`` each writes to a file of its own in that folder. Raises Conflict when one of
    them ends by itself; the others are stopped first.
    """
    stop = _signals()
    with contextlib.ExitStack() as stack:
        running: list[tuple[Child, subprocess.Popen[bytes]]] = []
        stack.callback(_end, running)
        for child in children:
            running.append((child, _start(child, _log(stack, logs, child))))
        if ready_url is not None:
            _until_ready(ready_url, running, stop, logs)
        if not stop:
            when_ready()
            sys.stdout.flush()
        while not stop:
            _refuse_dead(running, logs)
            time.sleep(0.2)


def _signals() -> list[int]:
    """A list that is no longer empty when somebody wants us to stop."""
    got: list[int] = []

    def handler(number: int, _frame: FrameType | None) -> None:
        got.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)
    return got


def _log(stack: contextlib.ExitStack, logs: Path | None, child: Child) -> IO[bytes] | None:
    if logs is None:
        return None
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    return stack.enter_context((logs / f"{child.name}.log").open("ab"))


def _start(child: Child, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def die_with_parent() -> None:
        # Linux: however the parent ends, even by kill -9, the child is asked to stop.
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(  # noqa: S603  (our own commands)
        child.command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,  # Ctrl-C in a terminal reaches us only; we stop the others in order
        preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
    )


def _until_ready(
    url: str,
    running: Sequence[tuple[Child, subprocess.Popen[bytes]]],
    stop: Sequence[int],
    logs: Path | None,
) -> None:
    last = time.monotonic() + PATIENCE
    while not stop and not _answers(url):
        _refuse_dead(running, logs)
        if time.monotonic() > last:
            raise Conflict(say("service_not_ready", patience=round(PATIENCE), tail=_tail(logs)))
        time.sleep(0.1)


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _refuse_dead(
    running: Sequence[tuple[Child, subprocess.Popen[bytes]]], logs: Path | None
) -> None:
    for child, process in running:
        if process.poll() is not None:
            raise Conflict(
                say(
                    "process_ended",
                    name=child.name,
                    returncode=process.returncode,
                    tail=_tail(logs),
                )
            )


def _tail(logs: Path | None) -> str:
    return f"Its log: {logs}" if logs else ""


def _end(running: Sequence[tuple[Child, subprocess.Popen[bytes]]]) -> None:
    """Ask all of them to stop, wait, and kill what is left with everything it started."""
    for _, process in running:
        if process.poll() is None:
            process.terminate()
    last = time.monotonic() + GRACE
    for _, process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, last - time.monotonic()))
    for group in _groups(running):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for _, process in running:
        process.wait()


def _groups(running: Sequence[tuple[Child, subprocess.Popen[bytes]]]) -> Iterator[int]:
    return (process.pid for _, process in running)
