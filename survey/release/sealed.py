"""The protected result of a closed wave, computed once and kept sealed until it is released."""

from __future__ import annotations

import json
import zlib
from typing import Any

import cattrs
import sqlalchemy as sa
from nacl.public import PrivateKey, PublicKey, SealedBox
from sqlalchemy.orm import Session

from survey.disclosure.model import Blocks
from survey.release.compute import Protected
from survey.release.look import Look, to_text
from survey.release.models import SealedResult
from survey.study.models import Wave

_converter = cattrs.Converter(omit_if_default=True)


def blocks_to_text(blocks: Blocks) -> str:
    """Blocks as canonical JSON."""
    return _text(_converter.unstructure(blocks))


def blocks_from_text(text: str) -> Blocks:
    """The blocks that :func:`blocks_to_text` wrote."""
    return _converter.structure(json.loads(text), Blocks)


def keep(session: Session, wave: Wave, protected: Protected, look: Look) -> bool:
    """Store what was computed, sealed to the wave's public key; False when there is one already.

    A wave of imported answers has no key: its answers lie in the open until the release.
    """
    if find(session, wave) is not None:
        return False
    text = zlib.compress(_text(_converter.unstructure(protected)).encode())
    if wave.public_key is not None:
        text = SealedBox(PublicKey(wave.public_key)).encrypt(text)
    session.add(
        SealedResult(
            organisation_id=wave.organisation_id,
            wave_id=wave.id,
            sealed=text,
            look=to_text(look),
        )
    )
    session.flush()
    return True


def find(session: Session, wave: Wave) -> SealedResult | None:
    """The wave's sealed result; None when nothing was computed yet."""
    return session.get(SealedResult, (wave.organisation_id, wave.id))


def unseal(kept: SealedResult, key: PrivateKey | None) -> Protected:
    """Open a sealed result with the wave's private key; None for a wave that has none."""
    text = kept.sealed if key is None else SealedBox(key).decrypt(kept.sealed)
    return _converter.structure(json.loads(zlib.decompress(text)), Protected)


def delete(session: Session, wave: Wave) -> None:
    """Delete the wave's sealed result: it was released, or its answers were deleted."""
    session.execute(
        sa.delete(SealedResult).where(
            SealedResult.organisation_id == wave.organisation_id, SealedResult.wave_id == wave.id
        )
    )


def _text(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
