"""The form's fields ↔ plain answers. A field is ``<letter>.<id>``; nothing else is read.

The letter says how a field is read, so that no type of question needs to be known here:

======  ===================================================================
``i.``  an item's integer
``s.``  one string; '' takes the answer back
``m.``  a list of strings
``t.``  one string, as it was typed
``w.``  a list of strings as they were typed, without those that are blank
======  ===================================================================

What cannot be read as what the field asks for is handed on as it is, so that validation names it.
``static/answer/blind.js`` reads the same in the browser.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from survey.core.errors import Fault

_WHOLE = re.compile(r"-?[0-9]{1,9}")
_PATH = re.compile(r"answers\.(items|questions)\.(?P<id>[^.\[]+)")
_SAID = ("required", "exclusive", "too_long", "too_many", "character")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form is drawn with: its submission id and the values of its fields."""

    submission_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    values: MultiDict[str, str] = field(default_factory=MultiDict)

    def has(self, name: str, value: object) -> bool:
        """True when the field holds the value: the radio or box is drawn checked."""
        return str(value) in self.values.getlist(name)

    def text(self, name: str, position: int = 0) -> str:
        """What stands in a text field ('' for nothing)."""
        texts = self.values.getlist(name)
        return texts[position] if position < len(texts) else ""


def answers_of(values: MultiDict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the plain answers in a form, as ``survey.instrument.answers`` has them."""
    items: dict[str, Any] = {}
    questions: dict[str, Any] = {}
    for name in values:
        letter, _, block = name.partition(".")
        texts = [value.replace("\r\n", "\n") for value in values.getlist(name)]
        if not block or (letter in "is" and not texts[-1]):
            continue  # no field of ours, or the choice that takes an answer back
        if letter == "i":
            items[block] = int(texts[-1]) if _WHOLE.fullmatch(texts[-1]) else texts[-1]
        elif letter in ("s", "t"):
            questions[block] = texts[-1]
        elif letter == "m":
            questions[block] = texts
        elif letter == "w":
            questions[block] = [value for value in texts if value.strip()]
    return {"items": items, "questions": questions}


def fault_codes(faults: Iterable[Fault], pages: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Block id → code of a text that says what is wrong, in the order of the form."""
    codes: dict[str, str] = {}
    for fault in faults:
        match = _PATH.match(str(fault.where))
        if match:
            code = getattr(fault, "kind", "")
            codes.setdefault(match["id"], code if code in _SAID else "other")
    order = [block["id"] for page in pages for block in page["blocks"]]
    return {block: codes[block] for block in order if block in codes}
