"""Passwords as argon2id. Slow on purpose: never call these inside a transaction."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from survey.errors import Fault, InvalidInput

SHORTEST = 12
LONGEST = 200
_hasher = PasswordHasher()
# 64 MiB each: without a limit, sixteen threads would take a gigabyte.
_at_once = threading.BoundedSemaphore(4)


def make_hash(password: str) -> str:
    """The argon2id hash of a new password; InvalidInput when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        fault = Fault("password", f"must have from {SHORTEST} to {LONGEST} characters.")
        raise InvalidInput("The password cannot be used.", [fault])
    with _at_once:
        return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """True when the password belongs to the stored hash. As slow when there is none (None)."""
    if len(password) > LONGEST:
        password, stored = "", None
    with _at_once:
        try:
            right = _hasher.verify(stored or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None


def outdated(stored: str) -> bool:
    """True when the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
