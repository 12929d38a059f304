"""Seal one person's answer to the public key of its wave, at a length that says nothing.

The plaintext is a record of fixed fields at fixed places; its length follows from the frozen
instrument alone, so a long comment, a short one and none at all look the same from outside.

=============  ======================================================================
1 byte         version of this record, 1
8 bytes        unit id, big-endian
1 byte         role: 0 employee, 1 leader
width bytes    the sheet of ``survey.instrument.layout``, ASCII
per text       2 bytes length, then the UTF-8 text padded with zeros to 4 bytes a character
=============  ======================================================================

Texts stand in the order of the instrument's questions; how many a question has, and of how many
characters, its type says (``text_sizes``).
The box is libsodium's sealed box (X25519, XSalsa20-Poly1305, an ephemeral sender key that is
thrown away): whoever sealed it cannot open it again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from survey.core.errors import InvalidInput
from survey.instrument.layout import Layout
from survey.instrument.parts import ROLES, Role
from survey.instrument.question_types.registry import type_of

VERSION = 1
OVERHEAD = 48
"""Bytes that a sealed box adds: ephemeral public key (32) and authenticator (16)."""

_HEAD = struct.Struct(">BqB")
_LENGTH = struct.Struct(">H")
_UTF8 = 4
_EMPLOYEE_FIRST: tuple[Role, ...] = tuple(sorted(ROLES))


@dataclass(frozen=True, slots=True)
class Payload:
    """What is sealed: the unit that the answer counts for, role, sheet, and texts by question."""

    unit_id: int
    role: Role
    sheet: str
    texts: Mapping[str, list[str]] = field(default_factory=dict)


def plain_length(layout: Layout) -> int:
    """Bytes of every plaintext of this instrument."""
    return _HEAD.size + layout.width + sum(_LENGTH.size + size for _, size in _fields(layout))


def sealed_length(layout: Layout) -> int:
    """Bytes of every sealed answer of this instrument."""
    return plain_length(layout) + OVERHEAD


def seal(public_key: bytes, layout: Layout, payload: Payload) -> bytes:
    """Return the ciphertext of ``payload``: ``sealed_length(layout)`` bytes, whatever is in it.

    Raises ValueError on a sheet or a text that does not fit the instrument: nothing malformed is
    ever sealed, since nobody could see it until the wave closes.
    """
    return SealedBox(PublicKey(public_key)).encrypt(_pack(layout, payload))


def unseal(private_key: PrivateKey, layout: Layout, sealed: bytes) -> Payload:
    """Open one sealed answer; InvalidInput when it is not this wave's or has been changed."""
    try:
        plain = SealedBox(private_key).decrypt(sealed)
    except CryptoError:
        raise InvalidInput("sealed_answer_does_not_open") from None
    if len(plain) != plain_length(layout) or plain[0] != VERSION:
        raise InvalidInput("sealed_answer_of_other_shape")
    return _unpack(layout, plain)


def _fields(layout: Layout) -> Iterator[tuple[str, int]]:
    """Question id and bytes of each text field, in the order of the record."""
    for question in layout.instrument.questions:
        for characters in type_of(question).text_sizes(question):
            yield question.id, _UTF8 * characters


def _pack(layout: Layout, payload: Payload) -> bytes:
    layout.decode(payload.sheet)
    parts = [
        _HEAD.pack(VERSION, payload.unit_id, _EMPLOYEE_FIRST.index(payload.role)),
        payload.sheet.encode("ascii"),
    ]
    remaining = {question_id: list(texts) for question_id, texts in payload.texts.items()}
    for question_id, size in _fields(layout):
        texts = remaining.get(question_id)
        raw = texts.pop(0).encode() if texts else b""
        if len(raw) > size:
            raise ValueError(f"a text of {question_id} does not fit")
        parts += [_LENGTH.pack(len(raw)), raw.ljust(size, b"\0")]
    if any(remaining.values()):
        raise ValueError("more texts than the instrument asks for")
    return b"".join(parts)


def _unpack(layout: Layout, plain: bytes) -> Payload:
    _, unit_id, role = _HEAD.unpack_from(plain)
    position = _HEAD.size + layout.width
    sheet = plain[_HEAD.size : position].decode("ascii")
    texts: dict[str, list[str]] = {}
    for question_id, size in _fields(layout):
        (length,) = _LENGTH.unpack_from(plain, position)
        position += _LENGTH.size
        if length:
            texts.setdefault(question_id, []).append(plain[position : position + length].decode())
        position += size
    return Payload(unit_id, _EMPLOYEE_FIRST[role], sheet, texts)
