"""Files for spreadsheets open in Norwegian Excel, keep their numbers, and run nothing there."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.core.csv_files import csv_file, csv_text, inert, read_table

SIGNS = "=+-@＝＋－＠"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+2",
        "+47 22 33 44 55",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        " =1+1",
        "\n=1+1",
        "\r\n=1+1",
        "＝1+1",
        " －1+1",
        "\u00a0=1+1",
        "\ufeff=1+1",
        "\ttext",
        "-",
        "--1",
        "-1.2.3",
    ],
)
def test_a_formula_becomes_text(cell):
    assert inert(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["Åsly", "", "<b>", "12", "a=b", "-3.5", "-3,5", "+0,4", "−0,4"])
def test_anything_else_is_left_alone(cell):
    assert inert(cell) == cell


@given(st.text(max_size=3), st.sampled_from(SIGNS), st.text(max_size=5))
def test_no_written_cell_begins_with_a_sign_unless_it_is_a_number(before, sign, after):
    text = io.StringIO(csv_text(["x", before + sign + after], ()), newline="")
    written = next(csv.reader(text, delimiter=";"))[1]
    assert written.strip()[:1] not in SIGNS or re.fullmatch(r"[-+][0-9.,]+", written)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (-3.5, "-3,5"),
        (-4, "-4"),
        (0, "0"),
        (7, "7"),
        ("−0,4", "-0,4"),
        ("-3.5", "-3.5"),
    ],
)
def test_a_number_is_written_as_a_number(cell, written):
    assert csv_text(["tall"], [[cell]]) == f"tall\r\n{written}\r\n"


def test_names_of_columns_are_cells_too():
    assert csv_text(["=1+1"], ()) == "'=1+1\r\n"


def test_a_file_opens_in_norwegian_excel():
    raw = csv_file(["kode", "navn"], [["A", 'Sko;le "Nord"'], ["B", None]])
    assert raw.startswith(b"\xef\xbb\xbfkode;navn\r\n")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows[1:] == [["A", 'Sko;le "Nord"'], ["B", ""]]


def test_what_is_written_here_is_read_here():
    table = read_table(csv_file(["kode", "navn"], [["A", "Ås"], ["", ""], ["B", "x\ny"]]), ["kode"])
    assert (table.header, table.rows) == (("kode", "navn"), (("A", "Ås"), ("B", "x\ny")))
    assert (table.numbers, table.notes) == ((2, 4), ())
