"""What every part of an instrument file is made of: mappings, lists, texts, ids, shares.

A rule takes where a value stands and the value, and notes its faults; it never stops the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from survey.core.errors import Message, say
from survey.instrument.plain import fraction
from survey.instrument.read import Document, Path, did_you_mean

ID = re.compile(r"[a-z][a-z0-9_]*\Z")

Rule = Callable[[Path, Any], None]


class Shape:
    """The rules that know no part of an instrument."""

    def __init__(self, document: Document, languages: list[str]) -> None:
        self.document = document
        self.languages = languages

    def _fault(self, path: Path, what: Message | str, fix: Message | str | None = None) -> None:
        self.document.fault_at(path, what, fix)

    def _mapping(
        self, path: Path, data: Any, required: Mapping[str, Rule], optional: Mapping[str, Rule]
    ) -> bool:
        """Check the keys of a mapping, then each value with its key's rule."""
        if not isinstance(data, dict):
            keys = ", ".join(required)
            self._fault(
                path,
                say("must_be_mapping", name_of=name_of(path)),
                say("write_below_it", keys=keys),
            )
            return False
        rules = {**required, **optional}
        for key in data:
            if key not in rules:
                self._fault(
                    (*path, key), say("unknown_key", key=key), did_you_mean(str(key), rules)
                )
        for key in required:
            if key not in data:
                self._fault(
                    path,
                    say("key_missing", name_of=name_of(path), key=key),
                    say("write_key", language=key),
                )
        for key, rule in rules.items():
            if key in data:
                rule((*path, key), data[key])
        return True

    def _each(self, rule: Rule) -> Rule:
        """Return the rule "a list, not empty, and each entry follows ``rule``"."""

        def check(path: Path, data: Any) -> None:
            if not isinstance(data, list) or not data:
                self._fault(
                    path, say("must_be_list_with_at_least_one_entry", name_of=name_of(path))
                )
                return
            for i, entry in enumerate(data):
                rule((*path, i), entry)

        return check

    def _text(self, path: Path, data: Any) -> None:
        """Every language of the instrument, in its order, and no other; none of them empty."""
        wanted = ", ".join(self.languages)
        if not isinstance(data, dict):
            fix = say("write_it_once_per_language", wanted=wanted)
            self._fault(path, say("must_be_written_per_language", name_of=name_of(path)), fix)
            return
        for language in self.languages:
            if language not in data:
                fix = say("write_key", language=language)
                self._fault(
                    path,
                    say("missing_translation_of", language=language, name_of=name_of(path)),
                    fix,
                )
        for language, text in data.items():
            if self.languages and language not in self.languages:
                fix = say("remove_it_or_add_it_to_languages", wanted=wanted)
                self._fault((*path, language), say("not_among_languages", language=language), fix)
            elif not isinstance(text, str) and text is not None:
                self._fault((*path, language), "this_must_be_text", "put_it_in_quotes")
            elif not (text or "").strip():
                self._fault((*path, language), say("empty_text", language=language), "write_text")
        order = [language for language in data if language in self.languages]
        if order != [language for language in self.languages if language in data]:
            fix = say("use_order_of_languages", wanted=wanted)
            self._fault(path, say("languages_in_another_order", name_of=name_of(path)), fix)

    def _string(self, path: Path, data: Any) -> None:
        if not isinstance(data, str) or not data.strip():
            self._fault(path, say("must_be_text_that_is_not_empty", name_of=name_of(path)))

    def _boolean(self, path: Path, data: Any) -> None:
        if not isinstance(data, bool):
            self._fault(
                path,
                say("value_must_be_true_or_false", name_of=name_of(path)),
                "write_true_or_false",
            )

    def _among(self, words: Iterable[str]) -> Rule:
        """Return the rule "one of these words"."""
        known = list(words)

        def check(path: Path, data: Any) -> None:
            if data not in known:
                self._fault(
                    path,
                    say("unknown_reference", kind=path[-1], data=data),
                    did_you_mean(str(data), known),
                )

        return check

    def _share(self, path: Path, data: Any) -> None:
        try:
            share = Fraction(0) if isinstance(data, bool) else fraction(data)
        except (ValueError, TypeError, ZeroDivisionError):
            share = Fraction(0)
        if not 0 < share <= 1:
            fix = say("write_share")
            self._fault(path, say("share_out_of_range", name_of=name_of(path)), fix)

    def _new_id(self, path: Path, data: Any, taken: dict[str, Message]) -> None:
        """A well-formed id that nothing else in ``taken`` (id → where it was first) has."""
        if not isinstance(data, str) or not ID.match(data):
            fix = say("use_letters_digits_underscore")
            self._fault(path, say("not_id", data=data), fix)
        elif data in taken:
            what = say("duplicate_id_has_it_already", data=data, taken=taken[data])
            self._fault(path, what, "give_one_of_them_another_id")
        else:
            taken[data] = say("line", line=self.document.lines.get(path, 1))


def name_of(path: Path) -> Message | str:
    """Name a value for a person: the nearest key, with its place in a list."""
    if not path:
        return say("the_file")
    if isinstance(path[-1], int) and len(path) > 1 and isinstance(path[-2], str):
        if path[-2] == "labels":
            return say("label", value=path[-1])
        return say("entry_of_list", number=path[-1] + 1, name=path[-2])
    return str(path[-1])


def is_integer(value: Any) -> bool:
    """Say whether a value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)
