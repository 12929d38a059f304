"""The cryptographic mode from the study to the release, through the product's own operations."""

from __future__ import annotations

import random
import secrets
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from survey.answering import blind, credentials
from survey.answering.admission import find
from survey.answering.intake import submit
from survey.core.db import Database
from survey.core.errors import Closed, Conflict, Forbidden
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.disclosure import protect
from survey.invitations.codes import derive
from survey.invitations.issuing import codes_file, create_invitations, export_codes
from survey.operations.erasure import delete_invitations
from survey.release import raw
from survey.release.close import close_and_release, close_wave
from survey.release.read import latest
from survey.study import signing_keys
from survey.study.credential_models import RedeemedCredential, WaveUnitKey
from survey.study.frozen_terms import Weakening
from survey.study.models import Invitation, Study, Wave, WaveUnit
from survey.study.studies import study_by_code, update_study
from survey.study.waves import create_wave, open_wave
from tests.release.journey import LIBRARY, Journey, draw_answers, start

COUNTS = {"n1": 14, "n2": 11, "s1": 18, "s2": 9}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def journey(request: pytest.FixtureRequest, tmp_path: Path) -> Journey:
    """A study of the cryptographic mode; its wave is open and its codes are handed out."""
    name = "database" if request.param == "sqlite" else "postgres_database"
    db: Database = request.getfixturevalue(name)
    keys = KeyStore(tmp_path / "keys", tmp_path / "escrow")
    secret = Secret(b"s" * 32)
    made = start(db, keys, secret)
    with db.transaction() as session:  # a second study: the first one's mode is fixed
        study = Study(
            organisation_id=made.organisation_id,
            id=made.study.id + 1,
            code="blind",
            name="Blind",
            instrument_id=made.study.instrument_id,
            languages=made.study.languages,
            k=5,
            created_at=made.study.created_at,
        )
        session.add(study)
        session.flush()
        update_study(session, LIBRARY, study, mode="cryptographic")
        wave = create_wave(session, study, phase="before")
        create_invitations(session, secret, keys, wave)
        with pytest.raises(Conflict, match="digest"):
            export_codes(session, keys, wave)
    signing_keys.make_ready(db, keys, lambda session: session.get_one(Wave, _id(wave)))
    codes: dict[str, list[str]] = {}
    with db.transaction() as session:
        wave = session.get_one(Wave, _id(wave))
        open_wave(session, keys, LIBRARY, wave)
        rows = export_codes(session, keys, wave, "https://x.example")
    for row in rows:
        codes.setdefault(row.unit_code, []).append(row.short)
        assert row.keys_digest == wave.keys_digest
    assert codes_file(rows).decode("utf-8-sig").splitlines()[0].endswith(";keys_digest")
    return Journey(db, keys, secret, made.organisation_id, study, wave, codes)


def _id(wave: Wave) -> tuple[int, int]:
    return wave.organisation_id, wave.id


def answer(journey: Journey, ordinary: int = 3) -> None:
    """Let people answer; the first few of each unit without JavaScript."""
    rng = random.Random(1)
    with journey.db.reading() as session:
        rows = session.execute(sa.select(WaveUnitKey.key_id, WaveUnitKey.modulus)).all()
    moduli = {bytes(key_id): int.from_bytes(modulus, "big") for key_id, modulus in rows}
    for unit, count in COUNTS.items():
        for number, code in enumerate(journey.codes[unit][:count]):
            given = draw_answers(journey.instrument(), rng)
            if number < ordinary:
                with journey.db.transaction() as session:
                    submit(session, journey.secret, code, str(uuid.uuid4()), given)
                continue
            redeem(journey, moduli, code, given)


def redeem(journey: Journey, moduli: dict[bytes, int], code: str, given: dict[str, object]) -> None:
    with journey.db.reading() as session:
        invitation, wave = find(session, journey.secret, code)
        told = credentials.of_code(session, wave, invitation)
    assert told is not None
    key_id = bytes.fromhex(str(told["key"]))
    key = blind.PublicKey(moduli[key_id])
    prepared = blind.prepare(secrets.token_bytes(32))
    blinded = blind.blind(key, prepared)
    signed = credentials.issue(journey.db, journey.secret, journey.keys, code, blinded.message)
    signature = blind.finalize(key, prepared, signed, blinded.inverse)
    with journey.db.transaction() as session:
        credentials.redeem(session, journey.secret, key_id, prepared, signature, given)


def test_a_release_is_the_same_whichever_way_answers_came(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the same answers twice would be refused
    monkeypatch.setattr(raw, "duplicate_releases", lambda *_: [])
    # and small counts would be rounded from another start
    monkeypatch.setattr(protect, "fresh_draw", lambda _name: 1.5)
    answer(journey)
    close_and_release(journey.db, journey.keys, *_id(journey.wave))
    blind_release = _counts(journey)
    # the study beside it, in the ordinary mode: same people, same answers
    with journey.db.reading() as session:
        study = study_by_code(session, journey.organisation_id, "kultur")
        wave = session.scalars(sa.select(Wave).where(Wave.study_id == study.id)).one()
        fresh = session.scalars(sa.select(Invitation).where(Invitation.wave_id == wave.id)).all()
        rows = session.execute(
            sa.select(WaveUnit.unit_id, WaveUnit.code).where(WaveUnit.wave_id == wave.id)
        )
        units = {int(unit_id): str(code) for unit_id, code in rows}
    codes: dict[str, list[str]] = {}
    for each in fresh:
        code = derive(journey.keys.code_key(wave.id), each.id).short
        codes.setdefault(units[each.unit_id], []).append(code)
    other = Journey(
        journey.db, journey.keys, journey.secret, journey.organisation_id, study, wave, codes
    )
    rng = random.Random(1)
    for unit, count in COUNTS.items():
        for code in codes[unit][:count]:
            with journey.db.transaction() as session:
                submit(
                    session,
                    journey.secret,
                    code,
                    str(uuid.uuid4()),
                    draw_answers(other.instrument(), rng),
                )
    close_and_release(journey.db, journey.keys, *_id(wave))
    assert _counts(other) == blind_release


def _counts(journey: Journey) -> list[tuple[str, object]]:
    """What the release prints of each unit, without what names the study."""
    with journey.db.reading() as session:
        stored = latest(session, journey.organisation_id, journey.study.id)
        assert stored is not None
        rows = session.execute(
            sa.text(
                "select code, document from release_unit where release_id = :r order by position"
            ),
            {"r": stored.id},
        ).all()
    return [(code, document) for code, document in rows]


def test_closing_destroys_the_signing_keys_and_takes_no_more(journey: Journey) -> None:
    assert "signing" in journey.keys.left(journey.wave.id)
    close_wave(journey.db, journey.keys, *_id(journey.wave))
    assert journey.keys.left(journey.wave.id) == {"private", "escrow"}
    with pytest.raises(Closed):
        credentials.issue(
            journey.db, journey.secret, journey.keys, journey.codes["n1"][0], bytes(256)
        )


def test_the_mode_is_fixed_when_a_wave_opens(journey: Journey) -> None:
    for code, mode in (("blind", "ordinary"), ("kultur", "cryptographic")):
        with journey.db.reading() as session:
            study = study_by_code(session, journey.organisation_id, code)
        with pytest.raises(Weakening), journey.db.transaction() as session:
            update_study(session, LIBRARY, study, mode=mode)


def test_every_unit_has_a_key_of_its_own_and_no_other_wave_has_it(journey: Journey) -> None:
    with journey.db.transaction() as session:
        units = session.scalar(
            sa.text("select count(*) from wave_unit where wave_id = :w"), {"w": journey.wave.id}
        )
        found = session.scalars(sa.select(WaveUnitKey)).all()
        assert len(found) == units == len({each.modulus for each in found})
        assert {each.wave_id for each in found} == {journey.wave.id}


def test_credentials_go_with_the_invitations(journey: Journey) -> None:
    answer(journey, ordinary=0)
    with journey.db.transaction() as session:
        wave = session.get_one(Wave, _id(journey.wave))
        assert session.scalars(sa.select(RedeemedCredential)).all()
        delete_invitations(session, wave)
        assert not session.scalars(sa.select(RedeemedCredential)).all()


def test_a_credential_serves_in_its_own_wave_only(journey: Journey) -> None:
    """A credential of a closed wave lets nobody into the next one, whatever key it names."""
    with journey.db.reading() as session:
        invitation, wave = find(session, journey.secret, journey.codes["n1"][0])
        told = credentials.of_code(session, wave, invitation)
        assert told is not None
        key_id = bytes.fromhex(str(told["key"]))
        old = session.scalars(sa.select(WaveUnitKey).where(WaveUnitKey.key_id == key_id)).one()
    key = blind.PublicKey(int.from_bytes(old.modulus, "big"))
    prepared = blind.prepare(secrets.token_bytes(32))
    blinded = blind.blind(key, prepared)
    signed = credentials.issue(
        journey.db, journey.secret, journey.keys, journey.codes["n1"][0], blinded.message
    )
    signature = blind.finalize(key, prepared, signed, blinded.inverse)
    close_wave(journey.db, journey.keys, *_id(journey.wave))
    with journey.db.transaction() as session:
        wave = create_wave(session, session.merge(journey.study), phase="after")
        create_invitations(session, journey.secret, journey.keys, wave)
        open_wave(session, journey.keys, LIBRARY, wave)
        new = session.scalars(
            sa.select(WaveUnitKey).where(
                WaveUnitKey.wave_id == wave.id, WaveUnitKey.unit_id == old.unit_id
            )
        ).one()
    assert new.modulus != old.modulus
    given = draw_answers(journey.instrument(), random.Random(1))
    for key_id, error in ((old.key_id, Closed), (new.key_id, Forbidden)):
        with pytest.raises(error), journey.db.transaction() as session:
            credentials.redeem(session, journey.secret, key_id, prepared, signature, given)
