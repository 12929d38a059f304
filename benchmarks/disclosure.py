"""CPU seconds of protect() and audit() for a whole municipality: 400 units, 24 items, 3 waves.

Run: .venv/bin/python benchmarks/disclosure.py [units]
The floor beside protect() is the same call without secondary suppression.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "disclosure"))

from drawn import measure, municipality

from survey.disclosure.auditor import audit
from survey.disclosure.engine import protect
from survey.disclosure.model import Tabulation


def main(units: int = 400, waves: int = 3) -> None:
    """Print a row per wave and the totals."""
    totals = [0.0, 0.0, 0.0]
    print("| wave | answers | floor s | protect s | audit s | exposed |")
    print("| --- | --- | --- | --- | --- | --- |")
    for wave in range(1, waves + 1):
        people = municipality(units, seed=wave)
        measured = measure(people)
        start = time.process_time()
        protect(measured, people.nodes, secondary=False)
        floor = time.process_time()
        released = protect(measured, people.nodes)
        done = time.process_time()
        report = audit([Tabulation(people.nodes, released)], measured.items, 5, measured)
        end = time.process_time()
        spent = [floor - start, done - floor, end - done]
        totals = [a + b for a, b in zip(totals, spent, strict=True)]
        cells = " | ".join(f"{s:.1f}" for s in spent)
        print(f"| {wave} | {measured.n.max()} | {cells} | {len(report.exposures)} |", flush=True)
    print("| all | | " + " | ".join(f"{s:.1f}" for s in totals) + " | |")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
