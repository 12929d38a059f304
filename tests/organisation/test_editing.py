"""One unit at a time: everything wrong is told at once, the tree stays a tree, reports are told."""

from __future__ import annotations

import pytest

from survey.audit.log import events
from survey.core.db import Database
from survey.core.errors import Conflict, InvalidInput
from survey.organisation import changes, editing, units
from survey.organisation.changes import Decision
from survey.organisation.imports import apply, plan, read_csv
from survey.organisation.models import UnitChange
from survey.organisation.units import create_organisation, unit_by_code

FILE = """kode;navn;overordnet;type;ansatte
k;Kommunen;;;0
a;Oppvekst;k;etat;4
b1;Bjørkåsen;a;barnehage;12
b2;Åsly;a;barnehage;
h;Helse;k;etat;3
"""


@pytest.fixture
def here(database: Database) -> int:
    with database.transaction() as session:
        organisation = create_organisation(session, "3024", "Bærum").id
        apply(session, organisation, plan(session, organisation, read_csv(FILE.encode())))
    return organisation


def update(database: Database, here: int, code: str, **given: str) -> list[str]:
    with database.transaction() as session:
        return editing.update_unit(session, here, code, given, actor="person:1")


def recorded(database: Database, here: int) -> list[UnitChange]:
    with database.reading() as session:
        return changes.listed(session, here)


def wrong(database: Database, here: int, code: str, **given: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        update(database, here, code, **given)
    return {str(fault.where): str(fault) for fault in caught.value.faults}


def test_the_first_import_is_no_reorganisation(database: Database, here: int) -> None:
    assert recorded(database, here) == []


def test_a_new_name_and_a_new_place_are_recorded_and_compared_by_default(
    database: Database, here: int
) -> None:
    changed = update(database, here, "b1", name="Bjørkåsen oppvekst", parent_code="h")
    assert changed == ["name", "parent_code"]
    found = {each.kind: each for each in recorded(database, here)}
    assert (found["renamed"].before, found["renamed"].after) == ("Bjørkåsen", "Bjørkåsen oppvekst")
    assert (found["moved"].before, found["moved"].after) == ("Oppvekst", "Helse")
    assert all(each.continues == {"b1": "b1"} for each in found.values())
    with database.reading() as session:
        last = events(session, here, limit=1)[0]
    assert (last.action, last.actor, last.details["changed"]) == (
        "unit.changed",
        "person:1",
        ["name", "parent_code"],
    )
    assert "Bjørkåsen" not in str(last.details)


def test_headcount_kind_and_manager_change_without_a_record(database: Database, here: int) -> None:
    given = {"headcount": "14", "kind": "skole", "manager_email": "Ny@Kommune.no"}
    assert update(database, here, "b1", **given) == ["kind", "headcount", "manager_email"]
    assert recorded(database, here) == []
    assert update(database, here, "b1", **given) == []


def test_every_fault_is_told_at_once(database: Database, here: int) -> None:
    faults = wrong(
        database, here, "b1", name=" ", headcount="-3", manager_email="x", parent_code="zz"
    )
    assert set(faults) == {"name", "headcount", "manager_email", "parent_code"}


@pytest.mark.parametrize("parent", ["a", "b1", "b2"])
def test_a_unit_never_stands_under_itself(database: Database, here: int, parent: str) -> None:
    if parent == "b2":
        update(database, here, "b2", parent_code="b1")
        update(database, here, "b1", parent_code="k")
        assert "below" in wrong(database, here, "b1", parent_code="b2")["parent_code"]
    else:
        assert "parent_code" in wrong(database, here, "a", parent_code=parent)


def test_the_top_cannot_be_moved_or_closed_and_areas_close_when_they_are_empty(
    database: Database, here: int
) -> None:
    assert "parent_code" in wrong(database, here, "k", parent_code="a")
    with database.transaction() as session:
        with pytest.raises(Conflict, match="top"):
            editing.close_unit(session, here, "k")
        with pytest.raises(Conflict, match="2 units"):
            editing.close_unit(session, here, "a")
        for code in ("b1", "b2", "a"):
            editing.close_unit(session, here, code)
        assert [unit.code for unit in units.tree(session, here)] == ["k", "h"]
        with pytest.raises(Conflict, match="already"):
            editing.close_unit(session, here, "a")
        with pytest.raises(Conflict, match="closed"):
            editing.update_unit(session, here, "a", {"name": "X"})


def test_a_unit_is_added_below_another_and_its_code_is_its_own(
    database: Database, here: int
) -> None:
    with database.transaction() as session:
        made = editing.add_unit(
            session, here, {"code": "b3", "name": "Lia", "parent_code": "a", "headcount": "9"}
        )
        assert made.parent_id == unit_by_code(session, here, "a").id
        with pytest.raises(InvalidInput) as caught:
            editing.add_unit(session, here, {"code": "B3", "name": "", "parent_code": ""})
    assert {str(fault.where) for fault in caught.value.faults} == {"code", "name", "parent_code"}
    assert [each.kind for each in recorded(database, here)] == ["new"]


def test_an_area_counts_everybody_below_it_and_says_what_is_not_told(
    database: Database, here: int
) -> None:
    with database.reading() as session:
        top = units.branches(units.tree(session, here))[0]
    assert (top.headcount, top.untold, top.units) == (19, 1, 4)
    found = units.matching([top], "barnehage b")
    assert {each.unit.code for each in found} == {"b1", "b2"}
    assert [each.name for each in found[0].path] == ["Kommunen", "Oppvekst"]


def test_a_unit_that_is_no_longer_the_same_needs_a_reason(database: Database, here: int) -> None:
    with database.transaction() as session:
        with pytest.raises(InvalidInput) as caught:
            editing.update_unit(session, here, "b1", {"name": "Ny"}, decision=Decision({}))
        assert [str(fault.where) for fault in caught.value.faults] == ["reason/b1"]
        decision = Decision({}, None, {"b1": "Nye oppgaver"})
        editing.update_unit(session, here, "b1", {"name": "Ny"}, decision=decision)
    assert recorded(database, here)[0].continues == {}


def test_a_file_tells_mergers_splits_and_new_codes(database: Database, here: int) -> None:
    merged = """kode;navn;overordnet;tidligere kode;sammenlignes med;begrunnelse
k;Kommunen;;;;
a;Oppvekst;k;;nei;Helt nye oppgaver
b9;Bjørkåsen og Åsly;a;b1 + b2;b1;Nesten alle er de samme
h2;Helse og velferd;k;h;h;Bare ny kode
"""
    with database.transaction() as session:
        planned = plan(session, here, read_csv(merged.encode()))
        assert [each.line() for each in planned.declared] == [
            "merged: b1 + b2 → b9: compared: b9 with b1",
            "recoded: h → h2: compared: h2 with h",
        ]
        apply(session, here, planned)
    found = {each.kind: each for each in recorded(database, here) if each.kind != "new"}
    assert found["merged"].continues == {"b9": "b1"}
    assert found["merged"].reasons == {"b9": "Nesten alle er de samme"}
    assert found["recoded"].names == {"h": "Helse", "h2": "Helse og velferd"}
    assert "moved" not in found


def test_the_same_file_read_again_tells_nothing_twice(database: Database, here: int) -> None:
    text = """kode;navn;overordnet;tidligere kode;begrunnelse
k;Kommunen;;;
a;Oppvekst;k;;
b9;Bjørkåsen og Åsly;a;b1 b2;To like store
h;Helse;k;;
"""
    for number in range(2):
        with database.transaction() as session:
            planned = plan(session, here, read_csv(text.encode()))
            assert planned.empty == (number == 1)
            apply(session, here, planned)
    assert sum(each.kind == "merged" for each in recorded(database, here)) == 1


def test_a_file_that_tells_an_impossible_past_changes_nothing(
    database: Database, here: int
) -> None:
    odd = """kode;navn;overordnet;tidligere kode;sammenlignes med;begrunnelse
k;Kommunen;;;;
a;Oppvekst;k;a;;Hm
b1;Bjørkåsen;a;;;
b8;Ny;a;b1 zz;b2;
b9;Ny;a;b2;b2;Hm
"""
    with database.reading() as session, pytest.raises(InvalidInput) as caught:
        plan(session, here, read_csv(odd.encode()))
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == 6
    for said in ("itself", "'b1' is still there", "code 'zz'", "compared with b2", "two units"):
        assert any(said in each for each in told), said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], ["b1"], "no unit is named"),
        (["b1"], ["zz"], "no unit with the code 'zz'"),
        (["b1"], ["b2"], "'b1' is still there"),
        (["b1"], ["b1"], "become itself"),
    ],
)
def test_what_cannot_have_happened_is_not_recorded(
    database: Database, here: int, before: list[str], after: list[str], said: str
) -> None:
    decision = Decision({}, None, dict.fromkeys(after, "Fordi"))
    with database.transaction() as session, pytest.raises(InvalidInput) as caught:
        changes.declare(session, here, before, after, decision)
    assert any(said in str(fault) for fault in caught.value.faults)


def test_two_units_cannot_both_continue_the_same_one(database: Database, here: int) -> None:
    decision = Decision({"b1": "b1", "b2": "b1"}, 120, {"b1": "A", "b2": "x" * 501})
    with database.transaction() as session, pytest.raises(InvalidInput) as caught:
        changes.declare(session, here, ["b1"], ["b1", "b2"], decision)
    assert [str(fault.where) for fault in caught.value.faults] == [
        "compare",
        "same_staff",
        "reason/b2",
    ]


def test_a_declared_change_is_decided_anew_or_taken_back_while_it_is_open(
    database: Database, here: int
) -> None:
    reasons = {"b1": "A", "b2": "B"}
    with database.transaction() as session:
        made = changes.declare(session, here, ["b1"], ["b1", "b2"], Decision({}, 90, reasons))
        with pytest.raises(InvalidInput, match="recorded already"):
            changes.declare(session, here, ["b1"], ["b2", "b1"], Decision({}, None, reasons))
        changes.decide(session, here, made.id, Decision({"b1": "b1"}, 95, reasons))
        assert made.continues == {"b1": "b1"}
        changes.withdraw(session, here, made.id)
        assert changes.listed(session, here) == []
        renamed = editing.update_unit(session, here, "b1", {"name": "Ny"})
        assert renamed == ["name"]
        with pytest.raises(Conflict, match="declared"):
            changes.withdraw(session, here, changes.listed(session, here)[0].id)
