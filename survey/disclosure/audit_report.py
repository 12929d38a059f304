"""What the auditor says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Exposure:
    """One thing that can be known of a hidden cell."""

    cell: str
    statistic: str
    criterion: Literal["a", "b", "c"]
    what: str

    def __str__(self) -> str:
        return f"{self.cell}: {self.statistic} ({self.criterion}) {self.what}"


@dataclass(frozen=True)
class AuditReport:
    """What was exposed, in a fixed order, and how much was looked at."""

    exposures: tuple[Exposure, ...]
    examined: Mapping[str, int]

    @property
    def passed(self) -> bool:
        """Nothing is exposed."""
        return not self.exposures
