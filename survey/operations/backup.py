"""A copy of the database while the service runs, and putting one back.

A backup is one file: a whole SQLite database, or PostgreSQL's own archive format; where the
operator has instruments of their own, a ZIP of that and of them. The key folder is never part of
it: whoever holds a backup cannot open a sealed answer. Keys are kept by the second officer
(``SURVEY_ESCROW_DIR``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from survey.core.config import Settings
from survey.core.db import Database, now
from survey.core.errors import Conflict, InvalidInput, NotFound, say
from survey.core.services import Services
from survey.operations import instrument_backup

_SQLITE_MAGIC = b"SQLite format 3\x00"
_ARCHIVE_MAGIC = b"PGDMP"


def save(parts: Services, target: Path) -> Path:
    """Write a backup to ``target`` (a file, or a folder in which it gets a dated name).

    Whole or not at all: it is written beside and renamed. Returns the file. Raises Conflict when
    ``target`` is an existing file.
    """
    if target.is_dir():
        target = target / f"survey-{moment()}.{_ending(parts)}"
    if target.exists():
        raise Conflict(say("exists_already_backup_never_overwrites", target=target))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary, packed = _private_file(target), _private_file(target)
    try:
        if parts.db.sqlite:
            _copy_sqlite(_sqlite_path(parts.db), temporary)
        else:
            _run("pg_dump", parts.db, "--format=custom", "--no-owner", f"--file={temporary}")
        instruments = parts.settings.instrument_dir
        if instruments is not None:
            instrument_backup.pack(temporary, instruments, packed)
        backup_file = temporary if instruments is None else packed
        with backup_file.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(backup_file, target)
    finally:
        temporary.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)
    return target


def restore(parts: Services, source: Path, *, replace: bool = False) -> Path | None:
    """Put a backup in place of the database.

    Raises Conflict while web or worker run, or when there is content and not ``replace``;
    InvalidInput when the file is not a whole backup of this kind of database. With SQLite the
    database that was there is kept; its path is returned. Instruments that are replaced are kept
    in ``backups``.
    """
    if not source.is_file():
        raise NotFound(say("no_file", source=source))
    home = parts.settings.data_dir
    with alone(parts.settings), tempfile.TemporaryDirectory(prefix=".restore-", dir=home) as folder:
        contents = instrument_backup.unpack(source, Path(folder))
        _check(parts.db, contents.database, source)
        if not replace and _has_content(parts.db):
            raise Conflict("database_not_empty")
        kept = home / "backups" / f"replaced-instruments-{moment()}"
        own = parts.settings.instrument_dir
        with instrument_backup.put_back(contents.instruments, own, kept, replace=replace):
            return _restore_database(parts, contents.database)


def _restore_database(parts: Services, source: Path) -> Path | None:
    """Put the database's own backup in its place; with SQLite, where the replaced one is kept."""
    parts.db.dispose()
    if parts.db.sqlite:
        return _restore_sqlite(parts, source)
    _run(
        "pg_restore",
        parts.db,
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        "--exit-on-error",
        str(source),
    )
    return None


@contextlib.contextmanager
def in_use(settings: Settings) -> Iterator[None]:
    """Held by web and worker as long as they run, so that nothing is restored under them."""
    with _lock_file(settings).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("backup_being_restored") from None
        yield


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nothing of this service runs on this data folder now, nor starts meanwhile."""
    with _lock_file(settings).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("web_or_worker_are_running_stop_them_first") from None
        yield


def moment() -> str:
    """The present moment, and something random, for a file name that is not in use."""
    return f"{now().strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(2)}"


def _lock_file(settings: Settings) -> Path:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.data_dir / ".in-use.lock"


def _sqlite_path(database: Database) -> Path:
    name = database.url.database
    if not name or name == ":memory:":
        raise Conflict("database_in_memory_cannot_be_backed_up")
    return Path(name)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online copy: a consistent snapshot, whatever is written meanwhile."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as from_database,
        contextlib.closing(sqlite3.connect(target)) as to_database,
    ):
        from_database.backup(to_database)
        # A copy is one file: without this it would want a WAL of its own when opened.
        to_database.execute("PRAGMA journal_mode=DELETE")


def _private_file(target: Path) -> Path:
    """An empty file beside ``target`` that only this user may read."""
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def _ending(parts: Services) -> str:
    if parts.settings.instrument_dir is not None:
        return "zip"
    return "db" if parts.db.sqlite else "dump"


def _check(database: Database, content: Path, source: Path) -> None:
    """Refuse what is no whole backup of this kind of database; ``source`` is its name in faults."""
    with content.open("rb") as file:
        head = file.read(16)
    if not database.sqlite:
        if not head.startswith(_ARCHIVE_MAGIC):
            raise InvalidInput(say("not_postgresql_backup", source=source))
        return
    if head != _SQLITE_MAGIC:
        raise InvalidInput(say("not_sqlite_backup", source=source))
    with contextlib.closing(sqlite3.connect(f"file:{content}?mode=ro", uri=True)) as connection:
        try:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError as error:
            raise InvalidInput(say("backup_damaged", source=source, answer=error)) from None
    if answer != "ok":
        raise InvalidInput(say("backup_damaged", source=source, answer=answer))
    if "alembic_version" not in tables:
        raise InvalidInput(say("not_backup_of_this_service", source=source))


def _has_content(database: Database) -> bool:
    if database.sqlite and not _sqlite_path(database).exists():
        return False
    with database.reading() as session:
        if not sa.inspect(session.connection()).has_table("organisation"):
            return False
        return bool(session.execute(sa.text("SELECT count(*) FROM organisation")).scalar())


def _restore_sqlite(parts: Services, source: Path) -> Path | None:
    """Copy beside, keep what was there, rename into place."""
    path = _sqlite_path(parts.db)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    kept = None
    try:
        shutil.copyfile(source, temporary)
        temporary.chmod(0o600)
        if path.exists():
            name = f"replaced-{moment()}.{_ending(parts)}"
            kept = save(parts, parts.settings.data_dir / "backups" / name)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return kept


def _run(program: str, database: Database, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes through the environment."""
    executable = shutil.which(program)
    if executable is None:
        raise Conflict(say("not_installed_package_postgresql_client", program=program))
    url = database.url
    environment = {**os.environ, "PGPASSWORD": url.password or ""}
    bare = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603  (our own program and arguments)
        [executable, f"--dbname={bare}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Conflict(say("program_failed", program=program, value=done.stderr.strip()[-1000:]))
