"""All PDFs of a release, in a process pool, resumable.

The pool's processes get plain strings and die with their parent. A file appears whole or not at
all; what the folder's manifest says was made from the same input is not made again.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

from survey.core.errors import Fault, SurveyError, say
from survey.followup.model import FollowUp
from survey.reports.common.file_names import safe_code
from survey.reports.unit.content import FreeText
from survey.reports.unit.report import UnitReportRenderer

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class _More:
    """What stands in reports beside the release, by unit code."""

    free_text: Mapping[str, FreeText]
    follow_up: Mapping[str, FollowUp]

    def written(self, code: str) -> str:
        """All of a unit's as text, for its fingerprint; '' when there is nothing."""
        extras = [extra for extra in (self.free_text.get(code), self.follow_up.get(code)) if extra]
        return json.dumps([asdict(extra) for extra in extras], sort_keys=True, default=str)


@dataclass(frozen=True, slots=True)
class _Task:
    unit_json: str
    language: str
    digest: str
    free_text: FreeText | None
    follow_up: FollowUp | None
    path: Path
    fingerprint: str


def render_units(
    header_json: str,
    units: Iterable[str],
    languages: Iterable[str],
    digest: str,
    folder: Path,
    *,
    free_text: Mapping[str, FreeText] | None = None,
    follow_up: Mapping[str, FollowUp] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write ``<unit code>.<language>.pdf`` for each unit JSON and language into ``folder``.

    ``free_text`` and ``follow_up`` are by unit code. ``progress(done, total)`` is called after each
    file, kept ones included. Returns all paths in the order of ``units``. Raises ``SurveyError``
    with a fault per report that could not be made, after all others are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    more = _More(free_text or {}, follow_up or {})
    tasks = list(_tasks(header_json, units, tuple(languages), digest, folder, more))
    fingerprints = _manifest(folder)
    pending = [
        t for t in tasks if fingerprints.get(t.path.name) != t.fingerprint or not t.path.exists()
    ]
    done = len(tasks) - len(pending)
    if progress is not None:
        progress(done, len(tasks))
    faults: list[Fault] = []
    with (folder / MANIFEST).open("a", encoding="utf-8") as manifest:
        for task, error in _run(header_json, pending, workers or _processors()):
            done += 1
            if error is not None:
                faults.append(Fault(task.path.name, say("as_told", error=str(error))))
            else:
                manifest.write(json.dumps([task.path.name, task.fingerprint]) + "\n")
                manifest.flush()
            if progress is not None:
                progress(done, len(tasks))
    if faults:
        raise SurveyError(say("reports_not_made", count=len(faults), count2=len(tasks)), faults)
    return [task.path for task in tasks]


def file_name(code: str, language: str) -> str:
    """Return a file name that is safe on every system and different for different codes."""
    return f"{safe_code(code)}.{language}.pdf"


def _tasks(
    header_json: str,
    units: Iterable[str],
    languages: tuple[str, ...],
    digest: str,
    folder: Path,
    more: _More,
) -> Iterator[_Task]:
    from survey.reports.unit.method_text import parts

    common = f"{digest}\0{parts()}\0{hashlib.sha256(header_json.encode()).hexdigest()}"
    for unit_json in units:
        code: str = json.loads(unit_json)["unit"]["code"]
        text, decided, written = (
            more.free_text.get(code),
            more.follow_up.get(code),
            more.written(code),
        )
        for language in languages:
            source = "\0".join((common, language, unit_json, written))
            fingerprint = hashlib.sha256(source.encode()).hexdigest()
            path = folder / file_name(code, language)
            yield _Task(unit_json, language, digest, text, decided, path, fingerprint)


def _manifest(folder: Path) -> dict[str, str]:
    """Return file name → fingerprint; a line that a crash cut short is passed over."""
    path, fingerprints = folder / MANIFEST, {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            name, fingerprint = json.loads(line)
        except ValueError:
            continue
        fingerprints[name] = fingerprint
    return fingerprints


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(
    header_json: str, tasks: list[_Task], workers: int
) -> Iterator[tuple[_Task, BaseException | None]]:
    """Yield each task when it is done, with its error if it failed. At most two per worker wait
    in the pool, so that a stop loses little."""
    if not tasks:
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["survey.reports.unit.report"])
    count = min(workers, len(tasks))
    pool = ProcessPoolExecutor(count, context, _start, (header_json,))
    running: dict[Future[None], _Task] = {}
    queue = iter(tasks)
    try:
        while True:
            for task in queue:
                running[pool.submit(_write, task)] = task
                if len(running) >= 2 * count:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.exception()
    finally:
        pool.shutdown(cancel_futures=True)


_worker: tuple[UnitReportRenderer, str] | None = None


def _start(header_json: str) -> None:
    """Prepare a process of the pool: it ignores Ctrl-C (its parent stops it) and ends when its
    parent does, however that ended."""
    global _worker  # noqa: PLW0603  # a pool's initializer has no other way to leave something
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = (UnitReportRenderer(), header_json)
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write(task: _Task) -> None:
    """Render one report to a temporary file beside its place and move it there."""
    from survey.release.codec import header_from_json, unit_from_json

    if _worker is None:
        raise RuntimeError("the pool's process was not started")
    renderer, header_json = _worker
    pdf = renderer.render(
        header_from_json(header_json),
        unit_from_json(task.unit_json),
        task.language,
        task.digest,
        task.free_text,
        task.follow_up,
    )
    temporary = task.path.with_name(f".{task.path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as out:
        out.write(pdf)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(task.path)
