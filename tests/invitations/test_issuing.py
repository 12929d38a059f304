"""Invitations: codes that nobody can read out of the database, handed out once."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from survey.audit.models import Event
from survey.core.errors import Conflict, InvalidInput, KeyLost
from survey.invitations import issuing
from survey.invitations.codes import code_hash, short_hash
from survey.invitations.issuing import codes_file, create_invitations, export_codes
from survey.study.closing import mark_closed
from survey.study.freezing import wave_units
from survey.study.models import Invitation
from survey.study.waves import open_wave
from tests.study.conftest import TREE


def invite(place, counts=None, reason="en ny ansatt"):
    with place.db.transaction() as session:
        return create_invitations(
            session, place.secret, place.keys, place.wave(session), counts, reason=reason
        )


def export(place, base_url="https://x.no"):
    with place.db.transaction() as session:
        return export_codes(session, place.keys, place.wave(session), base_url)


def opened(place):
    with place.db.transaction() as session:
        return open_wave(session, place.keys, place.library, place.wave(session))


def stored(place) -> list[Invitation]:
    with place.db.reading() as session:
        return list(session.scalars(sa.select(Invitation)))


def invited(place) -> dict[str, int]:
    with place.db.reading() as session:
        return {row.code: row.invited for row in wave_units(session, place.wave(session))}


def test_headcounts_are_invited_unless_told_otherwise(both):
    assert invite(both).invitations == 58
    assert invited(both) == {
        "K": 1,
        "A": 6,
        "A1": 12,
        "A2": 3,
        "A3": 7,
        "B": 0,
        "B1": 20,
        "B2": 9,
    }
    assert len(stored(both)) == 58


def test_only_keyed_hashes_of_codes_are_stored_and_both_are_found_by_them(both):
    invite(both)
    rows = export(both)
    by_link = {bytes(each.code_hash) for each in stored(both)}
    by_short = {bytes(each.short_hash) for each in stored(both)}
    assert by_link == {code_hash(both.secret, row.link.rsplit("/", 1)[1]) for row in rows}
    assert by_short == {short_hash(both.secret, row.short) for row in rows}
    assert len(by_link | by_short) == 2 * 58


def test_no_code_stands_anywhere_in_the_database_file(place):
    invite(place)
    rows = export(place)
    place.db.dispose()
    content = b"".join(
        path.read_bytes() for path in place.db.url.database and _files(place.db.url.database)
    )
    for row in rows:
        for form in (row.link.rsplit("/", 1)[1], row.short, row.short.replace("-", "")):
            assert form.encode() not in content


def _files(path):
    from pathlib import Path

    return list(Path(path).parent.glob(Path(path).name + "*"))


def test_codes_are_exported_once(both):
    invite(both)
    rows = export(both)
    assert len({row.short for row in rows}) == len({row.link for row in rows}) == 58
    with pytest.raises(Conflict, match="second list"):
        export(both)
    with both.db.reading() as session:
        events = session.execute(sa.select(Event.action, Event.details)).all()
        assert both.wave(session).codes_exported_at is not None
    assert [details for action, details in events if action == "codes.exported"] == [{"count": 58}]


def test_an_export_that_fails_does_not_count(place):
    invite(place)

    def fail():
        with place.db.transaction() as session:
            export_codes(session, place.keys, place.wave(session))
            raise OSError("disk full")

    with pytest.raises(OSError):
        fail()
    assert len(export(place)) == 58


def test_the_exported_file_is_grouped_by_unit_and_harmless(place):
    place.bring("code;name;parent;headcount\nK;=cmd|calc;;6\n")
    invite(place)
    raw = codes_file(export(place))
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["unit_code", "unit_name", "link", "short_code"]
    assert {tuple(row[:2]) for row in rows[1:]} == {("K", "'=cmd|calc")}
    assert all(row[2].startswith("https://x.no/s/") and len(row[3]) == 11 for row in rows[1:])


def test_a_new_employee_gets_a_code_while_the_wave_is_open(both):
    invite(both)
    export(both)
    opened(both)
    assert invite(both, {"A1": 1}).invitations == 1
    assert [row.unit_code for row in export(both)] == ["A1"]
    assert invited(both)["A1"] == 13


def test_more_codes_than_employees_are_refused_without_a_reason(both):
    """Else whoever makes the codes keeps some, answers as several and subtracts himself."""
    with pytest.raises(InvalidInput) as told:
        invite(both, {"A1": 13, "A3": 8, "B1": 20}, reason=" \n ")
    assert [str(fault.where) for fault in told.value.faults] == ["unit A1", "unit A3"]
    assert stored(both) == []
    invite(both, reason="")
    with pytest.raises(InvalidInput, match="headcount of 12"):
        invite(both, {"A1": 1}, reason="")
    with pytest.raises(InvalidInput, match="longer than"):
        invite(both, {"A1": 1}, reason="x" * 301)
    assert invited(both)["A1"] == 12


def test_each_unit_with_more_codes_than_employees_stands_in_the_event_log(both):
    invite(both, {"A1": 14, "A3": 8, "B1": 20}, reason="to vikarer\n og en lærling")
    with both.db.reading() as session:
        kept = [
            event.details
            for event in session.scalars(sa.select(Event).order_by(Event.sequence))
            if event.action == "invitations.beyond_headcount"
        ]
    reason = "to vikarer og en lærling"
    assert kept == [
        {"unit": "A1", "headcount": 12, "invited": 14, "reason": reason},
        {"unit": "A3", "headcount": 7, "invited": 8, "reason": reason},
    ]


def test_who_is_employed_after_the_opening_needs_no_reason_once_imported(both):
    invite(both)
    opened(both)
    both.bring(TREE.replace("barnehage;12", "barnehage;13"))
    assert invite(both, {"A1": 1}, reason="").invitations == 1
    with pytest.raises(InvalidInput, match="headcount of 13"):
        invite(both, {"A1": 1}, reason="")


def test_a_second_round_must_name_its_units(place):
    invite(place)
    with pytest.raises(Conflict, match="name the units"):
        invite(place)


def test_late_invitations_do_not_make_a_unit_that_is_too_small(place):
    invite(place, {"A1": 12, "A3": 7, "B1": 20})
    opened(place)
    with pytest.raises(InvalidInput, match="Invite at least 3 more there") as caught:
        invite(place, {"B2": 2})
    assert "B Helse" in str(caught.value)
    assert invited(place)["B2"] == 0
    invite(place, {"B2": 5})


def test_units_are_merged_by_invitations_not_by_headcount_when_there_are_any(both):
    invite(both, {"A1": 12, "A2": 8, "A3": 2, "B1": 20})
    merged = {each.code: each.into_code for each in opened(both).merged}
    assert merged == {"A3": "A2"}


def test_inviting_after_opening_merges_as_inviting_before_it_does(place):
    opened(place)
    merged = {each.code: each.into_code for each in invite(place, {"A2": 8, "A3": 2}).merged}
    assert merged == {"A3": "A2"}


def test_a_unit_that_closed_after_its_letters_were_printed_stays_in_the_wave(both):
    invite(both)
    both.bring("code;name;parent_code;headcount\nNY;Ny topp;;3\nB1;Hjemmetjenesten;NY;20\n")
    opened(both)
    with both.db.reading() as session:
        rows = {row.code: row for row in wave_units(session, both.wave(session))}
    assert set(rows) == {"NY", "K", "A", "A1", "A2", "A3", "B1", "B2", "B"}
    assert rows["K"].parent_id == rows["NY"].unit_id
    assert [row.code for row in rows.values() if row.parent_id is None] == ["NY"]


def test_units_that_closed_before_anybody_was_invited_leave_the_wave(place):
    invite(place, {"A1": 12})
    place.bring("code;name;parent_code;headcount\nK;Kommunen;;3\nA;Oppvekst;K;6\nA1;Bjørka;A;12\n")
    opened(place)
    assert set(invited(place)) == {"K", "A", "A1"}


def test_what_is_wrong_with_counts_is_told_at_once(place):
    with pytest.raises(InvalidInput) as caught:
        invite(place, {"X": 3, "A1": -1})
    assert len(caught.value.faults) == 2
    place.bring("code;name;parent;headcount\nK;Kommunen;;\nA;En;K;\nB;To;K;\n")
    with pytest.raises(InvalidInput) as caught:
        invite(place)
    assert [str(fault.where) for fault in caught.value.faults] == ["unit A", "unit B", ""]


def test_nobody_is_invited_to_a_closed_wave_and_its_codes_are_gone(place):
    invite(place)
    opened(place)
    with place.db.transaction() as session:
        mark_closed(session, place.wave(session))
    with pytest.raises(Conflict, match="closed"):
        invite(place, {"A1": 1})
    with pytest.raises(Conflict, match="never be made again"):
        export(place)


def test_without_the_code_key_nothing_is_invited_or_exported(place):
    invite(place)
    opened(place)
    with place.db.reading() as session:
        place.keys.destroy_code_key(place.wave(session).id)
    with pytest.raises(KeyLost):
        export(place)
    with pytest.raises(KeyLost):
        invite(place, {"A1": 1})
    assert len(stored(place)) == 58


def test_a_short_code_that_is_taken_is_drawn_anew(place, monkeypatch):
    real = short_hash
    calls = []

    def clash(secret, code):
        calls.append(code)
        return b"same" * 8 if len(calls) < 4 else real(secret, code)

    monkeypatch.setattr(issuing, "short_hash", clash)
    invite(place, {"B1": 6})
    calls.clear()
    invite(place, {"B1": 6})
    assert len({bytes(each.short_hash) for each in stored(place)}) == 12


@pytest.mark.parametrize("column", ["code_hash", "short_hash"])
def test_the_database_itself_refuses_a_code_twice(both, column):
    invite(both)
    first, second = stored(both)[:2]
    again = sa.update(Invitation).where(Invitation.id == second.id)
    with both.db.writer.connect() as session, pytest.raises(sa.exc.IntegrityError):
        session.execute(again.values({column: getattr(first, column)}))


def test_two_who_export_at_the_same_time_get_one_list(both):
    invite(both)

    def attempt(_):
        try:
            return len(export(both))
        except Conflict:
            return 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [0, 0, 0, 58]
