"""All PDFs of a release: resumed, whole or absent, faults told together, no orphans."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pikepdf
import pytest

from survey.core.errors import SurveyError
from survey.release.codec import to_json
from survey.reports.unit.bulk import file_name, render_units
from tests.reports import samples

DIGEST = "ab" * 32


def unit_json(code: str, n: int = 7) -> str:
    unit = samples.unit(n, 12)
    return to_json(dataclasses.replace(unit, unit=dataclasses.replace(unit.unit, code=code)))


def test_all_reports_are_made_once_and_a_changed_one_again(tmp_path: Path) -> None:
    header, units = to_json(samples.header()), [unit_json("1"), unit_json("2/ø")]
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))

    def run(units: list[str]) -> list[Path]:
        seen.clear()
        return render_units(header, units, ["nb", "en"], DIGEST, tmp_path, workers=2,
                            progress=progress)  # fmt: skip

    paths = run(units)
    assert [path.name for path in paths] == [
        "1.nb.pdf", "1.en.pdf", "2_2f__f8_.nb.pdf", "2_2f__f8_.en.pdf",
    ]  # fmt: skip
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    made = [path.stat().st_mtime_ns for path in paths]
    with pikepdf.open(paths[0]) as pdf:
        assert len(pdf.pages) >= 2

    run(units)
    assert seen == [(4, 4)]
    assert [path.stat().st_mtime_ns for path in paths] == made

    paths[0].unlink()
    run([units[0], unit_json("2/ø", 8)])
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert paths[1].stat().st_mtime_ns == made[1]
    assert not list(tmp_path.glob("*.tmp"))
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_report_that_fails_is_named_and_the_others_are_made(tmp_path: Path) -> None:
    broken = unit_json("bad").replace('"schema":2', '"schema":999')
    with pytest.raises(SurveyError) as caught:
        render_units(
            to_json(samples.header()), [broken, unit_json("good")], ["nb"], DIGEST, tmp_path,
            workers=1,
        )  # fmt: skip
    assert [fault.where for fault in caught.value.faults] == ["bad.nb.pdf"]
    assert (tmp_path / "good.nb.pdf").exists()
    assert not (tmp_path / "bad.nb.pdf").exists()


def test_file_names_are_safe_and_differ_for_different_codes() -> None:
    codes = ["1", "../x", "a_b", "a/b", "a b", "A", ".hidden", "x" * 300, "x" * 301, "øå"]
    names = [file_name(code, "nb") for code in codes]
    assert len(set(names)) == len(codes)
    for name in names:
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) < 120


CHILD = """
import sys
from pathlib import Path
from survey.reports.unit.bulk import render_units

if __name__ == "__main__":
    header = Path(sys.argv[1], "header").read_text("utf-8")
    unit = Path(sys.argv[1], "unit").read_text("utf-8")
    units = [unit.replace('"code":"1"', f'"code":"u{i}"') for i in range(500)]
    render_units(header, units, ["nb"], "d", Path(sys.argv[1], "out"), workers=2,
                 progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "header").write_text(to_json(samples.header()), "utf-8")
    (tmp_path / "unit").write_text(unit_json("1"), "utf-8")
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    marked = {**os.environ, "REPORTS_TEST": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, env=marked
    )
    assert parent.stdout is not None
    while int(parent.stdout.readline()) < 2:
        pass
    assert len(_family(str(tmp_path))) > 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while _family(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _family(str(tmp_path)) == []


def _family(mark: str) -> list[int]:
    """Processes whose environment carries the test's mark."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdigit() and mark.encode() in (each / "environ").read_bytes():
                found.append(int(each.name))
        except OSError:
            continue
    return found
