"""Databases for tests: migrated once in a process, then copied.

The copy has the tables exactly as the migrations make them (strict keys, tables without row
numbers, the record of the version), and costs a file copy instead of 120 statements.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from survey.core.config import Settings
from survey.core.db import Database
from survey.core.services import build
from survey.operations import migrate
from tests.secrets_for_tests import SECRET_KEY

POSTGRES_TEMPLATE = "migrated"
"""The database of the tests' PostgreSQL server that others are copied from."""


def folder_of_process(name: str) -> Path:
    """A folder for what tests copy and do not change; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"survey-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def migrated_database(url: str) -> Database:
    """A database of SQLite with every table and no rows, at this address, which must be free."""
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        raise FileExistsError(path)
    shutil.copy(_sqlite_template(), path)
    path.chmod(0o600)  # as the service leaves it
    return Database(url)


def make_postgres_template(server_url: str) -> None:
    """Make and migrate the database ``POSTGRES_TEMPLATE`` on a server."""
    on_server(server_url, f"CREATE DATABASE {POSTGRES_TEMPLATE} TEMPLATE template0")
    _migrate(on(server_url, POSTGRES_TEMPLATE))


def on(server_url: str, name: str) -> str:
    """The address of another database on the same server."""
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)


def on_server(server_url: str, statement: str) -> None:
    """Run one statement outside any transaction, as those that make databases must be."""
    server = sa.make_url(server_url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


@cache
def _sqlite_template() -> Path:
    return _migrate("")


def _migrate(url: str) -> Path:
    """Bring the database at this address up to date; without one, a file, whose path is given."""
    folder = folder_of_process("template")
    parts = build(Settings(data_dir=folder / "var", database_url=url, secret_key=SECRET_KEY))
    migrate.upgrade(parts)
    parts.db.dispose()  # the last connection writes the write-ahead log back into the file
    return folder / "var" / "survey.db"
