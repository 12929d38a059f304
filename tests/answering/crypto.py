"""The cryptographic mode for tests: a world with signing keys, and a respondent's device."""

from __future__ import annotations

import base64
import json
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from survey.answering import blind, credentials
from survey.answering.blind import Blinded, PublicKey
from survey.answering.intake import Accepted, AlreadyReceived
from survey.core.keystore import KeyStore
from survey.study import signing_keys
from survey.study.freezing import wave_units
from survey.study.models import Study, Wave
from tests.answering.conftest import World


@dataclass
class Credential:
    """What a device holds: secrets that it drew, and what it got for them."""

    key: PublicKey
    key_id: bytes
    prepared: bytes
    blinded: Blinded
    signature: bytes = b""


@dataclass
class Crypto:
    """A world in the cryptographic mode."""

    world: World
    keys: KeyStore

    def key_of(self, unit: str) -> tuple[bytes, PublicKey]:
        """Key id and key of a unit, out of the public file."""
        for each in self.published()["keys"]:  # type: ignore[attr-defined]
            if each["unit"] == unit:
                n = int.from_bytes(decode(each["modulus"]), "big")
                return bytes.fromhex(each["key"]), PublicKey(n)
        raise KeyError(unit)

    def published(self) -> dict[str, object]:
        """The file of public keys."""
        with self.world.db.reading() as session:
            wave = session.get_one(Wave, (self.world.wave.organisation_id, self.world.wave.id))
            found: dict[str, object] = json.loads(
                credentials.keys_file(session, wave.keys_digest or "")
            )
        return found

    def draw(self, unit: str = "north") -> Credential:
        """Secrets for a credential of a unit."""
        key_id, key = self.key_of(unit)
        prepared = blind.prepare(secrets.token_bytes(32))
        return Credential(key, key_id, prepared, blind.blind(key, prepared))

    def issue(self, code: str, mine: Credential) -> Credential:
        """Exchange the code."""
        world = self.world
        signed = credentials.issue(world.db, world.secret, self.keys, code, mine.blinded.message)
        mine.signature = blind.finalize(mine.key, mine.prepared, signed, mine.blinded.inverse)
        return mine

    def redeem(self, mine: Credential, answers: Mapping[str, object]) -> Accepted | AlreadyReceived:
        """Send answers with the credential."""
        with self.world.db.transaction() as session:
            return credentials.redeem(
                session, self.world.secret, mine.key_id, mine.prepared, mine.signature, answers
            )


def decode(text: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def _made() -> str:
    """Three keys, made once for a whole run: that is what takes time."""
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyStore(Path(folder))
        signing_keys.provide(keys, 1, 3)
        return keys.signing_path(1).read_text()


def ready(keys: KeyStore, wave_id: int) -> None:
    """Lay keys that were made before where the wave's are looked for."""
    keys.folder.mkdir(parents=True, exist_ok=True)
    keys.signing_path(wave_id).write_text(_made())


def cryptographic(world: World, folder: Path) -> Crypto:
    """Put an open wave into the cryptographic mode, as opening would have."""
    keys = KeyStore(folder)
    ready(keys, world.wave.id)
    with world.db.transaction() as session:
        wave = session.get_one(Wave, (world.wave.organisation_id, world.wave.id))
        session.execute(sa.update(Study).values(mode="cryptographic"))
        wave.keys_digest = signing_keys.bind(session, keys, wave, wave_units(session, wave))
    return Crypto(world, keys)
