"""The database's schema: what state it is in, and how it is brought up to date.

Upgrading holds a lock (an exclusive file lock beside SQLite, an advisory lock in PostgreSQL), makes
a backup first when there is content, and does everything in one transaction. A database that was
made by a newer version of the program is never touched.
"""

from __future__ import annotations

import fcntl
import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

import survey
from survey.core.db import Base, Database
from survey.core.errors import Conflict, say
from survey.core.services import Services
from survey.operations import backup

State = Literal["empty", "current", "older", "newer", "foreign"]

ADVISORY_LOCK = 7_305_811_502_216  # any number that nobody else in this database uses


def metadata() -> sa.MetaData:
    """Every table of the service. Those of answers come with the module that writes them."""
    importlib.import_module("survey.answering.intake")

    for module in pkgutil.walk_packages(survey.__path__, "survey."):
        if module.name.endswith("models"):
            importlib.import_module(module.name)
    return Base.metadata


def state(database: Database) -> State:
    """How the schema in the database compares with this program's."""
    with database.reading() as session:
        return _state(session)


def require_current(database: Database) -> None:
    """Raise Conflict, with what to do, unless the schema is this program's."""
    schema_state = state(database)
    if schema_state in {"empty", "older"}:
        raise Conflict(
            say("database_outdated") if schema_state == "older" else say("database_empty")
        )
    _refuse(schema_state)


def upgrade(parts: Services) -> tuple[State, Path | None]:
    """Bring the schema up to date; returns what it was, and the backup made before.

    Raises Conflict when the database is a newer program's, or not this service's at all.
    """
    with _alone(parts), parts.db.transaction() as session:
        if not parts.db.sqlite:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        schema_state = _state(session)
        _refuse(schema_state)
        if schema_state == "current":
            return schema_state, None
        saved = None
        if schema_state == "older" and _has_content(session):
            folder = parts.settings.data_dir / "backups"
            saved = backup.save(parts, folder / f"before-upgrade-{backup.moment()}")
        config = alembic_config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")
        return schema_state, saved


def alembic_config() -> Config:
    """Alembic's configuration; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", "survey:migrations")
    config.set_main_option("path_separator", "os")
    return config


@cache
def _known_revisions() -> tuple[str, frozenset[str]]:
    script = ScriptDirectory.from_config(alembic_config())
    return str(script.get_current_head()), frozenset(
        revision.revision for revision in script.walk_revisions()
    )


def _state(session: Session) -> State:
    connection = session.connection()
    revisions = MigrationContext.configure(connection).get_current_heads()
    if not revisions:
        return "foreign" if sa.inspect(connection).has_table("organisation") else "empty"
    head, known = _known_revisions()
    if revisions == (head,):
        return "current"
    return "older" if set(revisions) <= known else "newer"


def _refuse(schema_state: State) -> None:
    if schema_state == "newer":
        raise Conflict("database_of_newer_version")
    if schema_state == "foreign":
        raise Conflict("database_of_unknown_version")


def _has_content(session: Session) -> bool:
    return bool(session.execute(sa.text("SELECT count(*) FROM organisation")).scalar())


@contextmanager
def _alone(parts: Services) -> Iterator[None]:
    """An exclusive file lock: one upgrade at a time on this machine."""
    with (parts.settings.data_dir / ".upgrade.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
