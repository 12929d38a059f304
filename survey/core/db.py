"""The database: one declarative base, one write transaction, one read transaction.

SQLite is used as it was measured (docs/decisions): WAL, FULL, secure_delete, an engine that writes
with ``BEGIN IMMEDIATE`` under a lock of this process, and an engine that can only read. Nothing
else in the package begins, commits or rolls back.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

THREADS = 16
_TIMEOUT = 30
"""Seconds that a writer on SQLite waits for another."""

# One alphabet-free byte order on every database: answers sort and compare as bytes.
SheetText = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware UTC time in Python, a plain timestamp in the database."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: a guess would be an hour wrong half of the year."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware time."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: sa.BigInteger, datetime: UtcDateTime, str: sa.Text}  # noqa: RUF012


def new_id() -> int:
    """A random 53-bit id: says nothing of order or number, and is exact in JavaScript."""
    return secrets.randbits(52) + 1


def now() -> datetime:
    """The present moment in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


class Database:
    """Two engines on one database; see :meth:`transaction` and :meth:`reading`."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.writer = self._engine(read_only=False)
        self.reader = self._engine(read_only=True)
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: committed when the block ends, rolled back when it raises.

        Functions registered with :func:`after_commit` run once the commit has succeeded, those of
        :func:`in_any_case` also when it did not.
        """
        session = Session(self.writer, expire_on_commit=False)
        try:
            with self._write_lock(), session, session.begin():
                yield session
        finally:
            for step in session.info.pop("in_any_case", []):
                with self.transaction() as own:
                    step(own)
        for callback in session.info.pop("after_commit", []):
            callback()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent snapshot that cannot write. Keep it short: a reader holds back the WAL."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session
            session.expunge_all()  # rows that were read stay readable, as after transaction()
            session.rollback()

    def compact(self, tables: Sequence[str]) -> bool:
        """Leave no trace of deleted rows or of the order of writing in the files.

        SQLite: VACUUM, then empty the write-ahead log; False when a reader held the log back all
        the time. PostgreSQL: rewrite ``tables`` and forget what the planner has sampled of them
        (texts stand in its statistics, also of rows that are gone). Outside any transaction.
        """
        if not self.sqlite:
            plain = self.writer.execution_options(isolation_level="AUTOCOMMIT")
            with plain.connect() as connection:
                for table in tables:
                    connection.exec_driver_sql(f'VACUUM (FULL) "{table}"')
                    for statement in _forget_statistics(table):
                        connection.exec_driver_sql(statement)
                    connection.exec_driver_sql(f'ANALYZE "{table}"')
            return True
        with self._lock:
            raw = self.writer.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute("VACUUM")
                # Else each attempt below would wait for a reader as long as a writer may wait.
                cursor.execute("PRAGMA busy_timeout=100")
                for _ in range(50):
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    busy = cursor.fetchone()
                    if busy is None or busy[0] == 0:
                        return True
            finally:
                raw.cursor().execute(f"PRAGMA busy_timeout={1000 * _TIMEOUT}")
                raw.close()
        return False

    def dispose(self) -> None:
        """Close all connections."""
        self.writer.dispose()
        self.reader.dispose()

    @contextmanager
    def _write_lock(self) -> Iterator[None]:
        if not self.sqlite:
            yield
            return
        with self._lock:
            yield

    def _engine(self, *, read_only: bool) -> Engine:
        if not self.sqlite:
            options = {"postgresql_readonly": True} if read_only else {}
            level = "REPEATABLE READ" if read_only else "READ COMMITTED"
            engine = sa.create_engine(
                self.url.set(drivername="postgresql+psycopg"),
                pool_size=THREADS,
                pool_pre_ping=True,
                isolation_level=level,
                hide_parameters=True,
            )
            return engine.execution_options(**options) if options else engine
        engine = sa.create_engine(
            self.url,
            connect_args={"timeout": _TIMEOUT},
            pool_size=THREADS,
            max_overflow=0,
            hide_parameters=True,
        )
        sa.event.listen(engine, "connect", _sqlite_settings(read_only))
        begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run ``callback`` when the session's transaction has been committed; never otherwise."""
    session.info.setdefault("after_commit", []).append(callback)


def in_any_case(session: Session, step: Callable[[Session], None]) -> None:
    """Run ``step`` in a transaction of its own when the session's has ended, however it ended.

    For what must be known although it was refused: the refusal takes its own transaction back.
    """
    session.info.setdefault("in_any_case", []).append(step)


def _forget_statistics(table: str) -> list[str]:
    """Statements that drop what PostgreSQL has sampled of a table's texts and bytes.

    ANALYZE of an empty table keeps the old samples, and nothing but a superuser may delete them;
    setting a column to the type that it has drops them, without a rewrite.
    """
    described = Base.metadata.tables.get(table)
    if described is None:
        return []
    return [
        f'ALTER TABLE "{table}" ALTER COLUMN "{column.name}" TYPE '
        + column.type.compile(_POSTGRESQL)
        for column in described.columns
        if isinstance(column.type, sa.String | sa.LargeBinary)
    ]


def _sqlite_settings(read_only: bool) -> Callable[[Any, ConnectionPoolEntry], None]:
    def connected(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"]
        if read_only:
            pragmas.append("query_only=ON")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return connected
