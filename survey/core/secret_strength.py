"""Whether a secret can have come from a random source: a simple rule, not a measurement.

1. Words that stand in examples (``changeme``, ``secret``, …) count for nothing.
2. Repetition counts once: ``abcabcabc`` is ``abc``; a run of six or more characters in a row
   (``aaaaaa``, ``123456``) is one character.
3. What is left must have at least eight different characters.
4. Its length × log₂ of the alphabet it is written in (digits 10, hexadecimal 16, each case of
   letters 26, digits 10, everything else 33) must reach 128 bits.

32 hexadecimal digits pass exactly; 22 characters of base64 would, but 32 are asked for.
"""

from __future__ import annotations

import math
import re
import string

SHORTEST = 32
FEWEST_DIFFERENT = 8
BITS = 128
_RUN = 6
_WORDS = re.compile(
    r"change[-_ ]?(?:me|this)|replace[-_ ]?(?:me|this)|secret|password|passord|hemmelig|example"
    r"|eksempel|default|survey|test|qwerty|letmein",
    re.IGNORECASE,
)


def is_weak(secret: str) -> bool:
    """True when the secret is too short, or can be guessed with fewer than 2¹²⁸ tries."""
    if len(secret) < SHORTEST:
        return True
    rest = _without_runs(_once(_WORDS.sub("", secret)))
    return len(set(rest)) < FEWEST_DIFFERENT or bits(rest) < BITS


def bits(text: str) -> float:
    """Bits of a text whose characters were drawn from the alphabet that it is written in."""
    return len(text) * math.log2(_alphabet(text)) if text else 0.0


def _alphabet(text: str) -> int:
    for letters in (string.digits, string.digits + "abcdef", string.digits + "ABCDEF"):
        if set(text) <= set(letters):
            return len(letters)
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    size = sum(len(letters) for letters in classes if set(text) & set(letters))
    other = set(text) - set("".join(classes))
    return size + (33 if other else 0)


def _once(text: str) -> str:
    """The shortest beginning whose repetition is the text."""
    for length in range(1, len(text)):
        if text.startswith(text[length:]):
            return text[:length]
    return text


def _without_runs(text: str) -> str:
    """The text with every run of equal or neighbouring characters put down to its first."""
    kept, start = [], 0
    while start < len(text):
        stop = start + 1
        step = ord(text[stop]) - ord(text[start]) if stop < len(text) else 2
        while abs(step) <= 1 and stop < len(text) and ord(text[stop]) - ord(text[stop - 1]) == step:
            stop += 1
        if stop - start < _RUN:
            stop = start + 1
        kept.append(text[start])
        start = stop
    return "".join(kept)
