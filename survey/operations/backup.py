"""A copy of the database while the service runs, and putting one back.

A backup is one file: a whole SQLite database, or PostgreSQL's own archive format. The key folder is
never part of it: whoever holds a backup cannot open a sealed answer. Keys are kept by the second
officer (``SURVEY_ESCROW_DIR``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from survey.core.config import Settings
from survey.core.db import Database, now
from survey.core.errors import Conflict, InvalidInput, NotFound
from survey.core.services import Services

_SQLITE_MAGIC = b"SQLite format 3\x00"
_ARCHIVE_MAGIC = b"PGDMP"


def save(parts: Services, target: Path) -> Path:
    """Write a backup to ``target`` (a file, or a folder in which it gets a dated name).

    Whole or not at all: it is written beside and renamed. Returns the file. Raises Conflict when
    ``target`` is an existing file.
    """
    if target.is_dir():
        ending = "db" if parts.db.sqlite else "dump"
        target = target / f"survey-{moment()}.{ending}"
    if target.exists():
        raise Conflict(f"{target} exists already; a backup never overwrites.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(handle)
        if parts.db.sqlite:
            _copy_sqlite(_sqlite_path(parts.db), temporary)
        else:
            _run("pg_dump", parts.db, "--format=custom", "--no-owner", f"--file={temporary}")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def restore(parts: Services, source: Path, *, replace: bool = False) -> Path | None:
    """Put a backup in place of the database.

    Raises Conflict while web or worker run, or when there is content and not ``replace``;
    InvalidInput when the file is not a whole backup of this kind of database. With SQLite the
    database that was there is kept; its path is returned.
    """
    if not source.is_file():
        raise NotFound(f"There is no file {source}.")
    with alone(parts.settings):
        _check(parts.db, source)
        if not replace and _has_content(parts.db):
            raise Conflict(
                "There is content in the database. Say --replace to put the backup in its place."
            )
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
            raise Conflict("A backup is being restored; start again when it is done.") from None
        yield


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nothing of this service runs on this data folder now, nor starts meanwhile."""
    with _lock_file(settings).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Web or worker are running. Stop them first.") from None
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
        raise Conflict("A database in memory cannot be backed up.")
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


def _check(database: Database, source: Path) -> None:
    with source.open("rb") as file:
        head = file.read(16)
    if not database.sqlite:
        if not head.startswith(_ARCHIVE_MAGIC):
            raise InvalidInput(f"{source} is not a PostgreSQL backup.")
        return
    if head != _SQLITE_MAGIC:
        raise InvalidInput(f"{source} is not an SQLite backup.")
    with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as connection:
        try:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"{source} is damaged: {error}.") from None
    if answer != "ok":
        raise InvalidInput(f"{source} is damaged: {answer}.")
    if "alembic_version" not in tables:
        raise InvalidInput(f"{source} is not a backup of this service.")


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
            kept = save(parts, parts.settings.data_dir / "backups" / f"replaced-{moment()}.db")
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return kept


def _run(program: str, database: Database, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes through the environment."""
    found = shutil.which(program)
    if found is None:
        raise Conflict(f"{program} is not installed (package postgresql-client).")
    url = database.url
    environment = {**os.environ, "PGPASSWORD": url.password or ""}
    bare = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603  (our own program and arguments)
        [found, f"--dbname={bare}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Conflict(f"{program} failed: {done.stderr.strip()[-1000:]}")
