"""What it costs to release a municipality, and how much of it is shown.

Usage: ``python -m benchmarks.disclosure [--demo]``

* For 60, 80 and 400 units at four rates of answering: the third wave of a study, from the answers
  to audited documents, in a process of its own. CPU seconds of protecting (counting and the
  organisation's own figures with it), of writing the documents with two earlier waves, and of the
  audit; peak memory of the whole process, drawing the answers included. Shown: which share of all
  units' indices, of their statements' favourable shares and of their questions' options stands.
* A wave of 400 units in SQLite, taken through ``close_wave``, ``prepare_release`` and
  ``make_release`` as ``survey wave close`` does, after two waves that were released.
* ``--demo``: how much the demo's third wave shows.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import sqlalchemy as sa

from survey.core.config import Settings
from survey.core.services import Services, build
from survey.demo import municipality
from survey.instrument.library import Library
from survey.operations import migrate
from survey.release import read
from survey.release.audit import findings
from survey.release.close import close_wave, make_release, prepare_release
from survey.release.codec import unit_from_json
from survey.release.compute import protect_wave, write_documents
from survey.release.document import UnitResult
from survey.release.lineage import Earlier
from survey.study.models import Study, Wave
from tests.data.municipality import make
from tests.municipality.counted import BAROMETER, drawn
from tests.municipality.town import Row, Town
from tests.release.samples import as_earlier

UNITS = (60, 80, 400)
RATES = (0.31, 0.50, 0.72, 0.90)


def memory() -> int:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def shown(units: Iterable[UnitResult]) -> tuple[int, int, int]:
    """Per cent of all indices, favourable shares and options that stand; merged units left out."""
    indices: list[bool] = []
    items: list[bool] = []
    options: list[bool] = []
    for unit in units:
        if unit.unit.merged_into is not None:
            continue
        indices.append(unit.overall.index is not None)
        indices += [d.score.index is not None for d in unit.dimensions]
        items += [i.favourable is not None for d in unit.dimensions for i in d.items]
        options += [o.share is not None for q in unit.questions for o in q.options]
    return tuple(round(100 * sum(each) / len(each)) for each in (indices, items, options))  # type: ignore[return-value]


def case(total: int, rate: float) -> None:
    """Release three waves of a municipality; print what the third one took and shows."""
    earlier: list[Earlier] = []
    for ordinal in (1, 2, 3):
        frame, joined = drawn(total, rate, ordinal=ordinal)
        start = time.process_time()
        protected = protect_wave(frame, joined)
        done = [time.process_time()]
        made = write_documents(frame, protected, earlier)
        done.append(time.process_time())
        if findings(made):
            raise SystemExit("the auditor found something")
        done.append(time.process_time())
        earlier.append(as_earlier(made))
    spent = [b - a for a, b in zip([start, *done], done, strict=False)]
    [top] = [unit for unit in made.units if unit.unit.parent is None]
    print(
        json.dumps(
            [len(made.units), top.participation.answered, *spent, memory(), *shown(made.units)]
        )
    )


def closing(total: int, rate: float) -> None:
    """Take a third wave through close, look and release; print what each took."""
    with tempfile.TemporaryDirectory() as name:
        town, rows = Town(Path(name) / "town", Library(None).get(BAROMETER)), plain_rows(total)
        town.bring_in(rows)
        rng = random.Random(7)
        for _ in (1, 2):
            town.measure(who(rows, rate, rng))
        town.open_next(who(rows, rate, rng))
        code = "import benchmarks.disclosure as b, sys; b.closed(sys.argv[1])"
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", code, str(town.folder / "var")], check=True)


def closed(folder: str) -> None:
    """Close and release the open wave of a service; print CPU seconds of each step, and memory."""
    parts = build(Settings(data_dir=Path(folder)))
    with parts.db.reading() as session:
        wave = session.scalars(sa.select(Wave).where(Wave.state == "open")).one()
    steps: list[Callable[..., object]] = [close_wave, prepare_release, make_release]
    spent = []
    for step in steps:
        start = time.process_time()
        step(parts.db, parts.keys, wave.organisation_id, wave.id)
        spent.append(time.process_time() - start)
    parts.db.dispose()
    print(json.dumps([*spent, memory()]))


def plain_rows(total: int) -> list[Row]:
    """The municipality as its organisation file has it."""
    return [[*map(str, row), "", "", ""] for row in make.units(total, random.Random(7))]


def who(rows: list[Row], rate: float, rng: random.Random) -> dict[str, tuple[int, int]]:
    """Unit → how many of its employees answer; one leader in each that has more than eight."""
    return {
        row[0]: (sum(rng.random() < rate for _ in range(int(row[4]))), int(int(row[4]) > 8))
        for row in rows
    }


def of_demo() -> None:
    """Print how much the demo's third wave shows."""
    with tempfile.TemporaryDirectory() as name:
        parts: Services = build(Settings(data_dir=Path(name) / "var", secret_key="s" * 40))
        migrate.upgrade(parts)
        municipality.build(parts)
        with parts.db.reading() as session:
            study = session.scalars(sa.select(Study)).one()
            stored = read.documents(session, study.organisation_id, study.id)
        parts.db.dispose()
        units = [unit_from_json(text) for _, text in stored.units]
        print(f"demo, third wave: {shown(units)} per cent of indices, statements, options")


def alone(*words: object) -> list[float]:
    """Run one case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.disclosure", *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print a table of all cases, and the whole way of a large wave."""
    head = "| units | rate | answers | protect s | write s | audit s | MB "
    print(f"{head}| indices | statements | options |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for total in UNITS:
        for rate in RATES:
            units, answers, protect, write, audit, mb, *parts = alone("case", total, rate)
            times = " | ".join(f"{each:.2f}" for each in (protect, write, audit))
            kept = " | ".join(f"{each:.0f} %" for each in parts)
            print(
                f"| {units:.0f} | {rate:.0%} | {answers:.0f} | {times} | {mb:.0f} | {kept} |",
                flush=True,
            )
    close, look, release, mb = alone("close", 400, 0.72)
    print(
        f"400 units, 72 %: close {close:.1f} s, look {look:.1f} s, release {release:.1f} s, "
        f"{mb:.0f} MB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*")
    parser.add_argument("--demo", action="store_true")
    given = parser.parse_args()
    if given.case:
        run = {"case": case, "close": closing}[given.case[0]]
        run(int(given.case[1]), float(given.case[2]))
    else:
        main()
        if given.demo:
            of_demo()
