"""One unit changed, added or closed by hand. A file (``imports``) changes the whole organisation.

Every change that a report has to explain is recorded for it (``changes``).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import new_id, now
from survey.core.errors import Conflict, Fault, InvalidInput, Message, say
from survey.organisation import changes
from survey.organisation.changes import Decision
from survey.organisation.models import Organisation, Unit
from survey.organisation.rows import DEEPEST, Row, checked
from survey.organisation.units import unit_by_code

FIELDS = ("name", "kind", "headcount", "parent_code", "manager_email")
"""What can be changed of a unit; its code never changes."""


def values(session: Session, unit: Unit) -> dict[str, str]:
    """A unit's fields as text, as a form shows them."""
    parent = None
    if unit.parent_id is not None:
        parent = session.get_one(Unit, (unit.organisation_id, unit.parent_id))
    return {
        "name": unit.name,
        "kind": unit.kind,
        "headcount": "" if unit.headcount is None else str(unit.headcount),
        "parent_code": "" if parent is None else parent.code,
        "manager_email": unit.manager_email or "",
    }


def update_unit(
    session: Session,
    organisation_id: int,
    code: str,
    fields: Mapping[str, str],
    *,
    decision: Decision | None = None,
    actor: str = "cli",
) -> list[str]:
    """Change a unit's fields (those of FIELDS that are given); returns the names of what changed.

    ``decision`` says whether it is still compared with itself; by default it is. Raises
    InvalidInput with every fault, Conflict when the unit has closed.
    """
    units = _hold(session, organisation_id)
    unit = unit_by_code(session, organisation_id, code)
    if unit.closed_at is not None:
        raise Conflict("unit_has_closed_closed_unit_cannot_be_changed")
    old = values(session, unit)
    faults: list[Fault] = []
    row = _checked(code, {**old, **fields}, faults)
    parent = _parent(units, unit, row.parent_code, faults)
    if decision is not None:
        faults += changes.decision_faults([code], [code], decision)
        if not decision.continues and not decision.reasons.get(code):
            where = f"reason/{code}"
            faults.append(Fault(where, "empty", "say_why_reports_print_it"))
    if faults:
        raise InvalidInput("unit_cannot_be_changed", faults)
    above = units.get(unit.parent_id) if unit.parent_id is not None else None
    unit.name, unit.kind = row.name, row.kind
    unit.headcount, unit.manager_email = row.headcount, row.manager_email
    unit.parent_id = None if parent is None else parent.id
    session.flush()
    fresh = values(session, unit)
    changed = [name for name in FIELDS if fresh[name] != old[name]]
    if "name" in changed:
        changes.note(
            session, unit, "renamed", actor, before=old["name"], after=row.name, decision=decision
        )
    if "parent_code" in changed and parent is not None and above is not None:
        changes.note(
            session, unit, "moved", actor, before=above.name, after=parent.name, decision=decision
        )
    if changed:
        details = {"unit": code, "changed": changed}
        record(session, organisation_id, actor, "unit.changed", f"unit:{unit.id}", details)
    return changed


def add_unit(
    session: Session, organisation_id: int, fields: Mapping[str, str], *, actor: str = "cli"
) -> Unit:
    """Add a unit under another one (the first of all stands at the top).

    Raises InvalidInput with every fault.
    """
    units = _hold(session, organisation_id)
    faults: list[Fault] = []
    row = _checked(fields.get("code", ""), fields, faults)
    same = next((u for u in units.values() if u.code.casefold() == row.code.casefold()), None)
    if same is not None and row.code:
        what = say("unit_code_taken", code=row.code, name=same.name)
        faults.append(Fault("code", what, "choose_another_code"))
    parent = _parent(units, None, row.parent_code, faults)
    if faults:
        raise InvalidInput("unit_cannot_be_added", faults)
    unit = Unit(
        organisation_id=organisation_id,
        id=new_id(),
        code=row.code,
        name=row.name,
        parent_id=None if parent is None else parent.id,
        kind=row.kind,
        headcount=row.headcount,
        manager_email=row.manager_email,
    )
    session.add(unit)
    session.flush()
    changes.note(session, unit, "new", actor)
    record(session, organisation_id, actor, "unit.added", f"unit:{unit.id}", {"unit": unit.code})
    return unit


def close_unit(session: Session, organisation_id: int, code: str, *, actor: str = "cli") -> Unit:
    """Close a unit without open units below it. Raises Conflict otherwise.

    Released figures of it stay; it takes part in no wave that opens from now on.
    """
    units = _hold(session, organisation_id)
    unit = unit_by_code(session, organisation_id, code)
    if unit.closed_at is not None:
        raise Conflict("unit_has_closed_already")
    if unit.parent_id is None:
        raise Conflict("unit_at_top_of_organisation_cannot_be_closed")
    below = sum(u.parent_id == unit.id and u.closed_at is None for u in units.values())
    if below:
        raise Conflict(say("units_stand_below", below=below))
    unit.closed_at = now()
    session.flush()
    changes.note(session, unit, "closed", actor)
    record(session, organisation_id, actor, "unit.closed", f"unit:{unit.id}", {"unit": code})
    return unit


def _hold(session: Session, organisation_id: int) -> dict[int, Unit]:
    """All units; one who changes the tree at a time, so that no two moves make a circle."""
    session.execute(
        sa.select(Organisation.id).where(Organisation.id == organisation_id).with_for_update()
    )
    rows = session.scalars(
        sa.select(Unit)
        .where(Unit.organisation_id == organisation_id)
        .execution_options(populate_existing=True)
    )
    return {unit.id: unit for unit in rows}


def _checked(code: str, fields: Mapping[str, str], faults: list[Fault]) -> Row:
    def fault(column: str, what: Message | str, fix: Message | str | None = None) -> None:
        faults.append(Fault(column, what, fix))

    cells = {**{name: fields.get(name, "") for name in FIELDS}, "code": code}
    return checked(0, lambda column: cells.get(column, ""), fault)


def _parent(
    units: Mapping[int, Unit], unit: Unit | None, code: str, faults: list[Fault]
) -> Unit | None:
    """The unit to stand under; None for the top. Adds what is wrong with it to ``faults``."""
    top = unit is not None and unit.parent_id is None
    if not code:
        if not top and any(other.closed_at is None for other in units.values()):
            faults.append(Fault("parent_code", "empty", "choose_unit_that_it_belongs_to"))
        return None
    parent = next((u for u in units.values() if u.code == code and u.closed_at is None), None)
    if parent is None:
        what = say("unknown_open_unit", code=code)
        faults.append(Fault("parent_code", what, "choose_one_of_list"))
        return None
    path = _path(units, parent)
    if top:
        what = say("unit_at_top_cannot_stand_under_another_one")
        faults.append(Fault("parent_code", what))
    elif unit is not None and unit in path:
        what = say("parent_below_unit", name=parent.name)
        faults.append(Fault("parent_code", what, "choose_unit_outside_it"))
    elif len(path) + _height(units, unit) > DEEPEST:
        faults.append(Fault("parent_code", say("too_many_levels", deepest=DEEPEST)))
    return parent


def _path(units: Mapping[int, Unit], unit: Unit) -> list[Unit]:
    """The unit and everything above it."""
    path = [unit]
    while path[-1].parent_id is not None and len(path) <= len(units):
        path.append(units[path[-1].parent_id])
    return path


def _height(units: Mapping[int, Unit], unit: Unit | None) -> int:
    """How many levels a unit and what stands below it take."""
    below: dict[int | None, list[int]] = {}
    for other in units.values():
        below.setdefault(other.parent_id, []).append(other.id)
    height, level = 1, [] if unit is None else below.get(unit.id, [])
    while level and height <= len(units):
        height += 1
        level = [child for parent in level for child in below.get(parent, [])]
    return height
