"""What the reports room hands out: frozen plain data, ready for a page or a PDF.

Texts here are plain text, never markup: whoever prints them escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from survey.core.csv_files import csv_text
from survey.release.document import Verdict

Spec = Mapping[str, Any]
"""A Plotly figure as plain dicts and lists: ``{"data": [...], "layout": {...}}``."""


@dataclass(frozen=True, slots=True)
class ChartTable:
    """The numbers of a chart as strings, written as people read them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def csv(self) -> str:
        """Return the table as the text of a CSV file."""
        return csv_text(self.header, self.rows)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One index in two waves: ``chip`` is the verdict in a word, ``kind`` its language-free name,
    ``range`` its interval in the fewest words, ``sentence`` all of it as one can say it aloud."""

    name: str
    before: str
    now: str
    kind: Verdict
    chip: str
    range: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """What has changed since one wave; ``header`` names the columns name, before, now, chip and
    range."""

    header: tuple[str, str, str, str, str]
    rows: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure. ``title`` is its finding as a sentence; ``subtitle`` what is drawn, scale, n.

    ``alt`` states finding and numbers for those who do not see it; ``table`` holds the numbers.
    """

    id: str
    title: str
    subtitle: str
    spec: Spec
    alt: str
    table: ChartTable


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart as a page shows it: ``svg`` is safe markup (every text in it is escaped)."""

    chart: Chart
    svg: str
    csv: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A short labelled value, such as who answered or the headline index."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the glossary and what it means."""

    term: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the dashboard: heading, sentences, bullet points, tables, charts, free text as
    (heading, lines), glossary, changes; ``id`` is stable and language-free."""

    id: str
    title: str
    sentences: tuple[str, ...] = ()
    charts: tuple[ChartView, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[ChartTable, ...] = ()
    blocks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    terms: tuple[Term, ...] = ()
    changes: ChangeTable | None = None


@dataclass(frozen=True, slots=True)
class DashboardView:
    """Everything that the unit's web page shows, in reading order."""

    language: str
    title: str
    unit_name: str
    path: tuple[str, ...]
    study: str
    wave: str
    headline: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    warning: str = ""
    """What to bear in mind before anything else is read: few answered."""
