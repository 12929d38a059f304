"""Codes: what is printed can be typed, and a slip of the finger is caught."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survey.core.secret import Secret
from survey.invitations.codes import (
    ALPHABET,
    MistypedCode,
    check_character,
    code_hash,
    derive,
    normalise,
    short_hash,
)

KEY = b"k" * 32
SECRET = Secret(b"s" * 32)
SHORT = st.uuids(version=4).map(lambda each: derive(KEY, each).short)


@given(st.uuids(version=4))
def test_a_code_has_130_bits_in_its_link_and_ten_characters_in_print(invitation_id):
    code = derive(KEY, invitation_id)
    assert re.fullmatch(f"[{ALPHABET}]{{26}}", code.link)
    assert re.fullmatch(f"[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", code.short)
    assert derive(KEY, invitation_id) == code
    assert normalise(code.short) == code.short.replace("-", "")


def test_link_and_short_form_do_not_tell_each_other_nor_the_invitation():
    invitation_id = uuid.uuid4()
    code = derive(KEY, invitation_id)
    assert code.short[:5] != code.link[:5]
    assert derive(b"x" * 32, invitation_id).link != code.link


@given(SHORT, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_a_single_wrong_character_is_always_caught(short, place, wrong):
    text = short.replace("-", "")
    assume(text[place] != wrong)
    with pytest.raises(MistypedCode):
        normalise(text[:place] + wrong + text[place + 1 :])


@given(SHORT, st.integers(0, 9), st.integers(0, 9))
def test_two_characters_that_changed_places_are_always_caught(short, first, second):
    text = list(short.replace("-", ""))
    assume(text[first] != text[second])
    text[first], text[second] = text[second], text[first]
    with pytest.raises(MistypedCode):
        normalise("".join(text))


def test_no_weight_is_used_twice():
    # With one non-zero character the check character is its weight.
    weights = [check_character("0" * place + "1" + "0" * (8 - place)) for place in range(9)]
    assert len({*weights, ALPHABET[1]}) == 10
    assert ALPHABET[0] not in weights


@settings(max_examples=50)
@given(SHORT, st.data())
def test_case_blanks_hyphens_and_lookalikes_do_not_matter(short, data):
    swapped = short.replace("0", "O").replace("1", data.draw(st.sampled_from("Il")))
    typed = data.draw(
        st.sampled_from([swapped, swapped.lower(), " ".join(swapped), f"{swapped}\n"])
    )
    assert normalise(typed) == normalise(short)
    assert short_hash(SECRET, typed) == short_hash(SECRET, short)


@pytest.mark.parametrize(
    "typed", ["", "ABC", "U" * 10, "A" * 26 + "!", "A" * 5000, "🙂" * 10, "ß" * 5]
)
def test_what_cannot_be_a_code_is_told_apart_without_a_look_at_the_database(typed):
    with pytest.raises(MistypedCode):
        normalise(typed)


def test_hashes_depend_on_the_secret_and_on_the_form():
    code = derive(KEY, uuid.uuid4())
    assert code_hash(SECRET, code.link) != code_hash(Secret(b"t" * 32), code.link)
    assert code_hash(SECRET, code.link) != short_hash(SECRET, code.link)
