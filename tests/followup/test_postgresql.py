"""The follow-up on PostgreSQL: the same operations, held and read there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from survey.core.config import Settings
from survey.core.db import Database, now
from survey.core.keystore import KeyStore
from survey.core.secret import load_secret
from survey.followup import actions, choices, overview, place, reminders, targets
from survey.followup.actions import Draft
from survey.followup.model import ChoiceFacts, TargetFacts
from survey.release.close import close_and_release
from tests.access.world import ANSWERS
from tests.release.journey import start

pytestmark = pytest.mark.postgresql


def test_what_is_decided_is_read_back_and_reminders_are_made(
    postgres_database: Database, settings: Settings, tmp_path: Path
) -> None:
    db, keys = postgres_database, KeyStore(tmp_path / "keys", None)
    journey = start(db, keys, load_secret(settings))
    journey.answer(ANSWERS, leaders=2)
    close_and_release(db, keys, journey.organisation_id, journey.wave.id)
    with db.transaction() as session:
        here = place.find(session, journey.organisation_id, "kultur", "n1", hold=True)
        a, b = sorted(here.dimensions[:2])
        draft = Draft("Idékveld", "Kari", date(2027, 3, 1))
        made = actions.create(session, here, draft, actor="cli")
        choices.store(session, here, ChoiceFacts(a, b), actor="cli")
        wanted = (TargetFacts(a, 70, "leader_agreement", 2028), TargetFacts(b, 0, "other"))
        targets.store(session, here, wanted, actor="cli")
    with db.transaction() as session:
        made = actions.change(
            session, here, made, Draft("Idékveld", "Kari", made.deadline, "done"), actor="cli"
        )
        count = reminders.make_due(session, now() + reminders.AFTER)
    with db.reading() as session:
        known = overview.of_unit(session, here.organisation_id, here.stored)
        whole = overview.of_study(
            session, here.organisation_id, here.study_id, here.stored.wave_id, 1
        )
        waiting = reminders.unanswered(session, here.organisation_id, here.stored.wave_id)
        after = (made.created_at, 0)
        listed = actions.listing(session, here.organisation_id, here.study_id, after=after)
    assert known.actions == (made,) == tuple(listed)
    assert (known.choice, known.targets) == (ChoiceFacts(a, b), wanted)
    assert whole == {"n1": known}
    assert count == len(waiting) > 0
    assert "n1" not in waiting
