"""What a manager's dashboard costs when a million responses are stored, beside floor and peer.

Usage: ``python -m benchmarks.dashboard [--responses N] [--requests N]``

A municipality of 400 units with three released waves is built through the product's own
operations; the table of responses is then filled up to N rows with the sheets that are there. In
one process and in turn, several rounds:

* the dashboard, as the server answers it (session, access, queries, charts, page);
* the floor: the same request's session and access check, and a page of a few lines (/enhet);
* the peer: what a service without releases has to do for this page, which is to read and add up
  the sheets of the unit and of the municipality in three waves (nothing hidden, nothing drawn).

Server time is the wall clock inside the process; CPU seconds stand beside it, because the machine
may be shared.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sqlalchemy as sa
import structlog

from tests.access.world import World
from tests.release import journey
from tests.web.waves import three

PAGE = "/enhet/3999/kultur/n1"
UNITS = 400


def built(folder: Path, responses: int) -> World:
    """The municipality, with so many responses stored."""
    lines = [f"x{n};Enhet {n};{'nord' if n % 2 else 'sor'};skole;30" for n in range(UNITS - 8)]
    journey.CSV += "\n".join(lines) + "\n"
    world = three(folder)
    with world.parts.db.writer.begin() as connection:
        stored = connection.execute(sa.text("SELECT count(*) FROM response")).scalar_one()
        while stored < responses:
            step = min(stored, responses - stored)
            connection.execute(
                sa.text(
                    "INSERT INTO response (organisation_id, id, wave_id, unit_id, role, answers) "
                    "SELECT organisation_id, randomblob(16), wave_id, unit_id, role, answers "
                    "FROM response LIMIT :step"
                ),
                {"step": step},
            )
            stored += step
    return world


def peer(world: World) -> Callable[[], None]:
    """Shares per item of the unit and of the municipality, straight from the sheets."""

    def one() -> None:
        with world.parts.db.reader.begin() as connection:
            rows = connection.execute(
                sa.text(
                    "SELECT wave_id, unit_id, count(*), group_concat(answers, '') FROM response "
                    "WHERE role = 'employee' GROUP BY wave_id, unit_id"
                )
            ).all()
        for _, _, count, sheets in rows:
            table = np.frombuffer(sheets.encode(), np.uint8).reshape(count, -1)
            (table == ord("1")).sum(axis=0)

    return one


def timed(work: Callable[[], None], times: int) -> tuple[list[float], list[float]]:
    """Wall and CPU milliseconds of each call."""
    wall, cpu = [], []
    for _ in range(times):
        start, spent = time.perf_counter(), time.process_time()
        work()
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - spent))
    return wall, cpu


def main() -> None:
    """Print the table; fail when the dashboard needs more than 50 ms of CPU at the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = built(Path(folder), asked.responses)
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # a line per request
        client = world.client("north")

        def get(address: str) -> Callable[[], None]:
            def one() -> None:
                assert client.get(address).status_code == 200

            return one

        ways = {
            "dashboard": (get(PAGE), asked.requests),
            "its figures as JSON": (get(f"{PAGE}/figurer.json"), asked.requests),
            "floor (/enhet)": (get("/enhet"), asked.requests),
            "peer (adds up the sheets)": (peer(world), 3),
        }
        seen: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
        for name in ways:
            ways[name][0]()  # templates, catalogues and fonts are read once
        for _ in range(asked.rounds):
            for name, (work, times) in ways.items():
                wall, cpu = timed(work, times)
                seen[name][0].extend(wall)
                seen[name][1].extend(cpu)
        world.parts.db.dispose()
    print(f"{asked.responses:,} responses, {UNITS} units, three waves".replace(",", " "))
    print("| | wall ms, median | 95 % | CPU ms, median |")
    print("|---|---|---|---|")
    for name, (wall, cpu) in seen.items():
        high = statistics.quantiles(wall, n=20)[-1]
        middle, spent = statistics.median(wall), statistics.median(cpu)
        print(f"| {name} | {middle:.1f} | {high:.1f} | {spent:.1f} |")
    if statistics.median(seen["dashboard"][1]) > 50:
        sys.exit("The dashboard is slower than 50 ms.")


if __name__ == "__main__":
    main()
