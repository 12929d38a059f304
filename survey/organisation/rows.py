"""Rows of an organisation's file: what each cell may say, and what the rows must make together."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from survey.core.csv_files import Table, fold, read_table
from survey.core.errors import Fault, InvalidInput
from survey.organisation.units import CODE, CODE_RULE, NAME_LIMIT

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("code", "unit_code", "kode", "enhetskode", "einingskode"),
    "name": ("name", "unit_name", "navn", "namn", "enhetsnavn", "einingsnamn", "enhet", "eining"),
    "parent_code": (
        "parent_code",
        "parent",
        "overordnet",
        "overordna",
        "overordnet_kode",
        "overordna_kode",
        "overordnet_enhet",
        "overordna_eining",
    ),
    "kind": ("kind", "type", "slag", "tjenestetype", "tenestetype"),
    "headcount": (
        "headcount",
        "ansatte",
        "antall_ansatte",
        "tilsette",
        "talet_på_tilsette",
        "antal_tilsette",
    ),
    "manager_email": (
        "manager_email",
        "manager_e_mail",
        "leder_epost",
        "leder_e_post",
        "leders_epost",
        "leders_e_post",
        "leiar_epost",
        "leiar_e_post",
    ),
    "predecessors": (
        "predecessors",
        "tidligere_kode",
        "tidligere_koder",
        "tidlegare_kode",
        "tidlegare_kodar",
        "forgjengere",
        "forgjengarar",
    ),
    "compare_with": ("compare_with", "sammenlignes_med", "samanliknast_med"),
    "reason": ("reason", "begrunnelse", "grunngiving"),
}
REQUIRED = ("code", "name", "parent_code")
LARGEST_HEADCOUNT = 200_000
DEEPEST = 20
FAULT_LIMIT = 1000
GUESSES = 20
REASON_LIMIT = 500
NOTHING = ("-", "–", "nei", "no", "none", "ingen", "ikke", "ikkje")
"""What stands in ``compare_with`` when a unit is not compared with anything before."""
_NAMES = {name: column for column, names in COLUMNS.items() for name in names}
_EMAIL = re.compile(r"[^\s@<>\"',;:()\[\]\\]+@[^\W_](?:[\w-]*\.)+[^\W\d_]{2,}")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Row:
    """One unit as the file tells it. ``number`` is the row of the spreadsheet, from 1."""

    number: int
    code: str
    name: str
    parent_code: str
    """'' for the root."""
    kind: str
    headcount: int | None
    manager_email: str | None
    predecessors: tuple[str, ...] = ()
    """Codes of the units that it was made of."""
    compare_with: str | None = None
    """The unit before whose figures it is compared with; '' for none, None for the default."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A checked file: exactly one root, no cycle, parents before children.

    ``columns`` are those that the file has: what it does not mention stays as it is. ``notes``
    says what had to be guessed.
    """

    rows: tuple[Row, ...]
    columns: frozenset[str]
    notes: tuple[str, ...]


def read_csv(raw: bytes) -> Rows:
    """Read and check a whole file; Norwegian and English column names are the same.

    Raises TooLarge, and InvalidInput with every fault at once (row, column, reason, what to do).
    """
    table = read_table(raw, tuple(_NAMES))
    faults: list[Fault] = []
    places = _places(table, faults)
    if faults:
        raise _refused(faults)
    rows = []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        rows.append(_row(number, cells, places, len(table.header), faults))
    faults.extend(_faults_together(rows))
    if faults:
        raise _refused(sorted(faults, key=_row_of))
    return Rows(tuple(_parents_first(rows)), frozenset(places), table.notes)


def _places(table: Table, faults: list[Fault]) -> dict[str, int]:
    """Column → position, with a fault for each that is unknown, missing or there twice."""
    places: dict[str, int] = {}
    for position, title in enumerate(table.header):
        column = _NAMES.get(fold(title))
        where = f"row 1, column {position + 1}"
        if not title.strip():
            if any(position < len(cells) and cells[position].strip() for cells in table.rows):
                faults.append(Fault(where, "has no name.", "Name it or empty it."))
        elif column is None:
            near = difflib.get_close_matches(fold(title), _NAMES, 1)
            known = "Known are " + ", ".join(COLUMNS) + " (or Norwegian: kode, navn, overordnet, …)"
            fix = f"Did you mean {near[0]}?" if near else known + "."
            faults.append(Fault(where, f"{title.strip()!r} is not known.", fix))
        elif column in places:
            faults.append(Fault(where, f"{column} is there twice.", "Remove one of the two."))
        else:
            places[column] = position
    for column in REQUIRED:
        if column not in places:
            names = " or ".join(dict.fromkeys((column, COLUMNS[column][2])))
            faults.append(Fault("row 1", f"the column {column} is missing.", f"Add {names}."))
    return places


def _row(
    number: int, cells: tuple[str, ...], places: dict[str, int], width: int, faults: list[Fault]
) -> Row:
    def fault(column: str, what: str, fix: str = "") -> None:
        faults.append(
            Fault(f"row {number}, column {column}" if column else f"row {number}", what, fix)
        )

    def cell(column: str) -> str:
        position = places.get(column, width)
        return cells[position] if position < len(cells) else ""

    if any(each.strip() for each in cells[width:]):
        fault("", "has more fields than the first row.", "Put quotes around text with a delimiter.")
    return checked(number, cell, fault)


def checked(number: int, cell: Callable[[str], str], fault: Callable[[str, str, str], None]) -> Row:
    """Read one unit, from a file's row or from a form; ``fault(column, what, fix)`` is told what
    is wrong with it."""

    def text(column: str, limit: int = NAME_LIMIT) -> str:
        value = " ".join(unicodedata.normalize("NFC", cell(column)).split())
        if any(unicodedata.category(character) in _INVISIBLE for character in value):
            fault(column, "has an invisible control character.", "Type the text anew.")
        if len(value) > limit:
            fault(column, f"has {len(value)} characters.", f"At most {limit} are possible.")
        return value

    code, name, email = text("code"), text("name"), text("manager_email", 254)
    if not code:
        fault("code", "is empty.", "Every unit needs a code.")
    elif not CODE.fullmatch(code):
        fault("code", f"{code!r} is not a code.", f"Use {CODE_RULE}.")
    if not name:
        fault("name", "is empty.", "Every unit needs a name.")
    if email and not _EMAIL.fullmatch(email):
        fault("manager_email", f"{email!r} is not an e-mail address.", "Mend it or leave it out.")
    headcount = _headcount(text("headcount"), fault)
    with_ = text("compare_with")
    return Row(
        number,
        code,
        name,
        text("parent_code"),
        text("kind"),
        headcount,
        email.lower() or None,
        split_codes(text("predecessors", 2000)),
        ("" if with_.casefold() in NOTHING else with_) if with_ else None,
        text("reason", REASON_LIMIT),
    )


def split_codes(text: str) -> tuple[str, ...]:
    """Codes in one cell, apart by blanks, commas or plus signs; each once."""
    return tuple(dict.fromkeys(filter(None, re.split(r"[\s,+|]+", text))))


def _headcount(text: str, fault: Callable[[str, str, str], None]) -> int | None:
    if not text:
        return None
    if re.fullmatch(r"-\s?[0-9]+", text.replace("−", "-")):
        fault("headcount", f"{text} is negative.", "Write 0 or more, or leave it empty.")
        return None
    if not (text.isascii() and text.isdigit()):
        fault("headcount", f"{text!r} is not a whole number.", "Write digits only, for example 24.")
        return None
    if len(text) > 9 or int(text) > LARGEST_HEADCOUNT:
        fault("headcount", f"{text} is more than {LARGEST_HEADCOUNT}.", "")
        return None
    return int(text)


def _faults_together(rows: list[Row]) -> Iterator[Fault]:
    """What is wrong between rows: duplicates, parents, roots, cycles, depth."""
    by_code: dict[str, Row] = {}
    folded: dict[str, Row] = {}
    for row in rows:
        first = folded.setdefault(row.code.casefold(), row)
        if row.code and first is not row:
            what = f"{row.code!r} stands in row {first.number} and in row {row.number}."
            yield Fault(f"row {row.number}, column code", what, "Give each unit its own code.")
        by_code.setdefault(row.code, row)
    guesses = GUESSES
    for row in rows:
        if row.parent_code and row.parent_code not in by_code:
            guesses -= 1
            near = _nearest(row.parent_code, by_code) if guesses >= 0 else []
            fix = f"Did you mean {near[0]!r}?" if near else "Add a row for it, or mend the code."
            what = f"there is no unit with the code {row.parent_code!r}."
            yield Fault(f"row {row.number}, column parent_code", what, fix)
    yield from _faults_of_roots(rows)
    yield from _cycles_and_depth(by_code)


def _nearest(code: str, known: Collection[str]) -> list[str]:
    """The most similar code; [] where looking for it would take long."""
    return difflib.get_close_matches(code, known, 1) if len(known) <= 5000 else []


def _faults_of_roots(rows: list[Row]) -> Iterator[Fault]:
    roots = [row for row in rows if not row.parent_code]
    if not rows:
        yield Fault("", "there are no units in the file.", "Add a row for each.")
    elif not roots:
        fix = "Leave parent_code empty for the unit at the top, usually the municipality itself."
        yield Fault("column parent_code", "no unit is at the top: every row has a parent.", fix)
    for row in roots[1:]:
        first = roots[0]
        what = f"{row.code!r} has no parent, nor has {first.code!r} in row {first.number}."
        fix = "Only one unit can be at the top: name a parent, or add the municipality as a row."
        yield Fault(f"row {row.number}, column parent_code", what, fix)


def _cycles_and_depth(by_code: dict[str, Row]) -> Iterator[Fault]:
    """Each cycle once, named; and every unit that lies too deep."""
    depth: dict[str, int] = {}
    for start in by_code:
        path: dict[str, int] = {}
        code = start
        while code in by_code and code not in depth and code not in path:
            path[code] = len(path)
            code = by_code[code].parent_code
        if code in path:
            cycle = list(path)[path[code] :]
            row = by_code[min(cycle, key=lambda each: by_code[each].number)]
            named = " → ".join([*cycle[:DEEPEST], *(["…"] if len(cycle) > DEEPEST else []), code])
            what = f"the parents run in a circle: {named}."
            yield Fault(f"row {row.number}, column parent_code", what, "Mend one of the parents.")
        above = depth.get(code, 0)
        for step, each in enumerate(reversed(path), start=1):
            depth[each] = above + step
            if depth[each] == DEEPEST + 1:
                what = f"{each!r} lies more than {DEEPEST} levels deep."
                yield Fault(f"row {by_code[each].number}, column parent_code", what)


def _parents_first(rows: Iterable[Row]) -> Iterator[Row]:
    below: dict[str, list[Row]] = {}
    for row in rows:
        below.setdefault(row.parent_code, []).append(row)
    waiting = below.get("", [])[::-1]
    while waiting:
        row = waiting.pop()
        yield row
        waiting.extend(below.get(row.code, [])[::-1])


def _row_of(fault: Fault) -> int:
    match = re.match(r"row (\d+)", fault.where)
    return int(match[1]) if match else 0


def _refused(faults: list[Fault]) -> InvalidInput:
    shown = faults[:FAULT_LIMIT]
    if len(faults) > FAULT_LIMIT:
        shown.append(Fault("", f"and {len(faults) - FAULT_LIMIT} more faults."))
    return InvalidInput("The file has faults; nothing was changed.", shown)
