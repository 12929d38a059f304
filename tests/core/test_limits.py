"""Attempts are counted by keyed hash and window, and what is over the limit is not written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from survey.core import limits
from survey.core.db import Database
from survey.core.errors import RateLimited
from survey.core.limit_models import AttemptCount
from survey.core.secret import Secret

SECRET = Secret(b"a secret of this test")
SetClock = Callable[[int, int], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the hour and the minute."""

    def set_to(hour: int, minute: int) -> None:
        moment = datetime(2027, 3, 1, hour, minute, tzinfo=UTC)
        monkeypatch.setattr(limits, "now", lambda: moment)

    set_to(12, 5)
    return set_to


def of_anna(most: int = 2) -> limits.Bucket:
    return limits.of_value(SECRET, "test", "Anna@kommune.example", most)


def counts(db: Database) -> list[int]:
    with db.reading() as session:
        return sorted(session.scalars(sa.select(AttemptCount.count)))


def test_the_most_are_let_through_and_then_nothing_is_written(
    database: Database, clock: SetClock
) -> None:
    for _ in range(2):
        limits.count(database, of_anna())
    statements: list[str] = []
    sa.event.listen(database.writer, "before_cursor_execute", lambda *a: statements.append(a[2]))
    with pytest.raises(RateLimited) as refused:
        limits.count(database, of_anna())
    assert refused.value.retry_after == 600
    assert counts(database) == [2]
    assert statements == []


def test_what_is_refused_for_one_reason_is_counted_for_none(
    database: Database, clock: SetClock
) -> None:
    network = limits.of_network(SECRET, "test", "192.0.2.1", 9)
    limits.count(database, of_anna(1), network)
    with pytest.raises(RateLimited):
        limits.count(database, of_anna(1), network)
    assert counts(database) == [1, 1]


def test_another_window_starts_anew_and_its_hash_tells_nothing_of_the_last(
    database: Database, clock: SetClock
) -> None:
    first = of_anna(1)
    limits.count(database, first)
    clock(12, 15)
    second = of_anna(1)
    assert second.key != first.key
    limits.count(database, second)
    assert counts(database) == [1]


def test_a_short_window_that_ends_leaves_a_days_count_alone(
    database: Database, clock: SetClock
) -> None:
    day = limits.of_value(SECRET, "daily", "all", 5, limits.DAY)
    assert day.until == datetime(2027, 3, 2, tzinfo=UTC)
    limits.count(database, day)
    clock(12, 20)
    limits.count(database, of_anna())
    assert counts(database) == [1, 1]
    clock(23, 59)
    limits.count(database, limits.of_value(SECRET, "daily", "all", 5, limits.DAY))
    assert counts(database) == [2]


def test_who_got_it_right_is_not_counted(database: Database, clock: SetClock) -> None:
    anna, network = of_anna(), limits.of_network(SECRET, "test", "192.0.2.1", 9)
    limits.count(database, network)
    limits.count(database, anna, network)
    with database.transaction() as session:
        limits.forget(session, anna)
        limits.give_back(session, network)
    assert counts(database) == [1]
    with database.transaction() as session:
        limits.give_back(session, network, network)  # never below nothing
    assert counts(database) == [0]


def test_case_and_blanks_make_no_other_account_and_a_purpose_makes_another(clock: SetClock) -> None:
    assert limits.of_value(SECRET, "test", " ANNA@kommune.example", 2) == of_anna()
    assert limits.of_value(SECRET, "other", "anna@kommune.example", 2).key != of_anna().key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "not an address", False),
    ],
)
def test_a_network_is_one_bucket(clock: SetClock, one: str, other: str, same: bool) -> None:
    buckets = [limits.of_network(SECRET, "test", each, 1).key for each in (one, other)]
    assert (buckets[0] == buckets[1]) is same


def test_the_order_of_rows_tells_no_order_of_attempts(database: Database) -> None:
    """SQLite keeps them by hash: a failed code does not stand between the sign-ins of its hour."""
    with database.reading() as session:
        text = session.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name='attempt_count'"))
    assert "WITHOUT ROWID" in str(text)


def test_a_window_is_a_quarter_or_a_day(clock: SetClock) -> None:
    moment = limits.now()  # type: ignore[attr-defined]  # the clock that was set
    assert of_anna().until - moment == timedelta(minutes=10)
