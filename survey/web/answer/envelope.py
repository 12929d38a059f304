"""An answer that waits on the respondent's device: locked so that only the service can open it.

The page is given a random nonce and the key that belongs to it. Once an answer is locked, only the
nonce stays beside it, so whoever uses the device next can read neither the answer nor the code; the
service derives the key again from the nonce and its own secret and keeps nothing in between.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from werkzeug.datastructures import MultiDict

from survey.core.errors import InvalidInput
from survey.core.secret import Secret

_NONCE = 16
_IV = 12
_FIELDS = 500


@dataclass(frozen=True, slots=True)
class Key:
    """What a page is drawn with, both in hexadecimal: the nonce may be kept, the key may not."""

    nonce: str
    key: str


def draw(secret: Secret) -> Key:
    """Return a nonce that was never used, with its key."""
    nonce = secrets.token_bytes(_NONCE)
    return Key(nonce.hex(), secret.hash("envelope", nonce).hex())


def unlock(secret: Secret, envelope: bytes) -> MultiDict[str, str]:
    """Return the form in an envelope: nonce (16 bytes), IV (12), AES-256-GCM of urlencoded fields.

    Raises InvalidInput for anything that was not locked with a key of :func:`draw`.
    """
    nonce, iv = envelope[:_NONCE], envelope[_NONCE : _NONCE + _IV]
    try:
        plain = AESGCM(secret.hash("envelope", nonce)).decrypt(
            iv, envelope[_NONCE + _IV :], associated_data=b"svar"
        )
        fields = parse_qsl(plain.decode(), keep_blank_values=True, max_num_fields=_FIELDS)
    except (InvalidTag, ValueError) as error:  # too short, not UTF-8, too many fields
        raise InvalidInput("this_is_no_answer_that_waited_on_device") from error
    return MultiDict(fields)
