"""Passwords as argon2id. Slow on purpose: never call these inside a transaction."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from functools import cache
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from survey.core.errors import Fault, InvalidInput, Message, say

SHORTEST = 12
LONGEST = 200
_hasher = PasswordHasher()  # argon2id
# 64 MiB each: without a limit, sixteen threads would take a gigabyte.
_at_once = threading.BoundedSemaphore(4)


Problem = Literal["short", "long", "common", "own"]

_EXPLAINED: dict[Problem, Message] = {
    "short": say("password_too_short", shortest=SHORTEST),
    "long": say("password_too_long", longest=LONGEST),
    "common": say("password_easily_guessed"),
    "own": say("password_of_own_name"),
}

# What passwords are made of when people lengthen a poor one to the twelve characters asked for.
_WORDS = """
passord password pass kommune kommunen velkommen welcome sommer vinter høsten hosten våren
varen januar februar mars april juni juli august september oktober november desember mandag
tirsdag onsdag torsdag fredag qwerty qwertyuiop asdfgh asdfghjkl zxcvbnm administrator admin
letmein hemmelig secret iloveyou football fotball norge norway oslo bergen trondheim test
innovasjon innovasjonen barometer barometeret innovasjonsbarometer innovasjonsbarometeret
innovasjonskultur abcd abcdefgh abcdefghijkl abc
"""
_COMMON = frozenset(_WORDS.split())
_LONGEST_COMMON = max(map(len, _COMMON))


def problem(password: str, own: Iterable[str] = ()) -> Problem | None:
    """Why a password cannot be used; None when it can. ``own`` are words that its owner goes by."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    plain = password.lower()
    if len(set(plain)) < 5 or _is_common(plain):
        return "common"
    rest = plain
    for word in sorted({word.lower() for word in own if len(word) > 2}, key=len, reverse=True):
        rest = rest.replace(word, "")
    if rest != plain and len(set(rest)) < 5:
        return "own"
    return None


def own_words(name: str, email: str) -> list[str]:
    """The words that somebody goes by, for :func:`problem`."""
    return [email, *re.split(r"[\s@._+-]+", f"{name} {email}")]


def make_hash(password: str, own: Iterable[str] = ()) -> str:
    """The argon2id hash of a new password; InvalidInput when it cannot be used."""
    wrong = problem(password, own)
    if wrong is not None:
        fault = Fault("password", _EXPLAINED[wrong])
        raise InvalidInput("password_cannot_be_used", [fault])
    with _at_once:
        return _hasher.hash(password)


def renewed(password: str) -> str:
    """The hash, with today's parameters, of a password that was accepted once before."""
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


def _is_common(plain: str) -> bool:
    """True when nothing but common words, digits and marks stands in it.

    By positions that such pieces can reach: a regular expression would try every way to cut it.
    """
    reached = {0}
    for start in range(len(plain)):
        if start not in reached:
            continue
        if not plain[start].isalpha():
            reached.add(start + 1)
        for end in range(start + 3, min(start + _LONGEST_COMMON, len(plain)) + 1):
            if plain[start:end] in _COMMON:
                reached.add(end)
    return len(plain) in reached


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
