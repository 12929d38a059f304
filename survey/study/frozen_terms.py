"""What people were promised when a study's first wave opened cannot be weakened afterwards.

k, the mode, what is asked about the person and which figures are public stand. An attempt is
refused, and the refusal is recorded in a transaction of its own: the one in which it was tried is
taken back.
"""

from __future__ import annotations

from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.orm.attributes import get_history

from survey.audit.log import record
from survey.core.db import in_any_case
from survey.core.errors import Conflict, Message, say
from survey.instrument.model import Instrument
from survey.study.models import Study, Wave


class Weakening(Conflict):
    """Refused, and recorded: it would give people less protection than they were promised."""


def refuse(
    session: Session, study: Study, actor: str, what: str, wanted: str, message: Message
) -> NoReturn:
    """Raise Weakening, and leave an event of it whatever becomes of the session's transaction."""
    organisation_id, subject = study.organisation_id, f"study:{study.id}"
    details = {"what": what, "wanted": wanted}

    def keep(own: Session) -> None:
        record(own, organisation_id, actor, "study.weakening_refused", subject, details)

    in_any_case(session, keep)
    raise Weakening(message)


def check_k(session: Session, study: Study, k: int, actor: str) -> None:
    """Refuse a k below the one that was fixed."""
    if study.frozen_at is not None and k < study.k:
        message = say("k_promised")
        refuse(session, study, actor, "k", str(k), message)


def check_mode(session: Session, study: Study, mode: str, actor: str) -> None:
    """Refuse another mode than the one that was fixed."""
    if study.frozen_at is not None and mode != study.mode:
        message = say("mode_was_fixed_when_studys_first_wave_opened")
        refuse(session, study, actor, "mode", mode, message)


def check_public_level(session: Session, study: Study, level: int, actor: str) -> None:
    """Refuse to publish more than people were told when they answered."""
    if study.frozen_at is not None and level > study.public_level:
        message = say("public_level_promised")
        refuse(session, study, actor, "public_level", str(level), message)


def check_instrument(session: Session, study: Study, instrument: Instrument, actor: str) -> None:
    """Refuse a questionnaire that asks more about the person than the study's first one did.

    Any question that is no item of a dimension may be about the person (how long one has worked
    here, what one wants to say), so none is added and none gets more answers to choose from.
    Items may change: they are rated by everybody, and shown by group only.
    """
    first = session.scalar(
        sa.select(Wave.instrument)
        .where(
            Wave.organisation_id == study.organisation_id,
            Wave.study_id == study.id,
            Wave.opened_at.is_not(None),
        )
        .order_by(Wave.opened_at, Wave.ordinal)
        .limit(1)
    )
    if first is None:
        return
    before, after = _about_the_person(Instrument.from_dict(first)), _about_the_person(instrument)
    if not after <= before:
        refuse(
            session,
            study,
            actor,
            "questions about the person",
            f"{instrument.id}/{instrument.version}",
            say("instrument_asks_more", id=instrument.id, version=instrument.version),
        )


def _about_the_person(instrument: Instrument) -> set[tuple[str, str, str, str | None]]:
    """(question, type, option, role) of every way in which a person says more than ratings; a
    question that is written freely has one of them, without an option."""
    ways: set[tuple[str, str, str, str | None]] = set()
    for question in instrument.questions:
        # The role question is known by its purpose, so that a new wording may have a new id.
        name = question.purpose or question.id
        ways.add((name, question.type, "", None))
        ways |= {(name, question.type, option.id, option.role) for option in question.options}
    return ways


@sa.event.listens_for(Study, "before_update")
def _whoever_tries(_mapper: Mapper[Study], _connection: sa.Connection, study: Study) -> None:
    """The net under all code: no flush weakens a study that is frozen."""
    session = object_session(study)
    frozen = get_history(study, "frozen_at")
    was_frozen = next((at for at in (*frozen.deleted, *frozen.unchanged) if at is not None), None)
    if session is None or was_frozen is None:
        return
    old_k, old_mode = _before(study, "k"), _before(study, "mode")
    old_level = _before(study, "public_level")
    for name, weaker in (
        ("frozen_at", study.frozen_at is None),
        ("k", old_k is not None and study.k < old_k),
        ("mode", old_mode is not None and study.mode != old_mode),
        ("public_level", old_level is not None and study.public_level > old_level),
    ):
        if weaker:
            wanted = str(getattr(study, name))
            message = say("term_was_fixed", name=name)
            refuse(session, study, "unknown", name, wanted, message)


def _before(study: Study, name: str) -> Any:
    history = get_history(study, name)
    return history.deleted[0] if history.deleted else None
