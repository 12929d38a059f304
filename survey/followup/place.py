"""Where something is decided: a unit, in a study, after one released wave."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import unit_access
from survey.access.principal import Principal
from survey.core.errors import Forbidden, NotFound, say
from survey.instrument.model import Instrument
from survey.organisation.models import Unit
from survey.release import read
from survey.release.read import StoredUnit
from survey.study.studies import study_by_code


@dataclass(frozen=True, slots=True)
class Place:
    """A unit and the result that it looks at, as plain data that outlives its transaction.

    ``dimensions`` are the released instrument's ids.
    """

    organisation_id: int
    study_id: int
    study_code: str
    study_name: str
    unit_id: int
    stored: StoredUnit
    dimensions: tuple[str, ...]

    @property
    def code(self) -> str:
        """The unit's code."""
        return self.stored.unit.unit.code

    @property
    def ordinal(self) -> int:
        """The wave's ordinal."""
        return self.stored.header.wave.ordinal


def find(
    session: Session,
    organisation_id: int,
    study: str,
    unit: str,
    ordinal: int | None = None,
    *,
    hold: bool = False,
) -> Place:
    """The place for codes of a study and a unit, and a wave (else the latest released one).

    ``hold`` keeps others from changing the unit's follow-up until the transaction ends. NotFound
    when the wave is not released or the unit is not in its release.
    """
    study_row = study_by_code(session, organisation_id, study)
    query = sa.select(Unit.id).where(Unit.organisation_id == organisation_id, Unit.code == unit)
    unit_id = session.scalar(query.with_for_update() if hold else query)
    if unit_id is None:
        raise NotFound(say("no_such_unit", code=unit))
    stored = read.unit_document(session, organisation_id, study_row.id, unit, ordinal)
    instrument = Instrument.from_dict(stored.header.instrument)
    dimensions = tuple(dimension.id for dimension in instrument.dimensions)
    return Place(
        organisation_id, study_row.id, study_row.code, study_row.name, unit_id, stored, dimensions
    )


def may_change(session: Session, who: Principal, unit: str) -> bool:
    """True for staff and for who leads the unit or one above it; auditors only read."""
    return "staff" in who.roles or unit_access.leads(session, who, unit)


def require_change(session: Session, who: Principal, unit: str) -> None:
    """Raise Forbidden unless ``who`` may change the unit's follow-up."""
    if not may_change(session, who, unit):
        raise Forbidden("only_unit_leaders_change_this")
