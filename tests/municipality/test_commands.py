"""Municipalities of every shape, taken through the service's own commands: no wave is ever refused,
and no area lacks a number for want of a neighbour."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from survey.instrument.library import Library
from survey.release.document import UnitResult
from tests.data.municipality import make
from tests.municipality.counted import instrument
from tests.municipality.town import Row, Town, plain

pytestmark = pytest.mark.no_cover

INSTRUMENTS = Path(__file__).parents[1] / "data" / "instruments"


@pytest.fixture
def small(tmp_path: Path) -> Town:
    """A municipality that is asked the short questionnaire."""
    return Town(tmp_path / "town", Library(INSTRUMENTS).get("kort"), INSTRUMENTS)


def answered(unit: UnitResult) -> int | None:
    return unit.participation.answered


# ---- small and flat ones ----


@pytest.mark.parametrize(("people", "shown"), [(12, 12), (4, None)])
def test_a_municipality_of_one_unit_is_released(
    small: Town, people: int, shown: int | None
) -> None:
    small.bring_in([plain("k", staff=20)])
    units = small.measure({"k": (people, 0)}, look=True)
    assert answered(units["k"]) == shown
    assert (units["k"].overall.index is not None) == (shown is not None)
    few = "A few answers are counted nowhere" in small.looked
    assert few == (shown is None)


@pytest.mark.parametrize("sizes", [[12], [12, 9, 7, 30, 5, 6], [5] * 12])
def test_a_flat_municipality_is_released_and_a_few_at_its_top_hide_nobody(
    small: Town, sizes: list[int]
) -> None:
    """Two leaders at the top are in no block; every unit prints, and the sum is of the units."""
    rows = [plain("k", staff=3), *(plain(f"u{n}", "k", 30) for n in range(len(sizes)))]
    small.bring_in(rows)
    given = {"k": (2, 0)} | {f"u{n}": (size, 0) for n, size in enumerate(sizes)}
    units = small.measure(given, look=True)
    assert [answered(units[f"u{n}"]) for n in range(len(sizes))] == sizes
    assert answered(units["k"]) == sum(sizes)
    assert units["k"].others is None
    assert "A few answers are counted nowhere" in small.looked
    assert small.told == [f"Enhet k, {sum(sizes)}: {len(sizes)} enheter."]


def test_every_unit_of_a_released_wave_has_a_report(small: Town) -> None:
    """A merged one is read in its neighbour's; one that shows nothing has one that says so."""
    rows = [
        plain("k"),
        plain("a", "k"),
        plain("b", "a", 12),
        plain("c", "a", 9),
        plain("d", "a", 3),
    ]
    small.bring_in(rows)
    units = small.measure({"b": (11, 1), "c": (4, 0), "d": (3, 0)})
    folder = small.folder / "reports"
    small.survey("report", "units", "--study", "b", "--language", "nb", "-o", str(folder))
    written = [path for path in folder.glob("*.pdf") if path.read_bytes().startswith(b"%PDF")]
    assert len(written) == sum(not unit.unit.merged_into for unit in units.values())


def test_a_municipality_of_small_units_alone_shows_them_together(small: Town) -> None:
    small.bring_in([plain("k"), *(plain(f"u{n}", "k", 4) for n in range(4))])
    units = small.measure({f"u{n}": (3, 0) for n in range(4)})
    merged = [unit for unit in units.values() if unit.unit.merged_into]
    assert answered(units["k"]) == 12
    assert {answered(unit) for unit in merged} <= {None}


# ---- a large one, three times, with a reorganisation between ----

ODD: list[Row] = [
    # an area whose leaders alone answer: eight of them, and one with three
    plain("atte", "1000"),
    *(plain(f"atte{n}", "atte", 20) for n in range(3)),
    plain("tre", "1000"),
    *(plain(f"tre{n}", "tre", 20) for n in range(3)),
    # units under five, some with nobody to speak of
    plain("sma", "1000"),
    *(plain(f"sma{n}", "sma", staff) for n, staff in enumerate([4, 3, 1, 30])),
    # headcounts of nobody and unknown
    plain("rar", "1000", ""),
    plain("rar0", "rar", 0),
    plain("rar1", "rar", ""),
]


def as_rows(units: list[make.Unit]) -> list[Row]:
    return [
        [code, name, above, kind, str(staff), "", "", ""]
        for code, name, above, kind, staff in units
    ]


def who_answers(rows: list[Row], rate: float, seed: int) -> dict[str, tuple[int, int]]:
    """Employees of every unit, and one leader of each that has more than eight people."""
    rng = random.Random(seed)
    given: dict[str, tuple[int, int]] = {}
    for code, *_, staff, _, _, _ in rows:
        heads = int(staff or 0)
        given[code] = (sum(rng.random() < rate for _ in range(heads)), int(heads > 8))
    given |= {f"atte{n}": (0, leaders) for n, leaders in enumerate([3, 3, 2])}
    given |= {f"tre{n}": (0, 1) for n in range(3)}
    return given | {"rar0": (9, 0), "rar1": (11, 1)}


def reorganised(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """The second wave's file and the third's: two units merged; then one split, one moved and one
    renamed."""
    reason = "Ny organisering"
    second = [row for row in rows if row[0] not in ("110101", "110102")]
    second.append(["110190", "Sammenslått barnehage", "1101", "barnehage", "40",
                   "110101 110102", "", reason])  # fmt: skip
    third = [[*row[:5], "", "", ""] for row in second if row[0] != "120101"]
    for code in ("120191", "120192"):
        third.append([code, f"Delt {code}", "1201", "bosenter", "20", "120101", "", reason])
    for row in third:
        if row[0] == "120102":
            row[2] = "1202"
        if row[0] == "120301":
            row[1] = "Nytt navn"
    return second, third


def test_sixty_units_are_measured_three_times_with_a_reorganisation_between(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path / "town", instrument())
    first = [*as_rows(make.units(60, random.Random(7))), *ODD]
    for number, rows in enumerate((first, *reorganised(first)), 1):
        town.bring_in(rows)
        units = town.measure(who_answers(rows, (0.72, 0.31, 0.9)[number - 1], number), look=True)
        of_odd_parts(units)
        assert len(units) == len(rows)
        for unit in units.values():
            if unit.unit.children and (answered(unit) or 0) >= 8:  # a few lack a sub-goal
                assert unit.overall.index is not None, unit.unit.code
        assert answered(units["1000"]) == sum(answered(units[c]) or 0 for c in areas(units)) + (
            units["1000"].others.answered if units["1000"].others else 0
        )
    of_the_reorganisation(units)
    for code in ("1000", "sma0", "110190"):
        path = tmp_path / f"{code}.pdf"
        town.survey("report", "unit", "--study", "b", "--unit", code, "-o", str(path))
        assert path.read_bytes().startswith(b"%PDF"), code


def areas(units: dict[str, UnitResult]) -> tuple[str, ...]:
    return units["1000"].unit.children


def of_odd_parts(units: dict[str, UnitResult]) -> None:
    """Where leaders, small units and units without a headcount are counted."""
    assert answered(units["atte"]) == 8
    assert units["atte"].others is not None
    assert {answered(units[f"atte{n}"]) for n in range(3)} == {None}
    assert answered(units["tre"]) is None
    for code in ("rar0", "rar1"):
        assert units[code].participation.headcount is None
        assert units[code].overall.interval is not None
        assert units[code].overall.index is not None


def of_the_reorganisation(units: dict[str, UnitResult]) -> None:
    merged, split = units["110190"], units["120191"]
    assert [(c.from_ordinal, c.comparable) for c in merged.changes] == [(1, False), (2, True)]
    assert not any(change.comparable for change in split.changes)
    moved = [each.kind for each in units["120102"].reorganisations]
    assert moved == ["moved"]
    assert [each.kind for each in units["120301"].reorganisations] == ["renamed"]
    top = {change.from_ordinal: change for change in units["1000"].changes}
    assert {change.overall.basis for change in top.values()} == {"units"}
    assert Counter(bool(change.joined or change.left) for change in top.values()) == {False: 2}
    assert all(change.tally is not None for change in top.values())
