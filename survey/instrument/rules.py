"""The rules of an instrument file, each noting every fault at its own line.

A rule never stops the others: what is missing is noted once and stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from survey.core.errors import Message, say
from survey.instrument.parts import ROLES
from survey.instrument.question_types.base import QuestionType
from survey.instrument.question_types.registry import TYPES
from survey.instrument.read import Document, Path, did_you_mean
from survey.instrument.shape import Rule, Shape, is_integer

LINE_ID = re.compile(r"[a-z][a-z0-9_-]*\Z")
LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
DURATION = re.compile(
    r"P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?"
    r"(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?\Z"
)
MINIMUM_OPTIONS, MAXIMUM_OPTIONS = 2, 11


class Rules(Shape):
    """The faults of one document; ``run`` finds them all, ``document.faults`` holds them."""

    def __init__(self, document: Document, languages: list[str]) -> None:
        super().__init__(document, languages)
        self.ids: dict[str, Message] = {}
        self.items: list[str] = []
        self.dimensions: list[str] = []
        self.questions: list[str] = []
        self.scales: list[str] = []

    def run(self, data: Mapping[str, Any]) -> None:
        """Check the whole document. Dimensions and questions come before what names them."""
        if isinstance(scales := data.get("scales"), dict):
            self.scales = [name for name in scales if isinstance(name, str)]
        required: dict[str, Rule] = {
            "id": self._line_id,
            "version": self._version,
            "languages": self._languages,
            "scales": self._scales,
            "dimensions": self._each(self._dimension),
        }
        optional: dict[str, Rule] = {
            "title": self._text,
            "introduction": self._text,
            "source": self._string,
            "licence": self._string,
            "questions": self._each(self._question),
            "index": self._index,
            "pages": self._pages,
            "comparable_with": self._each(self._comparable),
        }
        self._mapping((), data, required, optional)
        if ("source" in data) != ("licence" in data):
            present, other = ("source", "licence") if "source" in data else ("licence", "source")
            self._fault(
                (present,),
                say("stands_without", given=present, other=other),
                say("write_too", other=other),
            )

    # -- the parts, in the order of the file

    def _line_id(self, path: Path, data: Any) -> None:
        if not isinstance(data, str) or not LINE_ID.match(data):
            fix = say("use_letters_digits_hyphens")
            self._fault(path, say("not_id", data=data), fix)

    def _version(self, path: Path, data: Any) -> None:
        if not is_integer(data) or data < 1:
            self._fault(path, "version_not_whole", "write_whole_version")

    def _languages(self, path: Path, data: Any) -> None:
        codes = data if isinstance(data, list) else []
        if not codes or not all(isinstance(code, str) and LANGUAGE.match(code) for code in codes):
            fix = say("write_for_example_nb_nn_en")
            self._fault(path, "languages_must_be_list_of_language_codes", fix)
        elif len(set(codes)) < len(codes):
            self._fault(path, "languages_names_same_language_twice", "name_each_once")

    def _scales(self, path: Path, data: Any) -> None:
        if not isinstance(data, dict) or not data:
            self._fault(path, "scales_not_mapping")
            return
        for name, scale in data.items():
            self._new_id((*path, name), name, {})
            self._scale((*path, name), scale)

    def _scale(self, path: Path, data: Any) -> None:
        required: dict[str, Rule] = {"min": self._bound, "max": self._bound, "labels": _later}
        optional: dict[str, Rule] = {
            "type": self._among(["likert"]),
            "not_applicable": self._text,
        }
        if not self._mapping(path, data, required, optional):
            return
        low, high = data.get("min"), data.get("max")
        if not (is_integer(low) and is_integer(high)):
            return
        options = high - low + 1
        if low >= high:
            fix = say("write_min_below_max")
            self._fault((*path, "min"), say("min_not_below_max", low=low, high=high), fix)
        elif not MINIMUM_OPTIONS <= options <= MAXIMUM_OPTIONS:
            fix = say(
                "scale_has_to", minimum_options=MINIMUM_OPTIONS, maximum_options=MAXIMUM_OPTIONS
            )
            self._fault((*path, "max"), say("scale_has_options", options=options), fix)
        elif "labels" in data:
            self._labels((*path, "labels"), data["labels"], range(low, high + 1))

    def _bound(self, path: Path, data: Any) -> None:
        if not is_integer(data):
            self._fault(path, say("must_be_whole_number", path=path[-1]))

    def _labels(self, path: Path, data: Any, values: range) -> None:
        """A label for every value, in ascending order, and none for another."""
        if not isinstance(data, dict):
            self._fault(path, "labels_must_be_mapping", "write_one_label_for_each_value")
            return
        for value in values:
            if value not in data:
                self._fault(
                    path,
                    say("value_has_no_label", value=value),
                    say("write_label_for", value=value),
                )
        for value, text in data.items():
            if value not in values:
                fix = say("scale_goes_from_to", values=values[0], values2=values[-1])
                self._fault((*path, value), say("label_is_not_on_scale", value=value), fix)
            else:
                self._text((*path, value), text)
        order = [value for value in data if value in values]
        if order != sorted(order):
            self._fault(path, "labels_are_in_another_order_than_values", "sort_them")

    def _dimension(self, path: Path, data: Any) -> None:
        required: dict[str, Rule] = {
            "id": self._named(self.dimensions),
            "title": self._text,
            "scale": self._among(self.scales),
            "items": self._each(self._item),
        }
        optional: dict[str, Rule] = {"description": self._text, "minimum_answered": self._share}
        self._mapping(path, data, required, optional)

    def _item(self, path: Path, data: Any) -> None:
        required: dict[str, Rule] = {"id": self._named(self.items), "text": self._text}
        self._mapping(path, data, required, {"reverse": self._boolean, "required": self._boolean})

    def _named(self, names: list[str]) -> Rule:
        """Return the rule "a new id", which also remembers the id among ``names``."""

        def check(path: Path, data: Any) -> None:
            self._new_id(path, data, self.ids)
            if isinstance(data, str):
                names.append(data)

        return check

    def _question(self, path: Path, data: Any) -> None:
        written = data if isinstance(data, dict) else {}
        question_type = TYPES.get(str(written.get("type")))
        taken: dict[str, Message] = {}

        def option(path: Path, data: Any) -> None:
            required: dict[str, Rule] = {
                "id": lambda path, data: self._new_id(path, data, taken),
                "text": self._text,
            }
            optional: dict[str, Rule] = {"exclusive": self._boolean, "role": self._among(ROLES)}
            if self._mapping(path, data, required, optional):
                self._option_belongs(path, data, question_type, written.get("purpose"))

        required: dict[str, Rule] = {
            "id": self._named(self.questions),
            "type": self._among(TYPES),
            "text": self._text,
        }
        optional: dict[str, Rule] = {
            "options": self._each(option),
            "reference_period": self._duration,
            "required": self._boolean,
            "purpose": self._among(["role"]),
            **dict.fromkeys(question_type.settings if question_type else (), _later),
        }
        if self._mapping(path, data, required, optional):
            if question_type:
                question_type.check(
                    data, lambda at, what, fix: self._fault((*path, *at), what, fix)
                )
            self._purpose_fits(path, data, question_type)

    def _option_belongs(
        self, path: Path, data: Any, question_type: QuestionType | None, purpose: Any
    ) -> None:
        if "exclusive" in data and not (question_type and question_type.exclusive_options):
            fix = say("remove_it_or_make_question_multiple")
            self._fault((*path, "exclusive"), "exclusive_belongs_to_multiple_questions_only", fix)
        if "role" in data and purpose != "role":
            fix = say("write_purpose_role_on_question_or_remove_it")
            self._fault((*path, "role"), "role_belongs_to_question_whose_purpose_is_role", fix)
        if "role" not in data and purpose == "role":
            fix = say("write_role_2", roles=" or ".join(ROLES))
            self._fault(path, "option_without_role", fix)

    def _purpose_fits(self, path: Path, data: Any, question_type: QuestionType | None) -> None:
        """One role question, of a type that can tell the role."""
        if "purpose" not in data:
            return
        if not (question_type and question_type.may_ask_role):
            fix = say("make_question_single")
            self._fault((*path, "purpose"), "purpose_belongs_to_single_questions_only", fix)
        before = self.document.data["questions"][: path[-1]]
        if any(isinstance(question, dict) and "purpose" in question for question in before):
            fix = say("keep_one_of_them")
            self._fault((*path, "purpose"), "earlier_question_asks_for_role", fix)

    def _duration(self, path: Path, data: Any) -> None:
        if not isinstance(data, str) or not DURATION.match(data):
            fix = say("write_iso_duration")
            self._fault(path, say("not_reference_period", data=data), fix)

    # -- what names other parts

    def _index(self, path: Path, data: Any) -> None:
        if isinstance(data, list):
            self._references(self.dimensions, "dimension", [])(path, data)
            return
        dimensions = self._references(self.dimensions, "dimension", [])
        self._mapping(path, data, {"dimensions": dimensions}, {"minimum_answered": self._share})

    def _references(self, known: list[str], kind: str, seen: list[str]) -> Rule:
        """Return the rule "a list of ids of this kind, none of them twice"."""

        def one(path: Path, data: Any) -> None:
            if data not in known:
                self._fault(
                    path,
                    say("unknown_reference", kind=kind, data=data),
                    did_you_mean(str(data), known),
                )
            elif data in seen:
                self._fault(path, say("named_twice", kind=kind, data=data), "name_it_once")
            else:
                seen.append(data)

        return self._each(one)

    def _pages(self, path: Path, data: Any) -> None:
        """Every dimension and question on exactly one page."""
        dimensions: list[str] = []
        questions: list[str] = []
        optional: dict[str, Rule] = {
            "title": self._text,
            "dimensions": self._references(self.dimensions, "dimension", dimensions),
            "questions": self._references(self.questions, "question", questions),
        }

        def page(path: Path, data: Any) -> None:
            if not isinstance(data, dict) or not data.keys() & {"dimensions", "questions"}:
                self._fault(path, "page_names_dimensions_questions_or_both")
            else:
                self._mapping(path, data, {}, optional)

        self._each(page)(path, data)
        for kind, known, seen in (
            ("dimension", self.dimensions, dimensions),
            ("question", self.questions, questions),
        ):
            for missing in (name for name in known if name not in seen):
                self._fault(path, say("on_no_page", kind=kind, missing=missing), "put_it_on_page")

    def _comparable(self, path: Path, data: Any) -> None:
        self._mapping(path, data, {"version": self._version, "items": self._own_items}, {})

    def _own_items(self, path: Path, data: Any) -> None:
        if isinstance(data, dict) and data:
            for item in data:
                self._among_items((*path, item), item)
        else:
            self._each(self._among_items)(path, data)

    def _among_items(self, path: Path, data: Any) -> None:
        if data not in self.items:
            self._fault(path, say("unknown_item", data=data), did_you_mean(str(data), self.items))


def _later(path: Path, data: Any) -> None:
    """Known, but checked together with its neighbours."""
