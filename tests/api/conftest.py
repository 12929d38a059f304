from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.access.world import World, fresh


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two municipalities with people in every role, shared by the tests of a module."""
    made = fresh(tmp_path_factory.mktemp("world"))
    yield made
    made.parts.db.dispose()
