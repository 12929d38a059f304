"""Codes on their way out: each leaves once, whoever prints and however many at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from survey.core.errors import Conflict, NotFound
from survey.invitations import code_delivery
from survey.invitations.addresses import ContactRow, add_contacts
from survey.invitations.issuing import create_invitations, export_codes
from survey.study.closing import mark_closed
from survey.study.models import Invitation, Study
from survey.study.waves import open_wave


def prepare(place):
    with place.db.transaction() as session:
        counts = {"A1": 12, "B1": 20}
        create_invitations(session, place.secret, place.keys, place.wave(session), counts)
    return place


@pytest.fixture
def ready(place):
    return prepare(place)


@pytest.fixture
def ready_on_both(both):
    return prepare(both)


def draw(place, unit="B1", most=100):
    with place.db.reading() as session:
        return code_delivery.draw(session, place.keys, place.wave(session), unit, most)


def mark(place, drawn, way="letters"):
    with place.db.transaction() as session:
        ids = [each for each, _ in drawn.codes]
        code_delivery.mark(session, place.wave(session), drawn.unit_code, ids, way)


def waiting(place):
    with place.db.reading() as session:
        return code_delivery.waiting(session, place.wave(session))


def test_a_unit_is_drawn_in_parts_and_each_part_leaves_once(ready_on_both):
    assert waiting(ready_on_both) == {"A1": 12, "B1": 20}
    first = draw(ready_on_both, most=15)
    mark(ready_on_both, first)
    second = draw(ready_on_both, most=15)
    assert len(second.codes) == 5
    assert not {each for each, _ in first.codes} & {each for each, _ in second.codes}
    mark(ready_on_both, second, "slips")
    assert draw(ready_on_both).codes == ()
    assert waiting(ready_on_both) == {"A1": 12}


def test_the_order_within_a_unit_is_drawn_by_lot(ready):
    orders = {tuple(each for each, _ in draw(ready).codes) for _ in range(5)}
    assert len(orders) == 5
    assert len({frozenset(order) for order in orders}) == 1


def test_drawing_alone_hands_nothing_out(ready):
    draw(ready)
    assert waiting(ready) == {"A1": 12, "B1": 20}


def test_two_who_print_the_same_get_it_once(ready_on_both):
    drawn = [draw(ready_on_both) for _ in range(3)]

    def attempt(mine):
        try:
            mark(ready_on_both, mine)
        except Conflict:
            return 0
        return len(mine.codes)

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(attempt, drawn)) == [0, 0, 20]


def test_what_was_drawn_and_then_exported_is_not_marked_again(ready):
    drawn = draw(ready)
    with ready.db.transaction() as session:
        assert len(export_codes(session, ready.keys, ready.wave(session))) == 32
    with pytest.raises(Conflict, match="Somebody else"):
        mark(ready, drawn)


def test_a_refused_mark_marks_nothing(ready):
    whole, part = draw(ready), draw(ready, most=3)
    mark(ready, part)
    with pytest.raises(Conflict):
        mark(ready, whole)
    with ready.db.reading() as session:
        left = sa.select(sa.func.count()).where(Invitation.exported.is_(True))
        assert session.scalar(left) == 3


def test_a_code_that_is_mailed_is_on_no_paper(ready):
    with ready.db.transaction() as session:
        rows = [ContactRow(n, "B2", f"p{n}@kommune.no") for n in range(2, 9)]
        add_contacts(session, ready.secret, ready.keys, ready.wave(session), rows)
    assert "B2" not in waiting(ready)
    assert draw(ready, "B2").codes == ()
    with ready.db.transaction() as session:
        exported = export_codes(session, ready.keys, ready.wave(session))
        assert {row.unit_code for row in exported} == {"A1", "B1"}


def test_no_code_leaves_a_closed_wave_or_one_without_the_digest_of_its_keys(ready):
    with pytest.raises(NotFound):
        draw(ready, "X")
    with ready.db.transaction() as session:
        session.execute(sa.update(Study).values(mode="cryptographic"))
    with pytest.raises(Conflict, match="Open the wave first"):
        draw(ready)
    with ready.db.transaction() as session:
        session.execute(sa.update(Study).values(mode="ordinary"))
        open_wave(session, ready.keys, ready.library, ready.wave(session))
    drawn = draw(ready)
    with ready.db.transaction() as session:
        mark_closed(session, ready.wave(session))
    with pytest.raises(Conflict, match="closed"):
        mark(ready, drawn)
