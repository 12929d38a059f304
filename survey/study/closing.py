"""What becomes of a wave that is open: a later closing time, closing, release.

A closing time is a promise to those who have not answered yet: it is only ever moved forward, and
whoever moves it, or closes before it, says why.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import now
from survey.core.errors import Conflict, Fault, say
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.study.models import ParticipationCount, Wave
from survey.study.reasons import Reason, faults_of, refuse
from survey.study.waves import lock, refuse_move

_TASKS = {True: "release", False: "close"}
"""Whether the results are released at once → the kind of the task that is started."""


def extend_wave(
    session: Session,
    wave: Wave,
    closes_at: datetime,
    reason: Reason | None,
    *,
    actor: str = "cli",
) -> Wave:
    """Set a later closing time for an open wave.

    Raises Conflict, or InvalidInput with every fault of the time and the reason.
    """
    lock(session, wave)
    if wave.state != "open":
        raise Conflict(say("wave_not_open_for_extension", state=wave.state))
    faults = []
    if closes_at <= now():
        faults.append(Fault("closes_at", "lies_in_past", "name_later_time"))
    elif wave.closes_at is not None and closes_at <= wave.closes_at:
        faults.append(
            Fault("closes_at", "not_later_than_before", "people_were_promised_until_then")
        )
    refuse([*faults, *faults_of(reason)], "wave_cannot_be_extended")
    before = wave.closes_at
    wave.closes_at = closes_at
    session.flush()
    details = {
        "closes_at": closes_at.isoformat(),
        "before": before.isoformat() if before else None,
    } | (reason.details() if reason else {})
    record(session, wave.organisation_id, actor, "wave.extended", f"wave:{wave.id}", details)
    return wave


def is_early(wave: Wave) -> bool:
    """True while people were promised that they may still answer."""
    return (
        wave.state == "open"
        and wave.source == "answers"
        and wave.closes_at is not None
        and now() < wave.closes_at
    )


def request_close(
    session: Session,
    wave: Wave,
    *,
    actor: str,
    reason: Reason | None = None,
    release: bool | None = None,
) -> Task:
    """Close a wave, for whoever asks: on a page, over the API or on the command line.

    No answer is taken from now on. The task that is returned opens the answers and, when
    ``release`` says so (None: when the wave does), makes the release. Asking twice is asking once;
    a wave that is closed already gets the task only. Raises as :func:`ensure_closed`.
    """
    ensure_closed(session, wave, actor, reason)
    kind = closing_task(wave) if release is None else _TASKS[release]
    return tasks.enqueue_once(session, wave.organisation_id, kind, {"wave_id": wave.id}, actor)


def closing_task(wave: Wave) -> str:
    """The kind of task that a wave asks for when it is closed: ``release`` or ``close``."""
    return _TASKS[wave.release_after_close]


def ensure_closed(
    session: Session, wave: Wave, actor: str = "cli", reason: Reason | None = None
) -> None:
    """Close an open wave to answers; a closed one stays as it is.

    Raises Conflict for a draft or a released wave, InvalidInput as :func:`mark_closed`.
    """
    lock(session, wave)
    if wave.state == "open":
        mark_closed(session, wave, actor, reason)
    elif wave.state != "closed":
        raise Conflict(say("wave_not_open_for_closing", state=wave.state))


def mark_closed(
    session: Session, wave: Wave, actor: str = "cli", reason: Reason | None = None
) -> None:
    """Move an open wave to closed: no answer is taken from now on.

    Before its closing time that needs a reason. Raises Conflict, InvalidInput without one.
    """
    lock(session, wave)
    refuse_move(wave, "closed")
    early = is_early(wave)
    if early or reason is not None:
        message = say("say_why_closed_early") if early else say("wrong_reason")
        refuse(faults_of(reason), message)
    past = wave.source == "import" and wave.closes_at is not None
    wave.state = "closed"
    wave.closed_here_at = now()
    wave.closed_at = wave.closes_at if past else wave.closed_here_at
    session.flush()
    details = ({"early": True} if early else {}) | (reason.details() if reason else {})
    record(session, wave.organisation_id, actor, "wave.closed", f"wave:{wave.id}", details)


def mark_released(session: Session, wave: Wave, actor: str = "cli") -> None:
    """Move a closed wave to released, when its release is stored. Raises Conflict otherwise."""
    lock(session, wave)
    refuse_move(wave, "released")
    wave.state = "released"
    wave.released_at = now()
    # From now on the release says how many answered; two counts could be subtracted.
    session.execute(
        sa.delete(ParticipationCount).where(
            ParticipationCount.organisation_id == wave.organisation_id,
            ParticipationCount.wave_id == wave.id,
        )
    )
    session.flush()
    record(session, wave.organisation_id, actor, "wave.released", f"wave:{wave.id}", {})


def due_to_close(session: Session, moment: datetime) -> list[Wave]:
    """Return open waves whose closing time has come (imported ones close by hand)."""
    return list(
        session.scalars(
            sa.select(Wave)
            .where(Wave.state == "open", Wave.source == "answers", Wave.closes_at <= moment)
            .order_by(Wave.closes_at, Wave.id)
        )
    )
