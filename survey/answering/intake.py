"""The only writer of answers: spends a code and stores a sealed answer, both or neither."""

from __future__ import annotations

import hmac
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.answering.admission import UsedCode, check_open, find, layout_of
from survey.answering.sealing import Payload, seal
from survey.answering.store import Comment, Inbox, Response
from survey.core.errors import Conflict, Fault, InvalidInput, say
from survey.core.secret import Secret
from survey.instrument.answers import role_of, texts_of, validate_answers
from survey.instrument.layout import Layout
from survey.instrument.parts import Role
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.waves import lock

SUBMISSION_ID = re.compile(r"[0-9A-Za-z_-]{22,64}")
"""At least 128 random bits in base64url, or a UUID."""
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer is stored and the code spent."""


@dataclass(frozen=True, slots=True)
class AlreadyReceived:
    """This very submission was stored before; nothing was written now."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One respondent of an earlier measurement: a validated sheet, and the texts apart."""

    unit_id: int
    role: Role
    sheet: str
    texts: Mapping[str, list[str]] = field(default_factory=dict)


def submit(
    session: Session,
    secret: Secret,
    code: str,
    submission_id: str,
    answers: Mapping[str, object],
) -> Accepted | AlreadyReceived:
    """Store one respondent's answers in the transaction of ``session``.

    ``submission_id`` is random and the client's own: the same again is a repeat, also after the
    wave has closed. Raises MistypedCode or UnknownCode, NotYetOpen, Closed, UsedCode, and
    InvalidInput with every fault.
    """
    if not SUBMISSION_ID.fullmatch(submission_id):
        fix = say("send_random_uuid")
        raise InvalidInput(
            "answers_cannot_be_accepted",
            [Fault("submission_id", "submission_id_not_random", fix)],
        )
    invitation, wave = find(session, secret, code)
    proof = _submission_hash(secret, invitation, submission_id)
    if _is_repeat(invitation.submission_hash, proof):
        return AlreadyReceived()
    public_key = hold_open(session, wave)
    if invitation.spent:
        raise UsedCode("this_code_has_been_used")
    layout = layout_of(session, wave)
    payload = payload_of(layout, _reporting_unit(session, invitation), answers)
    if not _spend(session, invitation, proof):
        return _lost_race(session, invitation, proof)
    deposit(session, wave, public_key, layout, payload)
    return Accepted()


def check(session: Session, secret: Secret, code: str, answers: Mapping[str, object]) -> None:
    """Raise what :func:`submit` would raise for these answers; nothing is stored or spent."""
    invitation, wave = find(session, secret, code)
    check_open(wave.state, wave.opens_at, wave.closes_at)
    if invitation.spent:
        raise UsedCode("this_code_has_been_used")
    _refuse_faults(layout_of(session, wave), answers)


def store_imported(
    session: Session, wave: Wave, records: Sequence[Imported], *, replace: bool = False
) -> int:
    """Store responses of an earlier measurement, shuffled, under random ids; return how many.

    Raises Conflict unless the wave is an open import wave without responses (``replace`` drops
    those that an earlier import brought).
    """
    lock(session, wave)  # a second import waits here and then sees what this one stored
    if wave.source != "import":
        raise Conflict("wave_is_answered_here")
    if wave.state != "open":
        raise Conflict(say("wave_not_open_for_import", state=wave.state))
    _make_room(session, wave, replace=replace)
    key = {"organisation_id": wave.organisation_id, "wave_id": wave.id}
    responses: list[dict[str, Any]] = []
    comments: list[dict[str, Any]] = []
    for record in records:
        place = {**key, "unit_id": record.unit_id}
        responses.append({**place, "role": record.role, "answers": record.sheet})
        comments += [
            {**place, "question": question, "text": text}
            for question, texts in record.texts.items()
            for text in texts
        ]
    for table, rows in ((Response, responses), (Comment, comments)):
        # Each table in an order of its own: neither file order nor a common order is left.
        secrets.SystemRandom().shuffle(rows)
        for start in range(0, len(rows), _BATCH):
            batch = [{**row, "id": uuid.uuid4()} for row in rows[start : start + _BATCH]]
            session.execute(sa.insert(table), batch)
    return len(responses)


def deposit(
    session: Session, wave: Wave, public_key: bytes, layout: Layout, payload: Payload
) -> None:
    """Put a sealed answer into the wave's inbox. What lets it in has been spent before."""
    session.execute(
        sa.insert(Inbox).values(
            organisation_id=wave.organisation_id,
            wave_id=wave.id,
            id=uuid.uuid4(),
            sealed=seal(public_key, layout, payload),
        )
    )


def hold_open(session: Session, wave: Wave) -> bytes:
    """Return the wave's public key, and keep the wave from closing until this transaction ends.

    Without the row lock an answer that was begun before the close could land in the inbox after it
    was emptied (PostgreSQL; on SQLite there is one writer at a time).
    """
    state, opens_at, closes_at, public_key = session.execute(
        sa.select(Wave.state, Wave.opens_at, Wave.closes_at, Wave.public_key)
        .where(Wave.organisation_id == wave.organisation_id, Wave.id == wave.id)
        .with_for_update(read=True)
    ).one()
    check_open(state, opens_at, closes_at)
    if public_key is None:
        raise Conflict("wave_has_no_key")
    return bytes(public_key)


def _reporting_unit(session: Session, invitation: Invitation) -> int:
    unit_id = session.scalar(
        sa.select(WaveUnit.reporting_unit_id).where(
            WaveUnit.organisation_id == invitation.organisation_id,
            WaveUnit.wave_id == invitation.wave_id,
            WaveUnit.unit_id == invitation.unit_id,
        )
    )
    return invitation.unit_id if unit_id is None else unit_id


def payload_of(layout: Layout, unit_id: int, answers: Mapping[str, object]) -> Payload:
    """Return what is sealed of one person's answers; InvalidInput with every fault."""
    _refuse_faults(layout, answers)
    instrument = layout.instrument
    return Payload(
        unit_id=unit_id,
        role=role_of(instrument, answers) or "employee",
        sheet=layout.encode(answers),
        texts=texts_of(instrument, answers),
    )


def _refuse_faults(layout: Layout, answers: Mapping[str, object]) -> None:
    faults = validate_answers(layout.instrument, answers)
    if faults:
        raise InvalidInput(
            "answers_cannot_be_accepted",
            [fault.below("answers") for fault in faults],
        )


def _spend(session: Session, invitation: Invitation, proof: bytes) -> bool:
    """Mark the code as used; False when another submission was first."""
    changed = session.execute(
        sa.update(Invitation)
        .where(
            Invitation.organisation_id == invitation.organisation_id,
            Invitation.id == invitation.id,
            Invitation.spent.is_(False),
        )
        .values(spent=True, submission_hash=proof)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def _lost_race(session: Session, invitation: Invitation, proof: bytes) -> AlreadyReceived:
    stored = session.scalar(
        sa.select(Invitation.submission_hash).where(
            Invitation.organisation_id == invitation.organisation_id,
            Invitation.id == invitation.id,
        )
    )
    if _is_repeat(stored, proof):
        return AlreadyReceived()
    raise UsedCode("this_code_has_been_used")


def _is_repeat(stored: bytes | None, proof: bytes) -> bool:
    return stored is not None and hmac.compare_digest(bytes(stored), proof)


def _submission_hash(secret: Secret, invitation: Invitation, submission_id: str) -> bytes:
    """Bound to the invitation, so that one id used with two codes does not join them."""
    return secret.hash("submission", invitation.id.bytes + submission_id.encode())


def _make_room(session: Session, wave: Wave, *, replace: bool) -> None:
    of_wave = {
        table: (table.organisation_id == wave.organisation_id, table.wave_id == wave.id)
        for table in (Response, Comment)
    }
    stored = session.scalar(
        sa.select(sa.func.count()).select_from(Response).where(*of_wave[Response])
    )
    if not stored:
        return
    if not replace:
        raise Conflict(say("responses_imported_already", stored=stored))
    for table, condition in of_wave.items():
        session.execute(sa.delete(table).where(*condition))
