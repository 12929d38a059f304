"""The pictures that docs/scenarios.md shows are those that the scenarios take."""

from __future__ import annotations

import re
from pathlib import Path

from tests.scenarios.conftest import FOLDER


def test_every_picture_is_taken_kept_and_shown() -> None:
    taken = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        taken |= set(re.findall(r'(?:picture|sheet)\(.*?"([a-z]+-\d-[a-z-]+)"', file.read_text()))
    shown = re.findall(
        r"!\[[^\]]+\]\(pictures/scenarios/([a-z0-9-]+)\.png\)",
        (FOLDER.parents[1] / "scenarios.md").read_text("utf-8"),
    )
    kept = {each.stem for each in FOLDER.glob("*.png")}
    assert len(taken) > 20
    assert sorted(shown) == sorted(taken) == sorted(kept)
