"""Organisations and the tree of their units as it is today."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.db import new_id, now
from survey.core.errors import Conflict, Fault, InvalidInput, NotFound, say
from survey.organisation.models import Organisation, Unit

CODE = re.compile(r"[^\W_][\w.\-]{0,63}")
NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Branch:
    """A unit with everything below it. ``headcount`` is the sum of those that are told, its own
    with them; ``untold`` counts the units without one (those with units below need none)."""

    unit: Unit
    path: tuple[Unit, ...]
    below: tuple[Branch, ...]
    headcount: int
    untold: int
    units: int
    """Units below it, at every level."""


def create_organisation(session: Session, code: str, name: str) -> Organisation:
    """Add an organisation; its code stands in addresses and commands.

    Raises InvalidInput with every fault, Conflict when the code is taken.
    """
    code, name = code.strip(), " ".join(name.split())
    faults = []
    if not (CODE.fullmatch(code) and code.isascii()):
        faults.append(
            Fault(
                "code",
                say("not_a_code", code=code),
                say("use_rule_lower_case"),
            )
        )
    if not name or len(name) > NAME_LIMIT:
        faults.append(Fault("name", say("text_of_wrong_length", name_limit=NAME_LIMIT)))
    if faults:
        raise InvalidInput("organisation_cannot_be_made", faults)
    if session.scalar(sa.select(Organisation.id).where(Organisation.code == code)):
        raise Conflict(say("organisation_with_code_already", code=code))
    organisation = Organisation(id=new_id(), code=code, name=name, created_at=now())
    session.add(organisation)
    session.flush()
    return organisation


def organisation_by_code(session: Session, code: str) -> Organisation:
    """Return the organisation with this code; NotFound when there is none."""
    organisation = session.scalar(sa.select(Organisation).where(Organisation.code == code))
    if organisation is None:
        raise NotFound(say("no_organisation_with_code", code=code))
    return organisation


def organisations(session: Session) -> list[Organisation]:
    """Return all organisations by code."""
    return list(session.scalars(sa.select(Organisation).order_by(Organisation.code)))


def unit_by_code(session: Session, organisation_id: int, code: str) -> Unit:
    """Return a unit, open or closed, by its code; NotFound when there is none."""
    unit = session.scalar(
        sa.select(Unit).where(Unit.organisation_id == organisation_id, Unit.code == code)
    )
    if unit is None:
        raise NotFound(say("no_such_unit", code=code))
    return unit


def tree(session: Session, organisation_id: int, *, closed: bool = False) -> list[Unit]:
    """Return the units, parents before children and siblings by name and code.

    Closed units are left out unless ``closed`` is asked for; they then come last among siblings.
    """
    query = sa.select(Unit).where(Unit.organisation_id == organisation_id)
    if not closed:
        query = query.where(Unit.closed_at.is_(None))
    return in_tree_order(session.scalars(query))


def units_by_code(
    session: Session, organisation_id: int, *, after: str = "", limit: int | None = None
) -> list[Unit]:
    """Return units, open and closed, by code: those behind ``after``, at most ``limit``."""
    query = sa.select(Unit).where(Unit.organisation_id == organisation_id, Unit.code > after)
    return list(session.scalars(query.order_by(Unit.code).limit(limit)))


def in_tree_order(units: Iterable[Unit]) -> list[Unit]:
    """Sort units depth first; one whose parent is not among them counts as a root."""
    units = sorted(
        units, key=lambda unit: (unit.closed_at is not None, unit.name.casefold(), unit.code)
    )
    known = {unit.id for unit in units}
    below: dict[int | None, list[Unit]] = {}
    for unit in units:
        below.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)
    ordered: list[Unit] = []
    waiting = below.get(None, [])[::-1]
    while waiting:
        unit = waiting.pop()
        ordered.append(unit)
        waiting.extend(below.get(unit.id, [])[::-1])
    return ordered


def descendants(session: Session, organisation_id: int, unit_id: int) -> set[int]:
    """Return the ids of the unit and of everything below it, closed units included."""
    pairs = session.execute(
        sa.select(Unit.id, Unit.parent_id).where(Unit.organisation_id == organisation_id)
    )
    below: dict[int | None, list[int]] = {}
    for child, parent in pairs:
        below.setdefault(parent, []).append(child)
    ids: set[int] = set()
    waiting = [unit_id]
    while waiting:
        unit = waiting.pop()
        if unit not in ids:
            ids.add(unit)
            waiting.extend(below.get(unit, []))
    return ids


def branches(units: Iterable[Unit]) -> tuple[Branch, ...]:
    """The units as trees, in the order of :func:`in_tree_order`."""
    ordered = in_tree_order(units)
    known = {unit.id for unit in ordered}
    below: dict[int | None, list[Unit]] = {}
    for unit in ordered:
        below.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)

    def grow(unit: Unit, path: tuple[Unit, ...]) -> Branch:
        parts = tuple(grow(child, (*path, unit)) for child in below.get(unit.id, ()))
        return Branch(
            unit,
            path,
            parts,
            (unit.headcount or 0) + sum(part.headcount for part in parts),
            int(unit.headcount is None and not parts) + sum(part.untold for part in parts),
            sum(1 + part.units for part in parts),
        )

    return tuple(grow(unit, ()) for unit in below.get(None, ()))


def every(trees: Iterable[Branch]) -> Iterator[Branch]:
    """All branches, parents before children."""
    for branch in trees:
        yield branch
        yield from every(branch.below)


def matching(trees: Sequence[Branch], words: str) -> list[Branch]:
    """Branches whose unit has every one of the words in its name, code, kind or manager."""
    wanted = words.casefold().split()
    return [
        branch for branch in every(trees) if all(word in _haystack(branch.unit) for word in wanted)
    ]


def _haystack(unit: Unit) -> str:
    texts = (unit.name, unit.code, unit.kind, unit.manager_email or "")
    return " ".join(texts).casefold()
