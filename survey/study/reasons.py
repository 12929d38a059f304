"""Why staff close a wave early or extend it: a reason that is chosen and a short text.

Both stand in the event log, which can never be deleted, so the text must name nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from survey.core.errors import Fault, InvalidInput, Message, say

REASONS = ("few_answers", "everybody", "absence", "technical", "mistake", "asked", "other")
NOT_FOR = {"close": ("few_answers",), "extend": ("everybody",)}
"""What makes no sense as the reason of an act. It is not offered; who gives it is not refused."""
LONGEST_NOTE = 200
_PERSONAL = re.compile(r"@|\d{6}")
"""An e-mail address, or a number long enough to be somebody's."""


def offered(act: str) -> tuple[str, ...]:
    """The reasons to choose from for an act, ``close`` or ``extend``."""
    return tuple(reason for reason in REASONS if reason not in NOT_FOR[act])


@dataclass(frozen=True, slots=True)
class Reason:
    """``category`` is one of REASONS; ``note`` says it in words, without naming anybody."""

    category: str
    note: str

    def details(self) -> dict[str, str]:
        """What the event keeps."""
        return {"reason": self.category, "note": " ".join(self.note.split())}


def faults_of(reason: Reason | None) -> Iterable[Fault]:
    """Everything that is wrong with a reason; a missing one lacks both parts."""
    category, note = (reason.category, " ".join(reason.note.split())) if reason else ("", "")
    if category not in REASONS:
        yield Fault(
            "reason",
            say("unknown_reason", category=category),
            say("use_values", known=", ".join(REASONS)),
        )
    if not note or len(note) > LONGEST_NOTE:
        yield Fault(
            "note", say("text_of_wrong_length", name_limit=LONGEST_NOTE), "say_why_in_short"
        )
    elif _PERSONAL.search(note):
        yield Fault(
            "note",
            "holds_address_or_long_number",
            "log_is_kept_for_ever_name_nobody",
        )


def refuse(faults: Iterable[Fault], message: Message | str) -> None:
    """Raise InvalidInput when there is any fault."""
    all_faults = list(faults)
    if all_faults:
        raise InvalidInput(message, all_faults)
