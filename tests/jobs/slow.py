"""A worker with slow work, for tests that kill it.

``python -m tests.jobs.slow FOLDER LEASE [REDIS]``. The work ends when the test says so, by a
file; no test has to guess how long a machine takes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from survey import worker
from survey.core.config import Settings
from survey.core.services import Services
from survey.jobs.execution import Job, Work

NAME = "tests.jobs.slow"
GRACE = 3.0
"""Seconds that running work gets when the worker is asked to stop (in earnest 10)."""


def works(parts: Services) -> Mapping[str, Work]:
    return {"wait": partial(wait_for_go, parts)}


def wait_for_go(parts: Services, job: Job) -> dict[str, Any]:
    """Note the start, wait for the file ``go``, note the end: what is visible outside."""
    folder = parts.settings.data_dir
    name = str(job.claim.payload["name"])
    (folder / f"{name}.{job.claim.attempt}.{os.getpid()}.started").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
    (folder / f"{name}.{job.claim.attempt}.ended").touch()
    return {"name": name, "attempt": job.claim.attempt}


def settings(folder: Path, redis_url: str = "") -> Settings:
    return Settings(
        data_dir=folder,
        secret_key="s" * 40,
        processes=2,
        jobs="celery" if redis_url else "embedded",
        redis_url=redis_url,
    )


if __name__ == "__main__":
    sys.modules[NAME] = sys.modules["__main__"]
    works.__module__ = NAME
    worker.GRACE = GRACE
    worker.run(
        settings(Path(sys.argv[1]), *sys.argv[3:]), works, timedelta(seconds=int(sys.argv[2]))
    )
