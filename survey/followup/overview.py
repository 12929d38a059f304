"""All that a unit has decided, seen from one wave: what dashboards, reports and PDFs take."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.followup import actions, choices, targets
from survey.followup.model import OPEN, ActionFacts, FollowUp
from survey.followup.models import Action, Choice, Target
from survey.organisation.models import Unit
from survey.release.read import StoredUnit


def of_unit(session: Session, organisation_id: int, stored: StoredUnit) -> FollowUp:
    """The unit's follow-up as it stood after the wave of ``stored``. Three queries."""
    unit, ordinal = stored.unit.unit.code, stored.header.wave.ordinal
    study_id = stored.study_id
    known = actions.of_unit(session, organisation_id, study_id, unit)
    return FollowUp(
        choice=choices.get(session, organisation_id, stored.wave_id, unit),
        earlier=earlier(known, ordinal),
        actions=_by_deadline(each for each in known if each.wave == ordinal),
        targets=targets.of_unit(session, organisation_id, study_id, unit),
    )


def earlier(known: list[ActionFacts], ordinal: int) -> tuple[ActionFacts, ...]:
    """Of ``known``: those of the last wave before ``ordinal`` that had any, and open older ones."""
    before = [each for each in known if each.wave < ordinal]
    last = max((each.wave for each in before), default=0)
    return _by_deadline(each for each in before if each.wave == last or each.status in OPEN)


def units_with_any(
    session: Session, organisation_id: int, study_id: int, wave_id: int
) -> frozenset[str]:
    """Codes of units that have decided anything in this study, so that a job for all units of a
    release asks for those only."""
    kinds = (
        sa.select(Action.unit_id).where(
            Action.organisation_id == organisation_id, Action.study_id == study_id
        ),
        sa.select(Target.unit_id).where(
            Target.organisation_id == organisation_id, Target.study_id == study_id
        ),
        sa.select(Choice.unit_id).where(
            Choice.organisation_id == organisation_id, Choice.wave_id == wave_id
        ),
    )
    found = session.scalars(
        sa.select(Unit.code).where(
            Unit.organisation_id == organisation_id, Unit.id.in_(sa.union(*kinds))
        )
    )
    return frozenset(found)


def _by_deadline(chosen: Iterable[ActionFacts]) -> tuple[ActionFacts, ...]:
    return tuple(sorted(chosen, key=lambda each: (each.deadline, each.id)))
