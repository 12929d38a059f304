"""Keyed hashes under the service's secret, each for one purpose only."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from survey.core.config import Settings


class Secret:
    """The service's secret. Hashes are separated by purpose: none serves for another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, purpose: str, value: bytes) -> bytes:
        """32 bytes: HMAC-SHA256 of ``value`` under a key derived for ``purpose``."""
        derived = hmac.digest(self._key, b"purpose:" + purpose.encode(), "sha256")
        return hmac.digest(derived, value, "sha256")

    def text(self, purpose: str) -> str:
        """A derived secret as hexadecimal text, for libraries that want one (Flask's)."""
        return self.hash(purpose, b"").hex()


def load_secret(settings: Settings) -> Secret:
    """The secret of the settings, else of the key folder (made there, 0600, when missing)."""
    if settings.secret_key:
        return Secret(settings.secret_key.encode())
    path = settings.keys / "service-secret"
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())
    return Secret(path.read_bytes())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, whole or not at all; never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
