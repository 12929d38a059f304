"""The same answers are not published twice: one table could be subtracted from the other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from survey.core.db import Base, Database
from survey.core.errors import Conflict
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.release import raw
from survey.release.models import SealedResult
from tests.release.journey import FULL, Journey, open_next, start

FIRST = {"n1": 20, "n2": 11, "n3": 7, "s1": 25, "s2": 9}
CORRECTED = {"n1": 20, "n2": 11, "n3": 8, "s1": 24, "s2": 8}


@pytest.fixture
def journey(database: Database, tmp_path: Path) -> Journey:
    assert Base.metadata.tables
    keys = KeyStore(tmp_path / "keys")
    journey = start(database, keys, Secret(b"s" * 32), instrument=FULL)
    journey.answer(FIRST, seed=1)
    journey.finish()
    found = open_next(database, journey.keys, journey.secret, journey.study, "after")
    journey.wave, journey.codes = found
    return journey


@pytest.mark.parametrize("shares", [FIRST, CORRECTED])
def test_a_wave_of_answers_that_were_released_before_is_refused(
    journey: Journey, shares: dict[str, int]
) -> None:
    """Without it, the second release differs from the first by one unit's answers. The units that
    they are in do not matter, nor the order; one answer more or less does not hide it."""
    journey.answer(shares, seed=1)
    journey.close()
    for step in (journey.prepare, journey.release):
        with pytest.raises(Conflict, match="released already"):
            step()
    assert journey.count(SealedResult) == 0


def test_other_answers_of_the_same_people_are_released(journey: Journey) -> None:
    journey.answer(FIRST, seed=2)
    assert journey.finish()


def test_a_few_that_agree_are_no_sign() -> None:
    long = ["1234" * 6 + str(place) for place in range(9)]
    everyone = Counter(long)
    assert raw._same(everyone, everyone)
    assert raw._same(everyone, Counter([*long[:5], "4" * 25]))
    assert not raw._same(everyone, Counter([*long[:4], *["4" * 25] * 20]))
    assert not raw._same(Counter(["3" * 25] * 40), Counter(["3" * 25] * 40))
    assert not raw._same(Counter("12340"), Counter("1234?"))
