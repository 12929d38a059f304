"""The cryptographic mode: a code is exchanged for a credential, a credential comes with an answer.

``issue`` knows the code and signs something that it cannot read; ``redeem`` sees what was signed
and cannot know for whom. A credential attests the reporting unit, because each has a key of its
own. Each step is atomic and can be repeated (docs/decisions/0007-blind-signatures.md).
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer

from survey.answering import intake
from survey.answering.admission import UsedCode, check_open, find, layout_of, study_of
from survey.answering.blind import PREFIX, PrivateKey, PublicKey, blind_sign, verify
from survey.answering.intake import Accepted, AlreadyReceived
from survey.core.db import Database
from survey.core.errors import Conflict, Fault, Forbidden, InvalidInput, NotFound
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.study.credential_models import RedeemedCredential, WaveUnitKey
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.signing_keys import BITS, private_primes, public_file

LENGTH = BITS // 8
"""Bytes of a blinded message and of a signature."""
PREPARED = PREFIX + 32
"""Bytes of a credential's message: the RFC's random prefix, and as many random bytes again."""
_TOUCHED = 256


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a code has a right to: a signature of its reporting unit's key."""

    invitation: Invitation
    wave: Wave
    key: WaveUnitKey
    proof: bytes


def issue(db: Database, secret: Secret, keys: KeyStore, code: str, blinded: bytes) -> bytes:
    """Spend a code and return the blind signature of its reporting unit's key (``LENGTH`` bytes).

    The same code with the same blinded message gets the same signature again. Raises MistypedCode
    or UnknownCode, NotYetOpen, Closed, UsedCode, Conflict in a study of the ordinary mode,
    InvalidInput on a message that does not fit, KeyLost. Signing takes some milliseconds and is
    done between two transactions: the signature leaves only after the code was marked.
    """
    with db.reading() as session:
        ticket = _ticket(session, secret, code, blinded)
    p, q = private_primes(keys, ticket.wave.id, ticket.key.modulus)
    try:
        signature = blind_sign(PrivateKey(p, q), blinded)
    except InvalidInput as error:
        fault = Fault("blinded_message", "does_not_fit_key_of_this_codes_unit")
        raise InvalidInput("no_credential_can_be_given_out_for_this", [fault]) from error
    with db.transaction() as session:
        _mark(session, ticket)
    return signature


def redeem(
    session: Session,
    secret: Secret,
    key_id: bytes,
    prepared: bytes,
    signature: bytes,
    answers: Mapping[str, object],
) -> Accepted | AlreadyReceived:
    """Store the answers that come with a credential, sealed, for the unit whose key signed it.

    The same credential again is a repeat, whatever comes with it and also after the wave has
    closed. Raises Forbidden when it is no credential, NotYetOpen, Closed, and InvalidInput with
    every fault: then nothing is used up.
    """
    wave, unit_id = _signed_by(session, key_id, prepared, signature)
    name = secret.hash("credential", key_id + prepared)
    key = (wave.organisation_id, wave.id, name)
    if session.get(RedeemedCredential, key) is not None:
        return AlreadyReceived()
    public_key = intake.hold_open(session, wave)
    layout = layout_of(session, wave)
    payload = intake.payload_of(layout, unit_id, answers)
    row = dict(zip(("organisation_id", "wave_id", "hash"), key, strict=True))
    try:
        with session.begin_nested():
            session.execute(sa.insert(RedeemedCredential).values(**row, unit_id=unit_id))
    except IntegrityError:  # the same credential, sent twice at once
        return AlreadyReceived()
    intake.deposit(session, wave, public_key, layout, payload)
    return Accepted()


def of_code(session: Session, wave: Wave, invitation: Invitation) -> dict[str, object] | None:
    """What a respondent's program needs to ask for a credential; None in the ordinary mode.

    ``key`` is the key of the code's reporting unit, ``digest`` names the file that it stands in,
    ``issued`` says whether the code has been exchanged already.
    """
    if wave.keys_digest is None:
        return None
    key = _key_of(session, invitation)
    return {
        "key": key.key_id.hex(),
        "digest": wave.keys_digest,
        "issued": invitation.issued,
    }


def keys_file(session: Session, digest: str) -> bytes:
    """Return the file of public keys with this digest; NotFound when there is none."""
    wave = session.scalar(
        sa.select(Wave).where(Wave.keys_digest == digest).options(defer(Wave.instrument))
    )
    if wave is None:
        raise NotFound("no_file_of_keys_with_this_digest")
    return public_file(session, wave)


def _ticket(session: Session, secret: Secret, code: str, blinded: bytes) -> Ticket:
    invitation, wave = find(session, secret, code)
    check_open(wave.state, wave.opens_at, wave.closes_at)
    if study_of(session, wave)[0].mode != "cryptographic" or wave.keys_digest is None:
        raise Conflict("study_in_ordinary_mode")
    # Bound to the invitation: what is stored is no digest of what travels later.
    proof = secret.hash("blinded", invitation.id.bytes + blinded)
    _refuse_other(invitation, proof)
    return Ticket(invitation, wave, _key_of(session, invitation), proof)


def _refuse_other(invitation: Invitation, proof: bytes) -> bool:
    """True when this is a repeat; UsedCode when the code was spent for something else."""
    stored = invitation.submission_hash
    if stored is not None and hmac.compare_digest(bytes(stored), proof):
        return True
    if invitation.spent:
        raise UsedCode("this_code_has_been_used")
    return False


def _key_of(session: Session, invitation: Invitation) -> WaveUnitKey:
    """The key of the unit that the invitation's answer is counted in."""
    return session.execute(
        sa.select(WaveUnitKey)
        .join(
            WaveUnit,
            sa.and_(
                WaveUnit.organisation_id == WaveUnitKey.organisation_id,
                WaveUnit.wave_id == WaveUnitKey.wave_id,
                WaveUnit.reporting_unit_id == WaveUnitKey.unit_id,
            ),
        )
        .where(
            WaveUnit.organisation_id == invitation.organisation_id,
            WaveUnit.wave_id == invitation.wave_id,
            WaveUnit.unit_id == invitation.unit_id,
        )
    ).scalar_one()


def _signed_by(
    session: Session, key_id: bytes, prepared: bytes, signature: bytes
) -> tuple[Wave, int]:
    """The wave and the unit that a credential attests; Forbidden when it is none."""
    row = session.execute(
        sa.select(Wave, WaveUnitKey.unit_id, WaveUnitKey.modulus)
        .join(
            WaveUnitKey,
            sa.and_(
                WaveUnitKey.organisation_id == Wave.organisation_id, WaveUnitKey.wave_id == Wave.id
            ),
        )
        .where(WaveUnitKey.key_id == key_id)
        .options(defer(Wave.instrument))
    ).one_or_none()
    if row is not None and len(prepared) == PREPARED and len(signature) == LENGTH:
        wave, unit_id, modulus = row
        if verify(PublicKey(int.from_bytes(modulus, "big")), prepared, signature):
            return wave, unit_id
    raise Forbidden("this_is_no_credential_of_any_survey_here")


def _mark(session: Session, ticket: Ticket) -> None:
    """Mark the code as exchanged, and leave no order behind.

    PostgreSQL keeps with each row which transaction wrote it and where: the order in which codes
    were exchanged would match the order in which answers came. So all rows of the unit are written
    anew, each time, in the order of their random ids; one unit at a time.
    """
    invitation, key = ticket.invitation, ticket.key
    intake.hold_open(session, ticket.wave)
    session.get(WaveUnitKey, (key.organisation_id, key.wave_id, key.unit_id), with_for_update=True)
    current = session.get_one(
        Invitation,
        (invitation.organisation_id, invitation.id),
        with_for_update=True,
        populate_existing=True,
    )
    if _refuse_other(current, ticket.proof):
        return
    is_mine = Invitation.id == invitation.id
    first, last = block(invitation.id, _invited(session, invitation))
    session.execute(
        sa.update(Invitation)
        .where(
            Invitation.organisation_id == invitation.organisation_id,
            Invitation.wave_id == invitation.wave_id,
            Invitation.unit_id == invitation.unit_id,
            Invitation.id.between(first, last),
        )
        .values(
            spent=sa.case((is_mine, sa.true()), else_=Invitation.spent),
            issued=sa.case((is_mine, sa.true()), else_=Invitation.issued),
            submission_hash=sa.case((is_mine, ticket.proof), else_=Invitation.submission_hash),
        )
        .execution_options(synchronize_session=False)
    )


def block(invitation_id: uuid.UUID, invited: int) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the first and last id of the block that an invitation's rows are written with.

    Blocks divide a unit's random ids into parts of 128 to 256; most units are one block.
    """
    shift = 128 - ((max(invited, 1) - 1) // _TOUCHED).bit_length()
    first = invitation_id.int >> shift << shift
    return uuid.UUID(int=first), uuid.UUID(int=first + (1 << shift) - 1)


def _invited(session: Session, invitation: Invitation) -> int:
    return session.execute(
        sa.select(WaveUnit.invited).where(
            WaveUnit.organisation_id == invitation.organisation_id,
            WaveUnit.wave_id == invitation.wave_id,
            WaveUnit.unit_id == invitation.unit_id,
        )
    ).scalar_one()
