"""Domain errors. They know no HTTP: one table in ``survey.api`` maps a class to a status.

Every error says what is wrong, where, and what to do; several faults travel together so that a
person mends them in one go. What is said is a ``Message``: a code with the values that belong to
it. Its words stand in ``survey/core/translations/faults``, one catalogue per language, so that a
page, a program and the command line are told the same in their own words, and changing a word
changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from survey.core.texts import Texts

Value = Any
"""What a text can hold: str, int, float, datetime or Message; ``say`` makes a str of the rest."""

_MOMENT = "moment"
_VISIBLE = "\n\u00a0\u202f"
"""What Python does not call printable, and people have in their texts: lines and fixed spaces."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something said to a person: the code of its text, and the values put into it.

    ``str()`` gives the English text, ``in_language`` that of any language. A string that is a
    known word (``fault_words``) and a moment are said in the language, too.
    """

    code: str
    params: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, language: str) -> str:
        """Return the text in ``language``. Raises KeyError when there is no text of this code."""
        words = _words(language)
        spoken = {name: _spoken(name, value, words) for name, value in self.params}
        return _texts("faults", language)(self.code, **spoken)

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold; ``from_plain`` reads it."""
        params = {name: _plain(value) for name, value in self.params}
        return {"code": self.code, **({"params": params} if params else {})}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Return the message that ``plain`` wrote."""
        params = ((name, _value(value)) for name, value in data.get("params", {}).items())
        return cls(data["code"], tuple(params))


def say(code: str, /, **params: Any) -> Message:
    """Return the message ``code`` with its values: strings, numbers, moments, or messages.

    Of anything else, such as a path or an error, the text is kept: a message may be stored.
    """
    kept = (str, int, float, datetime, Message)
    return Message(
        code,
        tuple((name, v if isinstance(v, kept) else str(v)) for name, v in params.items()),
    )


def _plain(value: Value) -> Any:
    if isinstance(value, Message):
        return value.plain()
    return {_MOMENT: value.isoformat()} if isinstance(value, datetime) else value


def _value(plain: Any) -> Value:
    if not isinstance(plain, dict):
        return plain
    if _MOMENT in plain:
        return datetime.fromisoformat(plain[_MOMENT])
    return Message.from_plain(plain)


def _message(message: Message | str) -> Message:
    return Message(message) if isinstance(message, str) else message


def _texts(part: str, language: str) -> Texts:
    from survey.core.texts import Texts  # a command's help reads no texts

    return Texts("core", part, language)


def _words(language: str) -> Texts:
    return _texts("fault_words", language)


def _spoken(name: str, value: Any, words: Texts) -> Any:
    """A value as a text has it: a message or a known word in the language, nothing invisible."""
    if isinstance(value, Message):
        return value.in_language(words.language)
    if isinstance(value, datetime):
        from survey.core import formats

        return formats.moment(value.astimezone(formats.ZONE), words.language)
    if not isinstance(value, str):
        return value
    word = f"{name}={value}"
    if word in words:
        return words(word)
    return "".join(
        character if character.isprintable() or character in _VISIBLE else repr(character)[1:-1]
        for character in value
    )


class Fault:
    """One thing that is wrong.

    ``where`` is a path, a ``file:line``, a field's name or a message such as row and column;
    ``message`` says what is wrong; ``fix`` says what to do about it (None when that is obvious).
    """

    def __init__(
        self, where: str | Message, message: Message | str, fix: Message | str | None = None
    ) -> None:
        self.where = where
        self.message = _message(message)
        self.fix = _message(fix) if fix else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fault) and self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash((str(self.where), self.message.code))

    def __repr__(self) -> str:
        return f"Fault({self.where!r}, {self.message!r}, {self.fix!r})"

    @property
    def code(self) -> str:
        """The code of what is wrong."""
        return self.message.code

    def __str__(self) -> str:
        """Return where, what and what to do in English, with fields as programs name them."""
        text = f"{self.message} {self.fix or ''}".rstrip()
        place = str(self.where)
        return f"{place}: {text}" if place else text

    @property
    def field(self) -> str:
        """The field that the fault belongs to: its name, or the kind of place."""
        return self.where if isinstance(self.where, str) else self.where.code

    def value(self, name: str) -> Any:
        """Return a value of the place, such as its row's number; None where it has none."""
        return dict(self.where.params).get(name) if isinstance(self.where, Message) else None

    def place(self, language: str) -> str:
        """Return ``where`` in ``language``: a place, a field by its name, or a path as it is."""
        if isinstance(self.where, Message):
            return self.where.in_language(language)
        return str(_spoken("where", self.where, _words(language)))

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold; ``from_plain`` reads it."""
        return {
            "where": self.where if isinstance(self.where, str) else self.where.plain(),
            "message": self.message.plain(),
            **({"fix": self.fix.plain()} if self.fix else {}),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Return the fault that ``plain`` wrote."""
        where, fix = data["where"], data.get("fix")
        return cls(
            where if isinstance(where, str) else Message.from_plain(where),
            Message.from_plain(data["message"]),
            Message.from_plain(fix) if fix else None,
        )


class SurveyError(Exception):
    """Base of every error that a person or a program is told about.

    ``message`` says what was not done, ``faults`` everything that is wrong; a message without
    values may be given by its code alone.
    """

    def __init__(self, message: Message | str, faults: Iterable[Fault] = ()) -> None:
        self.message = _message(message)
        self.faults = tuple(faults)
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The code of the message."""
        return self.message.code

    def __str__(self) -> str:
        return "\n".join([str(self.message), *(f"  {fault}" for fault in self.faults)])

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold of the message and its faults."""
        return {"message": self.message.plain(), "faults": [fault.plain() for fault in self.faults]}

    @staticmethod
    def from_plain(data: Mapping[str, Any]) -> SurveyError:
        """Return an error that says what ``plain`` wrote; its class is not kept."""
        faults = [Fault.from_plain(fault) for fault in data["faults"]]
        return SurveyError(Message.from_plain(data["message"]), faults)


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

    def __init__(self, message: Message | str, retry_after: int = 60) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ConfigurationError(SurveyError):
    """A setting is unknown, malformed or missing; the service does not start."""


class KeyLost(SurveyError):
    """A wave's private key is not where it should be; its answers cannot be opened."""
