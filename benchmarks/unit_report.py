"""What a unit report costs, beside the floor and beside Kaleido, in one run.

Usage: ``python -m benchmarks.unit_report [--reports N] [--json]``

The same unit (six pages; eight charts as the goal says, and all eleven) through: our renderer +
WeasyPrint; Typst with our SVGs and the same words (the floor); Kaleido + WeasyPrint. Every way runs
in a process of its own, in turn, several rounds; the median of CPU seconds per report (children
included) is scaled by a calibration loop around each round, because the machine may be shared.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from survey.release.document import UnitResult
from survey.reports.common.context import Context
from survey.reports.svg.draw import draw
from survey.reports.svg.font_metrics import FONT_FILES, font_bytes
from survey.reports.unit.content import content
from survey.reports.unit.report import UnitReportRenderer, charts_for, render_unit_html
from tests.reports import samples

DIGEST = "0" * 64
CHROMIUM = "/usr/bin/chromium"


def unit(charts: int) -> UnitResult:
    """The sample unit, with as many dimensions of items as give this number of charts."""
    whole = samples.unit()
    kept = charts - 4
    return dataclasses.replace(
        whole,
        dimensions=tuple(
            each if number < kept else dataclasses.replace(each, items=())
            for number, each in enumerate(whole.dimensions)
        ),
    )


def ours(result: UnitResult) -> Callable[[], bytes]:
    """Our SVG renderer and WeasyPrint with the text shim."""
    renderer, header = UnitReportRenderer(), samples.header()
    return lambda: renderer.render(header, result, "nb", DIGEST)


def with_kaleido(result: UnitResult) -> Callable[[], bytes]:
    """The same document, its charts drawn by Kaleido's server."""
    import kaleido

    from survey.reports.common import pdf

    # Plotly's SVG names its fonts in a way that WeasyPrint does not read; the fallback may stand.
    pdf._check_fonts = lambda *_: None
    maker, header = pdf.PdfMaker(), samples.header()
    kaleido.start_sync_server(n=1, path=CHROMIUM, mathjax=False)

    def one() -> bytes:
        drawn = {}
        for chart in charts_for(header, result, "nb"):
            layout = chart.spec["layout"]
            drawn[chart.id] = kaleido.calc_fig_sync(
                {"data": list(chart.spec["data"]), "layout": dict(layout)},
                opts={"format": "svg", "width": layout["width"], "height": layout["height"]},
            )
        return maker.make(render_unit_html(header, result, "nb", DIGEST), drawn)

    return one


def with_typst(result: UnitResult) -> Callable[[], bytes]:
    """The floor: the same words and our SVGs, set by a compiled typesetter."""
    import tempfile
    from pathlib import Path

    import typst

    folder = Path(tempfile.mkdtemp())
    for weight in FONT_FILES:
        (folder / f"{weight}.ttf").write_bytes(font_bytes(weight))
    header = samples.header()

    def one() -> bytes:
        whole = content(Context(header, result, "nb"))
        lines = ['#set page(paper: "a4", margin: 18mm)', '#set document(title: "x")',
                 '#set text(font: "Source Sans 3", size: 10.5pt, lang: "nb")']  # fmt: skip
        for part in whole.parts:
            lines.append(f"= {_typst(part.title)}")
            lines += [_typst(each) + "\n" for each in (*part.sentences, *part.points)]
            for chart in part.charts:
                (folder / f"{chart.id}.svg").write_text(draw.render(chart.spec), "utf-8")
                lines += [f"== {_typst(chart.title)}", _typst(chart.subtitle) + "\n"]
                lines.append(
                    f'#image("{chart.id}.svg", width: 174mm, alt: {json.dumps(chart.alt)})'
                )
            for table in part.tables:
                cells = (cell for row in (table.header, *table.rows) for cell in row)
                said = ", ".join(f"[{_typst(cell)}]" for cell in cells)
                lines.append(f"#table(columns: {len(table.header)}, {said})")
            lines += [f"*{_typst(t.term)}* {_typst(t.meaning)}\n" for t in part.terms]
        (folder / "report.typ").write_text("\n".join(lines), "utf-8")
        return typst.compile(
            str(folder / "report.typ"), font_paths=[str(folder)], ignore_system_fonts=True,
            pdf_standards=["ua-1"],
        )  # fmt: skip

    return one


def _typst(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\#*_$@<>[]=~`-+/'\"" else c for c in text)


WAYS: dict[str, Callable[[UnitResult], Callable[[], bytes]]] = {
    "ours": ours,
    "Typst (floor)": with_typst,
    "Kaleido + WeasyPrint": with_kaleido,
}


def calibration() -> float:
    """CPU seconds of a fixed piece of Python."""
    start = time.process_time()
    total = 0
    for number in range(2_000_000):
        total += number * number % 7
    return time.process_time() - start


def tree_cpu(process: psutil.Process) -> float:
    """CPU seconds of a process and its living and reaped children."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            spent = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += spent.user + spent.system
    spent = process.cpu_times()
    return total + spent.children_user + spent.children_system


def tree_memory(process: psutil.Process) -> float:
    """Proportional resident memory (PSS) of a process and its children, in MB."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total / 1e6


def measure(way: str, charts: int, reports: int, out: Any) -> None:
    """Run one way in this process and send what it cost per report."""
    me, peak, done = psutil.Process(), [0.0], threading.Event()
    one = WAYS[way](unit(charts))
    size = len(one())

    def watch() -> None:
        while not done.wait(0.2):
            peak[0] = max(peak[0], tree_memory(me))

    before = calibration()
    start, wall = tree_cpu(me), time.perf_counter()
    for _ in range(reports):
        one()
    cpu, wall = tree_cpu(me) - start, time.perf_counter() - wall
    scale = (before + calibration()) / 2
    # Memory in a second pass: watching costs CPU of its own.
    watcher = threading.Thread(target=watch)
    watcher.start()
    one()
    done.set()
    watcher.join()
    peak[0] = max(peak[0], tree_memory(me))
    out.send({"cpu": cpu / reports, "wall": wall / reports, "scale": scale,
              "memory": peak[0], "size": size})  # fmt: skip
    out.close()
    for child in me.children(recursive=True):
        child.kill()
    os._exit(0)


def run(reports: int, rounds: int) -> list[dict[str, Any]]:
    """Measure every way ``rounds`` times in turn; medians, scaled to the run's median speed."""
    context = multiprocessing.get_context("spawn")
    results: dict[tuple[str, int], list[dict[str, float]]] = {}
    cases = [(way, charts) for charts in (8, 11) for way in WAYS]
    for _ in range(rounds):
        for way, charts in cases:
            receive, send = context.Pipe(False)
            count = 2 if "Kaleido" in way else reports
            process = context.Process(target=measure, args=(way, charts, count, send))
            process.start()
            results.setdefault((way, charts), []).append(receive.recv())
            process.join()
    speed = statistics.median(each["scale"] for rows in results.values() for each in rows)
    table = []
    for (way, charts), rows in results.items():
        cpu = statistics.median(each["cpu"] * speed / each["scale"] for each in rows)
        table.append({
            "way": way, "charts": charts, "cpu": cpu,
            "wall": statistics.median(each["wall"] for each in rows),
            "memory": max(each["memory"] for each in rows), "size": rows[0]["size"],
        })  # fmt: skip
    for each in table:
        base = next(t for t in table if t["way"] == "ours" and t["charts"] == each["charts"])
        each["ratio"] = each["cpu"] / base["cpu"]
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = run(arguments.reports, arguments.rounds)
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    print("| charts | way | CPU s/report | × ours | wall s | peak PSS MB | PDF kB |")
    print("|---|---|---|---|---|---|---|")
    for each in table:
        print(
            f"| {each['charts']} | {each['way']} | {each['cpu']:.2f} | {each['ratio']:.2f} | "
            f"{each['wall']:.2f} | {each['memory']:.0f} | {each['size'] / 1000:.0f} |"
        )


if __name__ == "__main__":
    main()
