"""Norwegian time, and the two nights on which it is not what it seems."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.core.errors import InvalidInput
from survey.core.local_time import ZONE, format_local, parse_local


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2027-03-01 08:00", (2027, 3, 1, 7)),
        ("2027-03-01T08:00:00", (2027, 3, 1, 7)),
        ("01.07.2027 kl. 08.00", (2027, 7, 1, 6)),
        ("1.7.2027, 08:00", (2027, 7, 1, 6)),
        ("2027-07-01T08:00Z", (2027, 7, 1, 8)),
        ("2027-07-01 08:00 +02:00", (2027, 7, 1, 6)),
        ("2027-07-01T08:00:00.000-0500", (2027, 7, 1, 13)),
    ],
)
def test_times_are_read_as_people_write_them(text, utc):
    assert parse_local(text) == datetime(*utc, tzinfo=UTC)  # type: ignore[misc]


def fault(text: str):
    with pytest.raises(InvalidInput) as caught:
        parse_local(text, "closes_at")
    return caught.value.faults[0]


def test_an_hour_that_the_clocks_skip_is_refused_with_what_to_write():
    told = fault("2027-03-28 02:30")
    assert told.where == "closes_at"
    assert "does not exist" in str(told.message)
    assert str(told.fix) == "Write 2027-03-28 03:30, or another time."


def test_an_hour_that_happens_twice_is_asked_about():
    told = fault("2027-10-31 02:30")
    assert "happens twice" in str(told.message)
    assert "+02:00" in str(told.fix)
    assert "+01:00" in str(told.fix)


def test_an_offset_tells_the_two_apart_both_ways():
    first = parse_local("2027-10-31 02:30+02:00")
    second = parse_local("2027-10-31 02:30+01:00")
    assert (second - first).total_seconds() == 3600
    assert format_local(first) == "31.10.2027 kl. 02:30 (UTC+02:00)"
    assert format_local(second, "en") == "31 October 2027, 02:30 (UTC+01:00)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2027-03-01",
        "2027-13-01 08:00",
        "2027-03-01 24:30",
        "01/03/2027 08:00",
        "2027-03-01 08:00+99:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59",
    ],
)
def test_what_is_no_time_is_refused(text):
    assert "is not a time" in str(fault(text).message)


@given(st.integers(16_000_000, 68_000_000))
def test_every_moment_survives_being_written_and_read(minutes):
    moment = datetime.fromtimestamp(minutes * 60, UTC)
    assert parse_local(moment.astimezone(ZONE).isoformat()) == moment
