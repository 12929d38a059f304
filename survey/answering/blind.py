"""RSABSSA-SHA384-PSS-Randomized of RFC 9474: a signature on something that the signer never sees.

``prepare`` and ``blind`` and ``finalize`` are the respondent's part (in the browser the same stands
in ``static/answer/blind.js``); ``blind_sign`` is the service's; ``verify`` is anybody's. Pure: keys
and random numbers come in, bytes go out. Names are those of the RFC.

The blinded message is m·rᵉ mod n with r uniform among the invertible numbers, so it is itself
uniform whatever m is: what is signed tells nothing about what was signed, however much anybody
computes. The size of the key limits forgery only, never anonymity.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from survey.core.errors import InvalidInput

EXPONENT = 65537
PREFIX = 32
"""Random bytes that ``prepare`` puts before a message (section 4.1)."""
SALT = 48
_HASH = 48


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA key with the exponent 65537. ``n`` is the modulus."""

    n: int

    @property
    def length(self) -> int:
        """Bytes of the modulus, and of every message and signature (modulus_len)."""
        return (self.n.bit_length() + 7) // 8


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The two primes of a modulus; everything else follows from them."""

    p: int = field(repr=False)
    q: int = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.p * self.q)


@dataclass(frozen=True, slots=True)
class Blinded:
    """``message`` goes to the signer; ``inverse`` stays with whoever blinded it."""

    message: bytes
    inverse: int = field(repr=False)


def prepare(message: bytes) -> bytes:
    """Return ``message`` behind 32 random bytes (PrepareRandomize, section 4.1)."""
    return secrets.token_bytes(PREFIX) + message


def blind(
    key: PublicKey, prepared: bytes, *, salt: bytes | None = None, r: int | None = None
) -> Blinded:
    """Blind a prepared message (section 4.2). ``salt`` and ``r`` are given by test vectors only."""
    salt = secrets.token_bytes(SALT) if salt is None else salt
    m = int.from_bytes(_encode(prepared, salt, key.n.bit_length() - 1), "big")
    if math.gcd(m, key.n) != 1:
        raise InvalidInput("message_has_factor_in_common_with_key")
    r = _invertible(key.n) if r is None else r
    z = m * pow(r, EXPONENT, key.n) % key.n
    return Blinded(z.to_bytes(key.length, "big"), pow(r, -1, key.n))


def blind_sign(key: PrivateKey, blinded: bytes) -> bytes:
    """Sign a blinded message (section 4.3).

    The private operation runs on the message times bᵉ for a random b, so that its time says
    nothing about key and message; its result is checked with the public key before it leaves, so
    that an error in computing cannot give the primes away. Raises InvalidInput on a message that
    has a wrong length or is not below the modulus.
    """
    public = key.public
    n = public.n
    m = int.from_bytes(blinded, "big")
    if len(blinded) != public.length or m >= n:
        raise InvalidInput("blinded_message_does_not_fit_key")
    b = _invertible(n)
    s = _private(key, m * pow(b, EXPONENT, n) % n) * pow(b, -1, n) % n
    if pow(s, EXPONENT, n) != m:
        raise ArithmeticError("signing failure")
    return s.to_bytes(public.length, "big")


def finalize(key: PublicKey, prepared: bytes, blind_signature: bytes, inverse: int) -> bytes:
    """Take the blinding away and check the signature (section 4.4); InvalidInput on a false one."""
    if len(blind_signature) != key.length:
        raise InvalidInput("blind_signature_does_not_fit_key")
    s = int.from_bytes(blind_signature, "big") * inverse % key.n
    signature = s.to_bytes(key.length, "big")
    if not verify(key, prepared, signature):
        raise InvalidInput("signature_is_not_one_of_this_key")
    return signature


def verify(key: PublicKey, prepared: bytes, signature: bytes) -> bool:
    """True when ``signature`` is the key's on ``prepared`` (RSASSA-PSS-VERIFY, section 4.5)."""
    numbers = rsa.RSAPublicNumbers(EXPONENT, key.n)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT)
    try:
        numbers.public_key().verify(signature, prepared, scheme, hashes.SHA384())
    except InvalidSignature:
        return False
    return True


def _private(key: PrivateKey, m: int) -> int:
    """m to the private exponent, by the Chinese remainder theorem (RSASP1 of RFC 8017)."""
    halves = [pow(m % prime, pow(EXPONENT, -1, prime - 1), prime) for prime in (key.p, key.q)]
    difference = (halves[0] - halves[1]) * pow(key.q, -1, key.p) % key.p
    return halves[1] + key.q * difference


def _invertible(n: int) -> int:
    """A uniform number among those invertible modulo n."""
    while math.gcd(number := 1 + secrets.randbelow(n - 1), n) != 1:
        pass  # pragma: no cover  # as likely as finding the primes by guessing
    return number


def _encode(message: bytes, salt: bytes, bits: int) -> bytes:
    """EMSA-PSS-ENCODE of RFC 8017, section 9.1.1, with SHA-384 and MGF1."""
    length = (bits + 7) // 8
    digest = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    data = bytes(length - len(salt) - _HASH - 2) + b"\x01" + salt
    masked = int.from_bytes(data, "big") ^ int.from_bytes(_mask(digest, len(data)), "big")
    masked &= (1 << (bits - 8 * (_HASH + 1))) - 1  # the leftmost bits that n does not have
    return masked.to_bytes(len(data), "big") + digest + b"\xbc"


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 of RFC 8017, appendix B.2.1."""
    blocks = range(-(-length // _HASH))
    mask = b"".join(
        hashlib.sha384(seed + counter.to_bytes(4, "big")).digest() for counter in blocks
    )
    return mask[:length]
