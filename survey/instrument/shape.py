"""What every part of an instrument file is made of: mappings, lists, texts, ids, shares.

A rule takes where a value stands and the value, and notes its faults; it never stops the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from survey.instrument.plain import fraction
from survey.instrument.read import Document, Path, did_you_mean

ID = re.compile(r"[a-z][a-z0-9_]*\Z")

Rule = Callable[[Path, Any], None]


class Shape:
    """The rules that know no part of an instrument."""

    def __init__(self, document: Document, languages: list[str]) -> None:
        self.document = document
        self.languages = languages

    def _fault(self, path: Path, what: str, fix: str = "") -> None:
        self.document.fault_at(path, what, fix)

    def _mapping(
        self, path: Path, data: Any, required: Mapping[str, Rule], optional: Mapping[str, Rule]
    ) -> bool:
        """Check the keys of a mapping, then each value with its key's rule."""
        if not isinstance(data, dict):
            keys = ", ".join(required)
            self._fault(path, f"{name_of(path)} must be a mapping", f"Write {keys} below it.")
            return False
        rules = {**required, **optional}
        for key in data:
            if key not in rules:
                self._fault((*path, key), f"unknown key '{key}'", did_you_mean(str(key), rules))
        for key in required:
            if key not in data:
                self._fault(path, f"{name_of(path)} has no '{key}'", f"Write '{key}'.")
        for key, rule in rules.items():
            if key in data:
                rule((*path, key), data[key])
        return True

    def _each(self, rule: Rule) -> Rule:
        """Return the rule "a list, not empty, and each entry follows ``rule``"."""

        def check(path: Path, data: Any) -> None:
            if not isinstance(data, list) or not data:
                self._fault(path, f"{name_of(path)} must be a list with at least one entry")
                return
            for i, each in enumerate(data):
                rule((*path, i), each)

        return check

    def _text(self, path: Path, data: Any) -> None:
        """Every language of the instrument, in its order, and no other; none of them empty."""
        wanted = ", ".join(self.languages)
        if not isinstance(data, dict):
            fix = f"Write it once per language: {wanted}."
            self._fault(path, f"{name_of(path)} must be written per language", fix)
            return
        for language in self.languages:
            if language not in data:
                fix = f"Write '{language}'."
                self._fault(path, f"missing translation '{language}' of {name_of(path)}", fix)
        for language, text in data.items():
            if self.languages and language not in self.languages:
                fix = f"Remove it, or add it to languages ({wanted})."
                self._fault((*path, language), f"'{language}' is not among the languages", fix)
            elif not isinstance(text, str) and text is not None:
                self._fault((*path, language), "this must be text", "Put it in quotes.")
            elif not (text or "").strip():
                self._fault((*path, language), f"empty text '{language}'", "Write the text.")
        order = [language for language in data if language in self.languages]
        if order != [language for language in self.languages if language in data]:
            fix = f"Use the order of languages: {wanted}."
            self._fault(path, f"{name_of(path)} has its languages in another order", fix)

    def _string(self, path: Path, data: Any) -> None:
        if not isinstance(data, str) or not data.strip():
            self._fault(path, f"{name_of(path)} must be text that is not empty")

    def _boolean(self, path: Path, data: Any) -> None:
        if not isinstance(data, bool):
            self._fault(path, f"{name_of(path)} must be true or false", "Write true or false.")

    def _among(self, words: Iterable[str]) -> Rule:
        """Return the rule "one of these words"."""
        known = list(words)

        def check(path: Path, data: Any) -> None:
            if data not in known:
                self._fault(path, f"unknown {path[-1]} '{data}'", did_you_mean(str(data), known))

        return check

    def _share(self, path: Path, data: Any) -> None:
        try:
            share = Fraction(0) if isinstance(data, bool) else fraction(data)
        except (ValueError, TypeError, ZeroDivisionError):
            share = Fraction(0)
        if not 0 < share <= 1:
            fix = "Write a share such as 2/3 or 0.5."
            self._fault(path, f"{name_of(path)} must be above 0 and at most 1", fix)

    def _new_id(self, path: Path, data: Any, taken: dict[str, str]) -> None:
        """A well-formed id that nothing else in ``taken`` (id → where it was first) has."""
        if not isinstance(data, str) or not ID.match(data):
            fix = "Use a–z, 0–9 and _, beginning with a letter."
            self._fault(path, f"'{data}' is not an id", fix)
        elif data in taken:
            what = f"duplicate id '{data}': {taken[data]} has it already"
            self._fault(path, what, "Give one of them another id.")
        else:
            taken[data] = f"line {self.document.lines.get(path, 1)}"


def name_of(path: Path) -> str:
    """Name a value for a person: the nearest key, with its place in a list."""
    if not path:
        return "the file"
    if isinstance(path[-1], int) and len(path) > 1 and isinstance(path[-2], str):
        return (
            f"entry {path[-1] + 1} of {path[-2]}" if path[-2] != "labels" else f"label {path[-1]}"
        )
    return str(path[-1])


def is_integer(value: Any) -> bool:
    """Say whether a value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)
