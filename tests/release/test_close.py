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
from survey.core.db import Database
from survey.core.errors import Closed, Conflict, KeyLost
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.core.services import Services
from survey.release import close as closing
from survey.release import raw, read, sealed
from survey.release.close import make_release
from survey.release.models import ReleaseTable, SealedResult
from survey.release.moderation import decide, queue, released_texts
from tests.release.journey import Journey, open_next, start
from tests.release.released import answered

ANSWERS = {"n1": 22, "n2": 12, "n3": 6, "s1": 28, "s2": 11}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def journey(request: pytest.FixtureRequest, tmp_path: Path) -> Journey:
    name = "database" if request.param == "sqlite" else "postgres_database"
    db: Database = request.getfixturevalue(name)
    return start(db, KeyStore(tmp_path / "keys", tmp_path / "escrow"), Secret(b"s" * 32))


@pytest.fixture
def sqlite_journey(database: Database, tmp_path: Path) -> Journey:
    return start(database, KeyStore(tmp_path / "keys", tmp_path / "escrow"), Secret(b"s" * 32))


@pytest.fixture
def full(services: Services) -> Journey:
    """An open wave that people have answered."""
    return answered(services, ANSWERS)


def test_sealed_answers_become_responses_and_a_release(journey: Journey) -> None:
    """Two leaders are too few to be counted anywhere."""
    journey.answer(ANSWERS, leaders=2)
    assert journey.count(Response) == 0
    journey.finish()
    assert journey.count(Inbox) == 0
    assert journey.count(Response) == sum(ANSWERS.values())
    whole = journey.unit("k")
    assert whole.participation.answered == sum(ANSWERS.values()) - 2
    assert whole.participation.invited == 88
    assert journey.unit("n1").participation.answered == 20
    assert journey.unit("n1").tier == "shares"


def test_both_keys_are_destroyed_when_the_release_is_stored(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    journey.finish()
    assert journey.keys.waves() == set()
    with pytest.raises(KeyLost):
        journey.keys.open_box(journey.wave.id)


def test_a_closed_wave_takes_no_more_answers(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer({"n1": 10})
    journey.close()
    with pytest.raises(Closed):
        journey.answer({"n2": 1})


STEPS: dict[str, Any] = {
    "open_inbox": raw,
    "store_responses": raw,
    "erase_traces": raw,
    "own_sheets": raw,
    "texts": raw,
    "protect_wave": closing,
    "keep": sealed,
    "write_documents": closing,
    "enqueue": closing,
    "remove_unit_labels": raw,
    "delete": sealed,
    "mark_released": closing,
}


@pytest.mark.parametrize("stop", STEPS)
def test_a_close_that_stops_anywhere_is_taken_up_without_loss_or_doubles(
    full: Journey, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    journey = full
    real: Callable[..., Any] = getattr(STEPS[stop], stop)

    def stopped(*arguments: Any, **named: Any) -> Any:
        real(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(STEPS[stop], stop, stopped)
        with pytest.raises(KeyboardInterrupt):
            journey.finish()
    with contextlib.suppress(Conflict):  # it may be released already
        journey.close()
    first = journey.release()
    assert first == journey.release()
    assert journey.count(Response) == sum(ANSWERS.values())
    assert journey.count(Inbox) == journey.count(SealedResult) == 0
    assert journey.count(ReleaseTable) == 1
    assert journey.unit("k").participation.answered == sum(ANSWERS.values())


def test_a_lost_key_changes_nothing_and_the_escrow_copy_opens(sqlite_journey: Journey) -> None:
    journey = sqlite_journey
    journey.answer(ANSWERS)
    private = journey.keys.folder / f"wave-{journey.wave.id}.private"
    copy = journey.keys.escrow / private.name if journey.keys.escrow else private
    kept = private.read_bytes()
    private.unlink()
    copy.unlink()
    with pytest.raises(KeyLost):
        journey.finish()
    assert journey.count(Inbox) == sum(ANSWERS.values())
    copy.write_bytes(kept)
    journey.finish()
    assert journey.count(Response) == sum(ANSWERS.values())


def test_a_released_wave_is_final(full: Journey) -> None:
    journey = full
    journey.finish()
    with pytest.raises(Conflict, match="released"):
        journey.close()


def test_the_second_wave_knows_the_first_ones_release(full: Journey) -> None:
    journey = full
    journey.finish()
    before = journey.unit("s1")
    journey.wave, journey.codes = open_next(
        journey.db, journey.keys, journey.secret, journey.study, "after"
    )
    journey.answer(ANSWERS, seed=2)
    journey.finish()
    now = journey.unit("s1")
    assert [past.overall for past in now.history] == [before.overall]
    assert now.changes[0].overall.earlier == before.overall.index


def test_what_is_stored_matches_its_digest_and_a_changed_release_is_refused(
    full: Journey,
) -> None:
    journey = full
    journey.finish()
    with journey.db.reading() as session:
        stored = read.documents(session, journey.organisation_id, journey.study.id)
        assert len(stored.units) == 8
    with journey.db.transaction() as session:
        session.execute(sa.text("update release_unit set document = document || ' '"))
    with journey.db.reading() as session, pytest.raises(ValueError, match="digest"):
        read.documents(session, journey.organisation_id, journey.study.id)


def test_comments_wait_for_a_moderator_and_small_units_comments_move_up(
    full: Journey,
) -> None:
    journey = full
    journey.finish()
    org, wave = journey.organisation_id, journey.wave.id
    with journey.db.transaction() as session:
        waiting = queue(session, org, wave)
        comments = [entry for entry in waiting if entry.kind == "comment"]
        assert len(comments) == sum(ANSWERS.values()) - ANSWERS["n3"]
        # six of n3 are too few for a pool, and alone they are too few above it
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


def test_waves_are_released_in_their_order(full: Journey) -> None:
    journey = full
    journey.close()
    second, codes = open_next(journey.db, journey.keys, journey.secret, journey.study, "after")
    first = journey.wave
    journey.wave, journey.codes = second, codes
    journey.answer(ANSWERS, seed=3)
    with pytest.raises(Conflict, match="must be released first"):
        journey.finish()
    make_release(journey.db, journey.keys, journey.organisation_id, first.id)
    journey.finish()
    assert journey.unit("k").history != ()


def test_the_number_of_queries_for_a_page_does_not_grow_with_answers(
    full: Journey,
) -> None:
    journey = full
    journey.finish()
    seen: list[str] = []

    @sa.event.listens_for(journey.db.reader, "before_cursor_execute")
    def _count(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        seen.extend([statement] if statement.startswith("SELECT") else [])

    journey.unit("s1")
    assert len(seen) == 2


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
    patched = functools.partial(met, storing, raw.store_responses)
    monkeypatch.setattr(raw, "store_responses", patched)
    with ThreadPoolExecutor(2) as both:
        made = [both.submit(journey.finish) for _ in range(2)]
    assert made[0].result() == made[1].result()
    assert journey.count(Response) == 12
    assert journey.count(ReleaseTable) == 1
