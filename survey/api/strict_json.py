"""JSON without what JSON leaves open: duplicate keys, NaN, deep nesting, broken text."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from survey.core.errors import Fault, InvalidInput, SurveyError, say

MAX_DEPTH = 32
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


class MalformedJson(SurveyError):
    """The body is not JSON, or is JSON that two readers would read differently."""


def parse_json(raw: bytes) -> Any:
    """Read a JSON text. Raises MalformedJson, or InvalidInput for texts that nothing can store."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson("body_not_utf8") from None
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedJson(say("body_not_json", msg=error.msg, place=place)) from None
    except ValueError:
        raise MalformedJson("body_has_number_with_too_many_digits") from None
    if "\\u" in text:
        _check_texts(value)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        mark = token.group()
        if mark in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJson(
                    say("body_is_nested_more_than_levels_deep", max_depth=MAX_DEPTH)
                )
        elif mark in ("]", "}"):
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add is None
        raise MalformedJson(say("key_stands_twice_in_one_object", twice=twice))
    return members


def _constant(name: str) -> NoReturn:
    raise MalformedJson(say("number_not_json", name=name))


def _check_texts(value: Any) -> None:
    """Databases refuse NUL, and UTF-8 has no lone surrogates. As JSON it is whole, so it is what it
    says that is refused."""
    faults: list[Fault] = []
    stack = [("", value)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            for key, inner in node.items():
                name = _UNSTORABLE.sub("?", key).replace("~", "~0").replace("/", "~1")
                stack += [(f"{path}/{name}", inner), (f"{path}/{name}", key)]
        elif isinstance(node, list):
            stack.extend((f"{path}/{place}", inner) for place, inner in enumerate(node))
        elif isinstance(node, str) and _UNSTORABLE.search(node):
            faults.append(Fault(path or "/", "character_that_cannot_be_stored"))
    if faults:
        raise InvalidInput("request_has_faults", sorted(set(faults), key=str))
