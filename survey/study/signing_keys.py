"""Signing keys of a wave in the cryptographic mode: one RSA key for each unit of its frozen tree.

Private halves lie in one file of the key folder, outside database and backups; public ones are in
the database and in one file that everybody can fetch. Its digest is what letters print: whoever
gives one person a key of his own must give him another file.

Keys are made before the wave opens and outside its transaction (``docs/decisions``: about a tenth
of a second each); opening makes only what is missing then.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy.orm import Session

from survey.core.db import Database
from survey.core.errors import ConfigurationError, Fault, KeyLost, say
from survey.core.keystore import KeyStore
from survey.organisation.models import Organisation, Unit
from survey.study.credential_models import WaveUnitKey
from survey.study.models import Study, Wave, WaveUnit

BITS = 2048
EXPONENT = 65537
SCHEME = "RSABSSA-SHA384-PSS-Randomized"
KEY_ID = 16


def key_id(modulus: bytes) -> bytes:
    """Return the name of a public key: the first 16 bytes of the SHA-256 of its modulus."""
    return hashlib.sha256(modulus).digest()[:KEY_ID]


def needed(session: Session, wave: Wave) -> int:
    """How many keys :func:`provide` should make before the wave opens; 0 when it takes none."""
    study = session.get_one(Study, (wave.organisation_id, wave.study_id))
    if study.mode != "cryptographic" or wave.state != "draft" or wave.source != "answers":
        return 0
    laid = sa.select(WaveUnit.unit_id).where(
        WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id
    )
    today = sa.select(Unit.id).where(
        Unit.organisation_id == wave.organisation_id, Unit.closed_at.is_(None)
    )
    return len(set(session.scalars(laid)) | set(session.scalars(today)))


def make_ready(db: Database, keys: KeyStore, find_wave: Callable[[Session], Wave]) -> None:
    """Make the keys of a wave that is about to open, outside its transaction."""
    with db.reading() as session:
        wave = find_wave(session)
        count = needed(session, wave)
    provide(keys, wave.id, count)


def provide(keys: KeyStore, wave_id: int, count: int) -> list[bytes]:
    """Make the wave's keys up to ``count`` and return the moduli of so many, always the same.

    Slow: call it outside a write transaction. Keys are only ever added to the file, so that two
    callers at the same time lose none. Raises ConfigurationError when they cannot be kept.
    """
    missing = count - len(_read(keys, wave_id))
    if missing > 0:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            primes = list(pool.map(lambda _: _generate(), range(missing)))
        try:
            _add(keys, wave_id, primes, count)
        except OSError as error:
            raise ConfigurationError(
                "signing_keys_not_kept",
                [
                    Fault(
                        str(keys.folder),
                        say("as_told", error=str(error.strerror or error)),
                        "make_it_writable",
                    )
                ],
            ) from error
    return [(p * q).to_bytes(BITS // 8, "big") for p, q in _read(keys, wave_id)[:count]]


def bind(session: Session, keys: KeyStore, wave: Wave, rows: list[WaveUnit]) -> str:
    """Give each unit of an opening wave its key; returns the digest of the file of public keys."""
    moduli = provide(keys, wave.id, len(rows))
    session.add_all(
        WaveUnitKey(
            organisation_id=wave.organisation_id,
            wave_id=wave.id,
            unit_id=row.unit_id,
            key_id=key_id(modulus),
            modulus=modulus,
        )
        for row, modulus in zip(rows, moduli, strict=True)
    )
    session.flush()
    return hashlib.sha256(public_file(session, wave)).hexdigest()


def public_file(session: Session, wave: Wave) -> bytes:
    """Return the file of the wave's public keys: JSON, the same to the last byte each time."""
    organisation, study = session.execute(
        sa.select(Organisation.code, Study.code)
        .join(Study, Study.organisation_id == Organisation.id)
        .where(Study.organisation_id == wave.organisation_id, Study.id == wave.study_id)
    ).one()
    rows = session.execute(
        sa.select(WaveUnit.code, WaveUnit.name, WaveUnitKey.key_id, WaveUnitKey.modulus)
        .join(
            WaveUnitKey,
            sa.and_(
                WaveUnitKey.organisation_id == WaveUnit.organisation_id,
                WaveUnitKey.wave_id == WaveUnit.wave_id,
                WaveUnitKey.unit_id == WaveUnit.unit_id,
            ),
        )
        .where(WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id)
    ).all()
    document = {
        "scheme": SCHEME,
        "exponent": EXPONENT,
        "organisation": organisation,
        "study": study,
        "wave": wave.ordinal,
        "keys": [
            {"unit": code, "name": name, "key": key.hex(), "modulus": _base64url(modulus)}
            for code, name, key, modulus in sorted(rows)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=0).encode() + b"\n"


def private_primes(keys: KeyStore, wave_id: int, modulus: bytes) -> tuple[int, int]:
    """Return the primes of a modulus of the wave; KeyLost when they are not in the key folder."""
    n = int.from_bytes(modulus, "big")
    for p, q in _read(keys, wave_id):
        if p * q == n:
            return p, q
    raise KeyLost(say("signing_keys_lost", wave_id=wave_id, folder=keys.folder))


def _generate() -> tuple[int, int]:
    numbers = rsa.generate_private_key(EXPONENT, BITS).private_numbers()
    return numbers.p, numbers.q


def _read(keys: KeyStore, wave_id: int) -> list[tuple[int, int]]:
    try:
        lines = keys.signing_path(wave_id).read_text("ascii").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [pair for line in lines if (pair := _parse(line)) is not None]


def _parse(line: str) -> tuple[int, int] | None:
    """A key; None for a line that a stop has torn."""
    name, _, primes = line.partition(" ")
    first, _, second = primes.partition(" ")
    try:
        p, q = int(first, 16), int(second, 16)
        modulus = (p * q).to_bytes(BITS // 8, "big")
    except (ValueError, OverflowError):
        return None
    return (p, q) if key_id(modulus).hex() == name else None


def _add(keys: KeyStore, wave_id: int, primes: list[tuple[int, int]], count: int) -> None:
    path = keys.signing_path(wave_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        missing = max(0, count - len(_read(keys, wave_id)))  # another process may have been first
        for p, q in primes[:missing]:
            name = key_id((p * q).to_bytes(BITS // 8, "big")).hex()
            file.write(f"\n{name} {p:x} {q:x}\n")  # behind a line that a stop has torn
        file.flush()
        os.fsync(file.fileno())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
