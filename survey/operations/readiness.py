"""Is everything there that a request needs? Asked by proxies before they send anybody here."""

from __future__ import annotations

import os

import sqlalchemy as sa

from survey.core.services import Services
from survey.operations import migrate


def check(parts: Services) -> dict[str, str]:
    """Each part with ``ok`` or, in a few words that give nothing away, what is wrong."""
    return {"database": _database(parts), "schema": _schema(parts), "keys": _keys(parts)}


def _database(parts: Services) -> str:
    try:
        with parts.db.reading() as session:
            session.execute(sa.select(1))
    except sa.exc.SQLAlchemyError:
        return "cannot be reached"
    return "ok"


def _schema(parts: Services) -> str:
    try:
        state = migrate.state(parts.db)
    except sa.exc.SQLAlchemyError:
        return "unknown"
    return "ok" if state == "current" else state


def _keys(parts: Services) -> str:
    folder = parts.settings.keys
    return "ok" if folder.is_dir() and os.access(folder, os.W_OK) else "folder is not writable"
