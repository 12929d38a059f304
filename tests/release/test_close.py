"""Closing a wave and making its release, on real databases with real sealed answers."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from survey.answering.store import Inbox, Response
from survey.db import Database
from survey.errors import Closed, Conflict, KeyLost
from survey.release import close as closing
from survey.release import raw, read
from survey.release.close import close_and_release, close_wave, make_release
from survey.release.document import UnitResult
from survey.release.moderation import decide, queue, released_texts
from survey.secret import Secret
from survey.study.keys import KeyStore
from survey.study.models import WaveUnit
from tests.release.journey import Journey, open_next, start

ANSWERS = {"n1": 22, "n2": 12, "n3": 6, "s1": 28, "s2": 11}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def journey(request: pytest.FixtureRequest, tmp_path: Path) -> Journey:
    name = "database" if request.param == "sqlite" else "postgres_database"
    db: Database = request.getfixturevalue(name)
    return start(db, KeyStore(tmp_path / "keys", tmp_path / "escrow"), Secret(b"s" * 32))


@pytest.fixture
def sqlite_journey(database: Database, tmp_path: Path) -> Journey:
    return start(database, KeyStore(tmp_path / "keys", tmp_path / "escrow"), Secret(b"s" * 32))


def count(journey: Journey, table: Any, *where: Any) -> int:
    with journey.db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0


def released(journey: Journey, code: str) -> UnitResult:
    with journey.db.reading() as session:
        return read.unit_document(session, journey.organisation_id, journey.study.id, code).unit


def finish(journey: Journey) -> int:
    return close_and_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)


def test_sealed_answers_become_responses_and_a_release(journey: Journey) -> None:
    journey.answer(ANSWERS, leaders=2)
    assert count(journey, Response) == 0
    finish(journey)
    assert count(journey, Inbox) == 0
    assert count(journey, Response) == sum(ANSWERS.values())
    whole = released(journey, "k")
    assert whole.participation.answered == sum(ANSWERS.values())
    assert whole.participation.invited == 88
    assert released(journey, "n1").participation.answered == 20  # two leaders count above it
    assert released(journey, "n1").tier == "full"


def labels(journey: Journey) -> dict[tuple[str, str], int]:
    """(unit code, role) → how many sheets stand in the database under that label."""
    with journey.db.reading() as session:
        rows = session.execute(
            sa.select(WaveUnit.code, Response.role, sa.func.count())
            .join(
                Response,
                sa.and_(Response.unit_id == WaveUnit.unit_id, Response.wave_id == WaveUnit.wave_id),
            )
            .group_by(WaveUnit.code, Response.role)
        )
        return {(code, role): n for code, role, n in rows}


def test_leaders_are_stored_above_their_unit(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS, leaders=2)
    close_wave(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    assert labels(journey)["k", "leader"] == 2
    assert labels(journey)["n1", "employee"] == ANSWERS["n1"] - 2


def test_a_released_waves_sheets_stand_under_no_label_of_few_people(journey: Journey) -> None:
    """Without ``raw.blur`` the two leaders' sheets would stand in a stolen database as theirs, and
    those of the unit of four as the only sheets of the area above it."""
    journey.answer({**ANSWERS, "n3": 4}, leaders=2)
    close_wave(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    before = labels(journey)
    assert (before["k", "leader"], before["nord", "employee"]) == (2, 4)
    make_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    after = labels(journey)
    assert sum(after.values()) == sum(before.values())
    assert {role for _, role in after} == {"employee"}
    assert min(after.values()) >= 5
    assert after["k", "employee"] == 6


def test_both_keys_are_destroyed_when_the_release_is_stored(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    finish(journey)
    assert journey.keys.waves() == set()
    with pytest.raises(KeyLost):
        journey.keys.open_box(journey.wave.id)


def test_a_closed_wave_takes_no_more_answers(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer({"n1": 10})
    close_wave(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    with pytest.raises(Closed):
        journey.answer({"n2": 1})


@pytest.mark.parametrize("stop", ["open_inbox", "settle", "erase_traces", "own_sheets", "texts"])
def test_a_close_that_stops_anywhere_is_taken_up_without_loss_or_doubles(
    sqlite_journey: Journey, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    real: Callable[..., Any] = getattr(raw, stop)

    def stopped(*arguments: Any) -> Any:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(raw, stop, stopped)
    with pytest.raises(KeyboardInterrupt):
        finish(journey)
    monkeypatch.setattr(raw, stop, real)
    close_wave(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    first = make_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    assert first == make_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    assert count(journey, Response) == sum(ANSWERS.values())
    assert count(journey, Inbox) == 0
    assert released(journey, "k").participation.answered == sum(ANSWERS.values())


def test_a_lost_key_changes_nothing_and_the_escrow_copy_opens(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    private = journey.keys.folder / f"wave-{journey.wave.id}.private"
    copy = journey.keys.escrow / private.name if journey.keys.escrow else private
    kept = private.read_bytes()
    private.unlink()
    copy.unlink()
    with pytest.raises(KeyLost):
        finish(journey)
    assert count(journey, Inbox) == sum(ANSWERS.values())
    copy.write_bytes(kept)
    finish(journey)
    assert count(journey, Response) == sum(ANSWERS.values())


def test_a_released_wave_is_final(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    finish(journey)
    with pytest.raises(Conflict, match="released"):
        close_wave(journey.db, journey.keys, journey.organisation_id, journey.wave.id)


def test_the_second_wave_knows_the_first_ones_release(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    finish(journey)
    before = released(journey, "s1")
    journey.wave, journey.codes = open_next(
        journey.db, journey.keys, journey.secret, journey.study, "after"
    )
    journey.answer(ANSWERS, seed=2)
    finish(journey)
    now = released(journey, "s1")
    assert [past.overall for past in now.history] == [before.overall]
    assert now.changes[0].overall.earlier == before.overall.index


def test_what_is_stored_matches_its_digest_and_a_changed_release_is_refused(
    sqlite_journey: Journey,
) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    finish(journey)
    with journey.db.reading() as session:
        stored = read.documents(session, journey.organisation_id, journey.study.id)
        assert len(stored.units) == 8
    with journey.db.transaction() as session:
        session.execute(sa.text("update release_unit set document = document || ' '"))
    with journey.db.reading() as session, pytest.raises(ValueError, match="digest"):
        read.documents(session, journey.organisation_id, journey.study.id)


def test_comments_wait_for_a_moderator_and_small_units_comments_move_up(
    sqlite_journey: Journey,
) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    finish(journey)
    org, wave = journey.organisation_id, journey.wave.id
    with journey.db.transaction() as session:
        waiting = queue(session, org, wave)
        comments = [entry for entry in waiting if entry.kind == "comment"]
        assert len(comments) == sum(ANSWERS.values()) - ANSWERS["n3"]
        # six of n3 are too few for a label of their own, and alone they are too few above it
        assert {entry.code for entry in comments} <= {"n1", "n2", "s1", "s2"}
        assert all(entry.count >= 5 for entry in waiting if entry.kind == "word")
        mine = [entry for entry in comments if entry.code == "n1"]
        assert released_texts(session, org, wave, "n1").comments == {}
        decide(session, org, mine[0].id, "release", actor="person:1")
        decide(session, org, mine[1].id, "withhold", actor="person:1", reason="names a person")
        with pytest.raises(Conflict):
            decide(session, org, mine[0].id, "release", actor="person:1")
    with journey.db.reading() as session:
        shown = released_texts(session, org, wave, "n1")
    assert [text for texts in shown.comments.values() for text in texts] == [mine[0].text]
    assert mine[1].text == ""


def test_waves_are_released_in_their_order(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    close_wave(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    second, codes = open_next(journey.db, journey.keys, journey.secret, journey.study, "after")
    first = journey.wave
    journey.wave, journey.codes = second, codes
    journey.answer(ANSWERS, seed=3)
    with pytest.raises(Conflict, match="must be released first"):
        finish(journey)
    make_release(journey.db, journey.keys, journey.organisation_id, first.id)
    finish(journey)
    assert released(journey, "k").history != ()


def test_the_number_of_queries_for_a_page_does_not_grow_with_answers(
    sqlite_journey: Journey,
) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    finish(journey)
    seen: list[str] = []

    @sa.event.listens_for(journey.db.reader, "before_cursor_execute")
    def _count(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        seen.extend([statement] if statement.startswith("SELECT") else [])

    released(journey, "s1")
    assert len(seen) == 2


def test_the_module_keeps_its_three_steps(sqlite_journey: Journey) -> None:
    with pytest.raises(Conflict, match="close it before"):
        closing.make_release(
            sqlite_journey.db,
            sqlite_journey.keys,
            sqlite_journey.organisation_id,
            sqlite_journey.wave.id,
        )


def test_two_who_close_a_wave_at_once_store_each_answer_once(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have opened the inbox before either stores anything; both release."""
    journey.answer({"n1": 6, "s1": 6})
    opened = threading.Barrier(2)
    storing = threading.Barrier(2)

    def met(barrier: threading.Barrier, work: Callable[..., Any], *given: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=3)
        return work(*given)

    monkeypatch.setattr(raw, "open_inbox", functools.partial(met, opened, raw.open_inbox))
    monkeypatch.setattr(raw, "settle", functools.partial(met, storing, raw.settle))
    with ThreadPoolExecutor(2) as both:
        made = [both.submit(finish, journey) for _ in range(2)]
    assert made[0].result() == made[1].result()
    assert count(journey, Response) == 12
