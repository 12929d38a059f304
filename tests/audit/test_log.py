"""The event log: appended in the transaction that did it, chained, and checked."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from survey.audit import log
from survey.audit.models import Event
from survey.core.db import Database


def write(database: Database, count: int, organisation_id: int = 7) -> None:
    for number in range(count):
        with database.transaction() as session:
            log.record(
                session, organisation_id, "cli", "thing.done", f"thing:{number}", {"æ": number}
            )


def breaks(database: Database, organisation_id: int = 7) -> list[log.Break]:
    with database.reading() as session:
        return log.verify(session, organisation_id)


def test_a_chain_that_nobody_touched_holds(database: Database) -> None:
    write(database, 5)
    assert breaks(database) == []
    with database.reading() as session:
        assert log.head(session, 7).sequence == 5
        assert [event.sequence for event in log.events(session, 7, limit=2)] == [5, 4]
        assert [event.sequence for event in log.events(session, 7, before=3)] == [2, 1]


def test_an_empty_chain_holds_and_has_an_empty_head(database: Database) -> None:
    assert breaks(database) == []
    with database.reading() as session:
        assert log.head(session, 7) == log.Head(0, "")


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "person:1"},
        {"action": "thing.undone"},
        {"subject": "thing:99"},
        {"details": {"æ": 3}},
    ],
)
def test_a_changed_row_is_found(database: Database, change: dict[str, object]) -> None:
    write(database, 4)
    with database.transaction() as session:
        session.execute(sa.update(Event).where(Event.sequence == 2).values(**change))
    assert [each.sequence for each in breaks(database)] == [2]


def test_a_removed_row_is_found(database: Database) -> None:
    write(database, 4)
    with database.transaction() as session:
        session.execute(sa.delete(Event).where(Event.sequence == 2))
    found = breaks(database)
    assert [each.sequence for each in found] == [3, 3]
    assert "2" in found[0].what


def test_a_row_that_was_computed_anew_breaks_the_next(database: Database) -> None:
    write(database, 4)
    with database.transaction() as session:
        event = session.get_one(Event, (7, 2))
        event.action = "thing.undone"
        event.digest = log._digest(event)
    assert [each.sequence for each in breaks(database)] == [3]


def test_what_is_cut_off_shows_against_a_head_noted_elsewhere(database: Database) -> None:
    write(database, 4)
    with database.reading() as session:
        noted = log.head(session, 7)
    with database.transaction() as session:
        session.execute(sa.delete(Event).where(Event.sequence == 4))
    assert breaks(database) == []
    with database.reading() as session:
        assert log.head(session, 7) != noted


def test_an_event_is_undone_with_what_it_tells_of(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            log.record(session, 7, "cli", "thing.done", "thing:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert log.events(session, 7) == []


def test_organisations_have_chains_of_their_own(database: Database) -> None:
    write(database, 2, organisation_id=7)
    write(database, 3, organisation_id=8)
    with database.transaction() as session:
        session.execute(sa.delete(Event).where(Event.organisation_id == 8, Event.sequence == 1))
    assert breaks(database, 7) == []
    assert breaks(database, 8) != []


def in_parallel(work: Callable[[], None], count: int = 8) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_writers_at_the_same_time_make_one_chain(database: Database) -> None:
    in_parallel(lambda: write(database, 5))
    assert breaks(database) == []
    with database.reading() as session:
        assert log.head(session, 7).sequence == 40


@pytest.mark.postgresql
def test_writers_at_the_same_time_make_one_chain_on_postgresql(
    postgres_database: Database,
) -> None:
    in_parallel(lambda: write(postgres_database, 5))
    assert breaks(postgres_database) == []
    with postgres_database.reading() as session:
        assert log.head(session, 7).sequence == 40


def test_a_chain_written_anew_is_found_by_a_head_that_was_noted(database: Database) -> None:
    write(database, 3)
    with database.reading() as session:
        noted = [log.head(session, 7)]
        assert log.compare(session, 7, noted) == []
    with database.transaction() as session:
        session.execute(sa.delete(Event))
    with database.reading() as session:
        assert [each.sequence for each in log.compare(session, 7, noted)] == [3]
    write(database, 4)
    assert breaks(database) == []  # by itself it holds
    with database.transaction() as session:
        session.execute(sa.update(Event).values(at=Event.at))
        event = session.get_one(Event, (7, 3))
        event.digest = "another"
    with database.reading() as session:
        (found,) = log.compare(session, 7, noted)
    assert "another digest" in found.what
