"""What waits for staff: named once, most pressing first, gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from survey.core.db import now
from survey.jobs import tasks
from survey.operations.staff_tasks import todo
from survey.study.models import Wave
from survey.study.waves import create_wave
from tests.access.world import World, fresh


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


def kinds(world: World) -> list[tuple[str, int]]:
    with world.parts.db.reading() as session:
        found = todo(session, world.journey.organisation_id)
    return [(each.kind, each.wave.ordinal) for each in found]


def test_everything_that_waits_stands_in_the_order_of_its_urgency(world: World) -> None:
    here = world.journey.organisation_id
    assert kinds(world) == [("texts", 1), ("undated", 2)]
    with world.parts.db.transaction() as session:
        session.get_one(Wave, (here, world.journey.wave.id)).closes_at = now() + timedelta(days=3)
        study = world.journey.study
        create_wave(session, study, phase="after", opens_at=now() + timedelta(days=6))
        create_wave(session, study, phase="after", opens_at=now() + timedelta(days=60))
        create_wave(session, study, phase="after", opens_at=now() - timedelta(days=1))
        for _ in range(2):
            task = tasks.enqueue(
                session, here, "unit_reports", {"study": "kultur", "ordinal": 1}, "cli"
            )
            task.state = "failed"
    assert kinds(world) == [
        ("failed", 1),
        ("late", 5),
        ("closes", 2),
        ("invite", 3),
        ("texts", 1),
    ]


def test_what_failed_waits_no_more_when_it_runs_again_or_the_wave_has_moved_on(
    world: World,
) -> None:
    here = world.journey.organisation_id
    with world.parts.db.transaction() as session:
        task = tasks.enqueue(
            session, here, "unit_reports", {"study": "kultur", "ordinal": 1}, "cli"
        )
        task.state = "failed"
        first = next(w for w in session.query(Wave) if w.ordinal == 1)
        old = tasks.enqueue(session, here, "release", {"wave_id": first.id}, "worker")
        old.state = "failed"
    assert ("failed", 1) in kinds(world)
    with world.parts.db.transaction() as session:
        tasks.retry(session, here, task.id)
    assert ("failed", 1) not in kinds(world)
