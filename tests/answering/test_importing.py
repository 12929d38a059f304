"""An earlier measurement comes in whole or not at all, and every fault is told at once."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from survey.answering import importing
from survey.answering.store import Comment, Response
from survey.core.db import Database
from survey.core.errors import Conflict, InvalidInput
from survey.study.models import Wave
from tests.answering.conftest import World, build

MAP = """
unit: {column: Sted, codes: {Nord: north, Sør: south, Lite: small}}
missing: [NA, 9]
not_applicable: [8]
items:
  trust: v1
  time: {column: v2, recode: {5: 4}}
  leader: v3
questions:
  effects: {columns: {better: e1, cheaper: e2, nothing: e3}, ticked: [x]}
  tenure: {column: år, recode: {1: short, 2: long}}
  help: kommentar
  words: {columns: [o1, o2]}
role: {column: rolle, leader: [L]}
"""
HEADER = "Sted;v1;v2;v3;e1;e2;e3;år;kommentar;o1;o2;rolle;annet\n"
GOOD = HEADER + (
    "Nord;4;5;8;x;;;1;Mer tid;tid;rom;L;1\n"
    "Sør;1;NA;9;;;x;2;;;;A;2\n"
    "Lite;2;3;4;;;;;«Hei; du»;;;;3\n".replace("«Hei; du»", '"Hei; du"')
)


def prepare(world: World, text: str, mapping: str = MAP) -> importing.Prepared:
    with world.db.reading() as session:
        wave = session.get_one(Wave, (world.wave.organisation_id, world.wave.id))
        return importing.prepare(session, wave, text.encode(), mapping.encode(), "map.yaml")


def store(world: World, prepared: importing.Prepared, **options: Any) -> int:
    with world.db.transaction() as session:
        return importing.store(session, prepared, **options)


def stored(world: World) -> dict[str, tuple[str, str, dict[str, Any]]]:
    names = {unit_id: code for code, unit_id in world.units.items()}
    with world.db.reading() as session:
        rows = session.execute(sa.select(Response.unit_id, Response.role, Response.answers)).all()
    return {
        sheet.answers: (names[sheet.unit_id], sheet.role, world.layout.decode(sheet.answers))
        for sheet in rows
    }


def test_columns_become_answers_units_and_roles(import_world: World) -> None:
    prepared = prepare(import_world, GOOD)
    assert prepared.unread == ("annet",)
    assert store(import_world, prepared) == 3
    found = sorted(stored(import_world).values(), key=lambda row: row[2]["items"]["trust"])
    assert found == [
        (
            "south",
            "employee",
            {"items": {"trust": 1}, "questions": {"effects": ["nothing"], "tenure": "long"}},
        ),
        ("south", "employee", {"items": {"trust": 2, "time": 3, "leader": 4}, "questions": {}}),
        (
            "north",
            "leader",
            {
                "items": {"trust": 4, "time": 4, "leader": "na"},
                "questions": {"effects": ["better"], "tenure": "short"},
            },
        ),
    ]
    with import_world.db.reading() as session:
        comments = session.execute(sa.select(Comment.question, Comment.text)).all()
    assert sorted(map(tuple, comments)) == [
        ("help", "Hei; du"),
        ("help", "Mer tid"),
        ("words", "rom"),
        ("words", "tid"),
    ]


def test_every_fault_is_told_at_once_and_nothing_is_stored(import_world: World) -> None:
    bad = HEADER + "Nord;7;3;x;;;;;;;;;\nVest;1;1;1;x;;x;3;;;;;\nNord;1;1;1;;;;;;;;;\n"
    prepared = prepare(import_world, bad)
    assert {str(fault.where) for fault in prepared.faults} == {
        "row 2, column v3",
        "row 3, column Sted",
    }
    with pytest.raises(InvalidInput, match="2 of 3 rows have faults"):
        store(import_world, prepared)
    assert stored(import_world) == {}


def test_a_row_is_held_to_what_the_api_accepts(import_world: World) -> None:
    bad = HEADER + "Nord;7;3;;x;;x;3;;;;;\nNord;;1;1;;;;;" + "y" * 601 + ";;;\n"
    assert {str(fault.where) for fault in prepare(import_world, bad).faults} == {
        "row 2, column v1",
        "row 2, column e1",
        "row 2, column år",
        "row 3, column v1",
        "row 3, column kommentar",
    }


def test_invalid_rows_can_be_left_out(import_world: World) -> None:
    prepared = prepare(import_world, GOOD + "Vest;1;1;1;;;;;;;;;\n")
    assert store(import_world, prepared, skip_invalid=True) == 3
    assert prepared.skipped == 1


def test_twenty_faults_of_a_kind_are_shown_and_the_rest_counted(import_world: World) -> None:
    rows = "".join(f"Nord;{50 + i};1;1;;;;;;;;;\n" for i in range(30))
    faults = prepare(import_world, HEADER + rows).faults
    assert len(faults) == 21
    assert str(faults[-1]) == "and 10 more of this kind (30 in all)."


def test_a_second_import_is_refused_unless_it_replaces(import_world: World) -> None:
    prepared = prepare(import_world, GOOD)
    store(import_world, prepared)
    with pytest.raises(Conflict, match="has 3 responses already"):
        store(import_world, prepared)
    assert store(import_world, prepared, replace=True) == 3
    with import_world.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Response)) == 3
        assert session.scalar(sa.select(sa.func.count()).select_from(Comment)) == 4


@pytest.mark.postgresql
def test_two_imports_at_once_store_one_file(postgres_database: Database) -> None:
    world = build(postgres_database, source="import")
    prepared = prepare(world, GOOD)
    written = threading.Barrier(2)

    def import_it() -> bool:
        with contextlib.suppress(Conflict), world.db.transaction() as session:
            importing.store(session, prepared)
            with contextlib.suppress(threading.BrokenBarrierError):
                written.wait(timeout=2)  # neither has committed when the other has written
            return True
        return False

    with ThreadPoolExecutor(2) as both:
        done = [both.submit(import_it) for _ in range(2)]
    assert sorted(each.result() for each in done) == [False, True]
    assert len(stored(world)) == 3
    with world.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Response)) == 3


def test_a_wave_that_people_answer_takes_no_file(world: World) -> None:
    with pytest.raises(Conflict, match="source import"):
        prepare(world, GOOD)


def test_a_closed_wave_takes_no_file(import_world: World) -> None:
    prepared = prepare(import_world, GOOD)
    import_world.change_wave(state="closed")
    with pytest.raises(Conflict, match="closed"):
        store(import_world, prepared)
    assert stored(import_world) == {}


def test_a_wrong_map_is_told_by_line(import_world: World) -> None:
    wrong = """unit: {column: Sted}
items:
  trast: v1
  time: {colum: v2}
questions: {effects: {columns: [a, b]}}
rolle: {column: x}
missing: 9
"""
    with pytest.raises(InvalidInput) as caught:
        prepare(import_world, GOOD, wrong)
    assert [(str(fault.where), str(fault.message)) for fault in caught.value.faults] == [
        ("map.yaml:3", "'trast' is not known here."),
        ("map.yaml:4", "'colum' is not known here."),
        ("map.yaml:4", "has no column."),
        (
            "map.yaml:5",
            "'columns' is a mapping from option to column (multiple) or a list (words).",
        ),
        ("map.yaml:6", "'rolle' is not known here."),
        ("map.yaml:7", "'missing' must be a list of cells."),
    ]


@pytest.mark.parametrize(
    "wrong", ["", "- a", "unit: !!python/object:os.system x", "unit: &a x\nitems: *a"]
)
def test_a_map_cannot_surprise(import_world: World, wrong: str) -> None:
    with pytest.raises(InvalidInput):
        prepare(import_world, GOOD, wrong)


def test_columns_that_are_missing_or_there_twice_are_all_named(import_world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        prepare(import_world, "Sted;v1;v1;v3\nNord;1;1;1\n")
    wheres = {str(fault.where): str(fault.message) for fault in caught.value.faults}
    assert wheres["column v1"] == "stands in the file twice."
    assert wheres["column v2"] == "is not in the file."
    assert "column Sted" not in wheres


def test_the_order_of_the_file_is_lost(import_world: World) -> None:
    rows = "".join(f"Nord;{1 + i // 25};1;1;;;;;;;;;\n" for i in range(100))
    store(import_world, prepare(import_world, HEADER + rows))
    with import_world.db.reading() as session:
        sheets = session.scalars(
            sa.text("SELECT answers FROM response ORDER BY id").columns(answers=sa.String)
        ).all()
    assert sheets != sorted(sheets)
