"""What was done to units between measurements, and whether they may be compared with before.

A renamed or moved unit is the same unit and is compared with itself, unless staff say otherwise. A
unit that was merged, split or put together anew is compared with nothing, unless staff name the
one unit before that it continues; its figures are then those that were published of that unit,
never figures recomputed on new boundaries. Decisions are open until the next wave opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import new_id, now
from survey.core.errors import Conflict, Fault, InvalidInput, NotFound, say
from survey.organisation.models import Organisation, Unit, UnitChange
from survey.organisation.rows import REASON_LIMIT

SAME_STAFF = 80
"""Per cent of the staff that should be the same before two units are compared as one."""

PLAIN = ("renamed", "moved")
"""Kinds after which the unit is itself, and is compared unless staff say otherwise."""

DECLARED = ("merged", "split", "regrouped", "recoded")
"""Kinds that only people can tell, and may take back until they are frozen."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a change means for comparison: unit after → the unit before that it continues (a unit
    that is not there is not compared), how many per cent of the staff are the same, and why, for
    each unit after."""

    continues: Mapping[str, str] = field(default_factory=dict)
    same_staff: int | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


def kind_of(before: Sequence[str], after: Sequence[str]) -> str:
    """What turning these units into those is called."""
    if len(before) == 1 and len(after) == 1:
        return "recoded"
    if len(before) == 1:
        return "split"
    return "merged" if len(after) == 1 else "regrouped"


def listed(
    session: Session, organisation_id: int, *, before: int | None = None, limit: int | None = None
) -> list[UnitChange]:
    """Recorded changes, the newest first: those made ``before`` a sequence, at most ``limit``."""
    query = sa.select(UnitChange).where(UnitChange.organisation_id == organisation_id)
    if before is not None:
        query = query.where(UnitChange.sequence < before)
    return list(session.scalars(query.order_by(UnitChange.sequence.desc()).limit(limit)))


def find(session: Session, organisation_id: int, change_id: int) -> UnitChange:
    """One change; NotFound when there is none."""
    change = session.get(UnitChange, (organisation_id, change_id))
    if change is None:
        raise NotFound("no_such_change_of_units")
    return change


def note(
    session: Session,
    unit: Unit,
    kind: str,
    actor: str,
    *,
    before: str = "",
    after: str = "",
    decision: Decision | None = None,
) -> UnitChange:
    """Record what was done to one unit: renamed, moved, new or closed."""
    if decision is None:
        decision = Decision({unit.code: unit.code} if kind in PLAIN else {})
    return _add(
        session,
        unit.organisation_id,
        kind,
        [] if kind == "new" else [unit.code],
        [] if kind == "closed" else [unit.code],
        {unit.code: unit.name},
        decision,
        actor,
        (before, after),
    )


def declare(
    session: Session,
    organisation_id: int,
    before: Sequence[str],
    after: Sequence[str],
    decision: Decision,
    *,
    actor: str = "cli",
) -> UnitChange:
    """Record that the units ``before`` became the units ``after``.

    Raises InvalidInput with every fault. Units that are no more must be closed first (or named
    among those after).
    """
    before, after = list(dict.fromkeys(before)), list(dict.fromkeys(after))
    rows = session.scalars(sa.select(Unit).where(Unit.organisation_id == organisation_id))
    units = {unit.code: unit for unit in rows}
    faults = list(_faults_of_units(before, after, units))
    faults += decision_faults(before, after, decision)
    faults += _without_reason(after, decision)
    if not faults and _told_already(session, organisation_id, before, after):
        faults.append(Fault("before", "this_change_is_recorded_already"))
    if faults:
        raise InvalidInput("change_cannot_be_recorded", faults)
    names = {code: units[code].name for code in (*before, *after)}
    change = _add(
        session, organisation_id, kind_of(before, after), before, after, names, decision, actor
    )
    _tell(session, change, "unit_change.declared", actor)
    return change


def decide(
    session: Session,
    organisation_id: int,
    change_id: int,
    decision: Decision,
    *,
    actor: str = "cli",
) -> UnitChange:
    """Decide anew what a change means for comparison.

    Raises Conflict when a wave has opened since, InvalidInput with every fault.
    """
    change = _unfrozen(session, organisation_id, change_id)
    faults = decision_faults(change.from_codes, change.to_codes, decision)
    usual = change.kind in PLAIN and set(decision.continues) == set(change.to_codes)
    if not usual:
        faults += _without_reason(change.to_codes, decision)
    if faults:
        raise InvalidInput("decision_cannot_be_recorded", faults)
    change.continues = dict(decision.continues)
    change.same_staff, change.reasons = decision.same_staff, dict(decision.reasons)
    change.decided_by, change.decided_at = actor, now()
    session.flush()
    _tell(session, change, "unit_change.decided", actor)
    return change


def withdraw(session: Session, organisation_id: int, change_id: int, *, actor: str = "cli") -> None:
    """Take back a merger or a split that was told by mistake. Conflict once it is frozen."""
    change = _unfrozen(session, organisation_id, change_id)
    if change.kind not in DECLARED:
        raise Conflict("only_declared_changes_are_undone")
    _tell(session, change, "unit_change.withdrawn", actor)
    session.delete(change)
    session.flush()


def decision_faults(before: Sequence[str], after: Sequence[str], decision: Decision) -> list[Fault]:
    """What is wrong with a decision about units ``before`` that became units ``after``."""
    faults = []
    for code, earlier in decision.continues.items():
        if code not in after or earlier not in before:
            what = say("cannot_be_compared_with", code=code, earlier=earlier)
            faults.append(Fault(f"compare/{code}", what, "choose_one_of_units_before"))
    if len(set(decision.continues.values())) < len(decision.continues):
        what = say("two_units_are_compared_with_same_unit_before")
        faults.append(Fault("compare", what, "at_most_one_can_continue_it"))
    if decision.same_staff is not None and not 0 <= decision.same_staff <= 100:
        faults.append(Fault("same_staff", say("not_from_0_to_100", value=decision.same_staff)))
    for code, text in decision.reasons.items():
        if len(text) > REASON_LIMIT:
            what = say("too_many_characters", count=len(text))
            faults.append(Fault(f"reason/{code}", what, say("at_most", reason_limit=REASON_LIMIT)))
    return faults


def _without_reason(after: Iterable[str], decision: Decision) -> list[Fault]:
    return [
        Fault(f"reason/{code}", "empty", "say_why_reports_print_it")
        for code in after
        if not decision.reasons.get(code)
    ]


def _faults_of_units(
    before: Sequence[str], after: Sequence[str], units: Mapping[str, Unit]
) -> Iterable[Fault]:
    for where, codes in (("before", before), ("after", after)):
        if not codes:
            yield Fault(where, "no_unit_is_named", "choose_at_least_one")
        for code in codes:
            if code not in units:
                yield Fault(where, say("unknown_unit_code", code=code))
    for code in after:
        if code in units and units[code].closed_at is not None:
            yield Fault("after", say("closed", code=code), "choose_units_that_exist_now")
    for code in before:
        if code in units and code not in after and units[code].closed_at is None:
            what = say("still", code=code)
            yield Fault("before", what, "close_unit_or_name_it_after")
    if len(before) == 1 and list(before) == list(after):
        yield Fault("after", "unit_cannot_become_itself", "choose_another_unit")


def _told_already(
    session: Session, organisation_id: int, before: Sequence[str], after: Sequence[str]
) -> bool:
    return any(
        change.kind in DECLARED
        and set(change.from_codes) == set(before)
        and set(change.to_codes) == set(after)
        for change in listed(session, organisation_id)
    )


def _unfrozen(session: Session, organisation_id: int, change_id: int) -> UnitChange:
    change = find(session, organisation_id, change_id)
    session.refresh(change, with_for_update=True)
    if change.frozen_at is not None:
        raise Conflict("wave_has_opened_since_decision_is_final")
    return change


def _add(
    session: Session,
    organisation_id: int,
    kind: str,
    before: list[str],
    after: list[str],
    names: dict[str, str],
    decision: Decision,
    actor: str,
    texts: tuple[str, str] = ("", ""),
) -> UnitChange:
    session.execute(  # one at a time: the order of changes tells what became of what
        sa.select(Organisation.id).where(Organisation.id == organisation_id).with_for_update()
    )
    last = session.scalar(
        sa.select(sa.func.max(UnitChange.sequence)).where(
            UnitChange.organisation_id == organisation_id
        )
    )
    moment = now()
    change = UnitChange(
        organisation_id=organisation_id,
        id=new_id(),
        sequence=(last or 0) + 1,
        kind=kind,
        from_codes=before,
        to_codes=after,
        names=names,
        before=texts[0],
        after=texts[1],
        continues=dict(decision.continues),
        same_staff=decision.same_staff,
        reasons={code: text for code, text in decision.reasons.items() if text},
        decided_by=actor,
        made_at=moment,
        decided_at=moment,
    )
    session.add(change)
    session.flush()
    return change


def _tell(session: Session, change: UnitChange, action: str, actor: str) -> None:
    details = {
        "kind": change.kind,
        "before": change.from_codes,
        "after": change.to_codes,
        "continues": change.continues,
        "same_staff": change.same_staff,
    }
    record(session, change.organisation_id, actor, action, f"unit_change:{change.id}", details)
