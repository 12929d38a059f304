"""Read YAML as plain data with line numbers, and nothing that could surprise.

The subset: one document of mappings, lists, strings, integers, decimal numbers, true, false and
null, as in YAML 1.2's core schema. No tags, anchors, aliases or merge keys: they are found while
the file is only a stream of events, before anything is built, so a bomb of aliases never expands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from survey.core.errors import Fault, Message, say

MAXIMUM_BYTES = 1_000_000
MAXIMUM_DEPTH = 20

Path = tuple[str | int, ...]
"""Where a value stands in the document, such as ``("dimensions", 0, "items", 2, "id")``."""

_RESOLUTIONS: tuple[tuple[re.Pattern[str], Callable[[str], object]], ...] = (
    (re.compile(r"(|~|null)\Z"), lambda _: None),
    (re.compile(r"(true|false)\Z"), lambda text: text == "true"),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z"), int),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}\Z"), float),
)


@dataclass(slots=True)
class Document:
    """Plain data read from ``name``, the line of every value, and the faults found so far."""

    name: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def fault(self, line: int, what: Message | str, fix: Message | str | None = None) -> None:
        """Note a fault at a line (from 1)."""
        self.faults.append((line, Fault(f"{self.name}:{line}", what, fix)))

    def fault_at(self, path: Path, what: Message | str, fix: Message | str | None = None) -> None:
        """Note a fault at a value, or where the nearest value around it begins."""
        while path not in self.lines and path:
            path = path[:-1]
        self.fault(self.lines.get(path, 1), what, fix)

    def sorted_faults(self) -> list[Fault]:
        """Return the faults in the order of their lines, each once."""
        return list(dict.fromkeys(f for _, f in sorted(self.faults, key=lambda pair: pair[0])))


def read(raw: bytes, name: str) -> Document:
    """Return the document in ``raw``; ``data`` is None when it is not readable (see ``faults``)."""
    document = Document(name)
    text = _decode(raw, document)
    if text is None:
        return document
    try:
        node = None if _surprises(text, document) else yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = say("this_is_not_yaml", value=error.problem or error.context)
        fix = say("check_yaml_punctuation")
        document.fault(mark.line + 1 if mark else 1, what, fix)
        return document
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.fault(line, "invisible_control_character", "remove_it")
        return document
    if node is not None:
        document.data = _plain(node, (), document)
    elif not document.faults:
        document.fault(1, "file_is_empty", "write_at_least_scales_and_dimensions")
    return document


def did_you_mean(word: str, known: Iterable[str]) -> Message | None:
    """Return "Did you mean 'x'?" with the nearest known word, or the list when none is near."""
    words = list(known)
    if near := get_close_matches(word, words, 1):
        return say("did_you_mean", near=near[0])
    return say("known_here", words=", ".join(words)) if words else None


def _decode(raw: bytes, document: Document) -> str | None:
    if len(raw) > MAXIMUM_BYTES:
        document.fault(1, "file_is_larger_than_1_mb", "no_questionnaire_is_that_long_split_it")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        document.fault(line, "file_not_utf8", "save_as_utf8")
        return None


def _surprises(text: str, document: Document) -> bool:
    """Note every tag, anchor, alias, second document and too deep nesting; say whether any."""
    depth = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                document.fault(line, "second_document_begins_here", "keep_one_to_file")
        elif isinstance(event, yaml.AliasEvent):
            what = say("alias_is_not_allowed", anchor=event.anchor)
            document.fault(line, what, "write_text_out_where_it_is_used")
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            _note_anchor_and_tag(event, line, document)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAXIMUM_DEPTH:
                what = say("more_than_levels_of_nesting", maximum_depth=MAXIMUM_DEPTH)
                document.fault(line, what, "instrument_needs_fewer_than_ten")
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return bool(document.faults)


def _note_anchor_and_tag(
    event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int, document: Document
) -> None:
    if event.anchor is not None:
        what = say("anchor_is_not_allowed", anchor=event.anchor)
        document.fault(line, what, "write_text_out_where_it_is_used")
    if event.tag is not None:
        what = say("tag_is_not_allowed", tag=event.tag)
        document.fault(line, what, "write_plain_value_put_quotes_around_text")


def _plain(node: yaml.Node, path: Path, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, i), document) for i, child in enumerate(node.value)]
    mapping: dict[str | int, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str | int) or isinstance(key, bool):
            document.fault(line, "this_key_is_neither_word_nor_integer", "quote_it")
        elif key in mapping:
            document.fault(line, say("duplicate_key", key=key), "keep_one_of_them")
        else:
            document.lines[*path, key] = line
            mapping[key] = _plain(value_node, (*path, key), document)
    return mapping


def _scalar(node: yaml.ScalarNode) -> object:
    if node.style is None:
        for pattern, convert in _RESOLUTIONS:
            if pattern.match(node.value):
                return convert(node.value)
    return node.value
