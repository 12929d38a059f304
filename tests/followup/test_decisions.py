"""What a unit decides: stored, refused with every fault, remembered by the log without names."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from survey.audit import log
from survey.core.db import Base
from survey.core.errors import Forbidden, InvalidInput, NotFound
from survey.followup import actions, choices, overview, place, targets
from survey.followup.actions import Draft
from survey.followup.model import ActionFacts, ChoiceFacts, TargetFacts, state
from survey.followup.place import Place
from survey.operations import erasure
from tests.access.world import World
from tests.followup.conftest import at, release_second

DRAFT = Draft("Idékveld hver måned", "Kari, nestleder", date(2027, 3, 1))


def agree(world: World, where: Place, **changes: object) -> ActionFacts:
    draft = Draft(**({"title": "T", "owner": "O", "deadline": date(2027, 3, 1)} | changes))  # type: ignore[arg-type]
    with world.parts.db.transaction() as session:
        return actions.create(session, where, draft, actor="person:1")


def last_event(world: World) -> tuple[str, str, dict[str, object]]:
    with world.parts.db.reading() as session:
        event = log.events(session, world.journey.organisation_id, limit=1)[0]
    return event.action, event.actor, event.details


def faults(error: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {str(fault.where) for fault in error.value.faults}


def test_an_action_is_agreed_changed_and_deleted(world: World, here: Place) -> None:
    dimension = here.dimensions[0]
    made = agree(world, here, title=DRAFT.title, owner=DRAFT.owner, dimension=dimension)
    assert (made.unit, made.wave, made.status, made.dimension) == ("n1", 1, "planned", dimension)
    changed = Draft(made.title, made.owner, made.deadline, "done")
    with world.parts.db.transaction() as session:
        done = actions.change(session, here, made, changed, actor="person:2")
    assert (done.status, done.dimension, done.title) == ("done", None, made.title)
    with world.parts.db.transaction() as session:
        actions.delete(session, here, done, actor="person:2")
    with world.parts.db.reading() as session, pytest.raises(NotFound):
        actions.get(session, here.organisation_id, here.study_id, made.id)


def test_the_log_says_who_did_what_and_repeats_no_words_of_people(
    world: World, here: Place
) -> None:
    made = agree(world, here, title="Snakke med Per", owner="Kari Nordmann")
    assert last_event(world)[0:2] == ("action.created", "person:1")
    with world.parts.db.transaction() as session:
        draft = Draft("Snakke med Pål", "Kari Nordmann", made.deadline, "under_way")
        actions.change(session, here, made, draft, actor="person:2")
    action, actor, details = last_event(world)
    assert (action, actor, details["fields"]) == (
        "action.changed",
        "person:2",
        ["status", "title"],
    )
    with world.parts.db.reading() as session:
        told = str([e.details for e in log.events(session, world.journey.organisation_id)])
    assert not any(word in told for word in ("Kari", "Per", "Pål"))


def test_what_does_not_change_anything_is_no_event(world: World, here: Place) -> None:
    made = agree(world, here)
    before = last_event(world)
    with world.parts.db.transaction() as session:
        same = actions.change(
            session, here, made, Draft(" T ", "O", made.deadline), actor="person:9"
        )
        choices.store(session, here, ChoiceFacts(), actor="person:9")
        targets.store(session, here, [], actor="person:9")
    assert same == made
    assert last_event(world) == before


def test_every_fault_of_an_action_is_told_at_once(world: World, here: Place) -> None:
    with pytest.raises(InvalidInput) as error:
        agree(world, here, title=" ", owner="x" * 101, deadline=None, status="?", dimension="no")
    assert faults(error) == {"title", "owner", "deadline", "status", "dimension"}
    with pytest.raises(InvalidInput) as error:
        agree(world, here, title="x" * 201, deadline=date(1999, 12, 31))
    assert faults(error) == {"title", "deadline"}


def test_texts_are_kept_on_one_line_without_what_no_page_shows(world: World, here: Place) -> None:
    made = agree(world, here, title=" a\n\tb\x00c \ud800d\u202e ", owner="Ærlig Åse ")
    assert (made.title, made.owner) == ("a b c d", "Ærlig Åse")


def test_a_unit_keeps_one_thing_and_improves_another(world: World, here: Place) -> None:
    keep, improve = here.dimensions[:2]
    with world.parts.db.transaction() as session:
        choices.store(session, here, ChoiceFacts(keep, improve), actor="person:1")
        choices.store(session, here, ChoiceFacts(improve, keep), actor="person:1")
    with world.parts.db.reading() as session:
        wave = here.stored.wave_id
        assert choices.get(session, here.organisation_id, wave, "n1") == ChoiceFacts(improve, keep)
        assert choices.get(session, here.organisation_id, wave, "n2") == ChoiceFacts()
    for wrong, where in (
        (ChoiceFacts(keep, keep), {"improve"}),
        (ChoiceFacts("no", "nor this"), {"keep", "improve"}),
    ):
        with world.parts.db.transaction() as session, pytest.raises(InvalidInput) as error:
            choices.store(session, here, wrong, actor="person:1")
        assert faults(error) == where


def test_targets_are_stored_as_a_whole(world: World, here: Place) -> None:
    a, b, c = sorted(here.dimensions[:3])
    first = [TargetFacts(b, 70, "other"), TargetFacts(a, 65, "leader_agreement", 2028)]
    then = [TargetFacts(a, 66, "leader_agreement", 2028), TargetFacts(c, 0, "action_programme")]
    with world.parts.db.transaction() as session:
        assert targets.store(session, here, first, actor="person:1") == (first[1], first[0])
        assert targets.store(session, here, then, actor="person:1") == tuple(then)
    assert last_event(world)[2]["dimensions"] == [a, b, c]


def test_every_fault_of_the_targets_is_told_at_once(world: World, here: Place) -> None:
    a, b, c = here.dimensions[:3]
    wrong = [
        TargetFacts(a, 101, "leader_agreement"),
        TargetFacts(b, 50, "hope", 27),  # type: ignore[arg-type]
        TargetFacts(c, 1, "other"),
        TargetFacts(c, 2, "other"),
        TargetFacts("no", 3, "other"),
    ]
    with world.parts.db.transaction() as session, pytest.raises(InvalidInput) as error:
        targets.store(session, here, wrong, actor="person:1")
    assert faults(error) == {
        f"{a}/value",
        f"{b}/source",
        f"{b}/year",
        f"{c}/value",
        "no/dimension",
    }


def test_a_place_is_a_unit_of_a_released_wave(world: World) -> None:
    assert at(world, "n1").ordinal == 1
    for unit, ordinal in (("n1", 2), ("n1", 99), ("nobody", None)):
        with pytest.raises(NotFound):
            at(world, unit, ordinal)


def test_who_leads_the_unit_or_one_above_it_and_staff_may_change_it(world: World) -> None:
    from survey.access import guard, sessions

    allowed = {"staff": True, "north": True, "sykehjem": False, "idle": False, "auditor": False}
    for name, may in allowed.items():
        cookie = world.client(name).get_cookie(guard.session_cookie(world.parts.settings))
        assert cookie is not None
        with world.parts.db.reading() as session:
            who = sessions.find(session, world.parts.secret, cookie.value)
            assert who is not None
            assert place.may_change(session, who, "n1") is may, name
            if not may:
                with pytest.raises(Forbidden):
                    place.require_change(session, who, "n1")


def test_the_next_waves_results_bring_the_last_waves_actions(world: World, here: Place) -> None:
    done = agree(world, here, title="Gjort", status="done", deadline=date(2027, 5, 1))
    soon = agree(world, here, title="Snart", deadline=date(2027, 1, 1))
    agree(world, at(world, "n2"), title="En annens")
    release_second(world)
    now = at(world, "n1")
    assert now.ordinal == 2
    new = agree(world, now, title="Ny")
    with world.parts.db.reading() as session:
        seen = overview.of_unit(session, now.organisation_id, now.stored)
        then = overview.of_unit(session, now.organisation_id, at(world, "n1", 1).stored)
        everybody = overview.of_study(
            session, now.organisation_id, now.study_id, now.stored.wave_id, 2
        )
    assert seen.earlier == (soon, done)
    assert seen.actions == (new,)
    assert (then.earlier, then.actions) == ((), (soon, done))
    assert everybody["n1"] == seen
    assert set(everybody) == {"n1", "n2"}


def test_an_older_action_is_followed_until_it_is_done_or_dropped(world: World, here: Place) -> None:
    agree(world, here, title="Gjort", status="done")
    left = agree(world, here, title="Står igjen", status="under_way")
    release_second(world)
    recent = agree(world, at(world, "n1"), title="Fra andre", status="done")
    second = at(world, "n1")
    with world.parts.db.reading() as session:
        known = actions.of_units(session, here.organisation_id, here.study_id, "n1")
    third = overview._seen_from(3, known, None, ())
    assert second.ordinal == 2
    assert {each.title for each in third.earlier} == {left.title, recent.title}


def test_a_destroyed_study_takes_its_follow_up_along(world: World, here: Place) -> None:
    from survey.core.db import now
    from survey.followup import reminders

    agree(world, at(world, "s1"))
    with world.parts.db.transaction() as session:
        choices.store(session, here, ChoiceFacts(here.dimensions[0]), actor="cli")
        wanted = [TargetFacts(here.dimensions[0], 70, "other")]
        targets.store(session, here, wanted, actor="cli")
        assert reminders.make_due(session, now() + reminders.AFTER) > 0
    tables = [t for t in Base.metadata.sorted_tables if t.name.startswith("followup_")]
    assert len(tables) == 5
    with world.parts.db.reading() as session:
        for table in tables:
            assert session.scalar(sa.select(sa.func.count()).select_from(table)), table.name
    erasure.destroy_study(world.parts, here.organisation_id, here.study_id)
    with world.parts.db.reading() as session:
        for table in tables:
            assert not session.scalar(sa.select(sa.func.count()).select_from(table)), table.name


def test_the_state_of_facts_changes_with_them() -> None:
    assert state(ChoiceFacts("a")) == state(ChoiceFacts("a")) != state(ChoiceFacts("b"))


def test_actions_come_in_pages_in_the_order_they_were_made(world: World, here: Place) -> None:
    made = [agree(world, here, title=str(number)) for number in range(5)]
    with world.parts.db.reading() as session:
        ask = (session, here.organisation_id, here.study_id)
        first = actions.listing(*ask, limit=2)
        after = (first[-1].created_at, first[-1].id)
        rest = actions.listing(*ask, after=after)
        assert actions.listing(*ask, unit="n2") == actions.listing(*ask, ordinal=2) == []
    assert sorted(e.id for e in [*first, *rest]) == sorted(each.id for each in made)
    assert len(first) == 2
