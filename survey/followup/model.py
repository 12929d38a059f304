"""What a unit has decided after a wave, as frozen plain data for pages, reports and programs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Status = Literal["planned", "under_way", "done", "dropped"]
Source = Literal["leader_agreement", "action_programme", "other"]

STATUSES: tuple[Status, ...] = ("planned", "under_way", "done", "dropped")
OPEN: tuple[Status, ...] = ("planned", "under_way")
"""Statuses of an action that still waits for somebody."""
SOURCES: tuple[Source, ...] = ("leader_agreement", "action_programme", "other")

TITLE_LIMIT = 200
OWNER_LIMIT = 100


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """One action. ``wave`` is the ordinal of the wave it was agreed after; ``owner`` is a name or
    a role, never an account; ``dimension`` is an id of the released instrument, or None."""

    id: int
    unit: str
    wave: int
    wave_label: str
    title: str
    owner: str
    deadline: date
    status: Status
    dimension: str | None
    created_at: datetime
    changed_at: datetime

    def overdue(self, today: date) -> bool:
        """True when somebody still waits for it and its deadline has passed."""
        return self.status in OPEN and self.deadline < today


@dataclass(frozen=True, slots=True)
class ChoiceFacts:
    """One dimension to keep and one to improve, by id; None where nothing is chosen."""

    keep: str | None = None
    improve: str | None = None


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """Where a dimension's index (0–100) shall be, who says so, and by which year (or None)."""

    dimension: str
    value: int
    source: Source
    year: int | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Everything that a unit has decided, seen from one wave.

    ``earlier`` are the actions of the wave before, and older ones that are still open; ``actions``
    those agreed after this wave. Both by deadline.
    """

    choice: ChoiceFacts = field(default_factory=ChoiceFacts)
    earlier: tuple[ActionFacts, ...] = ()
    actions: tuple[ActionFacts, ...] = ()
    targets: tuple[TargetFacts, ...] = ()

    @property
    def target_values(self) -> Mapping[str, int]:
        """Dimension id → target, as charts draw them."""
        return {target.dimension: target.value for target in self.targets}


def state(facts: object) -> str:
    """A short digest of ``facts``: a form carries it, so that nobody overwrites unseen changes."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
