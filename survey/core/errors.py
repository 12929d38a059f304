"""Domain errors. They know no HTTP: one table in ``survey.api`` maps a class to a status.

Every error says what is wrong, where, and what to do; several faults travel together so that a
person mends them in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    ``where`` is a path, a ``file:line`` or a ``row 3, column headcount``; ``what`` says what is
    wrong; ``fix`` says what to do about it ('' when that is obvious).
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} {self.fix}".rstrip()


class SurveyError(Exception):
    """Base of every error that a person or a program is told about."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        self.message = message
        self.faults = tuple(faults)
        super().__init__(message)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {fault}" for fault in self.faults)])


class InvalidInput(SurveyError):
    """What was sent cannot be accepted; ``faults`` lists everything wrong at once."""


class TooLarge(SurveyError):
    """What was sent is larger than anything that could be meant."""


class NotFound(SurveyError):
    """There is no such thing, or none that this caller may know of."""


class Forbidden(SurveyError):
    """The caller is known and may not do this."""


class Unauthenticated(SurveyError):
    """The caller must sign in first."""


class Conflict(SurveyError):
    """It cannot be done in the present state: an illegal move, a duplicate, a stale version."""


class Exposed(SurveyError):
    """The auditor found that a release is not as promised: a fault of the program, and nothing was
    stored. The message names no number of people."""


class NotYetOpen(SurveyError):
    """The wave that this code belongs to has not opened yet."""


class Closed(SurveyError):
    """The wave that this code belongs to has closed."""


class RateLimited(SurveyError):
    """Too many failed attempts; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int = 60) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ConfigurationError(SurveyError):
    """A setting is unknown, malformed or missing; the service does not start."""


class KeyLost(SurveyError):
    """A wave's private key is not where it should be; its answers cannot be opened."""
