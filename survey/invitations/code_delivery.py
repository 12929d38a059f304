"""Codes on their way out as letters, slips or a list: each leaves once, whatever it is printed on.

Drawing takes seconds, so it is done between two transactions: :func:`draw` reads the codes that
have not left, in random order; :func:`mark` notes that they leave and refuses when another was
first. What was drawn and not marked must be thrown away.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import now
from survey.core.errors import Conflict, NotFound, say
from survey.core.keystore import KeyStore
from survey.invitations.address_models import NEVER_LEFT, Contact
from survey.invitations.codes import Code, derive
from survey.study.freezing import wave_units
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.waves import lock, study_of

WAYS = ("letters", "slips")
_BATCH = 500


class Taken(Conflict):
    """Somebody else has handed out some of these codes meanwhile."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Codes of one unit that are about to leave; ``codes`` by invitation, in random order."""

    unit_code: str
    unit_name: str
    codes: tuple[tuple[uuid.UUID, Code], ...]


def not_left(wave: Wave) -> sa.ColumnElement[bool]:
    """Invitations of the wave whose code goes out on paper or in a list, and has not yet.

    A code that is sent by mail is derived when the mail leaves, and is in no list, unless the mail
    never left: the server refused the address, or sending was given up.
    """
    mailed = sa.exists().where(
        Contact.organisation_id == Invitation.organisation_id,
        Contact.invitation_id == Invitation.id,
        Contact.state.not_in(NEVER_LEFT),
    )
    return sa.and_(
        Invitation.organisation_id == wave.organisation_id,
        Invitation.wave_id == wave.id,
        Invitation.exported.is_(False),
        ~mailed,
    )


def require_leaving(session: Session, wave: Wave) -> None:
    """Raise Conflict unless the wave's codes can leave now."""
    if wave.state not in ("draft", "open"):
        raise Conflict(say("wave_codes_gone", state=wave.state))
    if wave.keys_digest is None and study_of(session, wave).mode == "cryptographic":
        raise Conflict("open_wave_before_letters")


def waiting(session: Session, wave: Wave) -> dict[str, int]:
    """Unit code → how many codes have not left yet; units without any are left out."""
    counts = session.execute(
        sa.select(Invitation.unit_id, sa.func.count())
        .where(not_left(wave))
        .group_by(Invitation.unit_id)
    )
    codes = {row.unit_id: row.code for row in wave_units(session, wave)}
    return dict(sorted((codes[unit_id], count) for unit_id, count in counts))


def draw(session: Session, keys: KeyStore, wave: Wave, unit_code: str, most: int) -> Drawn:
    """Derive up to ``most`` codes of a unit that have not left, in random order.

    Raises NotFound for a unit that is not the wave's, Conflict when no code may leave, KeyLost.
    """
    require_leaving(session, wave)
    unit = _unit(session, wave, unit_code)
    ids = list(
        session.scalars(
            sa.select(Invitation.id).where(not_left(wave), Invitation.unit_id == unit.unit_id)
        )
    )
    secrets.SystemRandom().shuffle(ids)
    code_key = keys.code_key(wave.id)
    codes = tuple((invitation_id, derive(code_key, invitation_id)) for invitation_id in ids[:most])
    return Drawn(unit.code, unit.name, codes)


def mark(
    session: Session,
    wave: Wave,
    unit_code: str,
    ids: Collection[uuid.UUID],
    way: str,
    *,
    actor: str = "cli",
) -> None:
    """Note that these codes leave now, as ``letters`` or ``slips``; let them go only afterwards.

    Raises Taken when one of them has left, Conflict when none may leave any more: then none is
    noted.
    """
    if way not in WAYS:
        raise ValueError(f"{way!r} is no way for codes to leave")
    lock(session, wave)
    require_leaving(session, wave)
    wanted, marked = list(ids), 0
    for start in range(0, len(wanted), _BATCH):
        changed = session.execute(
            sa.update(Invitation)
            .where(not_left(wave), Invitation.id.in_(wanted[start : start + _BATCH]))
            .values(exported=True)
            .execution_options(synchronize_session=False)
        )
        marked += int(changed.rowcount)  # type: ignore[attr-defined]
    if marked != len(wanted) or not wanted:
        raise Taken("codes_just_taken")
    wave.codes_exported_at = now()
    session.flush()
    details = {"count": marked, "unit": unit_code, "as": way}
    record(session, wave.organisation_id, actor, "codes.exported", f"wave:{wave.id}", details)


def _unit(session: Session, wave: Wave, code: str) -> WaveUnit:
    for row in wave_units(session, wave):
        if row.code == code:
            return row
    raise NotFound(say("unit_does_not_belong_to_this_wave", code=code))
