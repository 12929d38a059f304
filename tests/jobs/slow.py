"""A worker with slow work, for tests that kill it: ``python slow.py FOLDER LEASE [REDIS]``."""

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


def works(parts: Services) -> Mapping[str, Work]:
    return {"sleep": partial(sleep, parts)}


def sleep(parts: Services, job: Job) -> dict[str, Any]:
    """Note the start, sleep, note the end. The notes stand for what is visible outside."""
    folder = parts.settings.data_dir
    name = str(job.claim.payload["name"])
    (folder / f"{name}.{job.claim.attempt}.{os.getpid()}.started").touch()
    time.sleep(job.claim.payload["seconds"])
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
    sys.modules["slow"] = sys.modules["__main__"]
    works.__module__ = "slow"
    worker.run(
        settings(Path(sys.argv[1]), *sys.argv[3:]), works, timedelta(seconds=int(sys.argv[2]))
    )
