"""Read the map of an import: which column of a foreign file answers what.

The format is described in ``docs/responses-import.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from survey.core.errors import InvalidInput, Message, say
from survey.instrument.model import Instrument
from survey.instrument.question_types.base import Source
from survey.instrument.question_types.registry import type_of
from survey.instrument.read import Document, read

_PARTS = ("unit", "items", "questions", "role", "missing", "not_applicable", "recode")
_COLUMN_KEYS = ("column", "recode", "missing", "not_applicable", "separator")


@dataclass(frozen=True, slots=True)
class Map:
    """The whole map; ``leader`` holds the cells that mean leader in ``role``'s column"""

    unit: Source
    items: Mapping[str, Source]
    questions: Mapping[str, Source]
    role: Source | None = None
    leader: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once"""
        sources = [self.unit, *self.items.values(), *self.questions.values()]
        sources += [self.role] if self.role else []
        return tuple(dict.fromkeys(name for source in sources for name in source.columns))


def read_map(raw: bytes, name: str, instrument: Instrument) -> Map:
    """Return the map in ``raw``; InvalidInput with every fault (file:line) when it is not good"""
    document = read(raw, name)
    mapping: Map | None = None
    if isinstance(document.data, dict):
        mapping = _Reader(document, document.data, instrument).map()
    elif not document.faults:
        document.fault(1, "map_must_be_mapping", "begin_with_unit_at_left_margin")
    if document.faults or mapping is None:
        raise InvalidInput("map_is_not_right_nothing_was_stored", document.sorted_faults())
    return mapping


class _Reader:
    """Turns the document into a map and notes what is wrong on the way"""

    def __init__(self, document: Document, data: dict[Any, Any], instrument: Instrument) -> None:
        self.document = document
        self.data = data
        self.instrument = instrument
        self.missing = self._cells(("missing",), data.get("missing")) | {""}
        self.not_applicable = self._cells(("not_applicable",), data.get("not_applicable"))
        self.recode = self._recode(("recode",), data.get("recode"))

    def map(self) -> Map:
        self._known((), self.data, _PARTS)
        known_questions = {question.id for question in self.instrument.questions}
        role, leader = self._role()
        return Map(
            unit=self._unit(),
            items={
                item_id: self._item(item_id, value)
                for item_id, value in self._section("items", self.instrument.items)
            },
            questions={
                question_id: self._question(question_id, value)
                for question_id, value in self._section("questions", known_questions)
            },
            role=role,
            leader=leader,
        )

    def _section(self, part: str, known: Sequence[str] | Any) -> list[tuple[str, Any]]:
        section = self.data.get(part)
        if section is None:
            if part == "items":
                self._fault((), "no_items", "say_which_column_each_item_stands_in")
            return []
        if not isinstance(section, dict):
            self._fault((part,), say("must_be_mapping_from_id_to_column", part=part))
            return []
        return [
            (str(key), value)
            for key, value in section.items()
            if self._is_known((part, key), str(key), list(known))
        ]

    def _unit(self) -> Source:
        entry = self.data.get("unit")
        if entry is None:
            self._fault((), "key_unit_missing", "write_unit")
            return Source(("",))
        if not isinstance(entry, dict):
            return Source((self._column(("unit",), entry),))
        self._known(("unit",), entry, ("column", "codes"))
        codes = self._recode(("unit", "codes"), entry.get("codes"))
        return Source((self._column(("unit",), entry.get("column")),), recode=codes)

    def _role(self) -> tuple[Source | None, frozenset[str]]:
        entry = self.data.get("role")
        if entry is None:
            return None, frozenset()
        if not isinstance(entry, dict):
            self._fault(("role",), "write_role")
            return None, frozenset()
        self._known(("role",), entry, ("column", "leader"))
        question = self.instrument.role_question
        if question is not None and question.id in (self.data.get("questions") or {}):
            self._fault(("role",), say("role_is_told_twice_here_and_by", id=question.id))
        column = self._column(("role",), entry.get("column"))
        return Source((column,)), self._cells(("role", "leader"), entry.get("leader"))

    def _item(self, item_id: str, entry: Any) -> Source:
        source = self._single_column(("items", item_id), entry, self.recode)
        if self.instrument.scale_of(item_id).not_applicable is not None:
            return source
        if isinstance(entry, dict) and entry.get("not_applicable"):
            what = say("scale_of_has_no_not_applicable", item_id=item_id)
            self._fault(("items", item_id), what, "name_these_cells_in_missing")
        return replace(source, not_applicable=frozenset())

    def _question(self, question_id: str, entry: Any) -> Source:
        question = self.instrument.question(question_id)
        spread = type_of(question).columns
        path = ("questions", question_id)
        if not isinstance(entry, dict) or "columns" not in entry:
            return self._single_column(path, entry, {})
        self._known(path, entry, ("columns", "ticked", "missing"))
        missing = self.missing | self._cells((*path, "missing"), entry.get("missing"))
        columns = entry["columns"]
        if spread == "texts" and isinstance(columns, list):
            return Source(tuple(self._column(path, column) for column in columns), missing=missing)
        if spread != "options" or not isinstance(columns, dict):
            what = say("columns_of_wrong_kind")
            self._fault(path, what)
            return Source(())
        known = [option.id for option in question.options]
        options = [key for key in columns if self._is_known(path, str(key), known)]
        return Source(
            tuple(self._column(path, columns[key]) for key in options),
            options=tuple(str(key) for key in options),
            missing=missing,
            ticked=self._cells((*path, "ticked"), entry.get("ticked")) or frozenset({"1"}),
        )

    def _single_column(
        self, path: tuple[str, ...], entry: Any, recode: Mapping[str, str]
    ) -> Source:
        if not isinstance(entry, dict):
            column, entry = self._column(path, entry), {}
        else:
            self._known(path, entry, _COLUMN_KEYS)
            column = self._column(path, entry.get("column"))
        own = self._cells((*path, "not_applicable"), entry.get("not_applicable"))
        return Source(
            (column,),
            recode={**recode, **self._recode((*path, "recode"), entry.get("recode"))},
            missing=self.missing | self._cells((*path, "missing"), entry.get("missing")),
            not_applicable=self.not_applicable | own,
            separator=str(entry.get("separator") or ""),
        )

    def _column(self, path: tuple[str, ...], entry: Any) -> str:
        if isinstance(entry, str | int) and not isinstance(entry, bool) and str(entry).strip():
            return str(entry).strip()
        self._fault(path, "column_missing", "name_column_as_in_first_row")
        return ""

    def _cells(self, path: tuple[str, ...], values: Any) -> frozenset[str]:
        """Cells as text: ``[9, NA]`` → {"9", "NA"}"""
        if values is None:
            return frozenset()
        if not isinstance(values, list):
            self._fault(path, say("must_be_list_of_cells", path=path[-1]))
            return frozenset()
        return frozenset(_cell(value) for value in values)

    def _recode(self, path: tuple[str, ...], pairs: Any) -> dict[str, str]:
        if pairs is None:
            return {}
        if not isinstance(pairs, dict):
            self._fault(path, say("must_be_mapping_from_cell_to_value", path=path[-1]))
            return {}
        return {_cell(key): _cell(value) for key, value in pairs.items()}

    def _known(self, path: tuple[str, ...], entry: dict[Any, Any], known: Sequence[str]) -> None:
        for key in entry:
            self._is_known((*path, key), str(key), known)

    def _is_known(self, path: tuple[Any, ...], key: str, known: Sequence[str]) -> bool:
        if key in known:
            return True
        near = get_close_matches(key, known, 1)
        hint = say("did_you_mean", near=near[0]) if near else None
        self._fault(path, say("not_known_here", key=key), hint)
        return False

    def _fault(
        self, path: tuple[Any, ...], what: Message | str, fix: Message | str | None = None
    ) -> None:
        self.document.fault_at(path, what, fix)


def _cell(value: object) -> str:
    return "" if value is None else str(value).strip()
