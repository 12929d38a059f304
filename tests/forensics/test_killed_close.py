"""kill -9 at every step from a close to its release, in a process of its own, on both databases:
nothing is lost, nothing is stored twice, nothing is left lying, and nothing is drawn again."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from survey.answering.store import Inbox, Response
from survey.audit.log import verify
from survey.audit.models import Event
from survey.core.db import Database
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.instrument.layout import Layout
from survey.release.close import close_and_release
from survey.release.models import ModeratedText, Release, ReleaseTable, SealedResult
from survey.release.sealed import blocks_to_text, unseal
from survey.study.models import Wave
from tests.databases import migrated_database, on, on_server
from tests.forensics.closer import POINTS, close_until
from tests.marks import long
from tests.release.journey import draw_answers, start

ANSWERS = {"n1": 20, "s1": 20}
COMMENT = ModeratedText.kind == "comment"


@dataclass
class Full:
    """A wave with answers, ready to be closed, and what was answered."""

    organisation_id: int
    wave_id: int
    sheets: Counter[str]


def fill(db: Database, folder: Path) -> Full:
    keys = KeyStore(folder / "keys", folder / "escrow")
    journey = start(db, keys, Secret(b"s" * 32))
    journey.answer(ANSWERS)
    rng = random.Random(1)  # what ``answer`` has drawn
    instrument = journey.instrument()
    layout, sheets = Layout(instrument), Counter[str]()
    for count in ANSWERS.values():
        for _ in range(count):
            sheets[layout.encode(draw_answers(instrument, rng))] += 1
            rng.getrandbits(128)
    return Full(journey.organisation_id, journey.wave.id, sheets)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Full]:
    folder = tmp_path_factory.mktemp("filled")
    db = migrated_database(f"sqlite:///{folder / 'survey.db'}")
    full = fill(db, folder)
    db.dispose()
    return folder, full


@pytest.fixture(scope="module")
def filled_postgres(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, Full]]:
    """A database to make copies of."""
    folder = tmp_path_factory.mktemp("filled-pg")
    on_server(postgres_url, f"CREATE DATABASE filled TEMPLATE {postgres_template}")
    url = on(postgres_url, "filled")
    db = Database(url)
    full = fill(db, folder)
    db.dispose()
    yield url, folder, full
    on_server(postgres_url, "DROP DATABASE filled WITH (FORCE)")


def kill(url: str, folder: Path, full: Full, point: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.forensics.closer"])
    arguments = (url, folder, full.organisation_id, full.wave_id, point)
    process = context.Process(target=close_until, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, point


def assert_whole(db: Database, folder: Path, full: Full) -> None:
    """Close once more, as a person or the worker would, and look at everything."""
    keys = KeyStore(folder / "keys", folder / "escrow")
    kept = None
    if _released(db):
        _tidy(db, keys)
    else:
        kept = _kept(db, keys)
        close_and_release(db, keys, full.organisation_id, full.wave_id)
    with db.reading() as session:
        assert Counter(session.scalars(sa.select(Response.answers))) == full.sheets
        assert len(set(session.scalars(sa.select(Response.unit_id)))) == 1
        for gone in (Inbox, SealedResult):
            assert session.scalar(sa.select(sa.func.count()).select_from(gone)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(Release)) == 1
        waiting = Counter(session.scalars(sa.select(ModeratedText.text).where(COMMENT)))
        assert sorted(waiting.values()) == [1] * full.sheets.total()
        blocks = session.scalars(sa.select(ReleaseTable.table)).one()
        done = Counter(session.scalars(sa.select(Event.action)))
        assert verify(session, full.organisation_id) == []
    assert kept in (None, blocks), "what was looked at is what is released"
    for once in ("wave.closed", "wave.settled", "release.stored", "wave.released"):
        assert done[once] == 1, once
    assert done["traces.erased"] >= 1
    assert keys.waves() == set()


def _kept(db: Database, keys: KeyStore) -> str | None:
    """The blocks that were kept sealed when the process died; None when none were."""
    with db.reading() as session:
        found = session.scalar(sa.select(SealedResult))
    if found is None:
        return None
    return blocks_to_text(unseal(found, keys.open_box(found.wave_id)).blocks)


def _released(db: Database) -> bool:
    with db.reading() as session:
        return session.scalar(sa.select(Wave.state)) == "released"


def _tidy(db: Database, keys: KeyStore) -> None:
    """What the worker does every few seconds."""
    from survey.study.waves import sweep_keys

    with db.transaction() as session:
        sweep_keys(session, keys)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_close_on_sqlite_is_taken_up(
    filled: tuple[Path, Full], tmp_path: Path, point: str
) -> None:
    source, full = filled
    folder = tmp_path / "copy"
    shutil.copytree(source, folder)
    url = f"sqlite:///{folder / 'survey.db'}"
    kill(url, folder, full, point)
    db = Database(url)
    assert_whole(db, folder, full)
    db.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "point",
    [point if number % 4 == 0 else long(point) for number, point in enumerate(POINTS)],
)
def test_a_killed_close_on_postgresql_is_taken_up(
    filled_postgres: tuple[str, Path, Full], tmp_path: Path, point: str, postgres_url: str
) -> None:
    _, source, full = filled_postgres
    folder = tmp_path / "copy"
    shutil.copytree(source, folder)
    name = f"copy{list(POINTS).index(point)}"
    on_server(postgres_url, f"CREATE DATABASE {name} TEMPLATE filled")
    url = on(postgres_url, name)
    kill(url, folder, full, point)
    db = Database(url)
    assert_whole(db, folder, full)
    db.dispose()
    on_server(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
