"""A backup is taken while the service runs, and it really comes back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from survey.core.errors import Conflict, InvalidInput, NotFound
from survey.core.services import Services
from survey.operations import backup, migrate
from survey.organisation.units import create_organisation, organisations
from tests.secrets_for_tests import SECRET_KEY


@pytest.fixture
def filled(parts: Services) -> Services:
    migrate.upgrade(parts)
    add(parts, "first")
    return parts


def add(parts: Services, code: str) -> None:
    with parts.db.transaction() as session:
        create_organisation(session, code, f"{code} kommune")


def codes(parts: Services) -> list[str]:
    with parts.db.reading() as session:
        return [one.code for one in organisations(session)]


def test_what_was_saved_comes_back_and_what_was_there_is_kept(
    filled: Services, tmp_path: Path
) -> None:
    saved = backup.save(filled, tmp_path / "a")
    add(filled, "second")
    kept = backup.restore(filled, saved, replace=True)
    assert codes(filled) == ["first"]
    assert migrate.state(filled.db) == "current"
    if kept is not None:  # SQLite: what was there can be put back
        backup.restore(filled, kept, replace=True)
        assert codes(filled) == ["first", "second"]
    else:
        assert not filled.db.sqlite
    add(filled, "third")


def test_a_backup_goes_into_a_folder_under_a_dated_name(filled: Services, tmp_path: Path) -> None:
    saved = backup.save(filled, tmp_path)
    assert saved.parent == tmp_path
    assert saved.name.startswith("survey-2")
    assert saved.stat().st_mode & 0o077 == 0


def test_a_backup_holds_no_keys(filled: Services, tmp_path: Path) -> None:
    public = filled.keys.create(7)
    private = bytes(filled.keys.open_box(7))
    saved = backup.save(filled, tmp_path / "a").read_bytes()
    for secret in (private, filled.keys.code_key(7), filled.secret.text("flask").encode()):
        assert secret not in saved
    assert public not in saved


def test_a_backup_never_overwrites(filled: Services, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(Conflict, match="exists"):
        backup.save(filled, tmp_path / "a")
    assert (tmp_path / "a").read_text() == "mine"


def test_a_backup_taken_under_writing_is_whole(filled: Services, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            add(filled, f"n{number}")
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        saved = backup.save(filled, tmp_path / "a")
    finally:
        stop.set()
        thread.join()
    backup.restore(filled, saved, replace=True)
    found = codes(filled)
    numbers = sorted(int(code[1:]) for code in found if code != "first")
    assert numbers == list(range(len(numbers)))  # a snapshot: no gap


def test_nothing_is_restored_over_content_by_accident(filled: Services, tmp_path: Path) -> None:
    saved = backup.save(filled, tmp_path / "a")
    with pytest.raises(Conflict, match="--replace"):
        backup.restore(filled, saved)


def test_an_empty_place_is_filled_without_asking(filled: Services, tmp_path: Path) -> None:
    saved = backup.save(filled, tmp_path / "a")
    if filled.db.sqlite:
        from survey.core.config import Settings
        from survey.core.services import build

        other = build(Settings(data_dir=tmp_path / "other", secret_key=SECRET_KEY))
        backup.restore(other, saved)
        assert codes(other) == ["first"]
        other.db.dispose()
    else:
        with filled.db.transaction() as session:
            for one in organisations(session):
                session.delete(one)
        backup.restore(filled, saved)
        assert codes(filled) == ["first"]


def test_nothing_is_restored_while_the_service_runs(filled: Services, tmp_path: Path) -> None:
    saved = backup.save(filled, tmp_path / "a")
    with backup.in_use(filled.settings):
        with backup.in_use(filled.settings):  # web and worker may run together
            pass
        with pytest.raises(Conflict, match="running"):
            backup.restore(filled, saved, replace=True)
    with (
        backup.alone(filled.settings),
        pytest.raises(Conflict, match="being restored"),
        backup.in_use(filled.settings),
    ):
        pass


def test_what_is_no_backup_is_refused_and_changes_nothing(filled: Services, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        backup.restore(filled, tmp_path / "missing", replace=True)
    saved = backup.save(filled, tmp_path / "a").read_bytes()
    junk = tmp_path / "junk"
    junk.write_bytes(b"not a database at all")
    with pytest.raises(InvalidInput):
        backup.restore(filled, junk, replace=True)
    junk.write_bytes(saved[: len(saved) // 2])
    with pytest.raises((InvalidInput, Conflict)):
        backup.restore(filled, junk, replace=True)
    assert codes(filled) == ["first"]


def test_another_programs_sqlite_file_is_refused(database: object, tmp_path: Path) -> None:
    import sqlite3

    from survey.core.config import Settings
    from survey.core.services import build

    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    parts = build(Settings(data_dir=tmp_path / "mine", secret_key=SECRET_KEY))
    with pytest.raises(InvalidInput, match="not a backup of this service"):
        backup.restore(parts, tmp_path / "other.db")
    parts.db.dispose()
