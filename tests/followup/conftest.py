from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from survey.followup import place
from survey.followup.place import Place
from survey.release.close import close_and_release
from tests.access.world import World, fresh


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A municipality with one released wave and one open, for one test."""
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


@pytest.fixture
def here(world: World) -> Place:
    """The unit n1 after the first wave."""
    return at(world, "n1")


def at(world: World, unit: str, ordinal: int | None = None) -> Place:
    with world.parts.db.reading() as session:
        return place.find(session, world.journey.organisation_id, "kultur", unit, ordinal)


def release_second(world: World) -> None:
    """Close and release the second wave, that few have answered."""
    wave = world.journey.wave
    close_and_release(world.parts.db, world.parts.keys, wave.organisation_id, wave.id)
