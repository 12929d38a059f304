"""Waves: one way through the states, and what opening freezes stays as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from survey.core.db import now
from survey.core.errors import Conflict, InvalidInput
from survey.core.keystore import KeyStore
from survey.instrument.model import Instrument
from survey.invitations.issuing import create_invitations
from survey.jobs.models import Task
from survey.study.closing import (
    due_to_close,
    extend_wave,
    mark_closed,
    mark_released,
    request_close,
)
from survey.study.freezing import wave_units
from survey.study.history import moves
from survey.study.models import Wave
from survey.study.reasons import Reason
from survey.study.waves import (
    create_wave,
    due_to_open,
    open_wave,
    sweep_keys,
    update_draft,
    waves,
)

WHY = Reason("few_answers", "Under halvparten har svart.")


def opened(place, ordinal: int = 1):
    with place.db.transaction() as session:
        return open_wave(session, place.keys, place.library, place.wave(session, ordinal))


def closed(place, ordinal: int = 1) -> None:
    with place.db.transaction() as session:
        mark_closed(session, place.wave(session, ordinal))


def new_wave(place, **changes) -> Wave:
    with place.db.transaction() as session:
        return create_wave(session, place.study(session), **{"phase": "during", **changes})


def test_opening_freezes_the_whole_instrument(both):
    opened(both)
    with both.db.reading() as session:
        wave = both.wave(session)
    instrument = both.library.get("baerum-barometer")
    assert Instrument.from_dict(wave.instrument) == instrument
    assert (wave.instrument_version, wave.instrument_digest) == ("1", instrument.digest)
    assert wave.state == "open"


def test_opening_freezes_tree_and_headcounts(both):
    opened(both)
    both.bring("code;name;parent_code;headcount\nK;Ny kommune;;1\nA1;Bjørka 2;K;99\n")
    with both.db.reading() as session:
        rows = {row.code: row for row in wave_units(session, both.wave(session))}
    assert set(rows) == {"K", "A", "A1", "A2", "A3", "B", "B1", "B2"}
    assert (rows["A1"].name, rows["A1"].headcount) == ("Bjørka", 12)
    assert rows["A1"].parent_id == rows["A"].unit_id


def test_a_unit_with_fewer_than_k_is_merged_with_a_named_neighbour(both):
    result = opened(both)
    assert [(each.code, each.into_code, each.into_name) for each in result.merged] == [
        ("A2", "A3", "Lia")
    ]
    with both.db.reading() as session:
        rows = {row.code: row for row in wave_units(session, both.wave(session))}
    assert rows["A2"].reporting_unit_id == rows["A3"].unit_id
    assert rows["A1"].reporting_unit_id == rows["A1"].unit_id


def test_opening_makes_keys_and_says_when_there_is_no_second_copy(place, tmp_path):
    result = opened(place)
    with place.db.reading() as session:
        wave = place.wave(session)
    assert bytes(place.keys.open_box(wave.id).public_key) == wave.public_key
    assert not any("lost" in warning for warning in result.warnings)
    closed(place)
    alone = KeyStore(tmp_path / "alone")
    new_wave(place)
    with place.db.transaction() as session:
        told = open_wave(session, alone, place.library, place.wave(session, 2)).warnings
    assert "all answers are lost" in told[0]
    assert "SURVEY_ESCROW_DIR" in told[0]


def test_nothing_is_opened_when_the_escrow_cannot_be_written(place, tmp_path):
    (tmp_path / "file").write_text("")
    broken = KeyStore(tmp_path / "keys2", tmp_path / "file")
    with pytest.raises(Exception, match="could not be kept"), place.db.transaction() as session:
        open_wave(session, broken, place.library, place.wave(session))
    with place.db.reading() as session:
        assert place.wave(session).state == "draft"
        assert place.study(session).frozen_at is None


def test_an_organisation_without_units_cannot_open_a_wave(place):
    with place.db.transaction() as session:
        session.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        session.execute(sa.text("DELETE FROM unit"))
    with pytest.raises(Conflict, match="no units"):
        opened(place)


@pytest.mark.parametrize(
    ("before", "move", "reason"),
    [
        ("draft", mark_closed, "must be opened first"),
        ("draft", mark_released, "must be opened first"),
        ("open", mark_released, "must be closed first"),
        ("closed", mark_closed, "already"),
        ("released", mark_closed, "final"),
    ],
)
def test_an_illegal_move_is_refused_with_its_reason(place, before, move, reason):
    path = {"draft": 0, "open": 1, "closed": 2, "released": 3}[before]
    with place.db.transaction() as session:
        wave = place.wave(session)
        if path >= 1:
            open_wave(session, place.keys, place.library, wave)
        if path >= 2:
            mark_closed(session, wave)
        if path >= 3:
            mark_released(session, wave)
        with pytest.raises(Conflict, match=reason):
            move(session, wave)


def test_a_wave_opens_once(both):
    opened(both)
    with pytest.raises(Conflict, match="already"):
        opened(both)


def test_two_waves_of_a_study_are_not_open_at_the_same_time(place):
    opened(place)
    new_wave(place)
    with pytest.raises(Conflict, match="Wave 1 of the study is still open"):
        opened(place, 2)


def test_a_study_has_as_many_waves_as_it_needs(place):
    for _ in range(5):
        new_wave(place)
    with place.db.reading() as session:
        listed = waves(session, place.study(session))
    assert [wave.ordinal for wave in listed] == [1, 2, 3, 4, 5, 6]
    for ordinal in range(1, 7):
        opened(place, ordinal)
        closed(place, ordinal)
    with place.db.reading() as session:
        frozen = {len(wave_units(session, wave)) for wave in waves(session, place.study(session))}
    assert frozen == {8}


def test_an_ordinal_is_taken_once(place):
    with pytest.raises(Conflict):
        new_wave(place, ordinal=1)


def test_every_fault_of_a_wave_is_told_at_once(place):
    past = now() - timedelta(days=1)
    with pytest.raises(InvalidInput) as caught:
        new_wave(place, phase="later", ordinal=0, label="x" * 300, closes_at=past, source="air")
    assert {str(fault.where) for fault in caught.value.faults} == {
        "phase",
        "ordinal",
        "label",
        "source",
    }
    with pytest.raises(InvalidInput) as caught:
        new_wave(place, opens_at=now(), closes_at=past)
    assert len(caught.value.faults) == 2


def test_an_imported_wave_keeps_its_own_dates_and_has_no_key(place):
    past = now() - timedelta(days=400)
    new_wave(place, source="import", opens_at=past, closes_at=past + timedelta(days=20))
    opened(place, 2)
    closed(place, 2)
    with place.db.reading() as session:
        wave = place.wave(session, 2)
    assert wave.public_key is None
    assert (wave.opened_at, wave.closed_at) == (past, past + timedelta(days=20))


def test_an_open_wave_is_extended_but_never_shortened(place):
    soon, later = now() + timedelta(days=2), now() + timedelta(days=9)
    with place.db.transaction() as session:
        wave = place.wave(session)
        with pytest.raises(Conflict, match="draft"):
            extend_wave(session, wave, later, WHY)
        update_draft(session, wave, phase="before", label="Før", opens_at=None, closes_at=soon)
        open_wave(session, place.keys, place.library, wave)
        with pytest.raises(InvalidInput) as refused:
            extend_wave(session, wave, now(), None)
        assert [str(fault.where) for fault in refused.value.faults] == [
            "closes_at",
            "reason",
            "note",
        ]
        extend_wave(session, wave, later, WHY)
        with pytest.raises(InvalidInput, match="not later"):
            extend_wave(session, wave, soon, WHY)
        with pytest.raises(Conflict, match="only a draft"):
            update_draft(session, wave, phase="after", label="x", opens_at=None, closes_at=None)
        told = moves(session, wave)[-1]
    assert wave.closes_at == later
    assert (told.action, told.reason, told.until) == ("wave.extended", "few_answers", later)


def test_a_wave_is_closed_before_its_time_only_with_a_reason_that_names_nobody(place):
    with place.db.transaction() as session:
        wave = place.wave(session)
        later = now() + timedelta(days=9)
        update_draft(session, wave, phase="before", label="Før", opens_at=None, closes_at=later)
        open_wave(session, place.keys, place.library, wave)
        for note in ("", "x" * 201, "kari@kommune.example ba om det", "ring 12345678"):
            with pytest.raises(InvalidInput) as refused:
                mark_closed(session, wave, reason=Reason("asked", note))
            assert [str(fault.where) for fault in refused.value.faults] == ["note"]
        with pytest.raises(InvalidInput):
            mark_closed(session, wave)
        mark_closed(session, wave, reason=Reason("everybody", "Alle  har svart."))
        told = moves(session, wave)[-1]
    assert (wave.state, told.reason, told.note) == ("closed", "everybody", "Alle har svart.")


def test_waves_become_due(place):
    with place.db.transaction() as session:
        wave = place.wave(session)
        soon, later = now() + timedelta(hours=1), now() + timedelta(hours=2)
        update_draft(session, wave, phase="before", label="Før", opens_at=soon, closes_at=later)
        assert due_to_open(session, soon) == []  # nobody is invited
        create_invitations(session, place.secret, place.keys, wave)
        assert due_to_open(session, now()) == []
        assert due_to_open(session, soon) == [wave]
        open_wave(session, place.keys, place.library, wave)
        assert due_to_close(session, soon) == []
        assert due_to_close(session, later) == [wave]


def test_a_draft_whose_time_is_over_does_not_open(place):
    with place.db.transaction() as session:
        place.wave(session).closes_at = now() - timedelta(minutes=1)
    with pytest.raises(Conflict, match="past"):
        opened(place)


def test_keys_that_a_stop_left_behind_are_swept(place):
    opened(place)
    with place.db.transaction() as session:
        wave = place.wave(session)
        assert sweep_keys(session, place.keys) == []
        mark_closed(session, wave)
        assert sweep_keys(session, place.keys) == [wave.id]
        assert place.keys.open_box(wave.id)
        mark_released(session, wave)
        sweep_keys(session, place.keys)
    assert place.keys.waves() == set()


def test_whoever_asks_to_close_gets_one_task_of_the_kind_that_was_wanted(both):
    """The wave's own setting decides unless the one who asks says otherwise."""
    opened(both)
    with both.db.transaction() as session:
        wave = both.wave(session)
        wave.release_after_close = False
        session.flush()
        first = request_close(session, wave, actor="person:1")
        again = request_close(session, wave, actor="cli")
        other = request_close(session, wave, actor="cli", release=True)
        assert wave.state == "closed"
        assert first.id == again.id
        assert (first.kind, first.created_by) == ("close", "person:1")
        assert (other.kind, other.payload) == ("release", {"wave_id": wave.id})


def test_a_draft_cannot_be_asked_to_close_and_nothing_is_queued(place):
    refused = pytest.raises(Conflict, match="The wave is draft; only an open wave can be closed")
    with refused, place.db.transaction() as session:
        request_close(session, place.wave(session), actor="cli")
    with place.db.reading() as session:
        assert session.scalars(sa.select(Task)).all() == []
