"""Wave keys: kept apart, kept twice, and destroyed for good."""

from __future__ import annotations

import stat

import pytest
from nacl.public import PublicKey, SealedBox

from survey.core.errors import ConfigurationError, KeyLost
from survey.core.keystore import KeyStore


@pytest.fixture
def keys(tmp_path) -> KeyStore:
    return KeyStore(tmp_path / "keys", tmp_path / "escrow")


def test_what_is_sealed_to_a_wave_opens_with_its_key(keys):
    sealed = SealedBox(PublicKey(keys.create(7))).encrypt(b"answers")
    assert SealedBox(keys.open_box(7)).decrypt(sealed) == b"answers"


def test_files_are_for_their_owner_only(keys):
    keys.create(7)
    files = list(keys.folder.iterdir()) + list(keys.escrow.iterdir())
    assert {path.name for path in files} == {"wave-7.private", "wave-7.codes"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_making_keys_again_changes_nothing(keys):
    public, codes = keys.create(7), keys.code_key(7)
    assert keys.create(7) == public
    assert keys.code_key(7) == codes


def test_the_code_key_is_not_in_escrow(keys):
    keys.create(7)
    assert [path.name for path in keys.escrow.iterdir()] == ["wave-7.private"]
    assert keys.escrowed(7)


def test_a_lost_key_is_found_in_escrow(keys):
    public = keys.create(7)
    (keys.folder / "wave-7.private").unlink()
    assert bytes(keys.open_box(7).public_key) == public


def test_a_key_that_is_in_neither_folder_is_lost_and_says_what_to_do(keys):
    keys.create(7)
    for folder in (keys.folder, keys.escrow):
        (folder / "wave-7.private").unlink()
    with pytest.raises(KeyLost, match="second officer"):
        keys.open_box(7)


def test_a_damaged_key_is_not_used(keys):
    keys.create(7)
    for folder in (keys.folder, keys.escrow):
        (folder / "wave-7.private").write_text("00ff")
    with pytest.raises(KeyLost):
        keys.open_box(7)


def test_another_key_in_escrow_stops_the_wave(keys):
    keys.create(7)
    (keys.escrow / "wave-7.private").write_text("ab" * 32)
    with pytest.raises(ConfigurationError, match="read back"):
        keys.create(7)
    assert not keys.escrowed(7)


def test_an_escrow_that_cannot_be_written_stops_the_wave(tmp_path):
    (tmp_path / "escrow").write_text("not a folder")
    with pytest.raises(ConfigurationError, match="could not be kept"):
        KeyStore(tmp_path / "keys", tmp_path / "escrow").create(7)


def test_a_destroyed_code_key_is_gone_and_the_private_key_is_not(keys):
    keys.create(7)
    keys.destroy_code_key(7)
    keys.destroy_code_key(7)
    with pytest.raises(KeyLost):
        keys.code_key(7)
    assert keys.open_box(7)
    assert keys.waves() == {7}


def test_all_copies_of_the_private_key_are_destroyed(keys):
    keys.create(7)
    assert keys.destroy_private_key(7) is True
    with pytest.raises(KeyLost):
        keys.open_box(7)
    assert not list(keys.escrow.iterdir())


def test_an_escrow_out_of_reach_is_told(keys):
    keys.create(7)
    keys.escrow.rename(keys.escrow.with_name("taken away"))
    assert keys.destroy_private_key(7) is False
