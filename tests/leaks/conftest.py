"""One service for the whole search: every drawn municipality is an organisation of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from survey.app import create_app
from survey.core.config import Settings
from survey.core.services import build
from tests.databases import migrated_database
from tests.leaks.drawing import History, write_instruments
from tests.leaks.world import Publication, Published, publish
from tests.secrets_for_tests import SECRET_KEY


class Publish(Protocol):
    """Publishes what was drawn, wave by wave."""

    def __call__(self, history: History, **how: Any) -> Iterator[tuple[Published, Publication]]: ...


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publish]:
    """Publishes what was drawn, wave by wave."""
    folder = tmp_path_factory.mktemp("leaks")
    library = write_instruments(folder / "instruments")
    settings = Settings(
        data_dir=folder / "var",
        secret_key=SECRET_KEY,
        allowed_hosts=("localhost",),
        instrument_dir=folder / "instruments",
    )
    migrated_database(settings.database).dispose()
    parts = build(settings)
    app = create_app(settings, parts)
    app.config["TESTING"] = True
    numbers = itertools.count(1)

    def go(history: History, **how: Any) -> Iterator[tuple[Published, Publication]]:
        return publish(parts, app, library, history, f"o{next(numbers)}", **how)

    yield go
    parts.db.dispose()
