"""The unit report: (release header, unit result, language) → charts, dashboard, HTML, PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey.release.document import ReleaseHeader, UnitResult
from survey.reports.model import Chart, DashboardView


@dataclass(frozen=True, slots=True)
class FreeText:
    """What people wrote, released by a moderator: question id → comments, question id → (word,
    count). Nothing here stands beside anything else about its writer."""

    comments: Mapping[str, Sequence[str]]
    words: Mapping[str, Sequence[tuple[str, int]]]


def charts_for(
    header: ReleaseHeader, unit: UnitResult, language: str, width: int = 658
) -> tuple[Chart, ...]:
    """Return every chart that the tier allows, in reading order; ``width`` in CSS pixels."""
    raise NotImplementedError


def dashboard(
    header: ReleaseHeader,
    unit: UnitResult,
    language: str,
    free_text: FreeText | None = None,
    width: int = 658,
) -> DashboardView:
    """Return the unit's page as frozen data, with each chart's SVG, table and CSV."""
    raise NotImplementedError


def render_unit_html(
    header: ReleaseHeader,
    unit: UnitResult,
    language: str,
    digest: str,
    free_text: FreeText | None = None,
) -> str:
    """Return the print document; its figures are ``<img src="chart:ID">``."""
    raise NotImplementedError


class UnitReportRenderer:
    """Makes PDFs; build one per process, render one at a time (not thread safe)."""

    def render(
        self,
        header: ReleaseHeader,
        unit: UnitResult,
        language: str,
        digest: str,
        free_text: FreeText | None = None,
    ) -> bytes:
        """Return a PDF/UA-1 file. Equal input gives equal bytes.

        Raises ``BrokenReport`` when WeasyPrint logs an error or a foreign font is embedded.
        """
        raise NotImplementedError
