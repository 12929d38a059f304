"""A world whose unit n1 has three released waves, with a change that can be shown."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from survey.answering.intake import submit
from survey.release.close import close_and_release
from tests.access.world import World, copied, fresh
from tests.databases import folder_of_process
from tests.release.journey import draw_answers, open_next


def answer(world: World, shares: Mapping[str, tuple[int, int]], level: float, seed: int) -> None:
    """Let the people ``first``–``last`` of each unit answer, at a level from 0 to 1."""
    rng, journey = random.Random(seed), world.journey
    for unit, (first, last) in shares.items():
        for code in journey.codes[unit][first:last]:
            given = draw_answers(journey.instrument(), rng, level=level)
            with world.parts.db.transaction() as session:
                number = str(uuid.UUID(int=rng.getrandbits(128)))
                submit(session, world.parts.secret, code, number, given)


def three(folder: Path) -> World:
    """Wave 2 of the common world is filled and released, then a third one. In the last wave n1 has
    risen, and of n2 fewer than half answered. Built once per process, and copied from there."""
    return copied(_three(), folder)


@cache
def _three() -> World:
    folder = folder_of_process("three")
    world = fresh(folder)
    journey, parts = world.journey, world.parts
    answer(world, {"n1": (9, 20), "n2": (0, 12), "n3": (0, 6), "s2": (0, 8)}, 0.6, 3)
    close_and_release(parts.db, parts.keys, journey.organisation_id, journey.wave.id)
    journey.wave, journey.codes = open_next(
        parts.db, parts.keys, parts.secret, journey.study, "after"
    )
    shares = {"n1": (0, 23), "n2": (0, 5), "n3": (0, 7), "s1": (0, 26), "s2": (0, 9)}
    answer(world, shares, 0.78, 5)
    close_and_release(parts.db, parts.keys, journey.organisation_id, journey.wave.id)
    parts.db.dispose()  # the last connection writes the WAL back into the file
    return world
