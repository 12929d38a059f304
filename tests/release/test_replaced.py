"""A code given for a lost letter and used besides it: released, audited, and never above all."""

from __future__ import annotations

from pathlib import Path

from survey.core.db import Base, Database
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.invitations.issuing import export_codes
from survey.invitations.replacing import replace_unknown
from survey.release.close import close_and_release
from survey.release.read import unit_document
from survey.reports.common.context import Context
from survey.reports.unit.sentences import response_rate, who_answered
from survey.study.models import Wave
from tests.release.journey import start


def test_more_answers_than_people_are_released_and_said(database: Database, tmp_path: Path) -> None:
    assert Base.metadata.tables
    keys, secret = KeyStore(tmp_path / "keys"), Secret(b"s" * 32)
    journey = start(database, keys, secret)
    with database.transaction() as session:
        wave = session.get_one(Wave, (journey.organisation_id, journey.wave.id))
        replace_unknown(session, secret, keys, wave, "n2", reason="lost")
        journey.codes["n2"] += [row.short for row in export_codes(session, keys, wave)]
    journey.answer({"n1": 20, "n2": 15, "n3": 7, "s1": 25, "s2": 9})
    close_and_release(database, keys, journey.organisation_id, journey.wave.id)  # audited
    with database.reading() as session:
        stored = unit_document(session, journey.organisation_id, journey.study.id, "n2")
    who = stored.unit.participation
    assert (who.headcount, who.answered, who.over) == (14, 15, True)
    context = Context(stored.header, stored.unit, "nb")
    assert who_answered(context).startswith("15 svarte. Det er flere enn de 14")
    assert response_rate(context, who) == "–"
