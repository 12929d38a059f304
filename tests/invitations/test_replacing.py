"""New codes for lost letters: nobody gets a second vote unseen, and nothing counts above all."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from survey.audit.models import Event
from survey.core.errors import Conflict, InvalidInput, NotFound
from survey.invitations.address_models import Contact
from survey.invitations.addresses import ContactRow, add_contacts
from survey.invitations.codes import MistypedCode, code_hash, short_hash
from survey.invitations.issuing import create_invitations, export_codes
from survey.invitations.replacing import renew_unit, replace_known, replace_unknown, rooms
from survey.study.closing import mark_closed
from survey.study.freezing import wave_units
from survey.study.models import Invitation
from survey.study.participation import participation
from survey.study.waves import open_wave
from tests.study.counting import count_answers

COUNTS = {"K": 1, "A": 6, "A1": 12, "A2": 3, "A3": 7, "B1": 20, "B2": 9}


def prepare(place):
    """People are invited everywhere, and their codes have left."""
    with place.db.transaction() as session:
        create_invitations(session, place.secret, place.keys, place.wave(session), COUNTS)
        place.codes = {}
        for row in export_codes(session, place.keys, place.wave(session), "https://x.no"):
            place.codes.setdefault(row.unit_code, []).append(row)
    return place


@pytest.fixture
def ready(place):
    return prepare(place)


@pytest.fixture
def ready_on_both(both):
    return prepare(both)


def opened(place):
    with place.db.transaction() as session:
        open_wave(session, place.keys, place.library, place.wave(session))


def known(place, typed, reason="returned"):
    with place.db.transaction() as session:
        where = (session, place.secret, place.keys, place.wave(session))
        return replace_known(*where, typed, reason=reason)


def unknown(place, unit, reason="lost"):
    with place.db.transaction() as session:
        where = (session, place.secret, place.keys, place.wave(session))
        return replace_unknown(*where, unit, reason=reason)


def renew(place, unit):
    with place.db.transaction() as session:
        return renew_unit(session, place.secret, place.keys, place.wave(session), unit)


def leave(place):
    with place.db.transaction() as session:
        return export_codes(session, place.keys, place.wave(session), "https://x.no")


def use(place, unit, count=1):
    """As many codes of the unit are used."""
    with place.db.transaction() as session:
        row = next(r for r in wave_units(session, place.wave(session)) if r.code == unit)
        free = sa.select(Invitation).where(
            Invitation.unit_id == row.unit_id, Invitation.spent.is_(False)
        )
        for each in session.scalars(free.limit(count)):
            each.spent = True


def of_unit(place, unit):
    with place.db.reading() as session:
        row = next(r for r in wave_units(session, place.wave(session)) if r.code == unit)
        found = session.scalars(sa.select(Invitation).where(Invitation.unit_id == row.unit_id))
        return row, list(found)


def events(place, action):
    with place.db.reading() as session:
        return session.scalars(sa.select(Event.details).where(Event.action == action)).all()


def counted(place):
    count_answers(place.db)
    with place.db.reading() as session:
        return {row.code: row for row in participation(session, place.wave(session)).units}


@pytest.mark.parametrize("form", ["short", "link"])
def test_a_code_at_hand_stops_working_and_another_takes_its_place(ready_on_both, form):
    old = ready_on_both.codes["B2"][0]
    typed = old.short.lower() if form == "short" else old.link.rsplit("/", 1)[1]
    assert known(ready_on_both, typed).unit_code == "B2"
    row, stored = of_unit(ready_on_both, "B2")
    assert (row.invited, row.replaced, len(stored)) == (9, 0, 9)
    hashes = {bytes(each.short_hash) for each in stored} | {bytes(e.code_hash) for e in stored}
    assert short_hash(ready_on_both.secret, old.short) not in hashes
    assert code_hash(ready_on_both.secret, old.link.rsplit("/", 1)[1]) not in hashes
    new = leave(ready_on_both)
    assert [row.unit_code for row in new] == ["B2"]
    assert short_hash(ready_on_both.secret, new[0].short) in hashes
    assert events(ready_on_both, "codes.replaced") == [
        {"unit": "B2", "reason": "returned", "old": "revoked"}
    ]


def test_a_used_code_is_not_replaced_and_the_attempt_is_kept_without_a_place(ready_on_both):
    use(ready_on_both, "B2", 9)
    with pytest.raises(Conflict, match="has been used"):
        known(ready_on_both, ready_on_both.codes["B2"][0].short)
    row, stored = of_unit(ready_on_both, "B2")
    assert (row.replaced, len(stored)) == (0, 9)
    assert events(ready_on_both, "codes.replacement_refused") == [{}]


def test_a_code_of_another_wave_or_none_is_not_found(ready):
    with pytest.raises(MistypedCode):
        known(ready, "XXXXX-XXXXX-1")
    known(ready, ready.codes["B2"][0].short)
    with pytest.raises(NotFound):
        known(ready, ready.codes["B2"][0].short)


def test_a_lost_code_that_nobody_can_name_adds_one_and_invites_nobody(ready_on_both):
    assert unknown(ready_on_both, "B1").unit_name == "Hjemmetjenesten"
    row, stored = of_unit(ready_on_both, "B1")
    assert (row.invited, row.replaced, len(stored)) == (20, 1, 21)
    assert len(leave(ready_on_both)) == 1
    assert events(ready_on_both, "codes.replaced") == [
        {"unit": "B1", "reason": "lost", "old": "unknown", "given": 1, "most": 2}
    ]


def test_one_in_ten_may_be_given_and_one_in_a_small_unit(ready):
    unknown(ready, "B1")
    unknown(ready, "B1")
    unknown(ready, "A3")
    for unit in ("B1", "A3"):
        with pytest.raises(Conflict, match="no more may be"):
            unknown(ready, unit)


def test_units_that_are_counted_together_share_what_may_be_given(ready):
    opened(ready)  # A2 with its three is counted in A3
    unknown(ready, "A2")
    with pytest.raises(Conflict, match="no more may be"):
        unknown(ready, "A3")


def test_who_is_invited_nowhere_or_by_mail_has_lost_no_letter(ready):
    with pytest.raises(Conflict, match="Nobody is invited"):
        unknown(ready, "B")
    with pytest.raises(NotFound):
        unknown(ready, "X")
    ready.bring(
        "code;name;parent_code;headcount\nK;Kommunen;;1\nB;Helse;K;0\nB1;Hjemmetjenesten;B;20\n"
        "B2;Sykehjemmet;B;9\nB3;Legevakten;B;6\n"
    )
    with ready.db.transaction() as session:
        rows = [ContactRow(n, "B3", f"p{n}@kommune.no") for n in range(2, 8)]
        add_contacts(session, ready.secret, ready.keys, ready.wave(session), rows)
    with pytest.raises(Conflict, match="by e-mail"):
        unknown(ready, "B3")


def test_the_reason_is_chosen_and_never_written(ready):
    for attempt in (
        lambda: unknown(ready, "B1", "Kari mistet sitt"),
        lambda: known(ready, "x", ""),
    ):
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert [fault.where for fault in caught.value.faults] == ["reason"]


def test_a_code_besides_a_lost_one_never_makes_more_answers_than_people(ready):
    opened(ready)
    unknown(ready, "B1")
    for unit, count in {"K": 1, "A": 6, "A1": 12, "A2": 3, "A3": 7, "B1": 21, "B2": 9}.items():
        use(ready, unit, count)
    rows = counted(ready)
    assert (rows["B1"].answered, rows["B1"].invited, rows["B1"].replaced) == (20, 20, 1)
    assert (rows["K"].answered, rows["K"].invited, rows["K"].replaced) == (45, 58, 1)


def test_a_whole_unit_is_made_anew_while_none_of_its_codes_is_used(ready_on_both):
    assert renew(ready_on_both, "B2").count == 9
    new = {row.short for row in leave(ready_on_both)}
    assert len(new) == 9
    assert not new & {row.short for row in ready_on_both.codes["B2"]}
    opened(ready_on_both)
    assert renew(ready_on_both, "B2").count == 9
    leave(ready_on_both)
    use(ready_on_both, "B2")
    with pytest.raises(Conflict, match="has been used"):
        renew(ready_on_both, "B2")
    assert [each["count"] for each in events(ready_on_both, "codes.renewed")] == [9, 9]


def test_whether_three_people_have_answered_is_not_told_by_making_their_codes_anew(ready):
    assert renew(ready, "A2").count == 3  # nobody can have answered a draft
    leave(ready)
    opened(ready)
    with pytest.raises(Conflict, match="Too few"):
        renew(ready, "A2")


def mailed(place, unit, count):
    """As many codes of the unit went by e-mail, not on paper; their ids."""
    _, stored = of_unit(place, unit)
    ids = sorted(each.id for each in stored)[:count]
    with place.db.transaction() as session:
        wave = place.wave(session)
        session.add_all(
            Contact(
                organisation_id=wave.organisation_id,
                invitation_id=each,
                wave_id=wave.id,
                email=f"{each.hex}@x.no",
                token=each.hex,
                state="sent",
            )
            for each in ids
        )
    return ids


def spend(place, ids):
    with place.db.transaction() as session:
        session.execute(sa.update(Invitation).where(Invitation.id.in_(ids)).values(spent=True))


def test_making_codes_on_paper_anew_tells_nothing_of_those_invited_by_mail(ready):
    ids = mailed(ready, "B1", 12)
    opened(ready)
    spend(ready, ids)  # all of them have answered
    assert renew(ready, "B1").count == 8
    _, stored = of_unit(ready, "B1")
    assert {each.id for each in stored if each.spent} == set(ids)
    leave(ready)
    spend(ready, [next(each.id for each in stored if not each.spent)])
    with pytest.raises(Conflict, match="has been used"):
        renew(ready, "B1")
    assert events(ready, "codes.replacement_refused") == [{"unit": "B1"}]


def test_few_codes_on_paper_are_not_made_anew_however_many_were_mailed(ready):
    mailed(ready, "B1", 17)
    opened(ready)
    with pytest.raises(Conflict, match="Too few"):
        renew(ready, "B1")


def test_codes_that_have_not_left_are_not_lost(place):
    with place.db.transaction() as session:
        create_invitations(session, place.secret, place.keys, place.wave(session), COUNTS)
    with pytest.raises(Conflict, match="No code of this unit has left"):
        renew(place, "B2")


def test_a_closed_wave_gives_no_new_codes(ready):
    opened(ready)
    with ready.db.transaction() as session:
        mark_closed(session, ready.wave(session))
    for attempt in (
        lambda: unknown(ready, "B1"),
        lambda: known(ready, ready.codes["B1"][0].short),
        lambda: renew(ready, "B1"),
    ):
        with pytest.raises(Conflict, match="closed"):
            attempt()


def test_the_room_of_each_unit_is_told_before_it_is_used(ready):
    unknown(ready, "B1")
    with ready.db.reading() as session:
        found = rooms(wave_units(session, ready.wave(session)))
    assert (found["B1"].given, found["B1"].most) == (1, 2)
    assert (found["B2"].given, found["B2"].most) == (0, 1)
    assert found["B"].most == 0
