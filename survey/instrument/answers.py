"""Plain answers: ``{"items": {item id: value | "na"}, "questions": {question id: answer}}``.

An answer is an option's id (single), a list of them (multiple), a string (text) or a list of one
or two strings (words). None, '', [] and absence all mean unanswered.
"""

from __future__ import annotations

from collections.abc import Mapping

from survey.errors import Fault
from survey.instrument.model import Instrument, Role

MAXIMUM_TEXT = 600
MAXIMUM_WORD = 40
MAXIMUM_WORDS = 2


def validate_answers(instrument: Instrument, answers: Mapping[str, object]) -> list[Fault]:
    """Return every fault of the answers by JSON path (``items.some_id``); [] when they are good.

    Types are strict: True, 3.0 and "3" are not the integer 3.
    """
    raise NotImplementedError


def role_of(instrument: Instrument, answers: Mapping[str, object]) -> Role | None:
    """Return what valid answers say about the respondent's role; None when they do not."""
    raise NotImplementedError


def texts_of(instrument: Instrument, answers: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the free text of valid answers, stripped: question id → one text, or one or two words.

    Unanswered questions are left out. These are stored apart from the sheet, without a shared key.
    """
    raise NotImplementedError
