"""Answers in a CSV file of one row per person, read whole or refused with every fault.

For analysts who own their data: item columns are found by the instrument's item ids, all other
columns are ignored. Nothing is stored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from survey.core.csv_files import fold, read_rows
from survey.core.errors import Fault, InvalidInput, Message, say
from survey.instrument.model import Instrument
from survey.instrument.read import did_you_mean
from survey.measurement.wave import WaveAnswers

SIZE_LIMIT = 1_000_000_000
LINE_LIMIT = 1_000_000
LISTED = 20
"""Faults of one kind that are listed; the rest is counted."""
BAD = 255
"""Sheet code of a cell that is no answer; never leaves this module."""


@dataclass(frozen=True)
class Columns:
    """What the columns of the file are called; None where there is no such column."""

    unit: str
    wave: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class Answers:
    """A whole file: unit names in sorted order, and the waves in order.

    A sheet holds the items in the instrument's order; a person's empty code is -1.
    """

    units: tuple[str, ...]
    waves: Mapping[str, WaveAnswers]


@dataclass
class Complaints:
    """Faults by kind: the first twenty of each, and how many there were."""

    file: str
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        kind: str,
        where: str | Message,
        what: Message | str,
        fix: Message | str | None = None,
    ) -> None:
        """Note one; ``kind`` is what they are called when they are counted."""
        self.counts[kind] += 1
        if self.counts[kind] <= LISTED:
            self.faults.append(Fault(where, what, fix))

    def refuse(self) -> None:
        """Raise InvalidInput when there is any fault."""
        if not self.counts:
            return
        totals = [
            Fault(say("in_all"), say("more_faults_of_kind", count=count, kind=kind, listed=LISTED))
            for kind, count in self.counts.items()
            if count > LISTED
        ]
        raise InvalidInput(say("cannot_be_analysed", path=self.file), [*self.faults, *totals])


_WHOLE = re.compile(r"([-+]?[0-9]{1,9})(?:[.,]0+)?")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?")


class Codes(dict[str, int]):
    """Cell text → sheet code of one scale, learning as it goes: 0 missing, BAD no answer."""

    def __init__(self, low: int, high: int, missing: frozenset[str]) -> None:
        super().__init__({str(v): v - low + 1 for v in range(low, high + 1)})
        self.low, self.high = low, high
        self.update(dict.fromkeys(missing, 0))
        self[""] = 0

    def __missing__(self, cell: str) -> int:
        text = cell.strip()
        code = super().get(text, BAD)
        if code == BAD:
            code = self._number(text)
        if code != BAD:
            self[cell] = code
        return code

    def _number(self, text: str) -> int:
        """``3.0`` and Excel's ``3,0`` are 3; anything else that is not on the scale is BAD."""
        match = _WHOLE.fullmatch(text)
        if match is None or not self.low <= int(match[1]) <= self.high:
            return BAD
        return int(match[1]) - self.low + 1


def read_answers(
    path: Path,
    instrument: Instrument,
    columns: Columns,
    *,
    missing: frozenset[str] = frozenset(),
    wave_order: Sequence[str] = (),
) -> Answers:
    """Read a file of answers. Raises InvalidInput with every fault (twenty of a kind).

    Waves stand in ``wave_order``; without one in the order of their numbers when all are numbers,
    else in the order of the file. Without a wave column the one wave is called ``all``.
    """
    rows = _rows(path, [*instrument.items, columns.unit])
    complaints = Complaints(str(path))
    header = next(rows, (0, []))[1]
    if not header:
        complaints.add("empty files", str(path), "file_is_empty", "put_column_names_in_row_1")
        complaints.refuse()
    places = _Places(header, complaints)
    items = [places.find(item, f"item '{item}'") for item in instrument.items]
    unit = places.find(columns.unit, "--unit-column")
    wave = None if columns.wave is None else places.find(columns.wave, "--wave-column")
    person = None if columns.person is None else places.find(columns.person, "--person-column")
    complaints.refuse()
    scales = [instrument.scale_of(item) for item in instrument.items]
    by_scale = {s.id: Codes(s.minimum, s.maximum, missing) for s in scales}
    reader = _Reader(header, items, [by_scale[s.id] for s in scales], complaints)
    for number, cells in rows:
        reader.row(number, cells, unit, wave, person)
    if not reader.units:
        complaints.add("files without answers", str(path), "no_row_below_header")
    complaints.refuse()
    return reader.answers(_in_order(reader.waves, wave_order, complaints), person is not None)


class _Places:
    """Columns of a header, found by name: exactly, else without regard to case and blanks."""

    def __init__(self, header: Sequence[str], complaints: Complaints) -> None:
        self.header = [name.strip() for name in header]
        self.folded = [fold(name) for name in header]
        self.complaints = complaints

    def find(self, name: str, purpose: str) -> int:
        """Position of a column; 0 and a fault when there is none or there are several."""
        for names, wanted in ((self.header, name), (self.folded, fold(name))):
            count = names.count(wanted)
            if count == 1:
                return names.index(wanted)
            if count > 1:
                what = say("columns_of_same_name", count=count, name=name, purpose=purpose)
                self.complaints.add("ambiguous columns", "header", what, "keep_one")
                return 0
        what = say("no_column_called", name=name, purpose=purpose)
        self.complaints.add("missing columns", "header", what, did_you_mean(name, self.header))
        return 0


class _Reader:
    """Collects rows; every fault is noted and reading goes on."""

    def __init__(
        self,
        header: Sequence[str],
        items: Sequence[int],
        codes: Sequence[Codes],
        complaints: Complaints,
    ) -> None:
        self.header, self.items, self.codes, self.complaints = header, items, codes, complaints
        self.sheets = bytearray()
        self.units: list[str] = []
        self.waves: list[str] = []
        self.persons: list[str] = []

    def row(
        self, number: int, cells: list[str], unit: int, wave: int | None, person: int | None
    ) -> None:
        """Take in one row of the file; ``number`` is its number in a spreadsheet."""
        where, width = say("row", number=number), len(self.header)
        if len(cells) != width:
            what = say("row_of_other_width", count=len(cells), width=width)
            fix = say("quote_text_with_commas")
            self.complaints.add("rows of the wrong length", where, what, fix)
            return
        codes = [code[cells[place]] for code, place in zip(self.codes, self.items, strict=True)]
        if BAD in codes:
            self._off_scale(where, cells, codes)
        name = cells[unit].strip()
        label = "all" if wave is None else cells[wave].strip()
        if not name:
            what = say("no_unit_column_is_empty", header=self.header[unit])
            self.complaints.add("rows without a unit", where, what)
        if not label:
            what = say("no_wave_wave_column_is_empty")
            self.complaints.add("rows without a wave", where, what)
        self.sheets += bytes(codes)
        self.units.append(name)
        self.waves.append(label)
        if person is not None:
            self.persons.append(cells[person].strip())

    def _off_scale(self, where: Message, cells: list[str], codes: list[int]) -> None:
        for code, table, place in zip(codes, self.codes, self.items, strict=True):
            if code != BAD:
                continue
            cell = cells[place].strip()[:40]
            what = say("not_on_scale_to", cell=cell, low=table.low, high=table.high)
            fix = say("name_codes_for_missing_answers_with_missing")
            kind = "cells that are no number"
            if _NUMBER.fullmatch(cell):
                kind = "values off the scale"
            self.complaints.add(kind, f"{where}, column {self.header[place].strip()}", what, fix)

    def answers(self, waves: Sequence[str], linked: bool) -> Answers:
        """Everything as arrays, one set a wave."""
        names = sorted(set(self.units))
        numbers = {name: number for number, name in enumerate(names)}
        sheets = np.frombuffer(bytes(self.sheets), np.uint8).reshape(-1, len(self.items))
        units = np.array([numbers[name] for name in self.units], np.int64)
        known: dict[str, int] = {"": -1}
        people = np.array([known.setdefault(p, len(known)) for p in self.persons], np.int64)
        which = np.array(self.waves)
        by_wave: dict[str, WaveAnswers] = {}
        for wave in waves:
            here = which == wave
            persons = people[here] if linked else None
            by_wave[wave] = WaveAnswers(sheets[here], units[here], None, persons)
        return Answers(tuple(names), by_wave)


def _in_order(waves: Sequence[str], wanted: Sequence[str], complaints: Complaints) -> list[str]:
    """The waves once each, in order; refuses an order that does not name exactly these."""
    present = list(dict.fromkeys(waves))
    if wanted:
        for wave in set(wanted) ^ set(present):
            side = "named and not in the file" if wave in wanted else "in the file and not named"
            complaints.add("waves", "--wave-order", say("wave_twice_in_file", wave=wave, side=side))
        complaints.refuse()
        return list(dict.fromkeys(wanted))
    if all(wave.isdecimal() for wave in present):
        present.sort(key=int)
    return present


# ---------------------------------------------------------------------- bytes to rows


def _rows(path: Path, known: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with their number in a spreadsheet (from 1); ``known`` are names of
    columns that help to tell the delimiter."""
    raw = _bytes(path)
    try:
        rows, _ = read_rows(raw, [fold(name) for name in known])
        yield from rows
    except InvalidInput as error:
        faults = [
            Fault(fault.where or str(path), fault.message, fault.fix) for fault in error.faults
        ]
        raise InvalidInput(say("cannot_be_analysed", path=path), faults) from error


def _bytes(path: Path) -> bytes:
    """The file's bytes; refuses what is too large to be read, or has lines that no row has."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= SIZE_LIMIT else None
    except OSError as error:
        raise _refused(path, str(path), say("cannot_be_read", strerror=error.strerror)) from error
    if raw is None:
        raise _refused(path, str(path), say("file_larger_than", value=SIZE_LIMIT // 1000000))
    start, number = 0, 1
    while start < len(raw):
        stop = raw.find(b"\n", start)
        stop = len(raw) if stop < 0 else stop
        if stop - start > LINE_LIMIT:
            what = say("line_too_long", value=stop - start)
            raise _refused(path, say("line", line=number), what, "check_line_ends_of_file")
        start, number = stop + 1, number + 1
    return raw


def _refused(
    path: Path, where: str | Message, what: Message | str, fix: Message | str | None = None
) -> InvalidInput:
    return InvalidInput(say("cannot_be_analysed", path=path), [Fault(where, what, fix)])


# ---------------------------------------------------------------------- headcounts


def with_headcounts(answers: Answers, path: Path, columns: Columns) -> Answers:
    """The same answers with the headcounts of a file: unit, headcount and, if it has one, wave.

    The unit column is called as in the answers, or ``unit``; the wave column as in the answers.
    Units without answers count towards the organisation's headcount. Raises InvalidInput.
    """
    rows = _rows(path, ["unit", "headcount", columns.unit])
    complaints = Complaints(str(path))
    header = next(rows, (0, []))[1]
    places = _Places(header, complaints)
    folded = places.folded
    name = columns.unit if fold(columns.unit) in folded or "unit" not in folded else "unit"
    unit, heads = places.find(name, "the unit"), places.find("headcount", "employees")
    has_wave = columns.wave is not None and fold(columns.wave) in folded
    wave = places.find(columns.wave, "the wave") if columns.wave and has_wave else None
    complaints.refuse()
    headcounts: dict[tuple[str, str], int] = {}
    for number, cells in rows:
        if len(cells) != len(header):
            what = say("row_of_other_width", count=len(cells), width=len(header))
            complaints.add("rows of the wrong length", say("row", number=number), what)
            continue
        key = ("" if wave is None else cells[wave].strip(), cells[unit].strip())
        text = cells[heads].strip()
        if not key[1]:
            complaints.add("rows without a unit", say("row", number=number), "no_unit")
        elif not text.isascii() or not text.isdecimal() or len(text) > 7:
            what = say("headcount_not_whole", text=text[:40])
            complaints.add("faulty headcounts", say("row", number=number), what)
        elif key in headcounts:
            what = say("unit_has_had_its_headcount_already", key=key[1])
            complaints.add("repeated units", say("row", number=number), what)
        else:
            headcounts[key] = int(text)
    complaints.refuse()
    return _place_headcounts(answers, headcounts)


def _place_headcounts(answers: Answers, headcounts: Mapping[tuple[str, str], int]) -> Answers:
    """Units of the headcounts join those of the answers, with numbers in sorted order."""
    names = tuple(sorted({*answers.units, *(unit for _, unit in headcounts)}))
    number = {name: position for position, name in enumerate(names)}
    moved = np.array([number[name] for name in answers.units], np.int64)
    waves: dict[str, WaveAnswers] = {}
    for wave, rows in answers.waves.items():
        heads = np.full(len(names), np.nan)
        for (label, unit), count in headcounts.items():
            if label in ("", wave):
                heads[number[unit]] = count
        waves[wave] = WaveAnswers(rows.sheets, moved[rows.units], heads, rows.persons)
    return Answers(names, waves)
