"""Failed codes are counted and limited; a good code is never refused.

See ``docs/decisions/0006-answering-rate-limit.md``: what keeps a code from being guessed is its
length; the limit keeps guessing from being cheap, unseen, and a load on the database.
"""

from __future__ import annotations

from survey.core import limits
from survey.core.db import Database
from survey.core.secret import Secret

PER_ADDRESS = 60
"""Failed codes a day from one network address. A whole municipality may share it: a mistyped
short code is caught by its check character 31 times of 32 and is not counted."""
IN_TOTAL = 10_000
"""Failed codes a day from everywhere: guessing spread over many addresses."""


def count_failure(db: Database, secret: Secret, address: str) -> None:
    """Count one failed code in a transaction of its own; RateLimited when there were too many.

    Call it only when a well-formed code turned out to be unknown. The window is a whole day, so
    that what is stored tells no time of day.
    """
    network = limits.of_network(secret, "failed-code", address, PER_ADDRESS, limits.DAY)
    everybody = limits.of_value(secret, "failed-code-all", "", IN_TOTAL, limits.DAY)
    limits.count(db, network, everybody)
