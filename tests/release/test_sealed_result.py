"""What a closed wave holds until its release: sheets under labels of enough people, and a result
that was computed once and is kept sealed."""

from __future__ import annotations

import contextlib
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey

from survey.answering.store import Comment, Response
from survey.core.db import Database
from survey.core.errors import Conflict
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.core.services import Services
from survey.release import close as closing
from survey.release import look as looking
from survey.release import read, sealed
from survey.release.compute import Protected, protect_wave
from survey.release.models import ReleaseTable, SealedResult
from survey.study.models import WaveUnit
from tests.release.journey import Journey, bring_in, start
from tests.release.released import answered

ANSWERS = {"n1": 22, "n2": 12, "n3": 6, "s1": 28, "s2": 11}
SMALL = {**ANSWERS, "n3": 4}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def journey(request: pytest.FixtureRequest, tmp_path: Path) -> Journey:
    name = "database" if request.param == "sqlite" else "postgres_database"
    db: Database = request.getfixturevalue(name)
    return start(db, KeyStore(tmp_path / "keys"), Secret(b"s" * 32))


@pytest.fixture
def full(services: Services) -> Journey:
    """An open wave that people have answered."""
    return answered(services, ANSWERS)


def labels(journey: Journey, table: Any = Response) -> dict[str, int]:
    """Unit code → how many sheets (or texts) stand in the database under that label."""
    with journey.db.reading() as session:
        rows = session.execute(
            sa.select(WaveUnit.code, sa.func.count())
            .join(
                table,
                sa.and_(table.unit_id == WaveUnit.unit_id, table.wave_id == WaveUnit.wave_id),
            )
            .group_by(WaveUnit.code)
        )
        return {str(code): int(n) for code, n in rows}


def roles(journey: Journey) -> set[str]:
    with journey.db.reading() as session:
        return set(session.scalars(sa.select(Response.role)))


def test_a_small_units_sheets_are_stored_under_the_block_that_they_are_in(
    journey: Journey,
) -> None:
    """Five leaders and a unit of four are the others of their area, and nobody can tell which of
    these nine leads."""
    journey.answer(SMALL, leaders=5)
    journey.close()
    assert labels(journey) == {"n1": 17, "n2": 12, "nord": 9, "s1": 28, "s2": 11}
    assert roles(journey) == {"employee"}


@pytest.mark.parametrize("leaders", [1, 4])
def test_leaders_too_few_for_their_area_are_stored_at_the_top(
    services: Services, leaders: int
) -> None:
    journey = answered(services, ANSWERS, leaders=leaders)
    journey.close()
    assert labels(journey)["k"] == leaders
    assert labels(journey)["n1"] == ANSWERS["n1"] - leaders
    assert roles(journey) == {"employee"}


def test_texts_are_stored_under_the_label_of_their_sheets(services: Services) -> None:
    journey = answered(services, SMALL, leaders=5)
    journey.close()
    assert labels(journey, Comment).keys() == labels(journey).keys()


def test_a_released_waves_sheets_stand_under_the_top_alone(journey: Journey) -> None:
    """Nothing counts them again, so a stolen database does not tell whose unit they are of."""
    journey.answer(ANSWERS)
    journey.close()
    assert len(labels(journey)) == len(ANSWERS)
    journey.release()
    assert labels(journey) == {"k": sum(ANSWERS.values())}
    assert labels(journey, Comment).keys() == {"k"}
    assert roles(journey) == {"employee"}


# ---- a result is computed once ----


def kept(journey: Journey) -> Protected | None:
    """The sealed result, opened."""
    with journey.db.reading() as session:
        found = sealed.find(session, journey.wave)
    if found is None:
        return None
    box = None if journey.wave.public_key is None else journey.keys.open_box(journey.wave.id)
    return sealed.unseal(found, box)


def released_blocks(journey: Journey) -> str:
    with journey.db.reading() as session:
        return session.scalars(sa.select(ReleaseTable.table)).one()


def look(journey: Journey) -> looking.Look | None:
    with journey.db.reading() as session:
        return looking.look(session, journey.organisation_id, journey.wave.id)


def released_look(journey: Journey) -> looking.Look:
    with journey.db.reading() as session:
        stored = read.latest(session, journey.organisation_id, journey.study.id)
        return looking.of_release(session, journey.organisation_id, stored)


def test_what_is_looked_at_is_what_is_released(journey: Journey) -> None:
    journey.answer(SMALL, leaders=5)
    journey.close()
    assert look(journey) is None
    journey.prepare()
    seen, before = look(journey), kept(journey)
    assert seen is not None
    assert before is not None
    journey.prepare()
    assert kept(journey) == before, "a second draw would be another table of the same answers"
    journey.release()
    assert released_blocks(journey) == sealed.blocks_to_text(before.blocks)
    assert released_look(journey) == seen
    units = {unit.code: unit for unit in seen.units}
    assert units["nord"].others == 9
    assert (units["n3"].counted_in, units["n3"].others_of) == ("Område nord", 9)
    assert not seen.uncounted
    assert seen.tiers == {"shares": 7, "none": 1}


def test_a_look_counts_nobody_that_is_in_no_block(services: Services) -> None:
    """Four of n3 are counted nowhere; nothing in the look is a number of fewer than five."""
    journey = answered(services, SMALL)
    journey.close()
    journey.prepare()
    seen = look(journey)
    assert seen is not None
    assert seen.uncounted
    numbers = {n for u in seen.units for n in (u.answered, u.others, u.others_of) if n is not None}
    assert min(numbers) >= 5


def test_a_sealed_result_opens_with_the_waves_private_key_only(full: Journey) -> None:
    full.close()
    full.prepare()
    with full.db.reading() as session:
        stored = session.scalars(sa.select(SealedResult)).one()
    assert b"values" not in stored.sealed
    with pytest.raises(CryptoError):
        sealed.unseal(stored, PrivateKey.generate())
    with pytest.raises(zlib.error):
        sealed.unseal(stored, None)


def test_a_sealed_result_goes_with_its_release(journey: Journey) -> None:
    journey.answer(ANSWERS)
    journey.close()
    journey.prepare()
    assert journey.count(SealedResult) == 1
    journey.release()
    assert journey.count(SealedResult) == 0
    journey.prepare()
    assert journey.count(SealedResult) == 0, "a released wave needs none"


def test_a_result_whose_key_is_lost_is_computed_anew(full: Journey) -> None:
    """Nobody can have opened what was kept; the answers are there, and so is the release."""
    full.close()
    full.prepare()
    seen = look(full)
    assert full.keys.destroy_private_key(full.wave.id)
    full.release()
    assert full.count(SealedResult) == 0
    assert released_look(full) == seen


def test_an_open_wave_is_not_computed(full: Journey) -> None:
    with pytest.raises(Conflict, match="close it before"):
        full.prepare()
    with pytest.raises(Conflict, match="close it before"):
        full.release()
    assert full.count(SealedResult) == 0


def test_imported_answers_go_the_same_way(journey: Journey) -> None:
    """They have no key: what is kept of them lies in the open, as they do."""
    with journey.db.transaction() as session:
        journey.wave = bring_in(session, journey, SMALL, leaders=5)
    journey.close()
    assert labels(journey) == {"n1": 17, "n2": 12, "nord": 9, "s1": 28, "s2": 11}
    journey.prepare()
    before = kept(journey)
    assert before is not None
    journey.release()
    assert released_blocks(journey) == sealed.blocks_to_text(before.blocks)
    assert labels(journey) == {"k": 77}


def test_who_looks_and_who_releases_at_once_get_one_draw(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have found nothing kept, and both have drawn, before either keeps anything."""
    journey.answer({"n1": 12, "n2": 12, "s1": 12, "s2": 12})
    journey.close()
    drawn = threading.Barrier(2)
    won: list[Protected] = []
    real_keep = sealed.keep

    def protect(*given: Any) -> Protected:
        made = protect_wave(*given)
        with contextlib.suppress(threading.BrokenBarrierError):
            drawn.wait(timeout=5)
        return made

    def keep(session: Any, wave: Any, protected: Protected, seen: looking.Look) -> bool:
        first = real_keep(session, wave, protected, seen)
        won.extend([protected] if first else [])
        return first

    monkeypatch.setattr(closing, "protect_wave", protect)
    monkeypatch.setattr(sealed, "keep", keep)
    with ThreadPoolExecutor(2) as both:
        looked, made = both.submit(journey.prepare), both.submit(journey.release)
        looked.result()
        made.result()
    assert len(won) == 1
    assert released_blocks(journey) == sealed.blocks_to_text(won[0].blocks)
    assert journey.count(SealedResult) == 0
