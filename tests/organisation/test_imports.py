"""A municipality comes in from a file: everything wrong is told at once, or all of it is done."""

from __future__ import annotations

import csv
import io
import string
import time
import unicodedata

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.audit.models import Event
from survey.core import csv_files
from survey.core.errors import Conflict, InvalidInput, TooLarge
from survey.organisation import imports
from survey.organisation.imports import Rows, read_csv
from survey.organisation.models import Unit
from survey.organisation.units import create_organisation, descendants, tree

GOOD = """kode;navn;overordnet;type;ansatte;leder_epost
K;Kommunen;;;2;
A;Oppvekst;K;etat;4;Anne@Kommune.no
B1;Bjørkåsen barnehage;A;barnehage;12;
B2;Åsly barnehage;A;barnehage;9;
"""


def faults(text: str | bytes) -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidInput) as caught:
        read_csv(raw)
    return [str(fault) for fault in caught.value.faults]


def bring(database, organisation_id: int, text: str) -> imports.Plan:
    with database.transaction() as session:
        plan = imports.plan(session, organisation_id, read_csv(text.encode()))
        return imports.apply(session, organisation_id, plan)


def look(database, organisation_id: int, text: str) -> imports.Plan:
    with database.reading() as session:
        return imports.plan(session, organisation_id, read_csv(text.encode()))


@pytest.fixture
def organisation(database) -> int:
    with database.transaction() as session:
        return create_organisation(session, "3024", "Bærum").id


def test_norwegian_and_english_columns_read_the_same():
    english = GOOD.replace(
        "kode;navn;overordnet;type;ansatte;leder_epost",
        "Code;NAME;parent code;kind;headcount;Manager e-mail",
    )
    assert read_csv(english.encode()).rows == read_csv(GOOD.encode()).rows


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.replace(";", ",").encode(),
        GOOD.replace(";", "\t").encode(),
        GOOD.replace("\n", "\r\n").encode("utf-8-sig"),
        GOOD.replace("\n", "\n\n").encode(),
        GOOD.replace("\n", ";;\n").encode(),
        GOOD.encode("utf-16"),
        GOOD.encode("cp1252"),
        b"sep=;\r\n" + GOOD.encode("cp1252"),
    ],
    ids=lambda raw: str(len(raw)),
)
def test_every_file_that_an_office_makes_reads_the_same(raw):
    rows = read_csv(raw).rows
    assert [row.name for row in rows][2:] == ["Bjørkåsen barnehage", "Åsly barnehage"]
    assert [row.headcount for row in rows] == [2, 4, 12, 9]
    assert rows[1].manager_email == "anne@kommune.no"


def test_a_guessed_encoding_is_noted():
    assert not read_csv(GOOD.encode()).notes
    assert "Windows-1252" in str(read_csv(GOOD.encode("cp1252")).notes[0])


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"PK\x03\x04" + bytes(40), "an .xlsx or .zip file"),
        (b"kode;navn\0;", "not a text file"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "damaged UTF-16"),
        (b"kode;navn\nA;\x81", "no encoding that is known"),
        (GOOD.encode() + b"X;\xe5s;K;;3;\n", "no encoding that is known"),
        (b"", "empty"),
        (b'code;name;parent\nA;"B;\n', "quotes"),
    ],
)
def test_what_is_no_csv_is_refused_with_what_to_do(raw, told):
    assert told in faults(raw)[0]


def test_all_faults_of_a_file_are_told_at_once_with_row_and_column():
    told = faults(
        "kode;navn;overordnet;ansatte;leder_epost\n"
        "K;Kommunen;;1;\n"
        "K;Kommunen igjen;K;1;\n"
        "A;;K;-4;\n"
        "B;Bet;Q;3,5;nei\n"
        "C1;En;C2;1;\n"
        "C2;To;C3;1;\n"
        "C3;Tre;C1;1;\n"
        "a b;Mellomrom;K;1;\n"
        "Z;Topp;;1;\n"
        "Y;For mange;K;1;;;x\n"
    )
    expected = [
        ("row 3, column code", "row 2 and in row 3"),
        ("row 4, column name", "is empty"),
        ("row 4, column headcount", "negative"),
        ("row 5, column manager_email", "not an e-mail"),
        ("row 5, column headcount", "not a whole number"),
        ("row 5, column parent_code", "no unit with the code 'Q'"),
        ("row 6, column parent_code", "C1 → C2 → C3 → C1"),
        ("row 9, column code", "not a code"),
        ("row 10, column parent_code", "nor has 'K' in row 2"),
        ("row 11", "more fields"),
    ]
    assert len(told) == len(expected)
    for where, what in expected:
        assert any(line.startswith(where + ":") and what in line for line in told), (where, told)


def test_a_unit_that_is_its_own_parent_is_a_circle():
    assert "A → A" in faults("code;name;parent\nK;K;\nA;A;A\n")[0]


def test_a_file_without_a_top_says_which_cell_to_empty():
    told = faults("code;name;parent\nA;A;B\nB;B;A\n")
    assert any(
        "no unit is at the top" in line and "Leave parent_code empty" in line for line in told
    )


def test_columns_that_are_unknown_missing_or_double_are_named():
    told = faults("kode;nvan;kode;ansatte\nA;B;;1\n")
    assert any("Did you mean 'navn'?" in line for line in told)
    assert any("code is there twice" in line for line in told)
    assert any("parent_code is missing" in line for line in told)


def test_a_tree_that_is_too_deep_is_refused():
    lines = ["code;name;parent", "U0;Top;"] + [f"U{n};Unit;U{n - 1}" for n in range(1, 30)]
    assert len(faults("\n".join(lines))) == 1


def test_size_is_limited(monkeypatch):
    monkeypatch.setattr(csv_files, "SIZE_LIMIT", 20)
    with pytest.raises(TooLarge):
        read_csv(GOOD.encode())
    monkeypatch.setattr(csv_files, "SIZE_LIMIT", 1000)
    monkeypatch.setattr(csv_files, "ROW_LIMIT", 3)
    with pytest.raises(TooLarge):
        read_csv(GOOD.encode())


def test_formulas_and_markup_in_names_are_kept_as_they_are(database, organisation):
    bring(database, organisation, 'code;name;parent\nK;=1+2;\nA;"<b onclick=""x"">A;B</b>";K\n')
    with database.reading() as session:
        assert [u.name for u in tree(session, organisation)] == ["=1+2", '<b onclick="x">A;B</b>']


def test_invisible_characters_are_refused():
    assert "invisible" in faults("code;name;parent\nK;Kom\u202emunen;\n")[0]


def test_a_first_import_stores_the_tree(database, organisation):
    plan = bring(database, organisation, GOOD)
    assert [change.code for change in plan.new] == ["K", "A", "B1", "B2"]
    with database.reading() as session:
        units = tree(session, organisation)
        assert [unit.code for unit in units] == ["K", "A", "B1", "B2"]
        below = descendants(session, organisation, units[1].id)
        assert {unit.code for unit in units if unit.id in below} == {"A", "B1", "B2"}


def test_a_second_import_lists_every_kind_of_change_before_it_does_any(database, organisation):
    bring(database, organisation, GOOD)
    bring(database, organisation, GOOD.replace("B2;Åsly barnehage;A;barnehage;9;\n", ""))
    second = (
        "kode;navn;overordnet;type;ansatte;leder_epost\n"
        "K;Kommunen;;;2;\n"
        "A;Oppvekst og skole;K;område;4;anne@kommune.no\n"
        "B2;Åsly barnehage;A;barnehage;11;\n"
        "N;Ny;K;;5;\n"
    )
    plan = look(database, organisation, second)
    listed = {name: [change.code for change in changes] for name, changes in plan.lists()}
    assert listed == {
        "new": ["N"],
        "renamed": ["A"],
        "moved": [],
        "closed": ["B1"],
        "reopened": ["B2"],
        "kinds": ["A"],
        "headcounts": ["B2"],
        "managers": [],
    }
    assert "renamed: A Oppvekst og skole: Oppvekst → Oppvekst og skole" in list(plan.lines())
    with database.reading() as session:
        assert session.scalar(sa.select(Unit.name).where(Unit.code == "A")) == "Oppvekst"
    bring(database, organisation, second)
    assert look(database, organisation, second).empty


def test_a_closed_unit_keeps_its_row_and_a_moved_one_its_id(database, organisation):
    bring(database, organisation, GOOD)
    with database.reading() as session:
        before = {unit.code: unit.id for unit in tree(session, organisation)}
    plan = bring(
        database, organisation, "code;name;parent\nK;Kommunen;\nB1;Bjørkåsen barnehage;K\n"
    )
    assert [(change.before, change.after) for change in plan.moved] == [("A", "K")]
    with database.reading() as session:
        units = {unit.code: unit for unit in tree(session, organisation, closed=True)}
    assert {code: unit.id for code, unit in units.items()} == before
    assert {code for code, unit in units.items() if unit.closed_at} == {"A", "B2"}
    assert units["B1"].headcount == 12  # the file did not mention headcounts


def test_a_list_that_is_out_of_date_is_not_carried_out(database, organisation):
    plan = look(database, organisation, GOOD)
    bring(database, organisation, "code;name;parent\nK;Kommunen;\n")
    with pytest.raises(Conflict), database.transaction() as session:
        imports.apply(session, organisation, plan)
    with database.reading() as session:
        assert [unit.code for unit in tree(session, organisation)] == ["K"]


def test_codes_whose_zeros_a_spreadsheet_cut_are_pointed_out(database, organisation):
    bring(database, organisation, "code;name;parent\nK;Kommunen;\n0301;Skole;K\n")
    plan = look(database, organisation, "code;name;parent\nK;Kommunen;\n301;Skole;K\n")
    assert "0301 → 301" in str(plan.notes[0])


def test_an_import_is_recorded(database, organisation):
    bring(database, organisation, GOOD)
    with database.reading() as session:
        event = session.scalars(sa.select(Event)).one()
    assert (event.action, event.details) == ("organisation.imported", {"new": 4})


def test_two_organisations_may_use_the_same_codes(database, organisation):
    with database.transaction() as session:
        other = create_organisation(session, "3025", "Asker").id
    bring(database, organisation, GOOD)
    bring(database, other, GOOD)
    bring(database, other, "code;name;parent\nK;Asker;\n")
    with database.reading() as session:
        assert len(tree(session, organisation)) == 4


def test_an_organisation_code_is_taken_once_and_fit_for_addresses(database, organisation):
    with database.transaction() as session:
        with pytest.raises(Conflict):
            create_organisation(session, "3024", "Igjen")
        with pytest.raises(InvalidInput) as caught:
            create_organisation(session, "a/b", " ")
    assert len(caught.value.faults) == 2


NAMES = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=30
)


@settings(max_examples=60)
@given(
    names=st.lists(NAMES, min_size=1, max_size=8),
    heads=st.lists(st.none() | st.integers(0, 9999), min_size=8, max_size=8),
    delimiter=st.sampled_from(";,\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_as_csv_is_read_back(names, heads, delimiter, quoting, encoding):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerow(["navn", "kode", "ansatte", "overordnet"])
    codes = string.ascii_uppercase
    for place, name in enumerate(names):
        head = "" if heads[place] is None else heads[place]
        writer.writerow([name, codes[place], head, codes[place - 1] if place else ""])
    rows: Rows = read_csv(text.getvalue().encode(encoding))
    expected = [unicodedata.normalize("NFC", name) for name in names]
    assert [row.name for row in rows.rows] == expected
    assert [row.headcount for row in rows.rows] == heads[: len(names)]


def test_units_move_below_units_that_are_new(database, organisation):
    bring(database, organisation, GOOD)
    bring(database, organisation, "code;name;parent\nNY;Ny;\nK;Kommunen;N2\nN2;Ny to;NY\n")
    with database.reading() as session:
        assert [unit.code for unit in tree(session, organisation)] == ["NY", "N2", "K"]


@pytest.mark.parametrize(
    "parent",
    [lambda n: f"U{n - 1}" if n else "", lambda n: f"Q{n}", lambda n: f"U{(n + 1) % 20_000}"],
    ids=["chain", "unknown", "circle"],
)
def test_a_large_file_full_of_faults_is_answered_soon(parent):
    lines = ["code;name;parent", *(f"U{n};Unit;{parent(n)}" for n in range(20_000))]
    started = time.process_time()
    assert faults("\n".join(lines))
    assert time.process_time() - started < 8
