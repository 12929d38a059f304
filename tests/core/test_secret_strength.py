"""A secret that somebody typed is refused; one that a program made is not."""

from __future__ import annotations

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.core.secret_strength import is_weak
from tests.secrets_for_tests import SECRET_KEY


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a" * 40,
        "changeme" * 8,
        "change-me-change-me-change-me-change-me",
        "ChangeMe" + "x" * 40,
        "0123456789abcdef" * 4,
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "abababababababababababababababababababab",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
        "1234567890" * 5,
        "correcthorse" * 5,
        "my-secret-password-for-the-survey",
        "s" * 39 + "t",
        "7743afac1f2dd6aad10d7ccd509f5d",  # random, but too short
    ],
)
def test_what_was_typed_is_weak(typed: str) -> None:
    assert is_weak(typed)


@given(st.binary(min_size=32, max_size=64))
def test_what_a_program_made_is_not(drawn: bytes) -> None:
    if len(set(drawn)) < 28:  # hypothesis likes zeros, a random source does not
        return
    assert not is_weak(drawn.hex())
    assert not is_weak(base64.b64encode(drawn).decode())


def test_the_ways_that_are_recommended_always_pass() -> None:
    for _ in range(2000):
        assert not is_weak(secrets.token_hex(32))
        assert not is_weak(secrets.token_urlsafe(32))


def test_a_word_in_front_of_a_random_secret_does_no_harm() -> None:
    assert not is_weak("change-me-" + secrets.token_hex(32))
    assert not is_weak(SECRET_KEY)
