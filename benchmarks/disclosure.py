"""CPU seconds of protect() and cleared() for a whole municipality: 400 units, 24 items, 3 waves.

cleared() is what a release waits for: the audit, and as many more rounds of withholding and
auditing as it takes until nothing is exposed.

Run: .venv/bin/python benchmarks/disclosure.py [units]
The floor beside protect() is the same call without secondary suppression.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "disclosure"))

from drawn import measure, municipality

from survey.disclosure.engine import protect
from survey.disclosure.mending import cleared


def main(units: int = 400, waves: int = 3) -> None:
    """Print a row per wave and the totals."""
    totals = [0.0, 0.0, 0.0]
    print("| wave | answers | floor s | protect s | cleared s | joint | audit | exposed |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for wave in range(1, waves + 1):
        people = municipality(units, seed=wave)
        measured = measure(people)
        start = time.process_time()
        protect(measured, people.nodes, secondary=False)
        floor = time.process_time()
        released = protect(measured, people.nodes)
        done = time.process_time()
        mended, report = cleared(released, measured, people.nodes)
        end = time.process_time()
        spent = [floor - start, done - floor, end - done]
        totals = [a + b for a, b in zip(totals, spent, strict=True)]
        cells = " | ".join(f"{s:.1f}" for s in spent)
        joint, audited = (
            sum(line.reason == reason for line in mended.log) for reason in ("joint", "audit")
        )
        found = f"{joint} | {audited} | {len(report.exposures)}"
        print(f"| {wave} | {measured.n.max()} | {cells} | {found} |", flush=True)
    print("| all | | " + " | ".join(f"{s:.1f}" for s in totals) + " | | | |")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
