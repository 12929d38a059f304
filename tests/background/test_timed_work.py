"""What the clock orders: once for each time, and again after a failure that may mend itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from survey.background import task_handlers, timed_work
from survey.core.db import now
from survey.core.errors import Exposed, SurveyError, say
from survey.core.services import Services
from survey.invitations.issuing import create_invitations
from survey.jobs import execution, tasks
from survey.jobs.models import Task
from survey.operations import staff_tasks
from survey.release import close
from survey.study.closing import extend_wave
from survey.study.models import Wave
from survey.study.reasons import REASONS, Reason
from survey.study.waves import create_wave, update_draft
from tests.release.journey import FULL, Journey, start

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def journey(services: Services) -> Journey:
    return start(services.db, services.keys, services.secret, instrument=FULL)


def tick(parts: Services) -> list[tuple[str, str]]:
    """Let the clock look, three times; returns its tasks of waves, oldest first."""
    for _ in range(3):
        with parts.db.transaction() as session:
            timed_work.tick(session, parts.keys)
    return states(parts)


def states(parts: Services) -> list[tuple[str, str]]:
    with parts.db.reading() as session:
        found = session.scalars(
            sa.select(Task).where(Task.kind != "retention").order_by(Task.created_at)
        )
        return [(task.kind, task.state) for task in found]


def work_off(parts: Services) -> None:
    """Carry out what waits, as a worker does."""
    while True:
        with parts.db.transaction() as session:
            claimed = tasks.claim(session)
        if claimed is None:
            return
        execution.carry_out(parts.db, task_handlers.works(parts), claimed)


def put_back(parts: Services, by: timedelta) -> None:
    """So much time passes."""
    with parts.db.transaction() as session:
        for task in session.scalars(sa.select(Task)):
            task.created_at -= by
            task.finished_at = task.finished_at and task.finished_at - by


def state_of(parts: Services, wave: Wave) -> str:
    with parts.db.reading() as session:
        return session.get_one(Wave, (wave.organisation_id, wave.id)).state


def close_at(parts: Services, wave: Wave, when: timedelta) -> None:
    """Let the wave's closing time be so far from now."""
    with parts.db.transaction() as session:
        session.get_one(Wave, (wave.organisation_id, wave.id)).closes_at = now() + when


def extend(parts: Services, wave: Wave) -> None:
    with parts.db.transaction() as session:
        mine = session.get_one(Wave, (wave.organisation_id, wave.id))
        extend_wave(session, mine, now() + timedelta(days=2), Reason(REASONS[0], "late letters"))


@pytest.mark.parametrize("release", [True, False])
def test_a_wave_that_was_extended_at_the_last_moment_closes_at_its_new_time(
    services: Services, journey: Journey, release: bool
) -> None:
    """The clock's first task finds the time moved, and fails nothing; the new time has its own."""
    wave = journey.wave
    journey.answer({"n1": 12})
    with services.db.transaction() as session:
        mine = session.get_one(Wave, (wave.organisation_id, wave.id))
        mine.release_after_close = release
    kind = "release" if release else "close"
    close_at(services, wave, -2 * SECOND)
    assert tick(services) == [(kind, "queued")]
    extend(services, wave)
    work_off(services)
    assert tick(services) == [(kind, "done")]
    assert state_of(services, wave) == "open"
    close_at(services, wave, -SECOND)
    assert tick(services) == [(kind, "done"), (kind, "queued")]
    work_off(services)
    assert state_of(services, wave) == ("released" if release else "closed")
    assert tick(services) == [(kind, "done"), (kind, "done")]


def test_a_task_that_failed_for_an_earlier_time_is_not_in_the_way(
    services: Services, journey: Journey
) -> None:
    close_at(services, journey.wave, -2 * SECOND)
    tick(services)
    with services.db.transaction() as session:
        claimed = tasks.claim(session)
        assert claimed is not None
        tasks.fail(session, claimed, SurveyError(say("as_told", error="broken")))
    extend(services, journey.wave)
    put_back(services, 48 * HOUR)
    assert tick(services) == [("release", "failed")]
    close_at(services, journey.wave, -SECOND)
    assert tick(services) == [("release", "failed"), ("release", "queued")]


def test_a_draft_whose_opening_failed_opens_at_the_time_it_was_moved_to(
    services: Services, journey: Journey
) -> None:
    with services.db.transaction() as session:
        draft = create_wave(session, journey.study, phase="after", opens_at=now() - HOUR)
        create_invitations(session, services.secret, services.keys, draft)
    tick(services)
    work_off(services)  # the study's first wave is open still
    put_back(services, 48 * HOUR)
    assert tick(services) == [("open", "failed")]

    def move(by: timedelta) -> None:
        with services.db.transaction() as session:
            mine = session.get_one(Wave, (draft.organisation_id, draft.id))
            update_draft(
                session,
                mine,
                phase=mine.phase,
                label=mine.label,
                opens_at=now() + by,
                closes_at=None,
            )

    move(-SECOND)
    close.close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    assert tick(services) == [("open", "failed"), ("open", "queued")]
    move(HOUR)  # once more, before a worker takes it
    work_off(services)
    assert state_of(services, draft) == "draft"
    assert tick(services) == [("open", "failed"), ("open", "done")]
    move(-40 * SECOND)
    assert tick(services)[-1] == ("open", "queued")
    work_off(services)
    assert state_of(services, draft) == "open"


def test_what_failed_is_tried_again_after_pauses_that_grow(
    services: Services, journey: Journey
) -> None:
    wave = journey.wave
    journey.answer({"n1": 12})
    [key] = services.keys.folder.glob("*.private")
    kept = key.read_bytes()
    key.unlink()
    close_at(services, wave, -SECOND)
    tick(services)
    work_off(services)
    assert tick(services) == [("release", "failed")]
    assert state_of(services, wave) == "closed"
    put_back(services, HOUR + MINUTE)
    assert tick(services) == [("release", "queued")]
    work_off(services)  # an hour after the first: the next try comes an hour later, then two
    put_back(services, HOUR + 2 * MINUTE)
    assert tick(services) == [("release", "queued")]
    work_off(services)
    put_back(services, HOUR)
    assert tick(services) == [("release", "failed")]
    put_back(services, 40 * HOUR)
    assert tick(services) == [("release", "queued")]
    work_off(services)
    put_back(services, 24 * HOUR - MINUTE)  # never longer than a day
    assert tick(services) == [("release", "failed")]
    key.write_bytes(kept)
    put_back(services, 2 * MINUTE)
    tick(services)
    work_off(services)
    assert state_of(services, wave) == "released"


def test_what_the_auditor_refused_waits_for_people(
    services: Services, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Exposed("release_check_failed")

    journey.answer({"n1": 12})
    close_at(services, journey.wave, -SECOND)
    tick(services)
    monkeypatch.setattr(close, "refuse_findings", refuse)
    work_off(services)
    put_back(services, 99 * HOUR)
    assert tick(services) == [("release", "failed")]


def test_what_somebody_ordered_anew_is_no_failure_and_is_left_to_them(
    services: Services, journey: Journey
) -> None:
    here, wave = journey.organisation_id, journey.wave
    journey.answer({"n1": 12})
    close_at(services, wave, -SECOND)
    tick(services)
    with services.db.transaction() as session:
        waiting = tasks.enqueue_once(session, here, "release", {"wave_id": wave.id}, "person:1")
        assert waiting.created_by == "worker", "the clock's, which does the same"
    close.close_wave(services.db, services.keys, here, wave.id)
    with services.db.transaction() as session:
        claimed = tasks.claim(session)
        assert claimed is not None
        tasks.fail(session, claimed, SurveyError(say("as_told", error="broken")))
    put_back(services, 99 * HOUR)
    with services.db.transaction() as session:
        tasks.enqueue(session, here, "release", {"wave_id": wave.id}, "person:1")
    assert tick(services) == [("release", "failed"), ("release", "queued")]
    with services.db.reading() as session:
        assert "failed" not in {each.kind for each in staff_tasks.todo(session, here)}


def test_a_release_that_stands_already_is_no_failure(services: Services, journey: Journey) -> None:
    """A stop between the storing and the task's end, or two orders of the same."""
    here, wave = journey.organisation_id, journey.wave
    journey.answer({"n1": 12})
    made = close.close_and_release(services.db, services.keys, here, wave.id)
    with services.db.transaction() as session:
        task = tasks.enqueue(session, here, "release", {"wave_id": wave.id}, "person:1")
    work_off(services)
    with services.db.reading() as session:
        assert tasks.get(session, here, task.id).result == {"release_id": str(made)}
