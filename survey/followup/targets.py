"""Targets for a unit's dimensions, from a leader agreement or the action programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import now
from survey.core.errors import Fault, InvalidInput, say
from survey.followup.actions import FIRST_YEAR, LAST_YEAR
from survey.followup.model import SOURCES, Source, TargetFacts
from survey.followup.models import Target
from survey.followup.place import Place
from survey.organisation.models import Unit


def of_unit(
    session: Session, organisation_id: int, study_id: int, unit: str
) -> tuple[TargetFacts, ...]:
    """A unit's targets, by the dimensions' ids."""
    return of_units(session, organisation_id, study_id, unit).get(unit, ())


def of_units(
    session: Session, organisation_id: int, study_id: int, unit: str | None = None
) -> Mapping[str, tuple[TargetFacts, ...]]:
    """Unit code → targets in a study; of one unit when it is named."""
    query = (
        sa.select(Unit.code, Target.dimension, Target.value, Target.source, Target.year)
        .join(
            Unit,
            sa.and_(Unit.organisation_id == Target.organisation_id, Unit.id == Target.unit_id),
        )
        .where(Target.organisation_id == organisation_id, Target.study_id == study_id)
        .order_by(Target.dimension)
    )
    by_unit: dict[str, tuple[TargetFacts, ...]] = {}
    for code, dimension, value, source, year in session.execute(
        query if unit is None else query.where(Unit.code == unit)
    ):
        target = TargetFacts(dimension, value, cast(Source, source), year)
        by_unit[code] = (*by_unit.get(code, ()), target)
    return by_unit


def store(
    session: Session, place: Place, wanted: Sequence[TargetFacts], *, actor: str
) -> tuple[TargetFacts, ...]:
    """Make ``wanted`` all of the unit's targets. Raises InvalidInput with every fault at once.

    A fault's ``where`` is ``<dimension>/value``, ``<dimension>/source`` or ``<dimension>/year``.
    """
    present = of_unit(session, place.organisation_id, place.study_id, place.code)
    wrong = faults(place, wanted, present)
    if wrong:
        raise InvalidInput("targets_cannot_be_stored", wrong)
    ordered = tuple(sorted(wanted, key=lambda target: target.dimension))
    changed = sorted({target.dimension for target in {*ordered} ^ {*present}})
    if not changed:
        return present
    rows = {
        row.dimension: row
        for row in session.scalars(
            sa.select(Target).where(
                Target.organisation_id == place.organisation_id,
                Target.study_id == place.study_id,
                Target.unit_id == place.unit_id,
            )
        )
    }
    for name in rows.keys() - {target.dimension for target in wanted}:
        session.delete(rows[name])
    for target in ordered:
        _write(session, place, target, rows.get(target.dimension))
    session.flush()
    details = {"study": place.study_code, "unit": place.code, "dimensions": changed}
    subject = f"unit:{place.unit_id}"
    record(session, place.organisation_id, actor, "targets.changed", subject, details)
    return of_unit(session, place.organisation_id, place.study_id, place.code)


def faults(
    place: Place, wanted: Sequence[TargetFacts], present: Sequence[TargetFacts]
) -> list[Fault]:
    """Everything that is wrong with ``wanted``; ``present`` are the unit's targets now."""
    problems = [fault for target in wanted for fault in _faults(place, target, present)]
    names = [target.dimension for target in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [*problems, *(Fault(f"{name}/value", "set_twice") for name in twice)]


def _write(session: Session, place: Place, target: TargetFacts, row: Target | None) -> None:
    if row is None:
        row = Target(
            organisation_id=place.organisation_id,
            study_id=place.study_id,
            unit_id=place.unit_id,
            dimension=target.dimension,
        )
        session.add(row)
    elif (row.value, row.source, row.year) == (target.value, target.source, target.year):
        return
    row.value, row.source, row.year, row.changed_at = (
        target.value,
        target.source,
        target.year,
        now(),
    )


def _faults(place: Place, target: TargetFacts, present: Sequence[TargetFacts]) -> list[Fault]:
    name, problems = target.dimension, []
    # A target for a dimension that a newer questionnaire lacks may stay.
    if name not in place.dimensions and name not in {current.dimension for current in present}:
        known = ", ".join(place.dimensions)
        problems.append(
            Fault(
                f"{name}/dimension",
                say("no_such_value", dimension=name),
                say("use_values", known=known),
            )
        )
    if not 0 <= target.value <= 100:
        problems.append(Fault(f"{name}/value", say("not_from_0_to_100", value=target.value)))
    if target.source not in SOURCES:
        known = ", ".join(SOURCES)
        problems.append(
            Fault(f"{name}/source", "unknown_target_source", say("use_values", known=known))
        )
    if target.year is not None and not FIRST_YEAR <= target.year <= LAST_YEAR:
        what = say("not_between", draft=target.year, first_year=FIRST_YEAR, last_year=LAST_YEAR)
        problems.append(Fault(f"{name}/year", what))
    return problems
