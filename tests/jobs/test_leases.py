"""One holder at a time."""

from __future__ import annotations

import threading
from datetime import timedelta

from survey.core.db import Database
from survey.jobs import leases

MINUTE = timedelta(minutes=1)


def test_one_holds_until_it_lets_go(db: Database) -> None:
    with db.transaction() as session:
        assert leases.hold(session, "timed", "a", MINUTE)
        assert not leases.hold(session, "timed", "b", MINUTE)
        assert leases.hold(session, "timed", "a", MINUTE)
        assert leases.hold(session, "other", "b", MINUTE)
        leases.let_go(session, "timed", "b")  # not its own: nothing happens
        assert not leases.hold(session, "timed", "b", MINUTE)
        leases.let_go(session, "timed", "a")
        assert leases.hold(session, "timed", "b", MINUTE)


def test_a_silent_holder_is_replaced(db: Database) -> None:
    with db.transaction() as session:
        assert leases.hold(session, "timed", "a", -MINUTE)
        assert leases.hold(session, "timed", "b", MINUTE)
        assert not leases.hold(session, "timed", "a", MINUTE)


def test_of_many_at_once_one_gets_it(db: Database) -> None:
    start = threading.Barrier(8)
    got: list[bool] = []

    def take(name: str) -> None:
        start.wait()
        with db.transaction() as session:
            got.append(leases.hold(session, "timed", name, MINUTE))

    threads = [threading.Thread(target=take, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]
