"""What every request, task and command works with: settings, database, secret, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from survey.core import logs, private_files
from survey.core.config import Settings
from survey.core.db import Database
from survey.core.keystore import KeyStore
from survey.core.secret import Secret, load_secret


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that the outside world is reached through. Built once per process."""

    settings: Settings
    db: Database
    secret: Secret
    keys: KeyStore


def build(settings: Settings) -> Services:
    """Open everything; makes the data and key folders when they are missing.

    Closes them to other users and says so in the log. Raises ConfigurationError when it cannot.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in private_files.close_to_others(settings):
        logs.logger().warning("was open to other users; closed", path=str(path))
    return Services(
        settings=settings,
        db=Database(settings.database),
        secret=load_secret(settings),
        keys=KeyStore(settings.keys, settings.escrow_dir),
    )


def services() -> Services:
    """The services of the running Flask application."""
    return cast(Services, current_app.extensions["survey"])
