"""The staff's log of hidden values, and the preview before it, tell nothing beside the release.

The attacker holds the released documents and the log, and knows the program: from municipalities of
his own he learns how many answers stand behind each way in which the log speaks of an item whose
sides are hidden. Exposed, by criterion (c), is what never goes with more than two numbers.
"""

from __future__ import annotations

import random
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable

import pytest

from survey.answering.intake import submit
from survey.release import preview, read
from survey.release.close import close_and_release, close_wave, make_release, settled
from survey.release.compute import Computed, compute
from survey.release.codec import to_json, unit_from_json
from survey.release.document import UnitResult
from survey.release.hidden import HiddenLine, left_out
from survey.release.load import find_wave
from survey.release.models import HiddenValue
from survey.upkeep.services import Services
from tests.release.journey import FULL, Journey, draw_answers, start

pytestmark = pytest.mark.no_cover

OFTEN = 5
ANSWERED = {"n1": 16, "n2": 13, "n3": 7, "s1": 27, "s2": 11}


@pytest.fixture
def closed(services: Services) -> tuple[Journey, Computed]:
    """A closed wave in which many items have a small side, and what was computed of it."""
    journey = start(services.db, services.keys, services.secret, instrument=FULL)
    rng = random.Random(0)
    with services.db.transaction() as session:
        for unit, count in ANSWERED.items():
            for code in journey.codes[unit][:count]:
                given = draw_answers(journey.instrument(), rng, level=0.72)
                request = str(uuid.UUID(int=rng.getrandbits(128)))
                submit(session, journey.secret, code, request, given)
    close_wave(services.db, services.keys, journey.organisation_id, journey.wave.id)
    with services.db.reading() as session:
        ready = settled(session, find_wave(session, journey.organisation_id, journey.wave.id))
    return journey, compute(ready.frame, ready.sheets, ready.earlier)


def exposed(
    lines: Iterable[HiddenLine], documents: Iterable[UnitResult], computed: Computed
) -> list[str]:
    """Ways of speaking that tell how many chose an item's smaller side."""
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        if found := re.fullmatch(r"(\w+):([^/]+)(/\d+)?", line.statistic):
            what, item, boundary = found.groups()
            said[line.code, item].add(f"{what}{boundary or ''} {line.reason}")
    counts: dict[tuple[str, frozenset[str]], list[int]] = defaultdict(list)
    for unit in documents:
        for item in (item for dimension in unit.dimensions for item in dimension.items):
            shares = item.shares
            if item.score.n is None or (shares and shares.favourable is not None):
                continue
            words = frozenset(said[unit.unit.code, item.id])
            counts[unit.tier, words].append(_smaller(computed, unit.unit.code, item.id))
    return [
        f"{tier}, {sorted(words)}: {sorted(set(smaller))} in {len(smaller)} cases"
        for (tier, words), smaller in counts.items()
        if len(smaller) >= OFTEN and len(set(smaller)) <= 2
    ]


def _smaller(computed: Computed, code: str, name: str) -> int:
    """The number itself, for the judge alone."""
    measured = computed.measured
    place = next(i for i, item in enumerate(measured.items) if item.id == name)
    sides = measured.items[place].sides
    assert sides is not None
    row: list[int] = measured.counts[place][measured.nodes.index(code)].tolist()
    return min(sum(n for n, side in zip(row, sides, strict=True) if side == way) for way in (-1, 1))


def test_the_log_gives_no_masked_count_back(
    services: Services, closed: tuple[Journey, Computed]
) -> None:
    journey, computed = closed
    looked = preview.preview(services.db, journey.organisation_id, journey.wave.id)
    release = make_release(services.db, services.keys, journey.organisation_id, journey.wave.id)
    with services.db.reading() as session:
        log = read.hidden_log(session, journey.organisation_id, release)
        documents = [
            read.unit_document(session, journey.organisation_id, journey.study.id, unit.code).unit
            for unit in looked.units
        ]
    assert exposed(log, documents, computed) == []
    # The same attacker, given the reasons that never leave the computation, finds them.
    untold = [HiddenLine(each.cell, each.statistic, each.reason) for each in computed.log]
    assert exposed(untold, documents, computed)
    # And there is nothing to find: whoever has the documents writes the log and the preview.
    again = [unit_from_json(to_json(unit)) for unit in documents]
    assert log == list(left_out(again))
    assert looked.units == preview.counted(((u.unit, u.tier) for u in again), left_out(again))


def test_reasons_that_earlier_versions_stored_are_read_as_one(services: Services) -> None:
    journey = start(services.db, services.keys, services.secret)
    journey.answer(ANSWERED)
    key = {"organisation_id": journey.organisation_id}
    release = close_and_release(
        services.db, services.keys, journey.organisation_id, journey.wave.id
    )
    old = [("n1", "item:a", "audit"), ("n1", "item:a/2", "mask"), ("n3", "n", "primary")]
    with services.db.transaction() as session:
        session.query(HiddenValue).delete()
        for place, (code, statistic, reason) in enumerate(old):
            values = {"code": code, "statistic": statistic, "reason": reason}
            session.add(HiddenValue(**key, release_id=release, position=place, **values))
    with services.db.reading() as session:
        log = read.hidden_log(session, journey.organisation_id, release)
    assert log == [HiddenLine("n1", "item:a"), HiddenLine("n3", "n")]
