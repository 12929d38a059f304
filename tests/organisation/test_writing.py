"""What is written for spreadsheets runs nothing there."""

from __future__ import annotations

import csv
import io

import pytest

from survey.organisation.writing import csv_file, inert


@pytest.mark.parametrize("cell", ["=1+2", "+47", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_a_formula_becomes_text(cell):
    assert inert(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["Åsly", "", "<b>", "12", "a=b"])
def test_anything_else_is_left_alone(cell):
    assert inert(cell) == cell


def test_a_file_opens_in_norwegian_excel():
    raw = csv_file(["kode", "navn"], [["A", 'Sko;le "Nord"'], ["B", None]])
    assert raw.startswith(b"\xef\xbb\xbfkode;navn\r\n")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows[1:] == [["A", 'Sko;le "Nord"'], ["B", ""]]
