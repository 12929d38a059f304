"""An operator's own instruments are saved with the database and come back with it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from survey.core.errors import Conflict, InvalidInput
from survey.core.services import Services, build
from survey.instrument.library import Library, shipped
from survey.operations import backup, migrate
from survey.organisation.units import create_organisation, organisations

LINE = "own-climate"


@pytest.fixture
def own(parts: Services, tmp_path: Path) -> Iterator[Services]:
    """A service with a questionnaire of its own and one organisation."""
    folder = tmp_path / "instruments"
    (folder / LINE).mkdir(parents=True)
    text = (shipped() / "baerum-barometer" / "1.yaml").read_text("utf-8")
    text = text.replace("id: baerum-barometer", f"id: {LINE}", 1)
    (folder / LINE / "1.yaml").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text("Not an instrument.", encoding="utf-8")
    (folder / LINE / "draft.yaml").write_text("neither", encoding="utf-8")
    made = build(replace(parts.settings, instrument_dir=folder))
    migrate.upgrade(made)
    with made.db.transaction() as session:
        create_organisation(session, "first", "Første kommune")
    yield made
    made.db.dispose()


def file_of(parts: Services) -> Path:
    assert parts.settings.instrument_dir is not None
    return parts.settings.instrument_dir / LINE / "1.yaml"


def digest(parts: Services) -> str:
    return Library(parts.settings.instrument_dir).get(LINE).digest


def codes(parts: Services) -> list[str]:
    with parts.db.reading() as session:
        return [one.code for one in organisations(session)]


def test_a_lost_instrument_comes_back_with_the_database(own: Services, tmp_path: Path) -> None:
    before = digest(own)
    saved = backup.save(own, tmp_path)
    assert saved.suffix == ".zip"
    assert saved.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(saved) as archive:
        assert sorted(archive.namelist()) == ["database", f"instruments/{LINE}/1.yaml"]
    file_of(own).unlink()
    with own.db.transaction() as session:
        create_organisation(session, "second", "Andre kommune")
    backup.restore(own, saved, replace=True)
    assert digest(own) == before
    assert codes(own) == ["first"]
    assert not list(own.settings.data_dir.glob(".restore-*"))
    assert not list(file_of(own).parent.glob(".*"))


def test_a_changed_instrument_is_replaced_only_when_asked_and_is_kept(
    own: Services, tmp_path: Path
) -> None:
    saved, before = backup.save(own, tmp_path), file_of(own).read_bytes()
    file_of(own).write_text("changed since", encoding="utf-8")
    with pytest.raises(Conflict, match="--replace"):
        backup.restore(own, saved)
    assert file_of(own).read_text() == "changed since"
    backup.restore(own, saved, replace=True)
    assert file_of(own).read_bytes() == before
    kept = own.settings.data_dir.glob(f"backups/replaced-instruments-*/{LINE}/1.yaml")
    assert [path.read_text() for path in kept] == ["changed since"]


def test_nothing_is_restored_where_the_instruments_have_no_place(
    own: Services, tmp_path: Path
) -> None:
    saved = backup.save(own, tmp_path)
    bare = build(replace(own.settings, instrument_dir=None))
    with pytest.raises(Conflict, match="SURVEY_INSTRUMENT_DIR"):
        backup.restore(bare, saved, replace=True)
    bare.db.dispose()
    occupied = tmp_path / "a file"
    occupied.write_text("in the way")
    blocked = build(replace(own.settings, instrument_dir=occupied))
    with pytest.raises(Conflict, match="cannot be put back"):
        backup.restore(blocked, saved, replace=True)
    blocked.db.dispose()
    assert codes(own) == ["first"]


def test_a_backup_from_before_there_were_instruments_is_read(own: Services, tmp_path: Path) -> None:
    bare = build(replace(own.settings, instrument_dir=None))
    saved = backup.save(bare, tmp_path)
    bare.db.dispose()
    assert saved.suffix in (".db", ".dump")
    backup.restore(own, saved, replace=True)
    assert codes(own) == ["first"]
    assert file_of(own).exists()


def test_what_is_no_such_backup_is_refused_and_changes_nothing(
    own: Services, tmp_path: Path
) -> None:
    saved = backup.save(own, tmp_path).read_bytes()
    junk = tmp_path / "junk.zip"
    for content in (saved[: len(saved) // 2], saved[:4], saved.replace(b"database", b"databose")):
        junk.write_bytes(content)
        with pytest.raises(InvalidInput):
            backup.restore(own, junk, replace=True)
    for name in ("../1.yaml", "instruments/../../1.yaml", "instruments/x/1.py", "/etc/1.yaml"):
        with zipfile.ZipFile(junk, "w") as archive:
            archive.writestr("database", b"")
            archive.writestr(name, b"")
        with pytest.raises(InvalidInput, match="not a backup of this service"):
            backup.restore(own, junk, replace=True)
    assert codes(own) == ["first"]
