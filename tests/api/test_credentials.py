"""The two requests of the cryptographic mode: strict, repeatable, with nothing in common."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from survey.answering import blind
from survey.api.credentials import decode, encode
from survey.core.keystore import KeyStore
from tests.answering.conftest import build
from tests.answering.crypto import Credential, Crypto, cryptographic

ISSUE, REDEEM = "/api/v1/answers/credential", "/api/v1/answers/redeem"
GIVEN = {"items": {"trust": 3, "leader": "na"}, "questions": {"tenure": "long"}}


@pytest.fixture
def crypto(services: Any) -> Crypto:
    made = cryptographic(build(services.db, secret=services.secret), services.keys.folder)
    assert isinstance(services.keys, KeyStore)
    return made


def issue(client: FlaskClient, crypto: Crypto, mine: Credential, number: int = 0) -> Any:
    code = crypto.world.codes["north"][number].link
    body = {"code": code, "blinded_message": encode(mine.blinded.message)}
    return client.post(ISSUE, json=body)


def redemption(mine: Credential, **changed: Any) -> dict[str, Any]:
    return {
        "key": mine.key_id.hex(),
        "message": encode(mine.prepared),
        "signature": encode(mine.signature),
        "answers": GIVEN,
        **changed,
    }


def credential(client: FlaskClient, crypto: Crypto) -> Credential:
    mine = crypto.draw()
    signed = decode(issue(client, crypto, mine).json["blind_signature"])
    mine.signature = blind.finalize(mine.key, mine.prepared, signed, mine.blinded.inverse)
    return mine


def test_a_program_answers_with_a_credential(client: FlaskClient, crypto: Crypto) -> None:
    code = crypto.world.codes["north"][0].link
    told = client.post("/api/v1/answers/questionnaire", json={"code": code}).json["credential"]
    assert told["issued"] is False
    file = client.get(f"/api/v1/answers/keys/{told['digest']}")
    assert hashlib.sha256(file.data).hexdigest() == told["digest"]
    assert "immutable" in file.headers["Cache-Control"]
    assert told["key"] in {each["key"] for each in file.json["keys"]}
    mine = credential(client, crypto)
    first, again = (client.post(REDEEM, json=redemption(mine)) for _ in range(2))
    assert (first.status_code, first.json) == (201, {"status": "received"})
    assert (again.status_code, again.json) == (200, {"status": "already received"})
    assert len(crypto.world.inbox()) == 1
    shown = client.post("/api/v1/answers/questionnaire", json={"code": code}).json
    assert shown["credential"]["issued"] is True


def test_the_same_is_signed_again_and_another_is_refused(
    client: FlaskClient, crypto: Crypto
) -> None:
    mine = crypto.draw()
    first, again = (issue(client, crypto, mine) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json == again.json
    other = issue(client, crypto, crypto.draw())
    assert other.status_code == 409
    assert other.content_type == "application/problem+json"


def test_a_redemption_that_carries_a_code_is_refused(client: FlaskClient, crypto: Crypto) -> None:
    """A program that is careless tells us who it is; we do not want to know."""
    mine = credential(client, crypto)
    code = crypto.world.codes["north"][0].link
    refused = client.post(REDEEM, json=redemption(mine, code=code))
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"] == "/code"
    assert code not in refused.text


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("key", "0" * 31),
        ("key", "G" * 32),
        ("message", ""),
        ("message", "A" * 85),
        ("message", "Å" * 86),
        ("message", "A" * 85 + "B"),
        ("signature", "A" * 341),
        ("signature", "A" * 341 + "="),
        ("signature", 7),
        ("answers", []),
    ],
)
def test_malformed_redemptions_are_told_by_path(
    client: FlaskClient, crypto: Crypto, name: str, wrong: object
) -> None:
    mine = credential(client, crypto)
    refused = client.post(REDEEM, json=redemption(mine, **{name: wrong}))
    assert refused.status_code == 422
    assert {each["path"] for each in refused.json["errors"]} == {f"/{name}"}
    assert crypto.world.inbox() == []


def test_faults_of_answers_are_told_by_path_and_use_nothing_up(
    client: FlaskClient, crypto: Crypto
) -> None:
    mine = credential(client, crypto)
    wrong = {"items": {"trust": 9}, "questions": {}}
    refused = client.post(REDEEM, json=redemption(mine, answers=wrong))
    assert refused.status_code == 422
    assert "/answers/items/trust" in {each["path"] for each in refused.json["errors"]}
    assert client.post(REDEEM, json=redemption(mine)).status_code == 201


def test_states_have_their_own_status(client: FlaskClient, crypto: Crypto) -> None:
    mine = credential(client, crypto)
    for forged in ({"key": "0" * 32}, {"signature": encode(bytes(256))}):
        assert client.post(REDEEM, json=redemption(mine, **forged)).status_code == 403
    unknown = {"code": "0" * 26, "blinded_message": encode(bytes(256))}
    assert client.post(ISSUE, json=unknown).status_code == 404
    assert client.get("/api/v1/answers/keys/" + "0" * 64).status_code == 404
    crypto.world.change_wave(state="closed")
    assert issue(client, crypto, crypto.draw(), 1).status_code == 410
    assert client.post(REDEEM, json=redemption(mine)).status_code == 410


def test_in_the_ordinary_mode_there_are_no_credentials(client: FlaskClient, services: Any) -> None:
    world = build(services.db, secret=services.secret)
    code = world.codes["north"][0].link
    asked = client.post("/api/v1/answers/questionnaire", json={"code": code})
    assert asked.json["credential"] is None
    refused = client.post(ISSUE, json={"code": code, "blinded_message": encode(bytes(256))})
    assert refused.status_code == 409


def test_the_keys_lie_in_the_key_folder_alone(crypto: Crypto, services: Any) -> None:
    path: Path = services.keys.signing_path(crypto.world.wave.id)
    line = next(line for line in path.read_text().splitlines() if line)
    p = int(line.split()[1], 16)
    database = (services.settings.data_dir / "survey.db").read_bytes()
    assert p.to_bytes(128, "big") not in database
    assert f"{p:x}".encode() not in database
