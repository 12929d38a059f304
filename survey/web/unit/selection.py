"""Which waves and which neighbours a unit's charts show: what the address asks for.

``?fra=1&fra=2`` chooses earlier waves by their number, ``?mot=parent`` the nodes to compare with.
Everything is shown unless something is chosen, and what does not exist is left unasked. The choice
is made on the unit's released document before anything is said or drawn, so that titles, verdicts,
tables, CSV files and charts always speak of the same waves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from survey.release.document import ComparisonRole, UnitResult, WaveFacts

ROLES: tuple[ComparisonRole, ...] = ("organisation", "parent", "kind")


@dataclass(frozen=True, slots=True)
class Option:
    """A box to tick."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """``unit`` as chosen, the boxes of the form, and the choice as arguments of an address."""

    unit: UnitResult
    waves: tuple[Option, ...]
    others: tuple[Option, ...]
    arguments: Mapping[str, Sequence[str]]


def chosen(unit: UnitResult, asked: Any, names: Mapping[ComparisonRole, str]) -> Selection:
    """Apply the choice in ``asked`` (a MultiDict of the address) to a unit's document.

    ``names``: role → what the form calls it; the parent goes by its own name.
    """
    earlier = _earlier(unit)
    wanted = {ordinal for ordinal in asked.getlist("fra") if ordinal in earlier}
    shown = wanted or set(earlier)
    roles = [
        role for role in ROLES if any(comparison.role == role for comparison in unit.comparisons)
    ]
    against = {role for role in asked.getlist("mot") if role in roles}
    compared = against or set(roles)
    return Selection(
        replace(
            unit,
            history=tuple(p for p in unit.history if str(p.wave.ordinal) in shown),
            changes=tuple(c for c in unit.changes if str(c.from_ordinal) in shown),
            comparisons=tuple(c for c in unit.comparisons if c.role in compared),
        ),
        tuple(Option(key, wave.label, key in shown) for key, wave in earlier.items()),
        tuple(Option(role, _name(unit, role, names), role in compared) for role in roles),
        {
            **({"fra": sorted(wanted, key=int)} if wanted else {}),
            **({"mot": [role for role in roles if role in against]} if against else {}),
        },
    )


def _earlier(unit: UnitResult) -> dict[str, WaveFacts]:
    """The earlier waves in which the unit has a result, earliest first."""
    waves = sorted((past.wave for past in unit.history), key=lambda wave: wave.ordinal)
    return {str(wave.ordinal): wave for wave in waves}


def _name(unit: UnitResult, role: ComparisonRole, names: Mapping[ComparisonRole, str]) -> str:
    own = next((comparison.name for comparison in unit.comparisons if comparison.role == role), "")
    return own if role != "kind" and own else names[role]
