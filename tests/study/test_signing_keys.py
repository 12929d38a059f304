"""Signing keys: made once, kept by whoever comes at the same time, torn lines passed over."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from survey.core.errors import ConfigurationError, Conflict, InvalidInput, KeyLost
from survey.core.keystore import KeyStore
from survey.invitations.issuing import create_invitations, export_codes
from survey.study import signing_keys
from survey.study.credential_models import WaveUnitKey
from survey.study.studies import create_study, update_study
from survey.study.waves import create_wave, open_wave
from tests.study.conftest import TREE, Place


def test_keys_are_made_once_and_found_again(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys")
    first = signing_keys.provide(keys, 7, 2)
    assert signing_keys.provide(keys, 7, 3)[:2] == first
    assert signing_keys.provide(keys, 7, 2) == first
    for modulus in first:
        p, q = signing_keys.private_primes(keys, 7, modulus)
        assert (p * q).to_bytes(256, "big") == modulus
        assert p != q
    path = keys.signing_path(7)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.left(7) == {"signing"}
    assert keys.waves() == {7}


def test_two_openers_at_once_lose_no_key(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda count: signing_keys.provide(keys, 7, count), [1, 3, 2, 3]))
    longest = max(found, key=len)
    assert len(longest) == 3
    assert all(each == longest[: len(each)] for each in found)


def test_a_line_that_a_stop_has_torn_costs_that_key_alone(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    first, second = signing_keys.provide(keys, 7, 2)
    path = keys.signing_path(7)
    path.write_text(path.read_text()[:-200])
    assert signing_keys.provide(keys, 7, 2)[0] == first
    with pytest.raises(KeyLost, match="in no backup"):
        signing_keys.private_primes(keys, 7, second)


def test_destroyed_keys_are_gone(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    (modulus,) = signing_keys.provide(keys, 7, 1)
    keys.destroy_signing_keys(7)
    keys.destroy_signing_keys(7)
    assert keys.left(7) == set()
    with pytest.raises(KeyLost):
        signing_keys.private_primes(keys, 7, modulus)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="could not be kept"):
        signing_keys.provide(KeyStore(tmp_path / "file"), 7, 1)


def test_opening_makes_what_is_missing_and_gives_each_unit_its_own(both: Place) -> None:
    """Also when nobody made keys before, and when the tree has grown since somebody did."""
    with both.db.transaction() as session:
        study = both.study(session)
        assert signing_keys.needed(session, both.wave(session)) == 0
        update_study(session, both.library, study, mode="cryptographic")
        wave = both.wave(session)
        create_invitations(session, both.secret, both.keys, wave)
    signing_keys.make_ready(both.db, both.keys, both.wave)
    both.bring(TREE + "B3;Ny;B;pleie;8\n")
    with both.db.transaction() as session:
        wave = both.wave(session)
        assert signing_keys.needed(session, wave) >= 2
        with pytest.raises(Conflict, match="digest"):
            export_codes(session, both.keys, wave)
        done = open_wave(session, both.keys, both.library, wave)
        rows = session.scalars(sa.select(WaveUnitKey)).all()
        assert len(rows) == done.units == len({row.modulus for row in rows})
        assert wave.keys_digest is not None
        assert signing_keys.needed(session, wave) == 0
        assert {row.keys_digest for row in export_codes(session, both.keys, wave)} == {
            wave.keys_digest
        }


def test_the_mode_cannot_change_once_codes_are_out(place: Place) -> None:
    with place.db.transaction() as session:
        create_invitations(session, place.secret, place.keys, place.wave(session))
        export_codes(session, place.keys, place.wave(session))
        study = place.study(session)
        with pytest.raises(Conflict, match="handed out"):
            update_study(session, place.library, study, mode="cryptographic")
        assert update_study(session, place.library, study, mode="ordinary").mode == "ordinary"


def test_an_unknown_mode_is_a_fault(place: Place) -> None:
    with place.db.transaction() as session, pytest.raises(InvalidInput) as refused:
        create_study(
            session,
            place.library,
            place.organisation_id,
            code="T",
            name="T",
            instrument="baerum-barometer",
            mode="secret",
        )
    assert [fault.where for fault in refused.value.faults] == ["mode"]


def test_a_wave_from_another_tool_has_no_keys(place: Place) -> None:
    with place.db.transaction() as session:
        study = place.study(session)
        update_study(session, place.library, study, mode="cryptographic")
        wave = create_wave(session, study, phase="before", source="import")
        assert signing_keys.needed(session, wave) == 0
        open_wave(session, place.keys, place.library, wave)
        assert wave.keys_digest is None
