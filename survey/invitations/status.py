"""Where a wave stands with its invitations, for those who hand them out: how many, by which way,
what has left and what could not be delivered. Nothing here says who or how many have answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.csv_files import fold, read_table
from survey.core.errors import Fault, InvalidInput, say
from survey.invitations import code_delivery, mailings
from survey.invitations.issuing import MOST_PER_UNIT
from survey.invitations.mailings import UnitDelivery
from survey.invitations.replacing import Room, rooms
from survey.organisation import units
from survey.study.freezing import wave_units
from survey.study.models import Invitation, Wave, WaveUnit

_UNIT = ("unit_code", "code", "unit", "kode", "enhetskode", "einingskode", "enhet", "eining")
_COUNT = ("count", "number", "invited", "antall", "tal", "talet", "inviterte")


@dataclass(frozen=True, slots=True)
class UnitInvited:
    """One unit's own invitations, children not counted.

    ``people`` are invited, ``mailed`` of them by address, ``spare`` codes were given besides lost
    ones. ``left`` codes on paper have been handed out and ``waiting`` have not.
    """

    code: str
    name: str
    level: int
    headcount: int | None
    people: int
    mailed: int
    spare: int
    left: int
    waiting: int
    delivery: UnitDelivery | None
    room: Room


def overview(session: Session, wave: Wave) -> list[UnitInvited]:
    """Return the wave's units, parents before children; empty before anybody is invited."""
    rows = wave_units(session, wave)
    waiting = code_delivery.waiting(session, wave)
    deliveries = {delivery.code: delivery for delivery in mailings.status(session, wave)}
    codes = _codes(session, wave)
    room = rooms(rows)
    invited_units = []
    for row, level in _in_tree(rows):
        delivery = deliveries.get(row.code)
        mailed = delivery.addresses if delivery else 0
        still = waiting.get(row.code, 0)
        invited_units.append(
            UnitInvited(
                code=row.code,
                name=row.name,
                level=level,
                headcount=row.headcount,
                people=row.invited,
                mailed=mailed,
                spare=row.replaced,
                left=max(codes.get(row.unit_id, 0) - mailed - still, 0),
                waiting=still,
                delivery=delivery,
                room=room[row.code],
            )
        )
    return invited_units


@dataclass(frozen=True, slots=True)
class Place:
    """A unit that people can be invited in; ``people`` are invited there already."""

    code: str
    name: str
    level: int
    headcount: int | None
    people: int


def places(session: Session, wave: Wave) -> list[Place]:
    """Return the units that people can be invited in: today's while the wave is a draft."""
    rows = wave_units(session, wave)
    if wave.state != "draft":
        return [
            Place(row.code, row.name, level, row.headcount, row.invited)
            for row, level in _in_tree(rows)
        ]
    invited = {row.unit_id: row.invited for row in rows}
    depth: dict[int | None, int] = {None: -1}
    draft_places = []
    for unit in units.tree(session, wave.organisation_id):
        depth[unit.id] = depth.get(unit.parent_id, -1) + 1
        people = invited.get(unit.id, 0)
        draft_places.append(Place(unit.code, unit.name, depth[unit.id], unit.headcount, people))
    return draft_places


def read_counts(raw: bytes) -> dict[str, int]:
    """Read a CSV file of unit codes and how many to invite; Norwegian names of columns will do.

    Raises InvalidInput with every fault at once, TooLarge.
    """
    table = read_table(raw, [*_UNIT, *_COUNT])
    header = [fold(title) for title in table.header]
    places = {
        name: next((at for at, title in enumerate(header) if title in names), -1)
        for name, names in (("unit", _UNIT), ("count", _COUNT))
    }
    faults = [
        Fault(
            say("row", number=1),
            say("column_is_missing", column=names[0]),
            say("add_one_column", names=names[0], names2=names[3]),
        )
        for name, names in (("unit", _UNIT), ("count", _COUNT))
        if places[name] < 0
    ]
    if faults:
        raise InvalidInput("file_cannot_be_read_nobody_was_invited", faults)
    counts: dict[str, int] = {}
    for number, cells in zip(table.numbers, table.rows, strict=True):
        code, text = (
            cells[places[name]].strip() if places[name] < len(cells) else ""
            for name in ("unit", "count")
        )
        count = whole(text)
        if not code:
            faults.append(Fault(say("row", number=number), "no_unit"))
        elif count is None:
            fix = say("write_whole_number_up_to", most_per_unit=MOST_PER_UNIT)
            faults.append(
                Fault(say("row", number=number), say("no_number_of_people", text=text), fix)
            )
        elif code in counts:
            faults.append(Fault(say("row", number=number), say("names_unit_again", code=code)))
        else:
            counts[code] = count
    if faults:
        raise InvalidInput("file_cannot_be_used_nobody_was_invited", faults)
    return counts


def whole(text: str) -> int | None:
    """Return a number of people as it is written, 0 for none written; None when it is no number."""
    if not text:
        return 0
    known = text.isascii() and text.isdigit() and len(text) < 6
    return int(text) if known and int(text) <= MOST_PER_UNIT else None


def _codes(session: Session, wave: Wave) -> Mapping[int, int]:
    rows = session.execute(
        sa.select(Invitation.unit_id, sa.func.count())
        .where(Invitation.organisation_id == wave.organisation_id, Invitation.wave_id == wave.id)
        .group_by(Invitation.unit_id)
    )
    return {unit_id: count for unit_id, count in rows}  # noqa: C416 - rows are not tuples to mypy


def _in_tree(rows: list[WaveUnit]) -> list[tuple[WaveUnit, int]]:
    """Units depth first by name, each with its depth."""
    below: dict[int | None, list[WaveUnit]] = {}
    for row in sorted(rows, key=lambda row: (row.name.casefold(), row.code)):
        below.setdefault(row.parent_id, []).append(row)
    ordered: list[tuple[WaveUnit, int]] = []
    waiting = [(row, 0) for row in below.get(None, [])[::-1]]
    while waiting:
        row, level = waiting.pop()
        ordered.append((row, level))
        waiting.extend((child, level + 1) for child in below.get(row.unit_id, [])[::-1])
    return ordered
