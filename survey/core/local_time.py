"""Local time for people: Europe/Oslo, with the hours that the clocks skip or repeat.

The database keeps UTC. A local time that does not exist is refused; one that happens twice is
refused until its offset says which of the two is meant.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from survey.core import formats
from survey.core.errors import Fault, InvalidInput, Message, say
from survey.core.languages import DEFAULT

ZONE = formats.ZONE


class SkippedTime(InvalidInput):
    """A local time that does not exist: the clocks are set forward over it."""


class RepeatedTime(InvalidInput):
    """A local time that happens twice, without an offset that says which is meant."""


_ISO_DATE = r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
_NORWEGIAN_DATE = r"(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4})"
_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.0+)?)?"
_OFFSET = r"(?P<offset>[Zz]|[+\-−]\d{2}(?::?\d{2})?)?"
_WHEN = re.compile(
    rf"(?:{_ISO_DATE}|{_NORWEGIAN_DATE})(?:T|\s+kl\.?\s+|,?\s+){_TIME}\s*{_OFFSET}",
    re.ASCII | re.IGNORECASE,
)


def parse_local(text: str, where: str = "time") -> datetime:
    """Read a time as people write it and return it in UTC.

    ``2027-03-01 08:00``, ``2027-03-01T08:00`` and ``01.03.2027 kl. 08.00`` mean Norwegian time; an
    offset (``+01:00``, ``Z``) at the end makes any of them exact. Raises InvalidInput that says why
    and what to write, with ``where`` as the place.
    """
    match = _WHEN.fullmatch(text.strip())
    if match is None:
        raise _refused(where, say("no_time", text=text), "write_time_like_this")
    part = match.groupdict()
    try:
        local = datetime(  # noqa: DTZ001 - the zone is what is being found out
            int(part["y"] or part["y2"]),
            int(part["m"] or part["m2"]),
            int(part["d"] or part["d2"]),
            int(part["hour"]),
            int(part["minute"]),
            int(part["second"] or 0),
        )
        if not 2000 <= local.year < 2200:
            raise ValueError("the year is out of range")
        if part["offset"]:
            return (local - _offset(part["offset"])).replace(tzinfo=UTC)
    except ValueError as error:
        raise _refused(where, say("impossible_time", text=text, error=error), "") from error
    return _in_oslo(local, where)


def _in_oslo(local: datetime, where: str) -> datetime:
    first = local.replace(tzinfo=ZONE, fold=0)
    second = local.replace(tzinfo=ZONE, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    text = f"{local:%Y-%m-%d %H:%M}"
    if _exists(first):
        raise _refused(
            where,
            say("time_happens_twice", text=text),
            say("write_time_with_offset", text=text, first=_signed(first), second=_signed(second)),
            RepeatedTime,
        )
    after = first.astimezone(UTC).astimezone(ZONE)
    raise _refused(
        where,
        say("time_does_not_exist", text=text),
        say("write_another_time", after=f"{after:%Y-%m-%d %H:%M}"),
        SkippedTime,
    )


def format_local(moment: datetime, language: str = DEFAULT) -> str:
    """Write a moment in Norwegian time: ``01.03.2027 kl. 08:00``, ``1 March 2027, 08:00`` in en.

    In the hour that happens twice the offset stands behind it.
    """
    local = moment.astimezone(ZONE)
    text = formats.moment(local, language)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{text} (UTC{_signed(local)})" if twice else text


def today() -> date:
    """The date in Norway now."""
    return datetime.now(ZONE).date()


def form_value(moment: datetime | None) -> str:
    """A moment as a form's field of date and time holds it: ``2027-03-01T08:00``; '' for none."""
    return "" if moment is None else f"{moment.astimezone(ZONE):%Y-%m-%dT%H:%M}"


def _exists(local: datetime) -> bool:
    """False for a local time that the clocks skip: it does not survive the way to UTC and back."""
    return local.astimezone(UTC).astimezone(ZONE).replace(tzinfo=None) == local.replace(tzinfo=None)


def _offset(text: str) -> timedelta:
    if text in {"Z", "z"}:
        return timedelta(0)
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        raise ValueError(f"there is no offset {text}")
    size = timedelta(hours=hours, minutes=minutes)
    return size if text[0] == "+" else -size


def _signed(local: datetime) -> str:
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]


def _refused(
    where: str,
    what: Message | str,
    fix: Message | str | None,
    kind: type[InvalidInput] = InvalidInput,
) -> InvalidInput:
    return kind("time_cannot_be_used", [Fault(where, what, fix)])
