"""Counts while a wave is open: enough to remind people, too little to find out about one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.study.invitations import create_invitations
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.participation import STEP, _hidden, _rounded, participation
from survey.study.waves import open_wave


@pytest.fixture
def answered(place):
    """Open, all units invited; call it with unit code → how many have answered."""
    with place.db.transaction() as session:
        wave = place.wave(session)
        counts = {"A": 6, "A1": 12, "A2": 3, "A3": 7, "B1": 20, "B2": 9}
        create_invitations(session, place.secret, place.keys, wave, counts)
        open_wave(session, place.keys, place.library, wave)

    def answer(**counts):
        with place.db.transaction() as session:
            units = dict(session.execute(sa.select(WaveUnit.code, WaveUnit.unit_id)).all())
            for code, count in counts.items():
                of_unit = sa.select(Invitation).where(Invitation.unit_id == units[code])
                for invitation in session.scalars(of_unit.limit(count)):
                    invitation.spent = True
            session.flush()
            return {row.code: row for row in participation(session, place.wave(session))}

    return answer


def test_units_are_counted_with_what_is_below_them(answered):
    rows = answered(A=6, A1=10, A3=7, B1=15, B2=6)
    assert rows["K"].invited == 57
    assert rows["K"].answered == 44
    assert rows["B"].invited == 29
    assert rows["B"].answered in (20, 25)


def test_a_merged_unit_names_its_neighbour_and_has_no_count_of_its_own(answered):
    rows = answered(A2=2, A3=4, A=6, A1=6, B1=9, B2=9)
    assert rows["A2"].merged_into == "A3"
    assert rows["A2"].answered is None
    assert rows["A3"].answered in (5, 10)
    assert rows["A3"].invited == 10


def test_a_count_below_k_is_masked(answered):
    assert answered(A=6, A1=10, A3=7, B1=15, B2=4)["B2"].answered is None


def test_a_masked_count_does_not_follow_by_subtraction(answered):
    rows = answered(A=6, A1=10, A3=7, B1=15, B2=4)
    assert rows["B"].answered in (15, 20)
    assert rows["B1"].answered is None


def test_whether_one_boss_has_answered_does_not_follow_either(place, answered):
    with place.db.transaction() as session:
        wave = place.wave(session)
        create_invitations(session, place.secret, place.keys, wave, {"K": 1})
    rows = answered(A=6, A1=10, A3=7, B1=15, B2=6, K=1)
    assert rows["K"].answered == 45
    assert rows["B"].answered is None  # else 45 - 23 - 21 is the boss
    assert None in (rows["B1"].answered, rows["B2"].answered)


def test_counts_below_the_top_do_not_tell_whether_the_leader_has_answered():
    """The release says how many answered without their leader; the open wave counts him. With
    exact counts every such difference told it. Rounded, whoever knows the one number and not the
    draw is certain in at most one unit of twenty-five, and never of how many."""
    waves = [Wave(public_key=bytes([draw]) * 32) for draw in range(200)]
    certain = shown = 0
    for released in range(5, 45):
        without = [_rounded(wave, 1, released) for wave in waves]
        with_leader = [_rounded(wave, 1, released + 1) for wave in waves]
        assert set(without) & set(with_leader)
        assert {abs(each - released) for each in without} <= set(range(STEP))
        certain += sum(each not in with_leader for each in without)
        certain += sum(each not in without for each in with_leader)
        shown += len(without) + len(with_leader)
    assert certain / shown < 0.06


def test_a_rounded_count_stays_as_it_is_and_never_falls(place, answered):
    first = answered(A=6, A1=6, A3=7, B1=15, B2=6)
    again = answered(A=6, A1=6, A3=7, B1=15, B2=6)
    more = answered(A=6, A1=11, A3=7, B1=19, B2=9)
    assert first == again
    for code, row in first.items():
        assert row.answered is None or row.answered <= (more[code].answered or row.answered)


def _nearest_shown(place, parents, hidden):
    while place in hidden and parents[place] is not None:
        place = parents[place]
    return place


def test_a_count_shown_below_a_masked_unit_is_subtracted_too():
    """18 - 9 - 5 would be the four of two masked units; every masked one is 0 where that is 0."""
    parents = {0: None, 1: 0, 2: 1, 3: 0, 4: 1}
    rows = [
        WaveUnit(unit_id=place, parent_id=parent, reporting_unit_id=place, code=str(place))
        for place, parent in parents.items()
    ]
    total = {0: 18, 1: 16, 2: 9, 3: 2, 4: 5}
    hidden = _hidden(rows, total, {1: 2, 2: 9, 3: 2, 4: 5}, 5)
    assert hidden == {1, 3, 4}


@st.composite
def trees(draw):
    size = draw(st.integers(2, 12))
    parents = [None] + [draw(st.integers(0, place - 1)) for place in range(1, size)]
    own = [draw(st.integers(0, 12)) for _ in range(size)]
    return parents, own


@settings(max_examples=150)
@given(trees())
def test_no_shown_unit_minus_the_shown_ones_below_it_leaves_a_small_number(tree):
    parents, own = tree
    rows = [
        WaveUnit(unit_id=place, parent_id=parent, reporting_unit_id=place, code=str(place))
        for place, parent in enumerate(parents)
    ]
    total = dict(enumerate(own))
    for place in range(len(own) - 1, 0, -1):
        total[parents[place]] += total[place]
    hidden = _hidden(rows, total, dict(enumerate(own)), 5)
    for place in range(len(own)):
        if place in hidden:
            continue
        # Its own staff, and whoever is under it with nothing but hidden units between.
        rest = [
            staff
            for each, staff in enumerate(own)
            if _nearest_shown(each, parents, hidden) == place
        ]
        alone = len(rest) == 1 and rest[0] == own[place]
        assert sum(rest) >= 5
        assert alone or len(rest) > 1
    assert all(place in hidden for place in total if total[place] < 5)
