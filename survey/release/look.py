"""What each unit will show, before a release and after it: how many answers count where.

No value, and no number of fewer than k people. It is read off the documents that are released.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cattrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.release.codec import unit_from_json
from survey.release.document import Tier, UnitResult
from survey.release.models import ReleaseUnit, SealedResult
from survey.release.read import StoredRelease

_converter = cattrs.Converter(omit_if_default=True)


@dataclass(frozen=True, slots=True)
class UnitLook:
    """One unit.

    ``answered``: answers that count at it; ``others``: those of an area's own block (its staff,
    leaders, small units). A unit without answers of its own is ``counted_in`` the block of others
    of that area, ``others_of`` people in all; neither when its answers are counted nowhere.
    """

    code: str
    name: str
    level: int
    tier: Tier
    answered: int | None = None
    counted_in: str = ""
    others_of: int | None = None
    others: int | None = None
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A release as it will be. ``uncounted``: a few answers are in no block and counted nowhere."""

    units: tuple[UnitLook, ...]
    uncounted: bool = False

    @property
    def tiers(self) -> Counter[str]:
        """How many units show how much; merged ones are none of them."""
        return Counter(unit.tier for unit in self.units if not unit.merged_into)


def look(session: Session, organisation_id: int, wave_id: int) -> Look | None:
    """The look at a closed wave's result; None until it is computed."""
    kept = session.get(SealedResult, (organisation_id, wave_id))
    return None if kept is None else from_text(kept.look)


def of_release(session: Session, organisation_id: int, stored: StoredRelease) -> Look:
    """The same of a stored release, from its documents."""
    documents = session.scalars(
        sa.select(ReleaseUnit.document)
        .where(ReleaseUnit.organisation_id == organisation_id, ReleaseUnit.release_id == stored.id)
        .order_by(ReleaseUnit.position)
    )
    return look_at(map(unit_from_json, documents))


def look_at(units: Iterable[UnitResult], *, uncounted: bool = False) -> Look:
    """The look at a release, from its documents."""
    known = {unit.unit.code: unit for unit in units}
    return Look(tuple(_of_unit(unit, known) for unit in known.values()), uncounted)


def to_text(overview: Look) -> str:
    """As JSON, to be kept beside the sealed result."""
    return json.dumps(_converter.unstructure(overview), ensure_ascii=False)


def from_text(text: str) -> Look:
    """What :func:`to_text` wrote."""
    return _converter.structure(json.loads(text), Look)


def _of_unit(unit: UnitResult, known: Mapping[str, UnitResult]) -> UnitLook:
    facts = unit.unit
    area = None
    if unit.participation.answered is None and not facts.merged_into:
        area = _counted_in(facts.parent, known)
    return UnitLook(
        code=facts.code,
        name=facts.name,
        level=facts.level,
        tier=unit.tier,
        answered=unit.participation.answered,
        counted_in=area.unit.name if area else "",
        others_of=area.others.answered if area and area.others else None,
        others=unit.others.answered if unit.others else None,
        merged_into=facts.merged_into or "",
    )


def _counted_in(code: str | None, known: Mapping[str, UnitResult]) -> UnitResult | None:
    """The nearest unit above that has a block of its own."""
    while code is not None:
        if known[code].others is not None:
            return known[code]
        code = known[code].unit.parent
    return None
