"""What is deleted when: on real databases, with a wave that went the whole way."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from survey.answering import importing
from survey.answering.store import Comment, Inbox, Response
from survey.audit.models import Event
from survey.background import timed_work
from survey.core.db import now
from survey.core.errors import Conflict
from survey.core.keystore import KeyStore
from survey.core.services import Services
from survey.instrument.model import Instrument
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.operations import retention
from survey.release import read
from survey.release.close import close_and_release, close_wave, make_release
from survey.release.models import ModeratedText, SealedResult
from survey.release.moderation import decide, queue
from survey.study.closing import mark_closed
from survey.study.models import Invitation, Wave
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave
from tests.release.journey import LIBRARY, Journey, open_next, start
from tests.release.released import released as make_released

ANSWERS = {"n1": 22, "n2": 8, "n3": 6, "s1": 28, "s2": 9}


def count(parts: Services, table: Any, *where: Any) -> int:
    with parts.db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0


def events(parts: Services, action: str) -> list[dict[str, Any]]:
    with parts.db.reading() as session:
        return list(
            session.scalars(
                sa.select(Event.details).where(Event.action == action).order_by(Event.sequence)
            )
        )


@pytest.fixture
def journey(services: Services) -> Journey:
    return start(services.db, services.keys, services.secret)


@pytest.fixture
def released(services: Services) -> Journey:
    return make_released(services, ANSWERS)


def test_nothing_goes_before_its_time(services: Services, released: Journey) -> None:
    assert retention.run(services, moment=now() + timedelta(days=29)) == retention.Deleted()
    assert count(services, Invitation) == 88


def test_an_open_wave_is_never_touched(services: Services, journey: Journey) -> None:
    journey.answer({"n1": 3})
    assert retention.run(services, moment=now() + timedelta(days=9999)) == retention.Deleted()
    assert count(services, Invitation) == 88
    assert journey.keys.left(journey.wave.id) == {"codes", "private"}


@pytest.mark.parametrize("opened", [True, False])
def test_a_wave_that_is_never_released_does_not_keep_its_answers(
    services: Services, journey: Journey, opened: bool
) -> None:
    """Sealed ones as little as opened ones, nor the key to them; and they cannot be half released
    afterwards. The study's next wave does not wait for a release that can never come."""
    journey.answer(ANSWERS)
    if opened:
        journey.close()
        journey.prepare()
        assert count(services, SealedResult) == 1
    else:
        with services.db.transaction() as session:
            mark_closed(session, session.merge(journey.wave, load=True), "cli")
    table = Response if opened else Inbox
    assert retention.run(services, moment=now() + timedelta(days=364)).responses == 0
    assert count(services, table) == sum(ANSWERS.values())
    done = retention.run(services, moment=now() + timedelta(days=366))
    assert done.responses == sum(ANSWERS.values())
    assert count(services, table) == count(services, Comment) == count(services, SealedResult) == 0
    assert services.keys.left(journey.wave.id) == set()
    close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    for step in (journey.prepare, journey.release):
        with pytest.raises(Conflict, match="retention has deleted"):
            step()
    later, codes = open_next(services.db, services.keys, services.secret, journey.study, "after")
    journey.wave, journey.codes = later, codes
    journey.answer(ANSWERS)
    assert close_and_release(services.db, services.keys, journey.organisation_id, later.id)


def test_a_result_that_was_left_behind_goes_although_no_answer_is_left(
    services: Services, journey: Journey
) -> None:
    """By an older version's deletion, say: it tells no less than the answers did."""
    journey.answer({"n1": 12})
    journey.close()
    journey.prepare()
    with services.db.transaction() as session:
        for table in (Response, Comment):
            session.execute(sa.delete(table))
    with services.db.reading() as session:
        [due] = retention.deadlines(session, services.settings)
    assert due.responses is not None
    retention.run(services, moment=now() + timedelta(days=366))
    assert count(services, SealedResult) == 0


@pytest.fixture
def brought_in(services: Services, journey: Journey) -> Wave:
    """An earlier measurement of another study, taken 800 days ago in another tool; still open."""
    past = now() - timedelta(days=800)
    with services.db.transaction() as session:
        study = create_study(
            session,
            LIBRARY,
            journey.organisation_id,
            code="gammel",
            name="Før",
            instrument="baerum-barometer",
        )
        wave = create_wave(
            session,
            study,
            phase="before",
            source="import",
            opens_at=past,
            closes_at=past + timedelta(days=20),
        )
        open_wave(session, services.keys, LIBRARY, wave)
        names = list(Instrument.from_dict(wave.instrument or {}).items)
        rng = random.Random(3)
        rows = [
            f"{unit};;" + ";".join(str(rng.randint(1, 4)) for _ in names)
            for unit, n in {"n1": 20, "s1": 25}.items()
            for _ in range(n)
        ]
        mapping = "unit: u\nitems:\n" + "".join(f"  {name}: {name}\n" for name in names)
        mapping += "role: {column: r, leader: [L]}\n"
        text = "\n".join(["u;r;" + ";".join(names), *rows])
        ready = importing.prepare(session, wave, text.encode(), mapping.encode(), "mapping.yaml")
        importing.store(session, ready)
    return wave


def test_an_earlier_measurement_is_kept_from_when_it_was_brought_in(
    services: Services, brought_in: Wave
) -> None:
    """Its own closing time lies further back than answers are kept: it must not go between its
    closing and its release, nor while somebody looks at what the release will show."""
    here = brought_in.organisation_id
    with services.db.transaction() as session:
        mark_closed(session, session.get_one(Wave, (here, brought_in.id)))
    assert retention.run(services, here).responses == 0
    close_wave(services.db, services.keys, here, brought_in.id)
    assert retention.run(services, here).responses == 0
    later = now() + timedelta(days=364)
    assert retention.run(services, here, moment=later).responses == 0
    assert count(services, Response) == 45
    with services.db.reading() as session:
        wave = session.get_one(Wave, (here, brought_in.id))
        assert wave.closed_at == brought_in.closes_at
        assert retention.answers_kept_until(services.settings, wave) == _days(
            wave.closed_here_at, 365
        )
    make_release(services.db, services.keys, here, brought_in.id)
    assert retention.run(services, here, moment=later).responses == 0
    assert retention.run(services, here, moment=now() + timedelta(days=366)).responses == 45


def test_a_wave_that_an_older_version_closed_counts_from_its_closing_time(
    services: Services, journey: Journey
) -> None:
    journey.answer({"n1": 12})
    close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    with services.db.transaction() as session:
        session.execute(
            sa.update(Wave).values(closed_here_at=None, closed_at=now() - timedelta(days=366))
        )
    assert retention.run(services).responses == 12


@pytest.mark.parametrize("kind", ["close", "release"])
@pytest.mark.parametrize("state", ["queued", "running"])
def test_what_is_being_closed_or_released_loses_nothing_on_the_way(
    services: Services, journey: Journey, kind: str, state: str
) -> None:
    journey.answer({"n1": 12})
    close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    with services.db.transaction() as session:
        payload = {"wave_id": journey.wave.id, "at": "2026-11-21T08:00:00+00:00"}
        task = tasks.enqueue(session, journey.organisation_id, kind, payload, "worker")
        task.state = state
    moment = now() + timedelta(days=366)
    assert retention.run(services, moment=moment) == retention.Deleted()
    assert services.keys.left(journey.wave.id) == {"private"}
    with services.db.transaction() as session:
        tasks.cancel(session, task.organisation_id, task.id)
    assert retention.run(services, moment=moment).responses == 12
    assert services.keys.left(journey.wave.id) == set()


def test_a_release_that_comes_in_between_gives_the_answers_their_time(
    services: Services, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retention looks first and deletes then; what it saw may be over."""
    journey.answer(ANSWERS)
    close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    with services.db.transaction() as session:
        long_ago = now() - timedelta(days=366)
        session.execute(sa.update(Wave).values(closed_at=long_ago, closed_here_at=long_ago))
    with services.db.reading() as session:
        seen = retention.deadlines(session, services.settings)
    assert [each.state for each in seen] == ["closed"]
    make_release(services.db, services.keys, journey.organisation_id, journey.wave.id)
    monkeypatch.setattr(retention, "deadlines", lambda *_: seen)
    done = retention.run(services, journey.organisation_id)
    assert (done.invitations, done.responses, done.texts) == (88, 0, 0)
    assert count(services, Response) == sum(ANSWERS.values())
    assert count(services, ModeratedText) > 0


def test_invitations_go_after_thirty_days_and_the_release_stays(
    services: Services, released: Journey
) -> None:
    done = retention.run(services, moment=now() + timedelta(days=31))
    assert done == retention.Deleted(invitations=88)
    assert count(services, Invitation) == 0
    assert count(services, Response) == sum(ANSWERS.values())
    assert events(services, "retention.invitations") == [{"invitations": 88}]
    with services.db.reading() as session:
        stored = read.documents(session, released.organisation_id, released.study.id)
    assert len(stored.units) == 8
    assert retention.run(services, moment=now() + timedelta(days=31)) == retention.Deleted()
    assert len(events(services, "retention.invitations")) == 1


def test_sheets_and_unreleased_texts_go_later_and_released_texts_stay(
    services: Services, released: Journey
) -> None:
    with services.db.transaction() as session:
        entry = next(e for e in queue(session, released.organisation_id, released.wave.id))
        decide(session, released.organisation_id, entry.id, "release", actor="person:1")
    texts = count(services, Comment) + count(services, ModeratedText) - 1
    done = retention.run(services, moment=now() + timedelta(days=366))
    assert (done.responses, done.texts) == (sum(ANSWERS.values()), texts)
    assert count(services, Response) == count(services, Comment) == 0
    assert count(services, ModeratedText) == 1
    assert events(services, "retention.responses") == [{}], "not how many there were"
    assert _actions(services)[-1] == "traces.erased"


def test_sheets_wait_for_the_release(services: Services, journey: Journey) -> None:
    journey.answer({"n1": 12})
    close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    retention.run(services, moment=now() + timedelta(days=364))
    assert count(services, Response) == 12


def test_the_periods_are_settings(services: Services, released: Journey) -> None:
    sooner = replace(services, settings=replace(services.settings, retention_invitation_days=7))
    with services.db.reading() as session:
        [usual] = retention.deadlines(session, services.settings)
        [short] = retention.deadlines(session, sooner.settings)
    assert usual.invitations is not None
    assert short.invitations is not None
    assert usual.invitations - short.invitations == timedelta(days=23)
    assert retention.run(sooner, moment=now() + timedelta(days=8)).invitations == 88


def test_an_escrow_copy_that_was_away_is_swept_when_it_is_back(
    services: Services, tmp_path: Any
) -> None:
    escrow, away = tmp_path / "escrow", tmp_path / "away"
    parts = replace(services, keys=KeyStore(services.settings.keys, escrow))
    journey = start(parts.db, parts.keys, parts.secret)
    journey.answer({"n1": 12})
    escrow.rename(away)
    (parts.settings.keys / "unrelated").touch()
    close_and_release(parts.db, parts.keys, journey.organisation_id, journey.wave.id)
    assert events(parts, "wave.keys_destroyed")[-1] == {
        "destroyed": ["private"],
        "escrow_reached": False,
    }
    assert retention.run(parts).keys == 0
    away.rename(escrow)
    assert parts.keys.left(journey.wave.id) == {"escrow"}
    assert retention.run(parts).keys == 1
    assert parts.keys.left(journey.wave.id) == set()
    assert events(parts, "wave.keys_destroyed")[-1] == {
        "destroyed": ["escrow"],
        "escrow_reached": True,
    }


def test_a_reader_in_the_way_is_told_and_made_good_later(
    services: Services, released: Journey
) -> None:
    moment = now() + timedelta(days=31)
    with services.db.reading() as session:
        session.execute(sa.text("select count(*) from wave")).scalar()
        assert retention.run(services, moment=moment).clean is False
    log = services.settings.data_dir / "survey.db-wal"
    assert log.stat().st_size > 0
    assert retention.run(services, moment=moment) == retention.Deleted(clean=True)
    assert _actions(services)[-1] == "traces.erased"


def test_the_worker_looks_once_a_day(services: Services, released: Journey) -> None:
    def queued() -> int:
        with services.db.transaction() as session:
            timed_work.tick(session, services.keys)
        return count(services, Task, Task.kind == "retention")

    assert queued() == 1
    assert queued() == 1
    with services.db.transaction() as session:
        session.execute(sa.update(Task).values(created_at=now() - timedelta(hours=25)))
    assert queued() == 2


def test_events_of_retention_hold_counts_only(services: Services, released: Journey) -> None:
    retention.run(services, moment=now() + timedelta(days=366))
    for action in ("retention.invitations", "retention.responses"):
        for details in events(services, action):
            assert all(isinstance(value, int) for value in details.values()), json.dumps(details)


def _days(moment: datetime | None, days: int) -> datetime:
    assert moment is not None
    return moment + timedelta(days=days)


def _actions(parts: Services) -> list[str]:
    with parts.db.reading() as session:
        return list(session.scalars(sa.select(Event.action).order_by(Event.sequence)))
