"""Counts while a wave is open: enough to remind people, too little to find out about one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.core.db import now
from survey.core.local_time import ZONE
from survey.invitations.issuing import create_invitations
from survey.study.closing import mark_closed, mark_released
from survey.study.daily_count import keep_daily_counts, rounded_counts
from survey.study.models import Invitation, ParticipationCount, WaveUnit
from survey.study.participation import latest_hour, participation
from survey.study.waves import open_wave

INVITED = {"A": 6, "A1": 12, "A2": 3, "A3": 7, "B1": 20, "B2": 9}
OPENED = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Norway."""


def at(day: int, clock: str) -> datetime:
    """A time in March 2027, in Norway."""
    return datetime.strptime(f"2027-03-{day} {clock}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


class Opened:
    """A wave that was opened at ``OPENED``; the test says who answers, and lets the clock tick."""

    def __init__(self, place):
        self.place = place
        with place.db.transaction() as session:
            wave = place.wave(session)
            create_invitations(session, place.secret, place.keys, wave, INVITED)
            open_wave(session, place.keys, place.library, wave)
            wave.opened_at = OPENED

    def answer(self, **counts):
        """So many more of each unit answer."""
        with self.place.db.transaction() as session:
            units = dict(session.execute(sa.select(WaveUnit.code, WaveUnit.unit_id)).all())
            for code, count in counts.items():
                free = sa.select(Invitation).where(
                    Invitation.unit_id == units[code], Invitation.spent.is_(False)
                )
                for invitation in session.scalars(free.limit(count)):
                    invitation.spent = True

    def tick(self, moment):
        with self.place.db.transaction() as session:
            keep_daily_counts(session, moment)

    def seen(self):
        with self.place.db.reading() as session:
            return participation(session, self.place.wave(session))

    def counts(self):
        return {row.code: row.answered for row in self.seen().units}


@pytest.fixture
def opened(place) -> Opened:
    return Opened(place)


@pytest.fixture
def opened_on_both(both) -> Opened:
    return Opened(both)


def flat(*answers: int, top: int = 0, invited: int = 20) -> tuple[list[WaveUnit], dict[int, int]]:
    """A municipality with an area for every ten units, and who answered by unit."""
    areas = range(1, (len(answers) + 9) // 10 + 1)
    units = [WaveUnit(unit_id=0, parent_id=None, code="k")]
    units += [WaveUnit(unit_id=area, parent_id=0, code=f"a{area}") for area in areas]
    for number in range(len(answers)):
        area = number // 10 + 1
        units.append(WaveUnit(unit_id=100 + number, parent_id=area, code=f"u{number}"))
    for unit in units:
        unit.name, unit.reporting_unit_id, unit.invited = unit.code, unit.unit_id, invited
    return units, {0: top, **{100 + number: count for number, count in enumerate(answers)}}


def test_units_are_rounded_down_to_five_and_an_area_is_the_sum_of_theirs() -> None:
    counts = rounded_counts(*flat(12, 12, 14, 19))
    assert [counts[100 + number] for number in range(4)] == [10, 10, 10, 15]
    assert counts[1] == 45
    assert counts[0] == 45


def test_fewer_than_five_count_as_none_above() -> None:
    counts = rounded_counts(*flat(4, 12))
    assert (counts[100], counts[1]) == (0, 10)


def test_a_large_municipality_has_a_number_of_its_own_rounded_down_to_ten() -> None:
    answers = [9] * 24 + [4]  # 216 + 4, and 17 of the municipality's own staff
    assert rounded_counts(*flat(*answers, top=17))[0] == 230
    assert rounded_counts(*flat(*answers[:19], top=17))[0] == 5 * 19, "19 units"
    assert rounded_counts(*flat(*[4] * 24, top=3))[0] == 0, "99 answers"
    assert rounded_counts(*flat(*[4] * 24, top=4))[0] == 100


def test_staff_of_no_unit_are_in_no_number_of_an_area() -> None:
    units, answered = flat(12, 12)
    answered[1] = 20
    assert rounded_counts(units, answered)[1] == 20


def test_what_is_merged_is_counted_where_it_was_merged_into(opened: Opened) -> None:
    opened.answer(A2=3, A3=7)
    opened.tick(at(2, "06:00"))
    rows = {row.code: row for row in opened.seen().units}
    assert (rows["A2"].answered, rows["A2"].merged_into) == (None, "A3")
    assert (rows["A3"].answered, rows["A3"].invited) == (10, 10)
    assert (rows["A"].answered, rows["A"].invited, rows["A"].summed) == (10, 28, True)


def test_few_answers_are_not_told_apart_from_none(opened: Opened) -> None:
    opened.answer(A1=12, A3=4, B2=4)
    opened.tick(at(2, "06:00"))
    rows = {row.code: row for row in opened.seen().units}
    assert [rows[code].answered for code in ("A1", "A3", "B1", "B2", "B")] == [10, 0, 0, 0, 0]
    assert [rows[code].few for code in ("A1", "A3", "B1", "B2", "B")] == [False, *[True] * 4]


def test_nothing_is_told_before_the_first_six_o_clock_after_opening(opened_on_both: Opened) -> None:
    opened = opened_on_both
    opened.answer(B1=15)
    for moment in (OPENED, OPENED + timedelta(minutes=1), at(1, "23:59"), at(2, "05:59")):
        opened.tick(moment)
        assert set(opened.counts().values()) == {None}
        assert opened.seen().counted_at is None
    opened.tick(at(2, "06:00"))
    assert opened.counts()["B1"] == 15
    assert opened.seen().counted_at == at(2, "06:00")


def test_a_wave_opened_before_six_is_counted_the_same_morning(place) -> None:
    opened = Opened(place)
    with place.db.transaction() as session:
        place.wave(session).opened_at = at(1, "05:30").astimezone(UTC)
    opened.tick(at(1, "06:00"))
    assert opened.seen().counted_at == at(1, "06:00")


def test_a_wave_whose_codes_work_later_is_counted_after_that(opened: Opened) -> None:
    with opened.place.db.transaction() as session:
        opened.place.wave(session).opens_at = at(3, "08:00").astimezone(UTC)
    opened.tick(at(3, "09:00"))
    assert opened.seen().counted_at is None
    opened.tick(at(4, "06:00"))
    assert opened.seen().counted_at == at(4, "06:00")


def test_nobody_learns_anything_between_two_counts_however_often_he_looks(
    opened_on_both: Opened,
) -> None:
    opened = opened_on_both
    opened.answer(B1=7)
    opened.tick(at(2, "06:00"))
    first = opened.counts()
    moment = at(2, "06:00")
    for step in range(240):
        moment += timedelta(minutes=6)
        if moment >= at(3, "06:00"):
            break
        if step % 20 == 0:
            opened.answer(B1=1)
        opened.tick(moment)
        assert opened.counts() == first
        assert opened.seen().counted_at == at(2, "06:00")
    opened.tick(at(3, "06:00"))
    assert (first["B1"], opened.counts()["B1"]) == (5, 15)


def test_a_worker_that_was_away_at_six_counts_when_it_is_back_the_same_day(opened: Opened) -> None:
    opened.answer(B1=5)
    opened.tick(at(2, "14:07"))
    assert opened.seen().counted_at == at(2, "14:07")
    opened.answer(B1=5)
    opened.tick(at(2, "23:50"))
    assert opened.counts()["B1"] == 5
    # Away the whole third day: what it missed is not made up for in the night.
    opened.tick(at(4, "03:00"))
    assert opened.counts()["B1"] == 5
    opened.tick(at(4, "06:00"))
    assert opened.counts()["B1"] == 10


def test_the_day_of_the_count_is_norways_whatever_the_season() -> None:
    winter, summer = datetime(2027, 1, 5, 5, 0, tzinfo=UTC), datetime(2027, 7, 5, 4, 0, tzinfo=UTC)
    for six in (winter, summer):
        assert latest_hour(six) == six
        assert latest_hour(six - timedelta(seconds=1)) == six - timedelta(days=1)
    shifted = datetime(2027, 3, 28, 4, 0, tzinfo=UTC)  # the clocks went forward that night
    assert latest_hour(shifted) == shifted
    assert latest_hour(shifted - timedelta(seconds=1)) == datetime(2027, 3, 27, 5, 0, tzinfo=UTC)


def test_it_says_when_the_next_count_comes(opened: Opened) -> None:
    with opened.place.db.transaction() as session:
        opened.place.wave(session).opened_at = now()
    told = opened.seen().next_at
    assert told is not None
    assert now() < told <= now() + timedelta(days=1, hours=1)
    assert f"{told.astimezone(ZONE):%H:%M}" == "06:00"


def test_inviting_somebody_does_not_start_a_count(place) -> None:
    """A wave without a single code has been counted all the same."""
    with place.db.transaction() as session:
        open_wave(session, place.keys, place.library, place.wave(session))
        place.wave(session).opened_at = OPENED
    opened = Opened.__new__(Opened)
    opened.place = place
    opened.tick(at(2, "06:00"))
    assert opened.seen().counted_at == at(2, "06:00")
    with place.db.transaction() as session:
        create_invitations(session, place.secret, place.keys, place.wave(session), {"B1": 20})
    opened.answer(B1=20)
    opened.tick(at(2, "12:00"))
    assert opened.counts()["B1"] is None


def test_the_last_count_stands_when_the_wave_is_closed_and_goes_when_it_is_released(
    opened: Opened,
) -> None:
    opened.answer(B1=12)
    opened.tick(at(2, "06:00"))
    opened.answer(B1=8)
    with opened.place.db.transaction() as session:
        mark_closed(session, opened.place.wave(session))
    opened.tick(at(3, "06:00"))
    assert opened.counts()["B1"] == 10
    assert opened.seen().next_at is None
    with opened.place.db.transaction() as session:
        mark_released(session, opened.place.wave(session))
    assert set(opened.counts().values()) == {None}
    with opened.place.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ParticipationCount)) == 0


def test_only_rounded_numbers_are_stored(opened: Opened) -> None:
    opened.answer(A=6, A1=11, A2=3, A3=7, B1=17, B2=9)
    opened.tick(at(2, "06:00"))
    with opened.place.db.reading() as session:
        stored = set(session.scalars(sa.select(ParticipationCount.answered)))
    assert stored == {10, 15, 5, 20, 40}


@st.composite
def trees(draw: Callable[..., int]) -> tuple[list[WaveUnit], dict[int, int]]:
    size = draw(st.integers(1, 12))
    units = []
    for place in range(size):
        unit = WaveUnit(unit_id=place, code=f"{place:02}", name="", reporting_unit_id=place)
        unit.parent_id = draw(st.integers(0, place - 1)) if place else None
        unit.invited = draw(st.integers(0, 30))
        units.append(unit)
    return units, {place: draw(st.integers(0, 30)) for place in range(size)}


@settings(max_examples=150)
@given(trees())
def test_every_number_is_the_sum_of_its_units_and_none_says_more_than_five(tree) -> None:
    """Whoever subtracts numbers from each other gets sums of rounded units, and nothing else."""
    units, answered = tree
    parents = {unit.parent_id for unit in units}
    counts = rounded_counts(units, answered)
    for unit in units:
        mine = unit.unit_id
        if mine not in parents and mine in counts:
            true = min(answered[mine], unit.invited)
            assert counts[mine] % 5 == 0
            assert 0 <= true - counts[mine] < 5
    for unit in units:
        below = [u.unit_id for u in units if u.parent_id == unit.unit_id and u.unit_id in counts]
        if below:
            assert counts[unit.unit_id] == sum(counts[each] for each in below)
