"""No release without the auditor's word, and any stored one can be audited."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from survey.core.db import Database
from survey.core.errors import Exposed
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.core.services import Services
from survey.disclosure.auditor import audit
from survey.disclosure.model import Blocks, Grouping, IndexBlock, IndexBlocks, ShareBlocks
from survey.release import close as closing
from survey.release.audit import audit_stored, findings, refuse_findings, summary
from survey.release.close import close_and_release
from survey.release.codec import to_plain
from survey.release.compute import Computed, protect_wave
from survey.release.models import Release, ReleaseTable, ReleaseUnit, SealedResult
from survey.release.sealed import blocks_from_text, blocks_to_text
from survey.study.models import Wave
from tests.release.journey import Journey, start
from tests.release.released import released
from tests.release.samples import SIZES, TREE, as_earlier, compute, frame, sheets

ANSWERS = {"n1": 22, "n2": 12, "n3": 4, "s1": 28, "s2": 11}


@pytest.fixture(scope="module")
def computed() -> Computed:
    return compute(frame(TREE), sheets(sizes={**SIZES, "north": 3}))


def test_a_release_as_it_is_made_has_no_findings(computed: Computed) -> None:
    assert findings(computed) == ()
    refuse_findings(computed)


DEEP: list[tuple[str, str | None, int | None]] = [
    ("k", None, 4),
    ("area", "k", 30),
    ("service", "area", 9),
    ("u1", "service", 20),
    ("u2", "area", 20),
]
"""An area and a service below it have staff of their own; a few at the top are in no block."""


def test_a_block_may_move_to_the_top_over_the_block_of_the_area_between() -> None:
    """Six of the service take in the three at the top; the area's own 25 stay where they are."""
    joined = sheets(sizes={"k": 3, "area": 25, "service": 6, "u1": 15, "u2": 15})
    made = compute(frame(DEEP), joined)
    assert made.blocks.answers.sizes == {"k": 9, "area": 25, "u1": 15, "u2": 15}
    assert findings(made) == ()


@pytest.mark.parametrize("node", ["u1", "u2"])
def test_nobody_else_is_counted_at_the_top_beside_them(node: str) -> None:
    """Not a unit that its area could spare, nor one that the service could not."""
    joined = sheets(sizes={"k": 3, "area": 25, "service": 6, "u1": 15, "u2": 15})
    made = compute(frame(DEEP), joined)
    home = {**made.blocks.answers.home, node: "k"}
    wrong = replace(made.blocks, answers=replace(made.blocks.answers, home=home))
    assert any(each.where == "answers" for each in findings(replace(made, blocks=wrong)))


# ---- what is printed ----


def of(units: list[Any], code: str) -> Any:
    return next(unit for unit in units if unit["unit"]["code"] == code)


def one_more_answer(units: list[Any]) -> None:
    of(units, "n1")["participation"]["answered"] += 1


def one_more_point(units: list[Any]) -> None:
    of(units, "s1")["dimensions"][0]["score"]["index"] += 1


def a_small_units_index(units: list[Any]) -> None:
    of(units, "n4")["dimensions"][0]["score"]["index"] = 55


def an_open_end_left_out(units: list[Any]) -> None:
    of(units, "n2")["dimensions"][0]["score"]["bound"] = "at_least"


def a_finer_share(units: list[Any]) -> None:
    of(units, "n1")["dimensions"][0]["items"][0]["favourable"] = {"percent": 48, "step": 1}


def categories_below_a_hundred(units: list[Any]) -> None:
    shares = [{"value": value, "share": {"percent": 25}} for value in (1, 2, 3, 4)]
    of(units, "n1")["dimensions"][0]["items"][0]["categories"] = shares


def an_area_without_its_others(units: list[Any]) -> None:
    of(units, "north")["others"] = None


def an_others_index(units: list[Any]) -> None:
    of(units, "north")["others"]["dimensions"]["share"]["index"] -= 1


def answers_to_one_item(units: list[Any]) -> None:
    of(units, "n1")["dimensions"][0]["items"][0]["n"] = 24


def a_pool_of_fewer_texts(units: list[Any]) -> None:
    of(units, "n3")["texts_of"] = 7


def a_single_choice_share(units: list[Any]) -> None:
    of(units, "n1")["questions"][1]["options"][0]["share"] = {"percent": 40}


def an_interval_of_its_own(units: list[Any]) -> None:
    of(units, "n1")["dimensions"][0]["score"]["interval"]["low"] += 1


def another_areas_index_beside_it(units: list[Any]) -> None:
    of(units, "n1")["comparisons"][0]["overall"]["index"] += 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (an_interval_of_its_own, "n1"),
        (another_areas_index_beside_it, "n1"),
        (one_more_answer, "n1"),
        (one_more_point, "s1"),
        (a_small_units_index, "n4"),
        (an_open_end_left_out, "n2"),
        (a_finer_share, "n1"),
        (categories_below_a_hundred, "n1"),
        (an_area_without_its_others, "north"),
        (an_others_index, "north"),
        (answers_to_one_item, "n1"),
        (a_pool_of_fewer_texts, "n3"),
        (a_single_choice_share, "n1"),
    ],
)
def test_a_number_that_the_blocks_do_not_give_is_found(
    computed: Computed, change: Callable[[list[Any]], None], where: str
) -> None:
    units = json.loads(json.dumps([to_plain(unit) for unit in computed.units]))
    header = to_plain(computed.header)
    assert audit(header, units, computed.blocks) == ()
    change(units)
    assert where in {each.where for each in audit(header, units, computed.blocks)}


@pytest.fixture(scope="module")
def second(computed: Computed) -> Computed:
    earlier = [as_earlier(computed)]
    return compute(frame(TREE, ordinal=2), sheets(0.85, seed=50), earlier)


def a_verdict_that_its_interval_does_not_give(change: Any) -> None:
    change["verdict"] = "unknown"


def an_index_that_is_not_printed(change: Any) -> None:
    change["later"] -= 1


@pytest.mark.parametrize(
    "wrong", [a_verdict_that_its_interval_does_not_give, an_index_that_is_not_printed]
)
def test_a_verdict_that_is_not_between_printed_indices_is_found(
    second: Computed, wrong: Callable[[Any], None]
) -> None:
    assert findings(second) == ()
    units = json.loads(json.dumps([to_plain(unit) for unit in second.units]))
    [since] = of(units, "n1")["changes"]
    assert since["overall"]["verdict"] == "risen"
    wrong(since["overall"])
    header = to_plain(second.header)
    assert "n1" in {each.where for each in audit(header, units, second.blocks)}


# ---- the blocks ----


def changed(blocks: Blocks, **changes: Any) -> Blocks:
    return replace(blocks, **changes)


def a_block_of_four(blocks: Blocks) -> Blocks:
    home = {**blocks.answers.home, "n4": "n4"}
    return changed(blocks, answers=replace(blocks.answers, home=home))


def people_left_out(blocks: Blocks) -> Blocks:
    home = {node: at for node, at in blocks.answers.home.items() if at != "n3"}
    return changed(blocks, answers=replace(blocks.answers, home=home))


def people_counted_elsewhere(blocks: Blocks) -> Blocks:
    home = {**blocks.answers.home, "n4": "s1"}
    return changed(blocks, answers=replace(blocks.answers, home=home))


def a_lower_k(blocks: Blocks) -> Blocks:
    return changed(blocks, k=4)


def no_clamp(blocks: Blocks) -> Blocks:
    index = blocks.indices["share"]
    values = {**index.values, "n3": IndexBlock(97)}
    return changed(blocks, indices={**blocks.indices, "share": replace(index, values=values)})


def two_of_twelve(blocks: Blocks) -> Blocks:
    share = blocks.shares["item:a1"]
    counts = {**share.counts, "n2": 2}
    return changed(blocks, shares={**blocks.shares, "item:a1": replace(share, counts=counts)})


def a_share_of_seven(blocks: Blocks) -> Blocks:
    few = ShareBlocks(Grouping(5, {"n3": 7}, {"n3": "n3"}), {"n3": 4}, "share")
    return changed(blocks, shares={**blocks.shares, "item:a1": few})


def more_with_a_score_than_answered(blocks: Blocks) -> Blocks:
    index = blocks.indices["share"]
    counts = {**index.grouping.counts, "n2": 13}
    grouping = replace(index.grouping, counts=counts)
    return changed(
        blocks,
        indices={**blocks.indices, "share": IndexBlocks(grouping, index.values, index.alone)},
    )


@pytest.mark.parametrize(
    "change",
    [
        a_block_of_four,
        people_left_out,
        people_counted_elsewhere,
        a_lower_k,
        no_clamp,
        two_of_twelve,
        a_share_of_seven,
        more_with_a_score_than_answered,
    ],
)
def test_a_block_that_tells_too_much_is_found(
    computed: Computed, change: Callable[[Blocks], Blocks]
) -> None:
    wrong = replace(computed, blocks=change(computed.blocks))
    assert findings(wrong)
    with pytest.raises(Exposed) as refused:
        refuse_findings(wrong)
    told = " ".join([str(refused.value), *map(str, refused.value.faults)])
    assert "nothing was stored" in told
    assert not any(number in told.split() for number in ("2", "4", "7", "97"))


def test_the_stored_blocks_read_back_whole(computed: Computed) -> None:
    assert blocks_from_text(blocks_to_text(computed.blocks)) == computed.blocks


# ---- what is stored ----


@pytest.fixture
def journey(database: Database, tmp_path: Path) -> Journey:
    return start(database, KeyStore(tmp_path / "keys"), Secret(b"s" * 32))


def finish(journey: Journey) -> None:
    close_and_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)


def test_a_failing_audit_stores_nothing_and_keeps_the_wave_closed(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*given: Any) -> Any:
        right = protect_wave(*given)
        return replace(right, blocks=a_lower_k(right.blocks))

    journey.answer(ANSWERS)
    monkeypatch.setattr(closing, "protect_wave", faulty)
    with pytest.raises(Exposed):
        finish(journey)
    with journey.db.reading() as session:
        for table in (Release, SealedResult):
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        assert session.scalar(sa.select(Wave.state)) == "closed"
    monkeypatch.undo()
    finish(journey)
    with journey.db.reading() as session:
        assert session.scalar(sa.select(Wave.state)) == "released"


def test_a_stored_release_is_told_in_words(journey: Journey) -> None:
    """Four of n3 and five leaders are the area's others; units stand by themselves."""
    journey.answer(ANSWERS, leaders=5)
    finish(journey)
    told = audited(journey)
    assert told.startswith("Wave 1 (Måling 1), release ")
    assert "Område nord, 38: 2 enheter og 9 andre." in told
    assert "Område sør, 39: 2 enheter." in told
    assert "Kommunen, 77: 4 enheter." in told
    assert "every number is a sum over these blocks" in told
    assert "FINDING" not in told


def audited(journey: Journey) -> str:
    with journey.db.reading() as session:
        return summary(audit_stored(session, journey.organisation_id, journey.study.id))


@pytest.fixture
def stored(services: Services) -> Journey:
    return released(services, ANSWERS)


def test_a_stored_document_that_was_changed_is_told(stored: Journey) -> None:
    assert "FINDING" not in audited(stored)
    with stored.db.transaction() as session:
        document = session.scalars(sa.select(ReleaseUnit).where(ReleaseUnit.code == "s1")).one()
        plain = json.loads(document.document)
        plain["participation"]["answered"] = 27
        document.document = json.dumps(plain)
    assert "FINDING s1: n is not what the blocks give" in audited(stored)


def test_stored_blocks_that_were_changed_are_told(stored: Journey) -> None:
    with stored.db.transaction() as session:
        table = session.scalars(sa.select(ReleaseTable)).one()
        plain = json.loads(table.table)
        plain["answers"]["home"]["n3"] = "n3"  # as if a unit of four were a block
        plain["answers"]["counts"]["n3"] = 4
        table.table = json.dumps(plain)
    assert "FINDING answers: a block has too few people" in audited(stored)


def test_a_release_of_the_first_design_is_told_and_not_audited(stored: Journey) -> None:
    with stored.db.transaction() as session:
        session.execute(sa.update(Release).values(schema=1))
        session.execute(sa.update(ReleaseTable).values(table="{}"))
    assert "released under the first design; printed under today's forms" in audited(stored)
