"""What every command needs: the services, opened on a database that is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from survey.core import logs
from survey.core import services as parts_of_service
from survey.core.services import Services
from survey.operations import all_settings, migrate


@contextmanager
def opened(*, any_schema: bool = False) -> Iterator[Services]:
    """The services of the environment's settings; closed when the block ends.

    Raises Conflict when the database is not up to date, unless ``any_schema``.
    """
    settings = all_settings.load()
    logs.configure(replace(settings, log_level="warning", log_format="console"))
    parts = parts_of_service.build(settings)
    try:
        if not any_schema:
            migrate.require_current(parts.db)
        yield parts
    finally:
        parts.db.dispose()
