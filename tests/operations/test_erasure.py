"""A destroyed study leaves nothing: rows, keys, reports, or bytes in the database's files."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from survey.answering.intake import submit
from survey.audit.log import verify
from survey.audit.models import Event
from survey.cli.main import cli
from survey.core.db import Base, Database
from survey.core.errors import Conflict, NotFound
from survey.core.services import Services, build
from survey.jobs import result_files, tasks
from survey.operations import erasure, migrate
from survey.operations.erasure import destroy_study
from survey.release.models import Release
from survey.study.studies import create_study, update_study
from tests.release.journey import LIBRARY, Journey, draw_answers, open_next, start

MARK = "Zebraquux"
NAME = "Kvaksalveren"
ANSWERS = {"n1": 22, "n2": 8, "n3": 6, "s1": 28, "s2": 9}


def answer_with_marks(journey: Journey) -> None:
    """Everybody answers; every free text holds a word that is nowhere else."""
    rng = random.Random(journey.wave.ordinal)
    instrument = journey.instrument()
    texts = [question.id for question in instrument.questions if question.type == "text"]
    for unit, count in ANSWERS.items():
        for number, code in enumerate(journey.codes[unit][:count]):
            given = draw_answers(instrument, rng)
            for each in texts:
                given["questions"][each] = f"{MARK} {unit} {number}"  # type: ignore[index]
            with journey.db.transaction() as session:
                submit(session, journey.secret, code, f"{rng.getrandbits(128):032x}", given)


def live(parts: Services) -> Journey:
    """A study with a released wave, a closed one whose release waits, and an open one; a report
    and a task of it."""
    journey = start(parts.db, parts.keys, parts.secret)
    with parts.db.transaction() as session:
        update_study(session, LIBRARY, session.merge(journey.study), name=f"{NAME} 2026")
    answer_with_marks(journey)
    journey.finish()
    for phase in ("during", "after"):
        journey.wave, journey.codes = open_next(
            parts.db, parts.keys, parts.secret, journey.study, phase
        )
        answer_with_marks(journey)
        if phase == "during":
            journey.close()
            journey.prepare()
    with parts.db.transaction() as session:
        task = tasks.enqueue(
            session, journey.organisation_id, "unit_report", {"study": "kultur"}, "person:1"
        )
        digest = session.scalar(sa.select(Release.digest))
    home = result_files.folder(parts.settings, journey.organisation_id)
    (home / f"{task.id}.pdf").write_bytes(b"%PDF")
    (home / f"units-{str(digest)[:24]}").mkdir()
    (home / f"units-{str(digest)[:24]}" / "n1.nb.pdf").write_bytes(b"%PDF")
    (home / "1.pdf").write_bytes(b"another study's")
    return journey


def left(db: Database) -> dict[str, int]:
    found = {}
    with db.reading() as session:
        for table in Base.metadata.sorted_tables:
            if {"study_id", "wave_id", "release_id"} & set(table.c.keys()):
                found[table.name] = session.scalar(sa.select(sa.func.count()).select_from(table))
    return {name: number for name, number in found.items() if number}


def seen_in_files(folder: Path, *words: str) -> list[tuple[str, str]]:
    return [
        (path.name, word)
        for path in folder.glob("survey.db*")
        for word in words
        if word.encode() in path.read_bytes()
    ]


def test_nothing_of_a_destroyed_study_is_left_in_rows_keys_reports_or_files(
    services: Services,
) -> None:
    journey = live(services)
    folder = services.settings.data_dir
    assert {word for _, word in seen_in_files(folder, MARK, NAME)} == {MARK, NAME}
    assert left(services.db)
    counts = destroy_study(services, journey.organisation_id, journey.study.id)
    assert counts["inbox"] == sum(ANSWERS.values())
    assert counts["response"] == 2 * sum(ANSWERS.values())
    assert counts["sealed_result"] == 1
    assert left(services.db) == {}
    assert services.keys.waves() == set()
    home = result_files.folder(services.settings, journey.organisation_id)
    assert [path.name for path in home.iterdir()] == ["1.pdf"]
    assert seen_in_files(folder, MARK, NAME) == []


def test_without_compaction_the_files_would_still_tell(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan above finds what it looks for: with compaction taken away it fails."""
    journey = live(services)
    monkeypatch.setattr(erasure, "erase_traces", lambda *_args, **_named: True)
    destroy_study(services, journey.organisation_id, journey.study.id)
    assert seen_in_files(services.settings.data_dir, NAME)


@pytest.mark.postgresql
def test_postgresqls_samples_of_the_texts_are_gone_too(
    services: Services, postgres_database: Database
) -> None:
    parts = Services(services.settings, postgres_database, services.secret, services.keys)
    journey = live(parts)

    def sampled() -> int:
        with parts.db.reading() as session:
            query = "select count(*) from pg_stats where most_common_vals::text like :mark "
            query += "or histogram_bounds::text like :mark"
            return int(session.execute(sa.text(query), {"mark": f"%{MARK}%"}).scalar() or 0)

    assert sampled() > 0
    destroy_study(parts, journey.organisation_id, journey.study.id)
    assert left(parts.db) == {}
    assert sampled() == 0


def test_another_study_is_not_touched_and_the_log_still_holds(services: Services) -> None:
    journey = live(services)
    with services.db.transaction() as session:
        other = create_study(
            session,
            LIBRARY,
            journey.organisation_id,
            code="andre",
            name="Den andre",
            instrument="baerum-barometer",
        )
    open_next(services.db, services.keys, services.secret, other)
    before = left(services.db)
    destroy_study(services, journey.organisation_id, journey.study.id)
    after = left(services.db)
    assert after["invitation"] == before["invitation"] - 3 * 88
    assert after["wave"] == 1
    assert len(services.keys.waves()) == 1
    with services.db.reading() as session:
        assert verify(session, journey.organisation_id) == []
        last = session.scalars(sa.select(Event).order_by(Event.sequence.desc()).limit(2)).all()
        everything = " ".join(str(e.details) for e in session.scalars(sa.select(Event)))
    assert [event.action for event in last] == ["traces.erased", "study.destroyed"]
    assert MARK not in everything
    assert NAME not in everything


def test_a_stop_between_rows_and_traces_is_made_good(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live(services)

    def stopped(*_args: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Database, "compact", stopped)
        with contextlib.suppress(KeyboardInterrupt):
            destroy_study(services, journey.organisation_id, journey.study.id)
    assert seen_in_files(services.settings.data_dir, NAME)
    assert erasure.erase_traces(services, journey.organisation_id)
    assert seen_in_files(services.settings.data_dir, MARK, NAME) == []


def test_a_running_task_is_waited_for(services: Services) -> None:
    journey = live(services)
    with services.db.transaction() as session:
        assert tasks.claim(session)
    with pytest.raises(Conflict, match="running"):
        destroy_study(services, journey.organisation_id, journey.study.id)
    assert left(services.db)["response"] == 2 * sum(ANSWERS.values())


def test_a_study_that_is_not_there_is_not_found(services: Services) -> None:
    with pytest.raises(NotFound):
        destroy_study(services, 1, 2)


def test_the_command_asks_for_yes(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVEY_DATA_DIR", str(services.settings.data_dir / "cli"))
    parts = build(services.settings.__class__(data_dir=services.settings.data_dir / "cli"))
    migrate.upgrade(parts)
    journey = live(parts)
    runner = CliRunner()
    asked = runner.invoke(cli, ["study", "destroy", "--study", "kultur"])
    assert asked.exit_code == 1
    assert "--yes" in asked.output
    shown = runner.invoke(cli, ["retention", "show"])
    assert "kultur wave 1 (released): invitations" in shown.output
    assert "Deleted: 0 invitations" in runner.invoke(cli, ["retention", "run"]).output
    done = runner.invoke(cli, ["study", "destroy", "--study", "kultur", "--yes"])
    assert done.exit_code == 0, done.output
    assert left(journey.db) == {}
    parts.db.dispose()
