"""Small sealed values: what a browser keeps for us and must neither read nor change.

A value is sealed for one purpose under a key derived from the service's secret (XSalsa20-Poly1305)
and carries the moment until which it counts.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from survey.core.db import now
from survey.core.secret import Secret


def seal(secret: Secret, purpose: str, value: Mapping[str, Any], minutes: int) -> str:
    """Text for a cookie or a form: ``value`` (plain JSON), good for ``minutes``."""
    until = (now() + timedelta(minutes=minutes)).isoformat()
    text = json.dumps([until, dict(value)], separators=(",", ":"))
    return urlsafe_b64encode(seal_bytes(secret, purpose, text.encode())).decode().rstrip("=")


def open_sealed(secret: Secret, purpose: str, text: str) -> dict[str, Any] | None:
    """What was sealed; None when it was not sealed here for this purpose, or is too old."""
    try:
        raw = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        until, value = json.loads(open_bytes(secret, purpose, raw))
    except (CryptoError, ValueError, TypeError):
        return None
    return dict(value) if datetime.fromisoformat(until) > now() else None


def seal_bytes(secret: Secret, purpose: str, value: bytes) -> bytes:
    """``value`` sealed for a purpose, without an end."""
    return bytes(SecretBox(secret.hash("box", purpose.encode())).encrypt(value))


def open_bytes(secret: Secret, purpose: str, sealed: bytes) -> bytes:
    """What :func:`seal_bytes` was given; CryptoError for anything else."""
    return SecretBox(secret.hash("box", purpose.encode())).decrypt(sealed)
