"""One dimension to keep and one to improve, for each unit and wave."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import now
from survey.core.errors import Fault, InvalidInput, say
from survey.followup.model import ChoiceFacts
from survey.followup.models import Choice
from survey.followup.place import Place
from survey.organisation.models import Unit


def get(session: Session, organisation_id: int, wave_id: int, unit: str) -> ChoiceFacts:
    """What a unit has chosen after a wave; nothing yet is a choice with two blanks."""
    return of_units(session, organisation_id, wave_id, unit).get(unit, ChoiceFacts())


def of_units(
    session: Session, organisation_id: int, wave_id: int, unit: str | None = None
) -> Mapping[str, ChoiceFacts]:
    """Unit code → choice after a wave; of one unit when it is named."""
    query = (
        sa.select(Unit.code, Choice.keep, Choice.improve)
        .join(
            Unit,
            sa.and_(Unit.organisation_id == Choice.organisation_id, Unit.id == Choice.unit_id),
        )
        .where(Choice.organisation_id == organisation_id, Choice.wave_id == wave_id)
    )
    rows = session.execute(query if unit is None else query.where(Unit.code == unit))
    return {code: ChoiceFacts(keep, improve) for code, keep, improve in rows}


def store(session: Session, place: Place, choice: ChoiceFacts, *, actor: str) -> ChoiceFacts:
    """Choose. Raises InvalidInput with every fault at once."""
    keep, improve = choice.keep or None, choice.improve or None
    known = ", ".join(place.dimensions)
    faults = [
        Fault(where, say("no_such_value", dimension=chosen), say("use_values", known=known))
        for where, chosen in (("keep", keep), ("improve", improve))
        if chosen is not None and chosen not in place.dimensions
    ]
    if keep is not None and keep == improve:
        faults.append(Fault("improve", "same_as_what_is_kept", "choose_another_one"))
    if faults:
        raise InvalidInput("choice_cannot_be_stored", faults)
    wanted = ChoiceFacts(keep, improve)
    if get(session, place.organisation_id, place.stored.wave_id, place.code) == wanted:
        return wanted
    key = (place.organisation_id, place.stored.wave_id, place.unit_id)
    row = session.get(Choice, key)
    if row is None:
        row = Choice(organisation_id=key[0], wave_id=key[1], unit_id=key[2])
        session.add(row)
    row.keep, row.improve, row.changed_at = keep, improve, now()
    session.flush()
    details = {
        "study": place.study_code,
        "unit": place.code,
        "keep": keep,
        "improve": improve,
    }
    subject = f"wave:{place.stored.wave_id}"
    record(session, place.organisation_id, actor, "choice.changed", subject, details)
    return wanted
