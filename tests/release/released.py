"""A wave that went the whole way, made once in a process for each set of answers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

from survey.config import Settings
from survey.release.close import close_and_release
from survey.study.models import Study, Wave
from survey.upkeep.services import Services, build
from tests.conftest import _all_tables as all_tables
from tests.conftest import folder_of_process
from tests.release.journey import Journey, start


def released(services: Services, answers: Mapping[str, int]) -> Journey:
    """So many of each unit answered, and the wave was released: copied into the database (SQLite)
    and the keys of ``services``, which are the test's own."""
    folder, made = _template(tuple(answers.items()), services.settings.secret_key)
    name = services.settings.database.removeprefix("sqlite:///")
    with (
        closing(sqlite3.connect(folder / "var" / "survey.db")) as source,
        closing(sqlite3.connect(name)) as target,
    ):
        source.backup(target)
    shutil.copytree(made.keys.folder, services.keys.folder, dirs_exist_ok=True)
    with services.db.reading() as session:
        study = session.get_one(Study, (made.organisation_id, made.study.id))
        wave = session.get_one(Wave, (made.organisation_id, made.wave.id))
    return replace(made, db=services.db, keys=services.keys, study=study, wave=wave)


@cache
def _template(answers: tuple[tuple[str, int], ...], secret_key: str) -> tuple[Path, Journey]:
    """The folder of a service with this secret, and its study."""
    folder = folder_of_process("released")
    parts = build(Settings(data_dir=folder / "var", secret_key=secret_key))
    all_tables().create_all(parts.db.writer)
    journey = start(parts.db, parts.keys, parts.secret)
    journey.answer(dict(answers))
    close_and_release(parts.db, parts.keys, journey.organisation_id, journey.wave.id)
    parts.db.dispose()  # the last connection writes the WAL back into the file
    return folder, journey
