"""Rows of an organisation's file: what each cell may say, and what the rows must make together."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from survey.core.csv_files import Table, fold, read_table
from survey.core.errors import Fault, InvalidInput, Message, say
from survey.organisation.units import CODE, NAME_LIMIT

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

Noted = Callable[[str, Message | str, Message | str | None], None]
"""Takes what is wrong with a cell: its column, what, and what to do about it."""
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
    notes: tuple[Message, ...]


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
        where = say("header_cell", position=position + 1)
        if not title.strip():
            if any(position < len(cells) and cells[position].strip() for cells in table.rows):
                faults.append(Fault(where, "column_without_name", "name_it_or_empty_it"))
        elif column is None:
            near = difflib.get_close_matches(fold(title), _NAMES, 1)
            fix = say("did_you_mean", near=near[0]) if near else say("known_columns")
            faults.append(Fault(where, say("unknown_column", title=title.strip()), fix))
        elif column in places:
            faults.append(Fault(where, say("column_twice", column=column), "remove_one_of_two"))
        else:
            places[column] = position
    for column in REQUIRED:
        if column not in places:
            names = " or ".join(dict.fromkeys((column, COLUMNS[column][2])))
            faults.append(
                Fault(
                    say("row", number=1),
                    say("column_is_missing", column=column),
                    say("add_columns", names=names),
                )
            )
    return places


def _row(
    number: int, cells: tuple[str, ...], places: dict[str, int], width: int, faults: list[Fault]
) -> Row:
    def fault(column: str, what: Message | str, fix: Message | str | None = None) -> None:
        faults.append(
            Fault(
                say("row_column", number=number, column=column)
                if column
                else say("row", number=number),
                what,
                fix,
            )
        )

    def cell(column: str) -> str:
        position = places.get(column, width)
        return cells[position] if position < len(cells) else ""

    if any(extra.strip() for extra in cells[width:]):
        fault("", "more_fields_than_first_row", "put_quotes_around_text_with_delimiter")
    return checked(number, cell, fault)


def checked(number: int, cell: Callable[[str], str], fault: Noted) -> Row:
    """Read one unit, from a file's row or from a form; ``fault(column, what, fix)`` is told what
    is wrong with it."""

    def text(column: str, limit: int = NAME_LIMIT) -> str:
        value = " ".join(unicodedata.normalize("NFC", cell(column)).split())
        if any(unicodedata.category(character) in _INVISIBLE for character in value):
            fault(column, "control_character_in_text", "type_text_anew")
        if len(value) > limit:
            fault(
                column,
                say("too_many_characters", count=len(value)),
                say("at_most", reason_limit=limit),
            )
        return value

    code, name, email = text("code"), text("name"), text("manager_email", 254)
    if not code:
        fault("code", "empty", "every_unit_needs_code")
    elif not CODE.fullmatch(code):
        fault("code", say("not_a_code", code=code), say("use_rule"))
    if not name:
        fault("name", "empty", "every_unit_needs_name")
    if email and not _EMAIL.fullmatch(email):
        fault(
            "manager_email", say("not_an_email_address", address=email), "mend_it_or_leave_it_out"
        )
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


def _headcount(text: str, fault: Noted) -> int | None:
    if not text:
        return None
    if re.fullmatch(r"-\s?[0-9]+", text.replace("−", "-")):
        fault("headcount", say("negative", text=text), "write_0_or_more_or_leave_it_empty")
        return None
    if not (text.isascii() and text.isdigit()):
        fault("headcount", say("not_whole_number", text=text), "write_digits_only_for_example_24")
        return None
    if len(text) > 9 or int(text) > LARGEST_HEADCOUNT:
        fault("headcount", say("more_than", text=text, largest_headcount=LARGEST_HEADCOUNT), None)
        return None
    return int(text)


def _faults_together(rows: list[Row]) -> Iterator[Fault]:
    """What is wrong between rows: duplicates, parents, roots, cycles, depth."""
    by_code: dict[str, Row] = {}
    folded: dict[str, Row] = {}
    for row in rows:
        first = folded.setdefault(row.code.casefold(), row)
        if row.code and first is not row:
            what = say("unit_code_twice", code=row.code, number=first.number, number2=row.number)
            yield Fault(
                say("row_column", number=row.number, column="code"),
                what,
                "give_each_unit_its_own_code",
            )
        by_code.setdefault(row.code, row)
    guesses = GUESSES
    for row in rows:
        if row.parent_code and row.parent_code not in by_code:
            guesses -= 1
            near = _nearest(row.parent_code, by_code) if guesses >= 0 else []
            fix = say("did_you_mean", near=near[0]) if near else say("add_row_for_it_or_mend_code")
            what = say("unknown_unit_code", code=row.parent_code)
            yield Fault(say("row_column", number=row.number, column="parent_code"), what, fix)
    yield from _faults_of_roots(rows)
    yield from _cycles_and_depth(by_code)


def _nearest(code: str, known: Collection[str]) -> list[str]:
    """The most similar code; [] where looking for it would take long."""
    return difflib.get_close_matches(code, known, 1) if len(known) <= 5000 else []


def _faults_of_roots(rows: list[Row]) -> Iterator[Fault]:
    roots = [row for row in rows if not row.parent_code]
    if not rows:
        yield Fault("", "are_no_units_in_file", "add_row_for_each")
    elif not roots:
        fix = say("leave_top_parent_empty")
        yield Fault(say("column", column="parent_code"), "no_top_unit", fix)
    for row in roots[1:]:
        first = roots[0]
        what = say(
            "second_unit_without_parent", code=row.code, code2=first.code, number=first.number
        )
        fix = say("only_one_top_unit")
        yield Fault(say("row_column", number=row.number, column="parent_code"), what, fix)


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
            row = by_code[min(cycle, key=lambda unit_code: by_code[unit_code].number)]
            named = " → ".join([*cycle[:DEEPEST], *(["…"] if len(cycle) > DEEPEST else []), code])
            what = say("parents_in_circle", named=named)
            yield Fault(
                say("row_column", number=row.number, column="parent_code"),
                what,
                "mend_one_of_parents",
            )
        above = depth.get(code, 0)
        for step, unit_code in enumerate(reversed(path), start=1):
            depth[unit_code] = above + step
            if depth[unit_code] == DEEPEST + 1:
                what = say("unit_too_deep", each=unit_code, deepest=DEEPEST)
                yield Fault(
                    say("row_column", number=by_code[unit_code].number, column="parent_code"), what
                )


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
    number = fault.value("number")
    return number if isinstance(number, int) else 0


def _refused(faults: list[Fault]) -> InvalidInput:
    shown = faults[:FAULT_LIMIT]
    if len(faults) > FAULT_LIMIT:
        shown.append(Fault("", say("more_faults", faults=len(faults) - FAULT_LIMIT)))
    return InvalidInput("file_has_faults_nothing_was_changed", shown)
