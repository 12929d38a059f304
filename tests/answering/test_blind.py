"""RFC 9474's numbers, and what they promise for any message."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.answering import blind
from survey.answering.blind import PrivateKey, PublicKey
from survey.core.errors import InvalidInput

VECTOR = json.loads(
    (Path(__file__).parents[1] / "data" / "rfc9474" / "randomized.json").read_text()
)


def number(name: str) -> int:
    return int(VECTOR[name], 16)


def raw(name: str) -> bytes:
    return bytes.fromhex(VECTOR[name])


def make(bits: int = 2048) -> PrivateKey:
    numbers = rsa.generate_private_key(65537, bits).private_numbers()
    return PrivateKey(numbers.p, numbers.q)


RFC = PrivateKey(number("p"), number("q"))
OWN, OTHER = make(), make()


def test_every_step_gives_the_numbers_of_the_rfc() -> None:
    public = RFC.public
    assert public.n == number("n")
    prepared = raw("msg_prefix") + raw("msg")
    r = pow(number("inv"), -1, public.n)
    blinded = blind.blind(public, prepared, salt=raw("salt"), r=r)
    assert blinded.message == raw("blinded_msg")
    assert blinded.inverse == number("inv")
    signed = blind.blind_sign(RFC, blinded.message)
    assert signed == raw("blind_sig")
    signature = blind.finalize(public, prepared, signed, blinded.inverse)
    assert signature == raw("sig")
    assert blind.verify(public, prepared, signature)


def test_signing_the_same_again_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blinding of the private operation is drawn anew each time and leaves no trace."""
    drawn: list[int] = []
    draw = blind._invertible

    def watched(n: int) -> int:
        drawn.append(draw(n))
        return drawn[-1]

    blinded = blind.blind(OWN.public, b"once")
    monkeypatch.setattr(blind, "_invertible", watched)
    assert blind.blind_sign(OWN, blinded.message) == blind.blind_sign(OWN, blinded.message)
    assert len(set(drawn)) == 2


@settings(max_examples=25)
@given(message=st.binary(max_size=300))
def test_any_message_is_signed_unseen_and_verifies(message: bytes) -> None:
    prepared = blind.prepare(message)
    assert prepared[blind.PREFIX :] == message
    blinded = blind.blind(OWN.public, prepared)
    signed = blind.blind_sign(OWN, blinded.message)
    signature = blind.finalize(OWN.public, prepared, signed, blinded.inverse)
    assert blind.verify(OWN.public, prepared, signature)
    assert not blind.verify(OTHER.public, prepared, signature)
    assert not blind.verify(OWN.public, prepared + b"x", signature)
    assert signature not in (blinded.message, signed)


@settings(max_examples=25)
@given(position=st.integers(0, 255), bit=st.integers(0, 7))
def test_a_changed_signature_is_none(position: int, bit: int) -> None:
    prepared = raw("msg_prefix") + raw("msg")
    changed = bytearray(raw("sig"))
    changed[position] ^= 1 << bit
    assert not blind.verify(RFC.public, prepared, bytes(changed))


def test_every_blinded_message_could_hide_every_message() -> None:
    """For any two messages and any blinded one there is an r that leads from either to it: nobody
    can tell, with any amount of computing, which one was signed."""
    n = OWN.public.n
    target = blind.blind(OWN.public, b"first", salt=b"s" * 48)
    other = int.from_bytes(blind._encode(b"second", b"t" * 48, n.bit_length() - 1), "big")
    wanted = int.from_bytes(target.message, "big")
    quotient = wanted * pow(other, -1, n) % n
    r = pow(quotient, pow(65537, -1, (OWN.p - 1) * (OWN.q - 1)), n)
    assert blind.blind(OWN.public, b"second", salt=b"t" * 48, r=r).message == target.message


@pytest.mark.parametrize("bits", [2048, 3072])
def test_keys_of_any_length_encode_alike(bits: int) -> None:
    key = make(bits)
    prepared = blind.prepare(b"message")
    blinded = blind.blind(key.public, prepared)
    signed = blind.blind_sign(key, blinded.message)
    signature = blind.finalize(key.public, prepared, signed, blinded.inverse)
    assert len(signature) == len(blinded.message) == bits // 8


@pytest.mark.parametrize(
    "wrong", [b"", bytes(255), bytes(257), OWN.public.n.to_bytes(256, "big"), b"\xff" * 256]
)
def test_a_message_that_does_not_fit_is_not_signed(wrong: bytes) -> None:
    with pytest.raises(InvalidInput):
        blind.blind_sign(OWN, wrong)


def test_a_false_signature_is_refused_by_whoever_asked_for_it() -> None:
    prepared = blind.prepare(b"message")
    blinded = blind.blind(OWN.public, prepared)
    for signed in (secrets.token_bytes(256), blind.blind_sign(OTHER, b"\0" * 256), b""):
        with pytest.raises(InvalidInput):
            blind.finalize(OWN.public, prepared, signed, blinded.inverse)


def test_an_error_in_computing_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that is right modulo one prime only would give the primes away."""
    private = blind._private
    monkeypatch.setattr(blind, "_private", lambda key, m: private(key, m) + key.p)
    with pytest.raises(ArithmeticError):
        blind.blind_sign(OWN, blind.blind(OWN.public, b"x").message)


def test_a_message_that_shares_a_factor_with_the_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="factor"):  # every encoded message is even
        blind.blind(PublicKey(2**2047 + 2), b"x")


def test_no_secret_is_shown() -> None:
    assert str(OWN.p) not in repr(OWN)
    blinded = blind.blind(OWN.public, b"x")
    assert str(blinded.inverse) not in repr(blinded)
