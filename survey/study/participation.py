"""How many have been invited and have answered, while nothing else may be known."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.study.credential_models import RedeemedCredential
from survey.study.freezing import wave_units
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.waves import study_of

STEP = 5
"""To what counts of units below the top are rounded."""


@dataclass(frozen=True, slots=True)
class Participation:
    """A unit with everybody below it.

    ``answered`` is exact at the top and rounded to a multiple of five (at most ``invited``) below
    it. It is None where it is masked: fewer than k, or needed to mask another; and everywhere once
    the invitations were deleted, since nobody can count then. A unit that is counted in a
    neighbour names it in ``merged_into`` and has no count of its own.

    ``replaced`` codes were given besides lost ones, so that as many answers may be of people who
    have answered before. They make nobody invited, and ``answered`` is never more than invited.
    """

    code: str
    name: str
    parent_code: str | None
    invited: int
    answered: int | None
    merged_into: str | None = None
    replaced: int = 0


def participation(session: Session, wave: Wave, *, masked: bool = True) -> list[Participation]:
    """Return the wave's units with their counts, parents before children.

    The rows answer no question that a few people's absence could answer: counts below k are
    masked, and so many others that no masked one follows by subtraction. Below the top they are
    rounded to a multiple of five, because leaders count here and not in what is released of their
    unit: the difference of two exact numbers would tell whether the leader has answered.
    ``masked=False`` is for the code that decides when to remind, never for people.
    """
    rows = _parents_first(wave_units(session, wave))
    by_id = {row.unit_id: row for row in rows}
    answered = _answered(session, wave)
    own_invited, own_replaced, used = (dict.fromkeys(by_id, 0) for _ in range(3))
    for row in rows:
        own_invited[row.reporting_unit_id] += row.invited
        own_replaced[row.reporting_unit_id] += row.replaced
        used[row.reporting_unit_id] += answered.get(row.unit_id, 0)
    own_answered = {unit: min(count, own_invited[unit]) for unit, count in used.items()}
    invited, total = _upwards(rows, own_invited), _upwards(rows, own_answered)
    replaced = _upwards(rows, own_replaced)
    hidden: set[int] = set()
    if any(own_invited.values()) and not _are_kept(session, wave):
        hidden = set(by_id)
    elif masked and wave.state != "open":
        # From now on the release says how many; two counts of a unit could be subtracted.
        hidden = {row.unit_id for row in rows if row.parent_id is not None}
    elif masked:
        k = study_of(session, wave).k
        # k people, not k codes: whoever lost none and was given another may have answered twice.
        surely = {unit: max(count - own_replaced[unit], 0) for unit, count in used.items()}
        staff = {unit: count for unit, count in surely.items() if own_invited[unit]}
        hidden = _hidden(rows, _upwards(rows, surely), staff, k)
    found = []
    for row in rows:
        away = row.reporting_unit_id != row.unit_id
        code = None if row.parent_id is None else by_id[row.parent_id].code
        into = by_id[row.reporting_unit_id].code if away else None
        told = None if away or row.unit_id in hidden else total[row.unit_id]
        if told is not None and masked and row.parent_id is not None:
            told = min(_rounded(wave, row.unit_id, told), invited[row.unit_id])
        count = row.invited if away else invited[row.unit_id]
        spare = row.replaced if away else replaced[row.unit_id]
        found.append(Participation(row.code, row.name, code, count, told, into, spare))
    return found


def _rounded(wave: Wave, unit_id: int, count: int) -> int:
    """``count`` to one of the two multiples of five around it (random rounding, as statistical
    offices do it): up the more often the nearer, always the same way for one count of one unit.

    The draw hangs on the wave's public key for sealed answers, which nobody is shown, so that no
    reader knows at which count the number moves on.
    """
    drawn = hashlib.sha256(b"participation" + (wave.public_key or b"") + str(unit_id).encode())
    return STEP * ((count + int.from_bytes(drawn.digest()[:8]) % STEP) // STEP)


def _answered(session: Session, wave: Wave) -> dict[int, int]:
    """Unit → answers. A code that was exchanged for a credential has not answered yet: its answer
    is counted when the credential comes back, in the unit that it attests."""
    spent = sa.select(Invitation.unit_id, sa.func.count()).where(
        Invitation.organisation_id == wave.organisation_id,
        Invitation.wave_id == wave.id,
        Invitation.spent.is_(True),
        Invitation.issued.is_(False),
    )
    redeemed = sa.select(RedeemedCredential.unit_id, sa.func.count()).where(
        RedeemedCredential.organisation_id == wave.organisation_id,
        RedeemedCredential.wave_id == wave.id,
    )
    counts: Counter[int] = Counter()
    for query, unit in ((spent, Invitation.unit_id), (redeemed, RedeemedCredential.unit_id)):
        for unit_id, count in session.execute(query.group_by(unit)):
            counts[unit_id] += count
    return counts


def _are_kept(session: Session, wave: Wave) -> bool:
    """False once retention has deleted the wave's invitations."""
    mine = sa.exists().where(
        Invitation.organisation_id == wave.organisation_id, Invitation.wave_id == wave.id
    )
    return bool(session.scalar(sa.select(mine)))


def _parents_first(rows: list[WaveUnit]) -> list[WaveUnit]:
    below: dict[int | None, list[WaveUnit]] = {}
    for row in sorted(rows, key=lambda row: (row.name.casefold(), row.code)):
        below.setdefault(row.parent_id, []).append(row)
    ordered: list[WaveUnit] = []
    waiting = below.get(None, [])[::-1]
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(below.get(row.unit_id, [])[::-1])
    return ordered


def _upwards(rows: list[WaveUnit], own: dict[int, int]) -> dict[int, int]:
    total = dict(own)
    for row in reversed(rows):
        if row.parent_id is not None:
            total[row.parent_id] += total[row.unit_id]
    return total


def _hidden(rows: list[WaveUnit], total: dict[int, int], own: dict[int, int], k: int) -> set[int]:
    """Units below k, and so many more that what is hidden under each shown unit adds up to k.

    Whoever subtracts from a shown unit the nearest shown ones anywhere below it is left with its
    own staff (``own``, never shown as a row) and that of the hidden units between. This rest must
    be nothing, or at least k answers of more than one unit's staff. A hidden parent needs a hidden
    part, else it is the sum of its children.
    """
    hidden = {row.unit_id for row in rows if total[row.unit_id] < k}
    children: dict[int, list[int]] = {}
    for row in rows:
        # A merged unit has no count, and nothing to protect.
        if row.parent_id is not None and row.reporting_unit_id == row.unit_id:
            children.setdefault(row.parent_id, []).append(row.unit_id)
    changed = True
    while changed:
        changed = False
        for parent, family in children.items():
            if parent in hidden:
                shown = [unit for unit in family if unit not in hidden]
                safe = parent in own or len(shown) < len(family)
            else:
                between, shown = _below(parent, children, hidden)
                left = [own[unit] for unit in between if unit in own]
                others = len(left) - (parent in own)
                safe = not left or (sum(left) >= k and (len(left) > 1 or not others))
            if not safe and shown:
                hidden.add(min(shown, key=lambda unit: (total[unit], unit)))
                changed = True
    return hidden


def _below(
    top: int, children: dict[int, list[int]], hidden: set[int]
) -> tuple[list[int], list[int]]:
    """``top`` with the hidden units that hang on it, and the nearest shown units below these."""
    between, shown, waiting = [top], [], list(children.get(top, []))
    while waiting:
        unit = waiting.pop()
        if unit in hidden:
            between.append(unit)
            waiting.extend(children.get(unit, []))
        else:
            shown.append(unit)
    return between, shown
