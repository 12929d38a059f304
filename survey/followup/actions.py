"""Actions: made, changed and deleted by those who lead the unit; listed by study and unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import new_id, now
from survey.core.errors import Fault, InvalidInput, NotFound, say
from survey.followup.model import OWNER_LIMIT, STATUSES, TITLE_LIMIT, ActionFacts, Status
from survey.followup.models import Action
from survey.followup.place import Place
from survey.organisation.models import Unit
from survey.study.models import Wave

FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person says of an action."""

    title: str
    owner: str
    deadline: date | None
    status: str = "planned"
    dimension: str | None = None


def clean(text: str) -> str:
    """``text`` on one line, without characters that no page shows."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def create(session: Session, place: Place, draft: Draft, *, actor: str) -> ActionFacts:
    """Agree an action after the place's wave. Raises InvalidInput with every fault at once."""
    checked = _checked(place, draft)
    moment = now()
    action = Action(
        organisation_id=place.organisation_id,
        id=new_id(),
        study_id=place.study_id,
        unit_id=place.unit_id,
        wave_id=place.stored.wave_id,
        **checked,
        created_at=moment,
        changed_at=moment,
    )
    session.add(action)
    session.flush()
    _record(session, place, actor, "action.created", action, {"status": action.status})
    return get(session, place.organisation_id, place.study_id, action.id)


def change(
    session: Session, place: Place, action: ActionFacts, draft: Draft, *, actor: str
) -> ActionFacts:
    """Change an action of the place's unit; it stays with the wave it was agreed after.

    Raises InvalidInput with every fault at once.
    """
    checked = _checked(place, draft, also=action.dimension)
    row = _row(session, place.organisation_id, action.id)
    changed = sorted(name for name, value in checked.items() if getattr(row, name) != value)
    if changed:
        for name, value in checked.items():
            setattr(row, name, value)
        row.changed_at = now()
        session.flush()
        # Not the texts: an event can never be deleted, and an owner is a person.
        details = {"fields": changed, "status": row.status}
        _record(session, place, actor, "action.changed", row, details)
    return get(session, place.organisation_id, place.study_id, action.id)


def delete(session: Session, place: Place, action: ActionFacts, *, actor: str) -> None:
    """Delete an action that should never have been written; one that was given up is dropped."""
    row = _row(session, place.organisation_id, action.id)
    session.delete(row)
    session.flush()
    _record(session, place, actor, "action.deleted", row, {})


def get(session: Session, organisation_id: int, study_id: int, action_id: int) -> ActionFacts:
    """One action of a study; NotFound when there is none."""
    query = _query(organisation_id, study_id).where(Action.id == action_id)
    # Fresh: the row may have been read before its unit was held.
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("no_such_action")
    return facts(*row)


def of_units(
    session: Session, organisation_id: int, study_id: int, unit: str | None = None
) -> list[ActionFacts]:
    """All actions of a study, or of one of its units."""
    query = _query(organisation_id, study_id)
    rows = session.execute(query if unit is None else query.where(Unit.code == unit))
    return [facts(*row) for row in rows]


def listing(
    session: Session,
    organisation_id: int,
    study_id: int,
    *,
    unit: str | None = None,
    ordinal: int | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[ActionFacts]:
    """A study's actions in the order they were made, at most ``limit`` behind ``after``
    (time made, id); of one unit or wave when that is named."""
    query = _query(organisation_id, study_id)
    if unit is not None:
        query = query.where(Unit.code == unit)
    if ordinal is not None:
        query = query.where(Wave.ordinal == ordinal)
    if after is not None:
        moment, last = after
        same = sa.and_(Action.created_at == moment, Action.id > last)
        query = query.where(sa.or_(Action.created_at > moment, same))
    rows = session.execute(query.order_by(Action.created_at, Action.id).limit(limit))
    return [facts(*row) for row in rows]


def facts(action: Action, unit: str, ordinal: int, label: str) -> ActionFacts:
    """A row as plain data."""
    return ActionFacts(
        id=action.id,
        unit=unit,
        wave=ordinal,
        wave_label=label,
        title=action.title,
        owner=action.owner,
        deadline=action.deadline,
        status=cast(Status, action.status),
        dimension=action.dimension,
        created_at=action.created_at,
        changed_at=action.changed_at,
    )


def _query(organisation_id: int, study_id: int) -> sa.Select[Action, str, int, str]:
    return (
        sa.select(Action, Unit.code, Wave.ordinal, Wave.label)
        .join(
            Unit,
            sa.and_(Unit.organisation_id == Action.organisation_id, Unit.id == Action.unit_id),
        )
        .join(
            Wave,
            sa.and_(Wave.organisation_id == Action.organisation_id, Wave.id == Action.wave_id),
        )
        .where(Action.organisation_id == organisation_id, Action.study_id == study_id)
    )


def _row(session: Session, organisation_id: int, action_id: int) -> Action:
    row = session.get(Action, (organisation_id, action_id))
    if row is None:
        raise NotFound("no_such_action")
    return row


def _checked(place: Place, draft: Draft, also: str | None = None) -> dict[str, object]:
    """The draft's values as they are stored; ``also`` is a dimension that was chosen before."""
    title, owner = clean(draft.title), clean(draft.owner)
    dimension = draft.dimension or None
    faults = [
        *_faults_of_text("title", title, TITLE_LIMIT),
        *_faults_of_text("owner", owner, OWNER_LIMIT),
    ]
    if draft.deadline is None:
        faults.append(Fault("deadline", "missing", "write_date_such_as_2027_03_01"))
    elif not FIRST_YEAR <= draft.deadline.year <= LAST_YEAR:
        what = say(
            "not_between",
            draft=draft.deadline.isoformat(),
            first_year=FIRST_YEAR,
            last_year=LAST_YEAR,
        )
        faults.append(Fault("deadline", what))
    if draft.status not in STATUSES:
        known = ", ".join(STATUSES)
        faults.append(
            Fault(
                "status", say("unknown_status", status=draft.status), say("use_values", known=known)
            )
        )
    if dimension is not None and dimension not in (*place.dimensions, also):
        known = ", ".join(place.dimensions)
        faults.append(
            Fault(
                "dimension",
                say("no_such_value", dimension=dimension),
                say("use_values", known=known),
            )
        )
    if faults:
        raise InvalidInput("action_cannot_be_stored", faults)
    return {
        "title": title,
        "owner": owner,
        "deadline": draft.deadline,
        "status": draft.status,
        "dimension": dimension,
    }


def _faults_of_text(where: str, text: str, limit: int) -> Iterable[Fault]:
    if not text:
        yield Fault(where, "missing")
    elif len(text) > limit:
        yield Fault(
            where, say("too_many_characters", count=len(text)), say("use_at_most", limit=limit)
        )


def _record(
    session: Session,
    place: Place,
    actor: str,
    what: str,
    row: Action,
    details: Mapping[str, object],
) -> None:
    entry = {"study": place.study_code, "unit": place.code, **details}
    record(session, place.organisation_id, actor, what, f"action:{row.id}", entry)
