"""A wave whose people have answered, or that was released: made once in a process for each set of
answers, and copied."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

from survey.core.config import Settings
from survey.core.services import Services, build
from survey.study.models import Study, Wave
from tests.databases import folder_of_process, migrated_database
from tests.release.journey import Journey, start


def answered(services: Services, answers: Mapping[str, int], *, leaders: int = 0) -> Journey:
    """So many of each unit answered the open wave: copied into the database (SQLite) and the keys
    of ``services``, which are the test's own."""
    return _copied(services, tuple(answers.items()), leaders, release=False)


def released(services: Services, answers: Mapping[str, int], *, leaders: int = 0) -> Journey:
    """The same of a wave that was closed and released."""
    return _copied(services, tuple(answers.items()), leaders, release=True)


def _copied(
    services: Services, answers: tuple[tuple[str, int], ...], leaders: int, *, release: bool
) -> Journey:
    folder, made = _template(answers, leaders, services.settings.secret_key, release=release)
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
def _template(
    answers: tuple[tuple[str, int], ...], leaders: int, secret_key: str, *, release: bool
) -> tuple[Path, Journey]:
    """The folder of a service with this secret, and its study."""
    folder = folder_of_process("released" if release else "answered")
    settings = Settings(data_dir=folder / "var", secret_key=secret_key)
    migrated_database(settings.database).dispose()
    parts = build(settings)
    journey = start(parts.db, parts.keys, parts.secret)
    journey.answer(dict(answers), leaders=leaders)
    if release:
        journey.finish()
    parts.db.dispose()  # the last connection writes the WAL back into the file
    return folder, journey
