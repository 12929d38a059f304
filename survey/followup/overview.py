"""All that a unit has decided, seen from one wave: what dashboards, reports and PDFs take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from survey.followup import actions, choices, targets
from survey.followup.model import OPEN, ActionFacts, ChoiceFacts, FollowUp, TargetFacts
from survey.release.read import StoredUnit


def of_unit(session: Session, organisation_id: int, stored: StoredUnit) -> FollowUp:
    """The unit's follow-up as it stood after the wave of ``stored``. Three queries."""
    unit, study_id = stored.unit.unit.code, stored.study_id
    return _seen_from(
        stored.header.wave.ordinal,
        actions.of_units(session, organisation_id, study_id, unit),
        choices.of_units(session, organisation_id, stored.wave_id, unit).get(unit),
        targets.of_units(session, organisation_id, study_id, unit).get(unit, ()),
    )


def of_study(
    session: Session, organisation_id: int, study_id: int, wave_id: int, ordinal: int
) -> Mapping[str, FollowUp]:
    """Unit code → follow-up, of all units that have decided anything. Three queries."""
    agreed: dict[str, list[ActionFacts]] = {}
    for action in actions.of_units(session, organisation_id, study_id):
        agreed.setdefault(action.unit, []).append(action)
    chosen = choices.of_units(session, organisation_id, wave_id)
    wanted = targets.of_units(session, organisation_id, study_id)
    return {
        unit: _seen_from(ordinal, agreed.get(unit, []), chosen.get(unit), wanted.get(unit, ()))
        for unit in sorted({*agreed, *chosen, *wanted})
    }


def _seen_from(
    ordinal: int,
    known: Sequence[ActionFacts],
    choice: ChoiceFacts | None,
    wanted: tuple[TargetFacts, ...],
) -> FollowUp:
    """``earlier`` are actions of the last wave before ``ordinal`` that had any, and open older
    ones."""
    before = [action for action in known if action.wave < ordinal]
    last = max((action.wave for action in before), default=0)
    return FollowUp(
        choice=choice or ChoiceFacts(),
        earlier=_by_deadline(e for e in before if e.wave == last or e.status in OPEN),
        actions=_by_deadline(action for action in known if action.wave == ordinal),
        targets=wanted,
    )


def _by_deadline(chosen: Iterable[ActionFacts]) -> tuple[ActionFacts, ...]:
    return tuple(sorted(chosen, key=lambda action: (action.deadline, action.id)))
