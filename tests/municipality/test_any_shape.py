"""Trees of any shape, with answers of any gaps: every wave of them is released."""

from __future__ import annotations

import random

import pytest

from survey.instrument.layout import Layout
from survey.release.codec import header_from_json, to_json, unit_from_json
from survey.release.compute import Computed
from survey.release.frame import Frame
from tests.municipality.counted import stored, without_an_index
from tests.release.samples import as_earlier, compute, frame, instrument

pytestmark = pytest.mark.no_cover

LAYOUT = Layout(instrument())


def drawn_tree(rng: random.Random) -> list[tuple[str, str | None, int | None]]:
    """Up to fifty nodes, deep or flat, some with nobody of their own, some of unknown number."""
    units: list[tuple[str, str | None, int | None]] = [("k", None, 0)]
    deep = rng.random()
    for number in range(rng.choice([1, 3, 10, 25, 50])):
        above = units[-1] if rng.random() < deep else rng.choice(units)
        units.append((f"u{number:02d}", above[0], rng.choice([None, 0, 3, 12, 40])))
    return units


def drawn_sheets(units: Frame, rng: random.Random) -> dict[str, list[str]]:
    """Sheets of a few or of many at each node; each item or question may be left out."""
    gaps = rng.choice([0.0, 0.05, 0.4])
    sizes = rng.choice([[0, 1, 2, 3, 4], [0, 2, 6, 14], [0, 5, 30, 120]])
    return {
        unit.code: ["".join(sheet(gaps, rng)) for _ in range(rng.choice(sizes))]
        for unit in units.units
    }


def sheet(gaps: float, rng: random.Random) -> list[str]:
    cells = ["0"] * LAYOUT.width
    for column in LAYOUT.items.values():
        cells[column] = rng.choice("0?") if rng.random() < gaps else rng.choice("1234")
    for name, columns in LAYOUT.questions.items():
        asked = rng.random() >= gaps
        for column in range(columns.start, columns.stop):
            if LAYOUT.instrument.question(name).type == "single":
                cells[column] = rng.choice("012")
            else:
                cells[column] = rng.choice("112") if asked else "0"
    return cells


def released(seed: int) -> tuple[Computed, Computed]:
    """Two waves of a drawn municipality; the audit has been passed. They lack no index."""
    rng = random.Random(seed)
    units = drawn_tree(rng)
    waves: list[Computed] = []
    for ordinal in (1, 2):
        of = frame(units, ordinal=ordinal)
        joined = stored(of, drawn_sheets(of, rng))
        waves.append(compute(of, joined, [as_earlier(each) for each in waves], draw=None))
        assert without_an_index(of, joined, waves[-1]) == []
    return waves[0], waves[1]


@pytest.mark.parametrize("seeds", [range(20), range(20, 40)])
def test_two_waves_of_any_municipality_are_released(seeds: range) -> None:
    for seed in seeds:
        for made in released(seed):
            assert header_from_json(to_json(made.header)) == made.header, seed
            assert all(unit_from_json(to_json(unit)) == unit for unit in made.units), seed
