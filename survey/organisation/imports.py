"""Bring an organisation's tree up to date from a file: what would change, then the change itself.

The file is the whole organisation: a unit that is missing from it has closed. All rows or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import new_id, now
from survey.core.errors import Conflict, Message, say
from survey.organisation import changes
from survey.organisation.changes import Decision
from survey.organisation.declared import Declared, decision_of, declared
from survey.organisation.models import Organisation, Unit
from survey.organisation.rows import Row, Rows, read_csv

__all__ = ["Answer", "Change", "Plan", "Row", "Rows", "answered", "apply", "plan", "read_csv"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person adds to a row of the file: see the columns of the same names."""

    predecessors: tuple[str, ...] = ()
    compare_with: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One unit that changes. ``before`` and ``after`` are what the list it stands in is about."""

    code: str
    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would change; every list in the order of the tree.

    ``new``: after = parent code. ``renamed``: names. ``moved``: parent codes. ``kinds``,
    ``headcounts``, ``managers``: the values. ``closed``: in the database, not in the file.
    ``reopened``: closed before, in the file again.
    """

    rows: Rows
    new: tuple[Change, ...] = ()
    renamed: tuple[Change, ...] = ()
    moved: tuple[Change, ...] = ()
    closed: tuple[Change, ...] = ()
    reopened: tuple[Change, ...] = ()
    kinds: tuple[Change, ...] = ()
    headcounts: tuple[Change, ...] = ()
    managers: tuple[Change, ...] = ()
    declared: tuple[Declared, ...] = ()
    unchanged: int = 0
    notes: tuple[Message, ...] = ()

    @property
    def empty(self) -> bool:
        """True when the file changes nothing."""
        return not self.declared and not any(entries for _, entries in self.lists())

    def lists(self) -> Iterator[tuple[str, tuple[Change, ...]]]:
        """Every list with its name."""
        for name in LISTS:
            yield name, getattr(self, name)

    def lines(self) -> Iterator[str]:
        """The plan in words, a line per change."""
        for name, entries in self.lists():
            for change in entries:
                detail = " → ".join(filter(None, (change.before, change.after)))
                if change.before and not change.after:
                    detail = f"{change.before} → (none)"
                yield f"{name}: {change.code} {change.name}" + (f": {detail}" if detail else "")
        for declaration in self.declared:
            yield declaration.line()


LISTS = (
    "new",
    "renamed",
    "moved",
    "closed",
    "reopened",
    "kinds",
    "headcounts",
    "managers",
)


def plan(session: Session, organisation_id: int, rows: Rows) -> Plan:
    """Compare a file with the organisation as it is. Changes nothing.

    Raises InvalidInput when what the file says of units before cannot be.
    """
    units = list(session.scalars(sa.select(Unit).where(Unit.organisation_id == organisation_id)))
    by_code = {unit.code: unit for unit in units}
    codes = {unit.id: unit.code for unit in units}
    entries: dict[str, list[Change]] = {name: [] for name in LISTS}
    unchanged = 0
    for row in rows.rows:
        own = dict(_changes(row, by_code.get(row.code), codes, rows.columns))
        unchanged += not own
        for name, change in own.items():
            entries[name].append(change)
    mentioned = {row.code for row in rows.rows}
    for unit in sorted(units, key=lambda unit: unit.code):
        if unit.closed_at is None and unit.code not in mentioned:
            entries["closed"].append(Change(unit.code, unit.name))
    notes = (*rows.notes, *_lost_zeros(entries["new"], entries["closed"]))
    declarations = declared(rows.rows, by_code, changes.listed(session, organisation_id))
    lists: dict[str, Any] = {name: tuple(listed) for name, listed in entries.items()}
    return Plan(rows, declared=declarations, unchanged=unchanged, notes=notes, **lists)


def answered(rows: Rows, answers: Mapping[str, Answer]) -> Rows:
    """The rows with what a person has answered about units by their codes."""
    answered_rows = [
        row
        if (answer := answers.get(row.code)) is None
        else replace(
            row,
            predecessors=answer.predecessors or row.predecessors,
            compare_with=row.compare_with if answer.compare_with is None else answer.compare_with,
            reason=answer.reason or row.reason,
        )
        for row in rows.rows
    ]
    return replace(rows, rows=tuple(answered_rows))


def apply(session: Session, organisation_id: int, planned: Plan, *, actor: str = "cli") -> Plan:
    """Carry out a plan, whole, and return it.

    Raises Conflict when the organisation has changed since the plan was made.
    """
    # One import at a time: two would otherwise each close what the other has added.
    session.execute(
        sa.select(Organisation.id).where(Organisation.id == organisation_id).with_for_update()
    )
    if plan(session, organisation_id, planned.rows) != planned:
        raise Conflict("organisation_changed_since_list")
    units = session.scalars(sa.select(Unit).where(Unit.organisation_id == organisation_id))
    by_code = {unit.code: unit for unit in units}
    first = not by_code
    columns = planned.rows.columns
    for row in planned.rows.rows:  # parents first; new ones before others move below them
        if row.code not in by_code:
            unit = Unit(organisation_id=organisation_id, id=new_id(), code=row.code, kind="")
            by_code[row.code] = unit
            _fill(unit, row, by_code, columns)
            session.add(unit)
    session.flush()
    for row in planned.rows.rows:
        _fill(by_code[row.code], row, by_code, columns)
    moment = now()
    for change in planned.closed:
        by_code[change.code].closed_at = moment
    session.flush()
    if not first:
        _note(session, organisation_id, planned, by_code, actor)
    counts = {name: len(entries) for name, entries in planned.lists() if entries}
    counts |= {"declared": len(planned.declared)} if planned.declared else {}
    subject = f"organisation:{organisation_id}"
    record(session, organisation_id, actor, "organisation.imported", subject, counts)
    return planned


def _note(
    session: Session, organisation_id: int, planned: Plan, by_code: Mapping[str, Unit], actor: str
) -> None:
    """Record what reports will have to explain."""
    rows = {row.code: row for row in planned.rows.rows}
    parts = {code for declaration in planned.declared for code in declaration.after}

    def note_all(kind: str, entries: Iterable[Change], name: Mapping[str, str]) -> None:
        for change in entries:
            unit, row = by_code[change.code], rows.get(change.code)
            decision = None
            if kind in changes.PLAIN and row is not None and change.code not in parts:
                decision = decision_of(row)
            texts = {"before": name.get(change.before, change.before)}
            texts |= {"after": name.get(change.after, change.after)}
            texts = texts if kind in changes.PLAIN else {}
            changes.note(session, unit, kind, actor, decision=decision, **texts)

    names = {code: unit.name for code, unit in by_code.items()}
    note_all("renamed", planned.renamed, {})
    note_all("moved", [move for move in planned.moved if move.before and move.after], names)
    note_all("new", (*planned.new, *planned.reopened), {})
    note_all("closed", planned.closed, {})
    for declaration in planned.declared:
        decision = Decision(declaration.continues, None, declaration.reasons)
        before, after = declaration.before, declaration.after
        changes.declare(session, organisation_id, before, after, decision, actor=actor)


def _changes(
    row: Row, unit: Unit | None, codes: dict[int, str], columns: frozenset[str]
) -> Iterator[tuple[str, Change]]:
    """The lists that a row belongs to, with what changes."""
    if unit is None:
        yield "new", Change(row.code, row.name, after=row.parent_code)
        return
    if unit.closed_at is not None:
        yield "reopened", Change(row.code, row.name)
    parent = codes.get(unit.parent_id, "") if unit.parent_id is not None else ""
    pairs = [
        ("renamed", "name", unit.name, row.name),
        ("moved", "parent_code", parent, row.parent_code),
        ("kinds", "kind", unit.kind, row.kind),
        ("headcounts", "headcount", _text(unit.headcount), _text(row.headcount)),
        ("managers", "manager_email", unit.manager_email or "", row.manager_email or ""),
    ]
    for name, column, before, after in pairs:
        if column in columns and before != after:
            yield name, Change(row.code, row.name, before, after)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _fill(unit: Unit, row: Row, by_code: dict[str, Unit], columns: frozenset[str]) -> None:
    unit.name = row.name
    unit.parent_id = by_code[row.parent_code].id if row.parent_code else None
    unit.closed_at = None
    if "kind" in columns:
        unit.kind = row.kind
    if "headcount" in columns:
        unit.headcount = row.headcount
    if "manager_email" in columns:
        unit.manager_email = row.manager_email


def _lost_zeros(new: list[Change], closed: list[Change]) -> Iterator[Message]:
    """A spreadsheet that took codes for numbers has cut their leading zeros."""
    gone = {change.code.lstrip("0"): change.code for change in closed}
    pairs = [(gone[change.code], change.code) for change in new if change.code in gone]
    if pairs:
        before, after = pairs[0]
        yield say("codes_lost_their_zeros", count=len(pairs), before=before, after=after)
