"""Invitation codes: derived from the wave's code key, stored as keyed hashes only.

The link code carries 130 bits. The short one, for letters and posters, is nine characters and a
check character over GF(32): every single wrong character and every swap of two characters is
caught, because all weights differ (a linear code of distance 2 with distinct non-zero weights).
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass

from survey.core.errors import NotFound
from survey.core.secret import Secret

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LINK_LENGTH = 26
SHORT_LENGTH = 10
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_LOOKALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_IGNORED = str.maketrans("", "", " \t\r\n\u00a0\u202f\u200b-‐‑‒–—−_.")
_TYPED_LIMIT = 200


class MistypedCode(NotFound):
    """The code cannot be any code at all: a wrong length, character or check character."""


@dataclass(frozen=True, slots=True)
class Code:
    """The two forms of one code. ``short`` is printed as XXXXX-XXXXX."""

    link: str
    short: str


def derive(code_key: bytes, invitation_id: uuid.UUID) -> Code:
    """Derive an invitation's code: HMAC-SHA256 under the wave's code key, one use per form."""
    link = hmac.digest(code_key, b"link:" + invitation_id.bytes, "sha256")
    short = hmac.digest(code_key, b"short:" + invitation_id.bytes, "sha256")
    body = _encode(short, SHORT_LENGTH - 1)
    text = body + check_character(body)
    return Code(_encode(link, LINK_LENGTH), f"{text[:5]}-{text[5:]}")


def normalise(typed: str) -> str:
    """Return a typed code as it is hashed: 26 characters of a link or 10 of a short code.

    Case, blanks and hyphens do not count; O is 0, I and L are 1. Raises MistypedCode when it cannot
    be a code, which tells nothing about the codes that exist.
    """
    if len(typed) > _TYPED_LIMIT:
        raise MistypedCode("code_is_too_long")
    text = typed.translate(_IGNORED).upper().translate(_LOOKALIKE)
    if len(text) not in {LINK_LENGTH, SHORT_LENGTH}:
        raise MistypedCode("code_of_wrong_length")
    if any(character not in _VALUE for character in text):
        raise MistypedCode("code_with_foreign_character")
    if len(text) == SHORT_LENGTH and check_character(text[:-1]) != text[-1]:
        raise MistypedCode("code_mistyped")
    return text


def check_character(body: str) -> str:
    """Return the check character c of nine characters v: c = Σ wᵢ·vᵢ in GF(32), wᵢ = αⁱ, i ≥ 1.

    αⁱ for i = 1..9 and the 1 of the check character are all different and not zero, so
    wᵢ·(v - v') ≠ 0 for a wrong character and (wᵢ - wⱼ)(vᵢ - vⱼ) ≠ 0 for a swap.
    """
    total, weight = 0, 1
    for character in body:
        weight = _multiply(weight, 2)
        total ^= _multiply(weight, _VALUE[character])
    return ALPHABET[total]


def code_hash(secret: Secret, code: str) -> bytes:
    """Return the 32-byte keyed hash of a link code, as it is stored."""
    return secret.hash("invitation-link", normalise(code).encode())


def short_hash(secret: Secret, code: str) -> bytes:
    """Return the 32-byte keyed hash of a short code, as it is stored."""
    return secret.hash("invitation-short", normalise(code).encode())


def _encode(digest: bytes, length: int) -> str:
    """The first ``5 * length`` bits of a digest as Crockford base32."""
    number = int.from_bytes(digest, "big") >> (8 * len(digest) - 5 * length)
    shifts = range(5 * (length - 1), -1, -5)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in shifts)


def _multiply(a: int, b: int) -> int:
    """Product in GF(2⁵) modulo x⁵ + x² + 1 (primitive, so that α = 2 has order 31)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 32:
            a ^= 0b100101
        b >>= 1
    return product
