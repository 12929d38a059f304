"""A sealed answer says nothing by its length and opens with one key only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey

from survey.answering.sealing import Payload, seal, sealed_length, unseal
from survey.core.errors import InvalidInput
from survey.instrument.check import load
from survey.instrument.layout import Layout

LAYOUT = Layout(load(Path(__file__).parent / "data" / "every-kind" / "1.yaml"))
KEY = PrivateKey.generate()
PUBLIC = bytes(KEY.public_key)

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=600
)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
sheets = st.tuples(
    *(st.sampled_from(slot.alphabet) for slot in LAYOUT.slots if slot.kind != "multiple"),
    st.sampled_from(["000", "211", "221", "112"]),
).map("".join)
payloads = st.builds(
    Payload,
    unit_id=st.integers(1, 2**53),
    role=st.sampled_from(["leader", "employee"]),
    sheet=sheets,
    texts=st.fixed_dictionaries(
        {},
        optional={
            "help": st.lists(texts, min_size=1, max_size=1),
            "words": st.lists(words, min_size=1, max_size=2),
        },
    ),
)


@settings(max_examples=60)
@given(payload=payloads)
def test_what_was_sealed_opens_whole_and_every_answer_has_the_same_length(payload: Payload) -> None:
    sealed = seal(PUBLIC, LAYOUT, payload)
    assert len(sealed) == sealed_length(LAYOUT)
    assert unseal(KEY, LAYOUT, sealed) == payload


def test_the_same_answer_sealed_twice_is_two_ciphertexts() -> None:
    payload = Payload(1, "employee", "0" * LAYOUT.width)
    assert seal(PUBLIC, LAYOUT, payload) != seal(PUBLIC, LAYOUT, payload)


def test_another_waves_key_does_not_open_it() -> None:
    sealed = seal(PUBLIC, LAYOUT, Payload(1, "employee", "0" * LAYOUT.width))
    with pytest.raises(InvalidInput, match="does not open"):
        unseal(PrivateKey.generate(), LAYOUT, sealed)


def test_a_changed_byte_is_noticed() -> None:
    sealed = bytearray(seal(PUBLIC, LAYOUT, Payload(1, "employee", "0" * LAYOUT.width)))
    sealed[60] ^= 1
    with pytest.raises(InvalidInput):
        unseal(KEY, LAYOUT, bytes(sealed))


@pytest.mark.parametrize(
    "payload",
    [
        Payload(1, "employee", "0"),
        Payload(1, "employee", "9" * LAYOUT.width),
        Payload(1, "employee", "0" * LAYOUT.width, {"help": ["x" * 2401]}),
        Payload(1, "employee", "0" * LAYOUT.width, {"words": ["a", "b", "c"]}),
        Payload(1, "employee", "0" * LAYOUT.width, {"unknown": ["a"]}),
    ],
)
def test_nothing_malformed_is_ever_sealed(payload: Payload) -> None:
    with pytest.raises(ValueError):
        seal(PUBLIC, LAYOUT, payload)
