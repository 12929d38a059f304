"""New codes for lost letters, so that nobody gains a second vote unseen.

Whose letter it was is known to nobody, so there are three ways (docs/decisions/0013):

- the old code is at hand: it is revoked and the new one takes its place;
- the old code is gone: a code is given *besides* it, for few letters in each unit, and counted;
- all of a unit's codes were lost on their way out and none has been used: all are made anew.

A new code leaves like any other, once, as a letter, a slip or in the list.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import in_any_case, now
from survey.core.errors import Conflict, Fault, InvalidInput, NotFound, say
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.invitations.address_models import Contact
from survey.invitations.codes import LINK_LENGTH, code_hash, normalise, short_hash
from survey.invitations.issuing import insert_codes, unused_code
from survey.study.freezing import wave_units
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.waves import lock, study_of

REASONS = ("lost", "not_received", "damaged", "returned", "seen")
"""Chosen, never written: the event log keeps it for ever, and a text could name somebody."""

ONE_IN = 10
"""Of so many invited, one may get a code besides a lost one; in a smaller unit one in all."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The unit that has new codes waiting, and how many."""

    unit_code: str
    unit_name: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Room:
    """How many codes were given besides lost ones where a unit is counted, and how many may be."""

    given: int
    most: int


def replace_known(
    session: Session,
    secret: Secret,
    keys: KeyStore,
    wave: Wave,
    typed: str,
    *,
    reason: str,
    actor: str = "cli",
) -> Replaced:
    """Revoke the code that was typed (either form) and make another in its place.

    The number of invited and of codes stays as it was. Raises MistypedCode, NotFound when the
    wave has no such code, InvalidInput for the reason, Conflict when the code has been used, was
    mailed, or the wave takes no codes any more, and KeyLost. An attempt on a used code is recorded.
    """
    _begin(session, wave, reason)
    old = _find(session, secret, wave, typed)
    if _mailed(session, wave, [old.id]):
        raise Conflict("code_went_by_email")
    unit = next(row for row in wave_units(session, wave) if row.unit_id == old.unit_id)
    if old.spent or not _renew(session, secret, keys.code_key(wave.id), unit, old.id):
        raise _used(session, wave, actor)
    details = {"unit": unit.code, "reason": reason, "old": "revoked"}
    record(session, wave.organisation_id, actor, "codes.replaced", f"wave:{wave.id}", details)
    return Replaced(unit.code, unit.name)


def replace_unknown(
    session: Session,
    secret: Secret,
    keys: KeyStore,
    wave: Wave,
    unit_code: str,
    *,
    reason: str,
    actor: str = "cli",
) -> Replaced:
    """Give a unit one code besides a lost one that nobody can name.

    Nobody more is invited: ``WaveUnit.replaced`` counts it. Raises NotFound for a unit that is not
    the wave's, InvalidInput for the reason, Conflict when nobody is invited there, all are by mail,
    the unit has had as many as it may, or the wave takes no codes any more, and KeyLost.
    """
    _begin(session, wave, reason)
    rows = wave_units(session, wave)
    unit = _unit(rows, unit_code)
    of_unit = _invitations(session, wave, unit)
    if not of_unit:
        raise Conflict("no_letters_in_unit")
    if len(_mailed(session, wave, of_unit)) == len(of_unit):
        raise Conflict("unit_invited_by_email")
    room = rooms(rows)[unit.code]
    if room.given >= room.most:
        raise Conflict(say("too_many_replacements", given=room.given))
    unit.replaced += 1
    insert_codes(session, secret, keys.code_key(wave.id), [unit], {unit.code: 1})
    session.flush()
    details = {
        "unit": unit.code,
        "reason": reason,
        "old": "unknown",
        "given": room.given + 1,
        "most": room.most,
    }
    record(session, wave.organisation_id, actor, "codes.replaced", f"wave:{wave.id}", details)
    return Replaced(unit.code, unit.name)


def renew_unit(
    session: Session,
    secret: Secret,
    keys: KeyStore,
    wave: Wave,
    unit_code: str,
    *,
    actor: str = "cli",
) -> Replaced:
    """Revoke all codes of a unit that have left, when their file or letters were lost as a whole.

    Codes that went by e-mail stay, and whether they were used plays no part. Only while none of
    the others has been used; once the wave has opened, not where they were for fewer than k
    people: the answer would tell whether one of them has answered. A refusal because of a used
    code is recorded. Raises NotFound, Conflict, KeyLost.
    """
    _begin(session, wave, REASONS[0])
    unit = _unit(wave_units(session, wave), unit_code)
    ids = _invitations(session, wave, unit, Invitation.exported.is_(True))
    mailed = _mailed(session, wave, ids)
    on_paper = [invitation_id for invitation_id in ids if invitation_id not in mailed]
    if not on_paper:
        raise Conflict("no_code_of_this_unit_has_left_yet")
    started = wave.state == "open" and (wave.opens_at is None or wave.opens_at <= now())
    if started and len(on_paper) - unit.replaced < study_of(session, wave).k:
        raise Conflict("unit_too_small_for_new_codes")
    used = set(_invitations(session, wave, unit, Invitation.spent.is_(True)))
    if used.intersection(on_paper):
        raise _used(session, wave, actor, unit.code)
    code_key = keys.code_key(wave.id)
    for invitation_id in on_paper:
        if not _renew(session, secret, code_key, unit, invitation_id):
            raise _used(session, wave, actor, unit.code)
    details = {"unit": unit.code, "count": len(on_paper)}
    record(session, wave.organisation_id, actor, "codes.renewed", f"wave:{wave.id}", details)
    return Replaced(unit.code, unit.name, len(on_paper))


def rooms(rows: Sequence[WaveUnit]) -> dict[str, Room]:
    """Unit code → room for codes besides lost ones; merged units share theirs."""
    invited: dict[int, int] = {}
    replaced: dict[int, int] = {}
    for row in rows:
        place = row.reporting_unit_id
        invited[place] = invited.get(place, 0) + row.invited
        replaced[place] = replaced.get(place, 0) + row.replaced
    return {
        row.code: Room(
            replaced[row.reporting_unit_id],
            max(1, invited[row.reporting_unit_id] // ONE_IN) if row.invited else 0,
        )
        for row in rows
    }


def _begin(session: Session, wave: Wave, reason: str) -> None:
    lock(session, wave)
    if wave.source == "import" or wave.state not in ("draft", "open"):
        raise Conflict(say("wave_takes_no_new_codes", state=wave.state))
    if reason not in REASONS:
        fault = Fault(
            "reason",
            say("unknown_reason", category=reason),
            say("use_values", known=", ".join(REASONS)),
        )
        raise InvalidInput("code_cannot_be_replaced", [fault])


def _find(session: Session, secret: Secret, wave: Wave, typed: str) -> Invitation:
    link = len(normalise(typed)) == LINK_LENGTH
    matches = (
        Invitation.code_hash == code_hash(secret, typed)
        if link
        else Invitation.short_hash == short_hash(secret, typed)
    )
    invitation = session.scalar(
        sa.select(Invitation).where(
            matches,
            Invitation.organisation_id == wave.organisation_id,
            Invitation.wave_id == wave.id,
        )
    )
    if invitation is None:
        raise NotFound("this_measurement_has_no_such_code")
    return invitation


def _renew(
    session: Session, secret: Secret, code_key: bytes, unit: WaveUnit, old: uuid.UUID
) -> bool:
    """Put a new code in the old one's place; False when the old one has been used.

    The row is written over, not moved: nothing in the file tells a new code from the others.
    """
    values = unused_code(session, secret, code_key, unit)
    changed = session.execute(
        sa.update(Invitation)
        .where(
            Invitation.organisation_id == unit.organisation_id,
            Invitation.id == old,
            Invitation.spent.is_(False),
        )
        .values(**values, submission_hash=secrets.token_bytes(32))
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _invitations(
    session: Session, wave: Wave, unit: WaveUnit, *more: sa.ColumnElement[bool]
) -> list[uuid.UUID]:
    ids = session.scalars(
        sa.select(Invitation.id).where(
            Invitation.organisation_id == wave.organisation_id,
            Invitation.wave_id == wave.id,
            Invitation.unit_id == unit.unit_id,
            *more,
        )
    )
    return list(ids)


def _mailed(session: Session, wave: Wave, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the invitations that an address belongs to."""
    mailed = session.scalars(
        sa.select(Contact.invitation_id).where(
            Contact.organisation_id == wave.organisation_id, Contact.wave_id == wave.id
        )
    )
    return set(mailed) & set(ids)


def _unit(rows: Sequence[WaveUnit], code: str) -> WaveUnit:
    for row in rows:
        if row.code == code:
            return row
    raise NotFound(say("unit_does_not_belong_to_this_wave", code=code))


def _used(session: Session, wave: Wave, actor: str, unit: str = "") -> Conflict:
    """The refusal, recorded whatever becomes of the transaction: somebody may be trying out codes
    to learn who has answered. With a unit only where all of its codes were asked for; a single
    used code's unit would say more about who is meant."""
    organisation_id, subject = wave.organisation_id, f"wave:{wave.id}"
    details = {"unit": unit} if unit else {}

    def keep(own: Session) -> None:
        record(own, organisation_id, actor, "codes.replacement_refused", subject, details)

    in_any_case(session, keep)
    return Conflict("used_code_not_replaced")
