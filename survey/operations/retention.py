"""How long things are kept, and their deletion when that time is over.

==================  ==========================================  ===============================
what                kept until                                  setting
==================  ==========================================  ===============================
invitations         days after the wave closed                  ``retention_invitation_days``
e-mail addresses    as the invitations                          (the same)
keys                codes: the wave closes; private: released   (none)
sheets, texts,      days after the wave was released, or after  ``retention_response_days``
sealed result       it closed when it never was (then it can
                    never be: its answers and keys are gone)
releases            for good, until the study is destroyed      (none)
==================  ==========================================  ===============================

A wave closes, to this clock, when this service closes it: an earlier measurement that is brought in
years later has its time before it. A wave that is just being closed or released is left for the
next run.

Texts that a moderator released belong to the release. Every deletion is an event; that of answers
does not say how many there were.
Running it again, or after a stop, deletes what is left and repeats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.config import Settings
from survey.core.db import now
from survey.core.services import Services
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.operations import erasure
from survey.organisation.models import Organisation
from survey.study.models import Invitation, Study, Wave
from survey.study.waves import lock, sweep_keys


@dataclass(frozen=True, slots=True)
class Deadline:
    """A wave that has closed, and when what is left of it goes (None: nothing is left)."""

    organisation_id: int
    wave_id: int
    study: str
    ordinal: int
    state: str
    invitations: datetime | None
    responses: datetime | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one run deleted. ``clean`` is False when file traces must be erased another time."""

    invitations: int = 0
    responses: int = 0
    texts: int = 0
    keys: int = 0
    clean: bool = True


def deadlines(
    session: Session, settings: Settings, organisation_id: int | None = None
) -> list[Deadline]:
    """Every closed wave with something left that has a time to go, by study and ordinal."""
    query = (
        sa.select(Wave, Study.code)
        .join(
            Study,
            sa.and_(Study.organisation_id == Wave.organisation_id, Study.id == Wave.study_id),
        )
        .where(Wave.state.in_(["closed", "released"]))
        .order_by(Wave.organisation_id, Study.code, Wave.ordinal)
    )
    if organisation_id is not None:
        query = query.where(Wave.organisation_id == organisation_id)
    upcoming = []
    for wave, code in session.execute(query).all():
        one = Deadline(
            wave.organisation_id,
            wave.id,
            code,
            wave.ordinal,
            wave.state,
            _invitations_go(session, settings, wave),
            _responses_go(session, settings, wave),
        )
        if one.invitations or one.responses:
            upcoming.append(one)
    return upcoming


def run(
    parts: Services,
    organisation_id: int | None = None,
    *,
    moment: datetime | None = None,
    actor: str = "worker",
) -> Deleted:
    """Delete what is due at ``moment`` (now): of one organisation, or of all."""
    moment = moment or now()
    with parts.db.transaction() as session:
        keys = len(sweep_keys(session, parts.keys))
    with parts.db.reading() as session:
        due = [
            deadline
            for deadline in deadlines(session, parts.settings, organisation_id)
            if _is_due(deadline.invitations, moment) or _is_due(deadline.responses, moment)
        ]
    invitations = responses = texts = 0
    for deadline in due:  # a transaction for each wave: a writer elsewhere waits for one at most
        with parts.db.transaction() as session:
            wave = session.get(Wave, (deadline.organisation_id, deadline.wave_id))
            if wave is None:  # its study was destroyed meanwhile
                continue
            done, unreadable = _delete_of(session, parts.settings, wave, moment, actor)
        invitations, responses = invitations + done.invitations, responses + done.responses
        texts += done.texts
        if unreadable:
            parts.keys.destroy_private_key(deadline.wave_id)  # what it could open is gone
    with parts.db.reading() as session:
        organisations = session.scalars(sa.select(Organisation.id)).all()
    chosen = [one for one in organisations if organisation_id in (None, one)]
    clean = all(erasure.erase_traces(parts, one, actor=actor) for one in chosen)
    return Deleted(invitations, responses, texts, keys, clean)


def answers_kept_until(settings: Settings, wave: Wave) -> datetime | None:
    """When a wave's answer sheets and texts go, if it has any then; None while it is open."""
    begins = wave.released_at or _closed_here(wave)
    return begins and begins + timedelta(days=settings.retention_response_days)


def _delete_of(
    session: Session, settings: Settings, wave: Wave, moment: datetime, actor: str
) -> tuple[Deleted, bool]:
    """Delete what of this wave is due now that it is held; True when its private key is to follow.

    What was read before may have changed: a release gives the answers another year, and what is
    being closed or released must not lose them on the way.
    """
    lock(session, wave)
    if wave.state not in ("closed", "released") or _in_work(session, wave):
        return Deleted(), False
    invitations = sheets = texts = 0
    if _is_due(_invitations_go(session, settings, wave), moment):
        invitations = erasure.delete_invitations(session, wave)
        _record(session, wave, actor, "invitations", {"invitations": invitations})
    responses = _is_due(_responses_go(session, settings, wave), moment)
    if responses:
        sheets, texts = erasure.delete_responses(session, wave)
        wave.settled = True  # sealed ones that were never opened are gone too
        _record(session, wave, actor, "responses", {})  # how many answered, the release says
    return Deleted(invitations, sheets, texts), responses and wave.state == "closed"


def _in_work(session: Session, wave: Wave) -> bool:
    """True while a task that closes or releases the wave waits or runs."""
    payloads = session.scalars(
        sa.select(Task.payload).where(
            Task.organisation_id == wave.organisation_id,
            Task.kind.in_(["close", "release"]),
            Task.state.in_(tasks.OPEN_STATES),
        )
    )
    return any(payload.get("wave_id") == wave.id for payload in payloads)


def _closed_here(wave: Wave) -> datetime | None:
    return wave.closed_here_at or wave.closed_at


def _invitations_go(session: Session, settings: Settings, wave: Wave) -> datetime | None:
    any_invitation = sa.exists().where(
        Invitation.organisation_id == wave.organisation_id, Invitation.wave_id == wave.id
    )
    begins = _closed_here(wave)
    if begins is None or not session.scalar(sa.select(any_invitation)):
        return None
    return begins + timedelta(days=settings.retention_invitation_days)


def _responses_go(session: Session, settings: Settings, wave: Wave) -> datetime | None:
    until = answers_kept_until(settings, wave)
    return until if until is not None and erasure.has_responses(session, wave) else None


def _is_due(when: datetime | None, moment: datetime) -> bool:
    return when is not None and when <= moment


def _record(session: Session, wave: Wave, actor: str, what: str, counts: dict[str, int]) -> None:
    record(session, wave.organisation_id, actor, f"retention.{what}", f"wave:{wave.id}", counts)
