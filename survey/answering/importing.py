"""Bring in an earlier measurement from another tool: all rows or none, every fault at once.

``prepare`` reads and validates with a session that reads; ``store`` writes in one transaction and
checks the wave again. What counts as valid is what the API accepts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.answering.admission import layout_of
from survey.answering.intake import Imported, store_imported
from survey.answering.mapping import Map, read_map
from survey.audit.log import record
from survey.core.csv_files import Table, fold, read_table
from survey.core.errors import Conflict, Fault, InvalidInput, Message, say
from survey.instrument.answers import is_unanswered, role_of, texts_of, validate_answers
from survey.instrument.items import NA
from survey.instrument.layout import Layout
from survey.instrument.parts import Role
from survey.instrument.question_types.base import Source
from survey.instrument.question_types.registry import type_of
from survey.study.models import Wave, WaveUnit

SHOWN_OF_EACH_KIND = 20
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that has been read: ``records`` are valid, ``faults`` tell about the other rows.

    ``skipped`` counts rows with a fault; ``unread`` names columns that the map does not use;
    ``notes`` says what had to be guessed about the file.
    """

    organisation_id: int
    wave_id: int
    records: tuple[Imported, ...]
    skipped: int
    faults: tuple[Fault, ...]
    unread: tuple[str, ...]
    notes: tuple[Message, ...]


def prepare(session: Session, wave: Wave, raw: bytes, map_raw: bytes, map_name: str) -> Prepared:
    """Read a file by its map and validate every row against the wave's frozen questionnaire.

    Raises Conflict unless the wave is an open import wave, TooLarge, and InvalidInput when file or
    map cannot be used at all. Faults of rows are returned: the first 20 of each kind and how many
    there are.
    """
    if wave.source != "import" or wave.state != "open":
        raise Conflict(say("wave_takes_no_import", state=wave.state, source=wave.source))
    layout = layout_of(session, wave)
    mapping = read_map(map_raw, map_name, layout.instrument)
    table = read_table(raw, [fold(name) for name in mapping.columns])
    rows = _Rows(mapping, layout, _units(session, wave), _columns(table, mapping))
    records = tuple(
        response
        for number, cells in zip(table.numbers, table.rows, strict=True)
        if (response := rows.read(number, cells)) is not None
    )
    return Prepared(
        organisation_id=wave.organisation_id,
        wave_id=wave.id,
        records=records,
        skipped=len(table.rows) - len(records),
        faults=tuple(_told(rows.faults)),
        unread=tuple(name for name in table.header if name.strip() not in mapping.columns),
        notes=table.notes,
    )


def store(
    session: Session,
    prepared: Prepared,
    *,
    skip_invalid: bool = False,
    replace: bool = False,
    actor: str = "cli",
) -> int:
    """Store what was prepared and return how many responses; InvalidInput when a row has a fault.

    ``skip_invalid`` leaves the rows with faults out instead.
    """
    if prepared.skipped and not skip_invalid:
        raise InvalidInput(
            say(
                "rows_have_faults",
                skipped=prepared.skipped,
                value=prepared.skipped + len(prepared.records),
            ),
            prepared.faults,
        )
    wave = session.get_one(Wave, (prepared.organisation_id, prepared.wave_id))
    stored = store_imported(session, wave, prepared.records, replace=replace)
    details = {"stored": stored, "skipped": prepared.skipped, "replaced": replace}
    record(session, wave.organisation_id, actor, "responses.imported", f"wave:{wave.id}", details)
    return stored


@dataclass(slots=True)
class _Rows:
    """Reads rows one by one; ``faults`` collects (kind, fault)."""

    mapping: Map
    layout: Layout
    units: Mapping[str, int]
    columns: Mapping[str, int]
    faults: list[tuple[str, Fault]]

    def __init__(
        self, mapping: Map, layout: Layout, units: Mapping[str, int], columns: Mapping[str, int]
    ) -> None:
        self.mapping, self.layout, self.units, self.columns = mapping, layout, units, columns
        self.faults = []

    def read(self, number: int, cells: tuple[str, ...]) -> Imported | None:
        """Return the row's response, or None after noting its faults."""
        before = len(self.faults)

        def cell(column: str) -> str:
            place = self.columns[column]
            return cells[place].strip() if place < len(cells) else ""

        def fault(
            column: str, kind: str, what: Message | str, fix: Message | str | None = None
        ) -> None:
            self.faults.append(
                (kind, Fault(say("row_column", number=number, column=column), what, fix))
            )

        unit_id = self._unit(cell, fault)
        answers = self._answers(cell, fault)
        if len(self.faults) == before:
            for answer_fault in validate_answers(self.layout.instrument, answers):
                column = self._column_of(str(answer_fault.where))
                fault(
                    column, f"{column} {answer_fault.code}", answer_fault.message, answer_fault.fix
                )
        if len(self.faults) > before or unit_id is None:
            return None
        return Imported(
            unit_id=unit_id,
            role=self._role(cell, answers),
            sheet=self.layout.encode(answers),
            texts=texts_of(self.layout.instrument, answers),
        )

    def _unit(self, cell: Callable[[str], str], fault: Callable[..., None]) -> int | None:
        source = self.mapping.unit
        (column,) = source.columns
        written = cell(column)
        code = source.recode.get(written, written)
        if code in self.units:
            return self.units[code]
        what = say("wave_has_no_unit", code=code) if code else say("unit_missing")
        fault(column, "unit", what, "put_names_into_codes_of_map")
        return None

    def _role(self, cell: Callable[[str], str], answers: Mapping[str, object]) -> Role:
        if self.mapping.role is None:
            return role_of(self.layout.instrument, answers) or "employee"
        return "leader" if cell(self.mapping.role.columns[0]) in self.mapping.leader else "employee"

    def _answers(
        self, cell: Callable[[str], str], fault: Callable[..., None]
    ) -> dict[str, dict[str, Any]]:
        items = {
            item_id: value
            for item_id, source in self.mapping.items.items()
            if (value := _item(source, cell, fault)) is not None
        }
        questions = {}
        for question_id, source in self.mapping.questions.items():
            question = self.layout.instrument.question(question_id)
            cells = [cell(column) for column in source.columns]
            answer = type_of(question).read_cells(source, cells)
            if not is_unanswered(answer):
                questions[question_id] = answer
        return {"items": items, "questions": questions}

    def _column_of(self, where: str) -> str:
        """The column of a fault's path, such as ``items.some_id`` or ``questions.some_id[1]``."""
        part, _, rest = where.partition(".")
        sources = self.mapping.items if part == "items" else self.mapping.questions
        source = sources.get(rest.partition("[")[0])
        return source.columns[0] if source and source.columns else where


def _item(source: Source, cell: Callable[[str], str], fault: Callable[..., None]) -> Any:
    (column,) = source.columns
    written = cell(column)
    if written in source.missing:
        return None
    if written in source.not_applicable:
        return NA
    value = source.recode.get(written, written)
    if value in ("", NA):
        return value or None
    if not _WHOLE.fullmatch(value):
        fix = say("name_it_in_missing_or_recode_in_map")
        fault(column, f"{column} whole", say("not_whole_number", text=written), fix)
        return None
    return int(value)


def _columns(table: Table, mapping: Map) -> dict[str, int]:
    """Column name → place; InvalidInput with every column that is missing or there twice."""
    names = [name.strip() for name in table.header]
    faults = []
    for column in mapping.columns:
        if names.count(column) != 1:
            what = say("not_in_file") if column not in names else say("stands_in_file_twice")
            faults.append(
                Fault(
                    say("column", column=column),
                    what,
                    say("file_has_columns", names=", ".join(names)),
                )
            )
    if faults:
        raise InvalidInput("file_and_map_differ", faults)
    return {column: names.index(column) for column in mapping.columns}


def _units(session: Session, wave: Wave) -> dict[str, int]:
    """Unit code → the unit that its answers are counted for."""
    rows = session.execute(
        sa.select(WaveUnit.code, WaveUnit.reporting_unit_id).where(
            WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id
        )
    )
    return {row.code: row.reporting_unit_id for row in rows}


def _told(faults: list[tuple[str, Fault]]) -> Iterator[Fault]:
    kinds: dict[str, list[Fault]] = defaultdict(list)
    for kind, fault in faults:
        kinds[kind].append(fault)
    for same in kinds.values():
        yield from same[:SHOWN_OF_EACH_KIND]
        if (more := len(same) - SHOWN_OF_EACH_KIND) > 0:
            yield Fault("", say("more_of_this_kind", more=more, count=len(same)))
