"""One service for the whole search: every drawn municipality is an organisation of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from survey.app import create_app
from survey.config import Settings
from survey.upkeep.services import build
from tests.conftest import _all_tables as all_tables
from tests.leaks.world import History, Publication, Published, publish, write_instruments

Publish = Callable[[History], Iterator[tuple[Published, Publication]]]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publish]:
    """Publishes what was drawn, wave by wave."""
    folder = tmp_path_factory.mktemp("leaks")
    library = write_instruments(folder / "instruments")
    settings = Settings(
        data_dir=folder / "var",
        secret_key="test-secret-" + "x" * 32,
        allowed_hosts=("localhost",),
        instrument_dir=folder / "instruments",
    )
    settings.data_dir.mkdir(parents=True)
    parts = build(settings)
    all_tables().create_all(parts.db.writer)
    app = create_app(settings, parts)
    app.config["TESTING"] = True
    numbers = itertools.count(1)
    yield lambda history: publish(parts, app, library, history, f"o{next(numbers)}")
    parts.db.dispose()
