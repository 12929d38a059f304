"""Eight weeks after a release the clock notices who has agreed nothing, and mails them once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from survey.access import people
from survey.audit import log
from survey.background import timed_work
from survey.core.db import now
from survey.followup import actions, reminders
from survey.followup.actions import Draft
from survey.followup.place import Place
from survey.jobs.models import Outbox
from survey.organisation.models import Unit
from survey.study.models import Wave
from tests.access.world import World
from tests.followup.conftest import at, release_second

WEEK = timedelta(weeks=1)


def look(world: World, moment: datetime) -> int:
    with world.parts.db.transaction() as session:
        return reminders.make_due(session, moment)


def waiting(world: World, where: Place) -> set[str]:
    with world.parts.db.reading() as session:
        return set(reminders.unanswered(session, where.organisation_id, where.stored.wave_id))


def agree(world: World, where: Place, status: str = "planned") -> None:
    with world.parts.db.transaction() as session:
        draft = Draft("T", "O", date(2027, 3, 1), status)
        actions.create(session, where, draft, actor="cli")


def test_nobody_is_reminded_before_eight_weeks(world: World, here: Place) -> None:
    assert look(world, now() + 8 * WEEK - timedelta(hours=1)) == 0
    assert waiting(world, here) == set()


def test_units_with_results_and_no_action_are_noticed_once(world: World, here: Place) -> None:
    agree(world, here)
    later = now() + 8 * WEEK
    published = {entry.code for entry in here.stored.header.units if entry.tier != "none"}
    assert published >= {"n1", "n2", "s1"}
    assert "s2" not in published
    assert look(world, later) == len(published) - 1
    assert waiting(world, here) == published - {"n1"}
    assert look(world, later + WEEK) == 0


def test_a_notice_goes_when_something_is_agreed_and_comes_back_when_it_is_dropped(
    world: World, here: Place
) -> None:
    look(world, now() + 8 * WEEK)
    assert "n1" in waiting(world, here)
    agree(world, here, "dropped")
    assert "n1" in waiting(world, here)
    agree(world, here, "done")
    assert "n1" not in waiting(world, here)


def test_work_from_the_last_wave_that_goes_on_counts(world: World) -> None:
    first = at(world, "k")
    agree(world, first, "done")
    release_second(world)
    look(world, now() + 8 * WEEK)
    second = at(world, "k")
    noticed = waiting(world, second)
    assert "k" in noticed
    agree(world, first, "under_way")
    assert waiting(world, second) == noticed - {"k"}


def test_a_wave_that_a_newer_release_has_followed_reminds_nobody(world: World, here: Place) -> None:
    release_second(world)
    look(world, now() + 8 * WEEK)
    assert waiting(world, here) == set()
    assert waiting(world, at(world, "n1")) != set()


def test_a_closed_unit_is_left_alone(world: World, here: Place) -> None:
    with world.parts.db.transaction() as session:
        session.execute(sa.update(Unit).where(Unit.code == "n2").values(closed_at=now()))
    look(world, now() + 8 * WEEK)
    assert "n2" not in waiting(world, here)
    assert "n1" in waiting(world, here)


def test_the_clock_does_it_the_log_remembers_it_and_each_manager_gets_one_mail(
    world: World, here: Place
) -> None:
    with world.parts.db.transaction() as session:
        wave = session.get_one(Wave, (here.organisation_id, here.stored.wave_id))
        wave.released_at = now() - 8 * WEEK
        other = people.get(session, here.organisation_id, world.people["sykehjem"].id)
        people.set_active(session, other, False, actor="cli")
        people.grant(session, world.people["north"], "manager", unit="n1", actor="cli")
    with world.parts.db.transaction() as session:
        timed_work.tick(session, world.parts.keys)
        timed_work.tick(session, world.parts.keys)
    with world.parts.db.reading() as session:
        events = [e for e in log.events(session, here.organisation_id) if "remind" in e.action]
        mails = list(session.scalars(sa.select(Outbox)))
        led = reminders.led_without_action(
            session, here.organisation_id, here.stored.wave_id, world.people["north"].id
        )
    assert [(e.action, e.actor, e.details) for e in events] == [
        ("reminders.made", "worker", {"units": len(waiting(world, here))})
    ]
    reference = f"{here.stored.wave_id}:{world.people['north'].id}"
    assert [(mail.kind, mail.reference) for mail in mails] == [("followup_reminder", reference)]
    assert [unit.code for unit in led] == ["nord", "n1"]
    agree(world, here)
    with world.parts.db.reading() as session:
        led = reminders.led_without_action(
            session, here.organisation_id, here.stored.wave_id, world.people["north"].id
        )
    assert [unit.code for unit in led] == ["nord"]
