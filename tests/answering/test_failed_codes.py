"""Failed codes are counted by address and day; a good one is never refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from survey.answering import failed_codes
from survey.answering.intake import Accepted, submit
from survey.core.db import Database, now
from survey.core.errors import RateLimited
from survey.core.limit_models import AttemptCount
from tests.answering.conftest import World


def fail(world: World, address: str, times: int = 1) -> None:
    for _ in range(times):
        failed_codes.count_failure(world.db, world.secret, address)


def counts(db: Database) -> list[int]:
    with db.reading() as session:
        return sorted(session.scalars(sa.select(AttemptCount.count)))


def test_failures_from_one_address_are_limited_and_then_written_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_codes, "PER_ADDRESS", 3)
    fail(world, "192.0.2.1", 3)
    for _ in range(4):
        with pytest.raises(RateLimited) as caught:
            fail(world, "192.0.2.1")
    assert 0 < caught.value.retry_after <= 24 * 3600 + 1
    assert counts(world.db) == [3, 3]
    fail(world, "192.0.2.2")
    assert counts(world.db) == [1, 3, 4]


def test_guessing_from_many_addresses_is_limited_in_total(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_codes, "IN_TOTAL", 5)
    for i in range(5):
        fail(world, f"192.0.2.{i}")
    with pytest.raises(RateLimited):
        fail(world, "198.51.100.1")


def test_an_ipv6_network_is_one_address(world: World) -> None:
    fail(world, "2001:db8::1")
    fail(world, "2001:db8::ffff:2")
    fail(world, "::ffff:192.0.2.1")
    fail(world, "192.0.2.1")
    assert counts(world.db) == [2, 2, 4]


def test_a_good_code_is_taken_from_an_address_that_is_over_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_codes, "PER_ADDRESS", 1)
    fail(world, "192.0.2.1")
    with pytest.raises(RateLimited):
        fail(world, "192.0.2.1")
    with world.db.transaction() as session:
        code = world.codes["north"][0].short
        given = {"items": {"trust": 1}}
        assert submit(session, world.secret, code, "a" * 30, given) == Accepted()


def test_neither_address_nor_time_of_day_nor_earlier_days_are_kept(world: World) -> None:
    midnight = now().replace(hour=0, minute=0, second=0)
    with world.db.transaction() as session:
        session.add(AttemptCount(bucket=b"old", until=midnight, count=9))
    fail(world, "192.0.2.1")
    with world.db.reading() as session:
        rows = session.execute(sa.select(AttemptCount.until, AttemptCount.bucket)).all()
    assert {row.until for row in rows} == {midnight + timedelta(days=1)}
    assert all(len(row.bucket) == 32 and b"192" not in row.bucket for row in rows)


def test_failures_at_the_same_time_are_all_counted(any_world: World) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: fail(any_world, "192.0.2.1"), range(30)))
    assert counts(any_world.db) == [30, 30]
