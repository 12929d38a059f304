"""What a file (or the page that shows it) says of units before: which were merged, split or given
another code, and what may be compared with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from survey.core.errors import Fault, InvalidInput, Message, say
from survey.organisation.changes import DECLARED, Decision, kind_of
from survey.organisation.models import Unit, UnitChange
from survey.organisation.rows import Row


@dataclass(frozen=True, slots=True)
class Declared:
    """Units ``before`` that became units ``after``; ``continues`` is unit after → the unit before
    that it is compared with."""

    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    continues: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """The change in words, for terminals."""
        pairs = [f"{code} with {earlier}" for code, earlier in sorted(self.continues.items())]
        said = f"compared: {', '.join(pairs)}" if pairs else "not compared"
        return f"{self.kind}: {' + '.join(self.before)} → {' + '.join(self.after)}: {said}"


def declared(
    rows: Sequence[Row], units: Mapping[str, Unit], recorded: Sequence[UnitChange]
) -> tuple[Declared, ...]:
    """Put together what rows say of their predecessors; ``units`` are those there are, by code.

    What has been ``recorded`` already is left out: a file may be read again with the next changes.
    Raises InvalidInput with every fault, by row and column.
    """
    faults = [fault for row in rows for fault in _faults(row, rows, units)]
    if faults:
        raise InvalidInput("file_has_faults_nothing_was_changed", faults)
    declarations = []
    new = [row for row in rows if row.predecessors and not _recorded(row, recorded)]
    for group in _groups(new):
        before = tuple(dict.fromkeys(code for row in group for code in row.predecessors))
        after = tuple(row.code for row in group)
        continues = {row.code: row.compare_with for row in group if row.compare_with}
        reasons = {row.code: row.reason for row in group}
        declarations.append(Declared(kind_of(before, after), before, after, continues, reasons))
    return tuple(declarations)


def decision_of(row: Row) -> Decision | None:
    """What a row decides of a unit that keeps its code; None for the default."""
    if row.compare_with is None and not row.reason:
        return None
    compared = row.compare_with is None or row.compare_with == row.code
    continues = {row.code: row.code} if compared else {}
    return Decision(continues, None, {row.code: row.reason})


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that share a predecessor, directly or by others, belong together."""
    groups: list[tuple[set[str], list[Row]]] = []
    for row in rows:
        codes, members = set(row.predecessors), [row]
        apart = []
        for known, others in groups:
            if known & codes:
                codes |= known
                members = [*others, *members]
            else:
                apart.append((known, others))
        groups = [*apart, (codes, members)]
    return [members for _, members in groups]


def _faults(row: Row, rows: Sequence[Row], units: Mapping[str, Unit]) -> Iterator[Fault]:
    def at(column: str) -> Message:
        return say("row_column", number=row.number, column=column)

    for code in row.predecessors:
        if code not in units:
            what = say("unknown_unit_code", code=code)
            yield Fault(at("predecessors"), what, "write_code_that_unit_had_before")
        elif code != row.code and _stays(code, rows):
            what = say("still", code=code)
            fix = say("take_row_away")
            yield Fault(at("predecessors"), what, fix)
    if row.predecessors == (row.code,) and not _shared(row, rows):
        yield Fault(at("predecessors"), "unit_cannot_become_itself", "leave_cell_empty")
    if row.predecessors and not row.reason:
        yield Fault(at("reason"), "empty", "say_why_reports_print_it")
    known = row.predecessors or (row.code,)
    if row.compare_with and row.compare_with not in known:
        what = say("cannot_be_compared_with", code=row.code, earlier=row.compare_with)
        yield Fault(at("compare_with"), what, "choose_one_of_units_before")
    if row.compare_with and any(
        other.compare_with == row.compare_with for other in rows if other.number < row.number
    ):
        what = say("two_units_are_compared_with_same_unit_before")
        yield Fault(at("compare_with"), what, "at_most_one_can_continue_it")
    if row.compare_with == "" and not row.predecessors and not row.reason:
        yield Fault(at("reason"), "empty", "say_why_reports_print_it")


def _recorded(row: Row, recorded: Sequence[UnitChange]) -> bool:
    """True when a change has told that the unit was made of (all) its predecessors."""
    return any(
        change.kind in DECLARED
        and row.code in change.to_codes
        and set(row.predecessors) <= set(change.from_codes)
        for change in recorded
    )


def _stays(code: str, rows: Sequence[Row]) -> bool:
    """True when the file keeps the unit without saying that it is part of the change."""
    return any(row.code == code and code not in row.predecessors for row in rows)


def _shared(row: Row, rows: Sequence[Row]) -> bool:
    return any(row.code in other.predecessors for other in rows if other is not row)
