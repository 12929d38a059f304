"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
import configparser
import graphlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from survey.core.db import Database
from survey.instrument.library import Library
from survey.operations import migrate

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "survey"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)
SQLITE = sqlite.dialect()
WITHOUT_ROWID = ("response", "inbox", "comment", "invitation", "contact")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def tracked() -> list[Path]:
    """The repository's text files (an installed copy without git checks what lies there)."""
    found = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if found.returncode:
        pytest.fail("the rules are checked in a git checkout")
    return [ROOT / name for name in found.stdout.decode().split("\0") if name]


def test_setup_cfg_lists_exactly_the_packages_there_are() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = config["options"]["packages"].split()
    there = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")}
    assert listed == sorted(listed)
    assert set(listed) == there | {"survey.shipped"}


def test_every_folder_with_modules_is_a_package() -> None:
    without = {name_of(path.parent) for path in MODULES} - {
        name_of(path.parent) for path in PACKAGE.rglob("__init__.py")
    }
    assert not without


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=name_of)
def test_init_files_stay_empty(path: Path) -> None:
    assert not path.read_text(encoding="utf-8").strip()


def test_modules_have_at_most_400_lines() -> None:
    long = {
        name_of(path): count
        for path in PACKAGE.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_functions_have_at_most_50_lines() -> None:
    long = {
        f"{name_of(path)}:{node.name}": length
        for path in MODULES
        for node in functions(path)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > 50
    }
    assert not long


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither straight nor by way of others; an import within a function counts like any other."""
    graph = grimp.build_graph("survey", cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # CycleError names the modules of a circle


def test_at_most_two_places_commit() -> None:
    places = [
        name_of(path)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
    ]
    assert len(places) <= 2, places


def test_no_item_of_a_shipped_instrument_stands_in_python() -> None:
    ids: set[str] = set()
    wordings: set[str] = set()
    for instrument in Library().all():
        for item in instrument.items.values():
            ids.add(item.id)
            wordings.update(item.text.values())
    assert ids
    found = [
        (name_of(path), text)
        for path in PACKAGE.rglob("*.py")
        for text in strings(path)
        if text in ids or any(wording in text for wording in wordings)
    ]
    assert not found


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_views_ask_no_queries() -> None:
    asking = [
        name_of(path)
        for room in ("api", "web")
        for path in (PACKAGE / room).rglob("*.py")
        if re.search(
            r"\b(sa|sqlalchemy)\.(select|update|delete|insert|text)\b", path.read_text("utf-8")
        )
    ]
    assert not asking


def test_nothing_names_a_registry_or_a_folder_of_this_machine() -> None:
    hosts = ("files." + "pythonhosted", "py" + "pi.org", "registry." + "npmjs", "artifact" + "ory")
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        found += [(name_of(path), host) for host in hosts if host in text]
        if str(ROOT) != "/" and str(ROOT) + "/" in text:
            found.append((name_of(path), "this folder"))
    assert not found


def test_answers_lie_in_no_order_of_their_arrival(database: Database) -> None:
    """SQLite: without a rowid there is no order of insertion; autogenerate does not see it go."""
    created = tables(database)
    for name in WITHOUT_ROWID:
        assert created[name].rstrip().endswith("WITHOUT ROWID"), name
        modelled = str(CreateTable(migrate.metadata().tables[name]).compile(dialect=SQLITE))
        assert modelled.rstrip().endswith("WITHOUT ROWID"), name


def tables(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        rows = session.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        return {row.name: row.sql for row in rows}


@pytest.mark.parametrize("how", ["connect", "connect_ex"])
def test_no_test_reaches_another_machine(how: str) -> None:
    with socket.socket() as probe, pytest.raises(RuntimeError, match="a test tried to reach"):
        getattr(probe, how)(("192.0.2.1", 9))
