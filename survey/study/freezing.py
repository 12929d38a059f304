"""The tree as a wave sees it: laid when invitations are made, brought up to date and merged at
opening, and never touched again after the first answer could have come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.errors import Conflict
from survey.disclosure.model import Node
from survey.disclosure.small_units import merge_units
from survey.organisation.models import Unit
from survey.organisation.units import in_tree_order
from survey.study.models import Wave, WaveUnit


@dataclass(frozen=True, slots=True)
class Merged:
    """A unit with fewer than k invited, and the neighbour that its answers are counted in."""

    code: str
    name: str
    into_code: str
    into_name: str


def wave_units(session: Session, wave: Wave) -> list[WaveUnit]:
    """Return the units of a wave by code."""
    return list(
        session.scalars(
            sa.select(WaveUnit)
            .where(WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id)
            .order_by(WaveUnit.code)
        )
    )


def snapshot_units(session: Session, wave: Wave) -> list[WaveUnit]:
    """Make a wave's units equal to today's tree, and return them.

    A unit that has closed since people were invited in it stays, with what is above it: their
    letters have been printed. Raises Conflict when the organisation has no units.
    """
    units = list(
        session.scalars(sa.select(Unit).where(Unit.organisation_id == wave.organisation_id))
    )
    existing = {row.unit_id: row for row in wave_units(session, wave)}
    wanted = _wanted(units, existing)
    if not wanted:
        raise Conflict("organisation_without_units")
    root = next(unit.id for unit in wanted if unit.parent_id is None and unit.closed_at is None)
    for unit in wanted:
        row = existing.get(unit.id)
        if row is None:
            row = WaveUnit(
                organisation_id=wave.organisation_id,
                wave_id=wave.id,
                unit_id=unit.id,
                invited=0,
                reporting_unit_id=unit.id,
            )
        row.code, row.name, row.kind = unit.code, unit.name, unit.kind
        row.headcount = unit.headcount
        row.parent_id = unit.parent_id
        if unit.parent_id is None and unit.id != root:
            row.parent_id = root  # the old top of a tree that has a new one
        session.add(row)
    kept = {unit.id for unit in wanted}
    for unit_id, row in existing.items():
        if unit_id not in kept:
            session.delete(row)
    session.flush()
    return wave_units(session, wave)


def _wanted(units: list[Unit], existing: Mapping[int, WaveUnit]) -> list[Unit]:
    """Open units, closed ones with invitations, and whatever is above either."""
    by_id = {unit.id: unit for unit in units}
    wanted: set[int] = set()
    for unit in units:
        row = existing.get(unit.id)
        if unit.closed_at is not None and not (row is not None and row.invited):
            continue
        above: int | None = unit.id
        while above is not None and above not in wanted:
            wanted.add(above)
            above = by_id[above].parent_id
    return in_tree_order(by_id[unit_id] for unit_id in wanted)


def merge(session: Session, wave: Wave, k: int) -> list[Merged]:
    """Rule 7: count each unit with fewer than k invited in a named neighbour; tell which.

    Before anybody is invited the headcounts stand for the invitations to come.
    """
    rows = wave_units(session, wave)
    code = {row.unit_id: row.code for row in rows}
    by_code = {row.code: row for row in rows}
    someone = any(row.invited for row in rows)
    planned = {row.code: row.invited if someone else row.headcount or 0 for row in rows}
    lands = merge_units(_nodes(rows), planned, k)
    for row in rows:
        row.reporting_unit_id = by_code[lands[row.code]].unit_id
    session.flush()
    return [
        Merged(row.code, row.name, code[row.reporting_unit_id], by_code[lands[row.code]].name)
        for row in rows
        if row.reporting_unit_id != row.unit_id and planned[row.code]
    ]


def planned_merges(session: Session, wave: Wave, k: int) -> list[Merged]:
    """What :func:`snapshot_units` and :func:`merge` would merge if the draft opened now.

    Changes nothing.
    """
    units = session.scalars(sa.select(Unit).where(Unit.organisation_id == wave.organisation_id))
    existing = {row.unit_id: row.invited for row in wave_units(session, wave)}
    someone = any(existing.values())
    wanted = [
        unit for unit in units if unit.closed_at is None or existing.get(unit.id)
    ]  # what is above a closed unit has no staff of its own here, and merges with nothing
    return merged_by_count(
        wanted,
        {u.id: existing.get(u.id, 0) if someone else u.headcount or 0 for u in wanted},
        k,
    )


def merged_by_count(units: Sequence[Unit], people: Mapping[int, int], k: int) -> list[Merged]:
    """Units (of one tree) with fewer than k ``people`` (unit id → its own), and where they go."""
    by_id = {unit.id: unit for unit in units}
    names = {unit.code: unit.name for unit in units}
    root = next((u.id for u in units if u.parent_id is None and u.closed_at is None), None)
    if root is None:
        return []
    nodes = []
    for unit in units:
        above = unit.parent_id if unit.parent_id in by_id else root
        parent = None if unit.id == root or above is None else by_id[above].code
        nodes.append(Node(unit.code, parent, unit.kind))
    lands = merge_units(nodes, {unit.code: people.get(unit.id, 0) for unit in units}, k)
    return [
        Merged(unit.code, unit.name, lands[unit.code], names[lands[unit.code]])
        for unit in units
        if lands[unit.code] != unit.code and people.get(unit.id, 0)
    ]


def too_small(rows: list[WaveUnit], k: int) -> list[tuple[WaveUnit, int]]:
    """Units below the top that would be counted with 1 to k-1 invited, and how many they have."""
    by_id = {row.unit_id: row for row in rows}
    total = dict.fromkeys(by_id, 0)
    for row in rows:
        place: int | None = row.reporting_unit_id
        while place is not None:
            total[place] += row.invited
            place = by_id[place].parent_id
    return [
        (row, total[row.unit_id])
        for row in rows
        if row.parent_id is not None and 0 < total[row.unit_id] < k
    ]


def _nodes(rows: list[WaveUnit]) -> list[Node]:
    code = {row.unit_id: row.code for row in rows}
    return [
        Node(row.code, None if row.parent_id is None else code[row.parent_id], row.kind)
        for row in rows
    ]
