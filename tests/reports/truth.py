"""Reads what a report says back, and holds it against the document that it was made from."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from survey.instrument.model import Instrument
from survey.instrument.parts import pick
from survey.release.document import Change, ReleaseHeader, UnitResult, WaveChange
from survey.reports.common.model import DashboardView
from survey.reports.common.words import Words
from survey.reports.unit.report import dashboard, render_unit_html

LANGUAGES = ("nb", "nn", "en")
UP = {"nb": "gått opp", "nn": "gått opp", "en": "risen"}
DOWN = {"nb": "gått ned", "nn": "gått ned", "en": "fallen"}
OLD_UP = {"nb": "har økt", "nn": "har auka", "en": "has increased"}
ALL = {"nb": "Alle delmål", "nn": "Alle delmål", "en": "All dimensions"}
HIGHEST = {"nb": "ligger høyest", "nn": "ligg høgast", "en": "ighest"}
FOREIGN = {
    "nb": {"ikkje", "frå", "meir", "nokre", "vert", "einingar", "the", "of", "not", "answers"},
    "nn": {"ikke", "fra", "mer", "noen", "vises", "enheter", "the", "of", "not", "answers"},
    "en": {"ikke", "ikkje", "vises", "svar", "fra", "frå", "delmål", "påstand", "enheter"},
}
MINUS = re.compile(r"[−-]\d")
COUNTED = re.compile(r"(\d+) (?:av|of) (\d+) (?:delmål|dimensions)")


@dataclass(frozen=True)
class Said:
    """Everything that a report says of a unit in one language."""

    header: ReleaseHeader
    unit: UnitResult
    language: str
    view: DashboardView

    @property
    def words(self) -> Words:
        return Words(self.language)

    @property
    def change(self) -> WaveChange | None:
        """The change that the report leads with: from the first wave that may be compared."""
        known = [each for each in self.unit.changes if each.comparable]
        return min(known, key=lambda each: each.from_ordinal, default=None)

    @property
    def instrument(self) -> Instrument:
        return Instrument.from_dict(self.header.instrument)

    def named(self, dimension: str, text: str) -> bool:
        """Whether a text names a sub-goal."""
        name = pick(self.instrument.dimension(dimension).title, self.language)
        return re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE) is not None

    def index(self, dimension: str) -> int | None:
        return next(d.score.index for d in self.unit.dimensions if d.id == dimension)

    def judged(self, dimension: str) -> Change:
        change = self.change
        return (change.dimensions.get(dimension) if change else None) or Change("hidden")

    def texts(self) -> Iterator[str]:
        """Every text of the page but the method table's coefficients, which may be negative."""
        view = self.view
        yield from (view.headline, view.title, view.warning)
        for fact in view.facts:
            yield from (fact.value, fact.note)
        for section in view.sections:
            yield from (section.title, *section.sentences, *section.points)
            for each in section.charts:
                chart = each.chart
                yield from (chart.title, chart.subtitle, chart.alt, *chart.table.header)
                yield from (cell for row in chart.table.rows for cell in row)
            if section.changes:
                for row in section.changes.rows:
                    yield from (row.before, row.now, row.chip, row.range, row.sentence)


def said(header: ReleaseHeader, unit: UnitResult, language: str) -> Said:
    """What the page says."""
    return Said(header, unit, language, dashboard(header, unit, language))


def printed(header: ReleaseHeader, unit: UnitResult, language: str) -> str:
    """The words of the print document."""
    whole = render_unit_html(header, unit, language, "0" * 64)
    whole = re.sub(r"<style>.*?</style>", " ", whole, flags=re.S)
    alts = " ".join(re.findall(r'alt="([^"]*)"', whole))
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", whole) + " " + alts))


def check(told: Said) -> None:
    """Fail when anything that is said contradicts its interval or its numbers."""
    _languages(told)
    _directions(told)
    _table(told)
    _profile(told)
    _hidden(told)


def _languages(told: Said) -> None:
    names = {told.unit.unit.name, *told.unit.unit.path}
    for text in told.texts():
        assert not MINUS.search(text), text
        assert OLD_UP[told.language] not in text, text
        assert text not in names or text
        found = set(re.findall(r"\w+", text.lower())) & FOREIGN[told.language]
        assert not found, (found, text)


def _directions(told: Said) -> None:
    """ "Risen" stands where something has: a sub-goal, the whole, the area, a share, a unit."""
    ups, downs = [], []
    for change in told.unit.changes:
        judged = [change.overall, *change.dimensions.values()]
        judged += [change.area.overall] if change.area else []
        shares = [*change.items.values(), *change.options.values()]
        everything: list[Any] = [*judged, *shares]
        for each in everything:
            ups.append(each.low is not None and each.low > 0)
            downs.append(each.high is not None and each.high < 0)
    tally = any(change.tally for change in told.unit.changes)
    for section in told.view.sections:
        if section.id in ("method", "glossary"):
            continue
        said = [*section.sentences, *(v.chart.title for v in section.charts)]
        for text in (t for t in said if not tally):
            assert UP[told.language] not in text or any(ups), text
            assert DOWN[told.language] not in text or any(downs), text
    headline = told.view.headline
    overall = told.change.overall if told.change else Change("hidden")
    assert (UP[told.language] in headline) == (overall.verdict == "risen"), headline
    assert (DOWN[told.language] in headline) == (overall.verdict == "fallen"), headline


def _table(told: Said) -> None:
    """Chips, ranges and sentences say what the intervals say, row by row."""
    section = next((s for s in told.view.sections if s.changes), None)
    if section is None or section.changes is None:
        return
    order = [*told.instrument.index]
    order += [d.id for d in told.instrument.dimensions if d.id not in order]
    for row, dimension in zip(section.changes.rows, order, strict=True):
        change = told.judged(dimension)
        low, high = change.low, change.high
        up, down = low is not None and low > 0, high is not None and high < 0
        expected = "risen" if up else "fallen" if down else "hidden" if low is None else "unknown"
        assert row.kind == expected
        assert row.chip == told.words(f"chip_{expected}")
        assert (UP[told.language] in row.sentence) == up, row
        assert (DOWN[told.language] in row.sentence) == down, row
        assert told.named(dimension, row.sentence) == (expected != "hidden"), row
        if low is None or high is None:
            assert row.range == "–"
            continue
        if (low, high) != (0, 0):
            assert _ends(row.range) == (low, high), row
        told_ends = (low,) if up and change.high_open else (low, high)
        told_ends = (high,) if down and change.low_open else told_ends
        assert all(not end or re.search(rf"\b{abs(end)}\b", row.sentence) for end in told_ends), row


def _ends(text: str) -> tuple[int, int]:
    """Read "6 ned til 12 opp" back as −6 and 12."""
    ends = []
    for part in re.split(r" til | to ", text):
        number = re.match(r"\d+", part)
        down = part.endswith((" ned", " down"))
        ends.append((-1 if down else 1) * int(number[0]) if number else 0)
    return min(ends), max(ends)


def _profile(told: Said) -> None:
    """The dumbbell's title counts and compares only what is shown of the index's sub-goals."""
    chart = next(
        (v.chart for s in told.view.sections for v in s.charts if v.chart.id == "profile"), None
    )
    if chart is None:
        return
    assert chart.alt.startswith(f"{chart.title}.")
    shown = [d for d in told.instrument.index if told.index(d) is not None]
    values = {d: told.index(d) or 0 for d in shown}
    judged = [d for d in told.instrument.index if told.judged(d).low is not None]
    counted = list(COUNTED.finditer(chart.title))
    for found in counted:
        tail = chart.title[found.end() :]
        up = tail.index(UP[told.language]) if UP[told.language] in tail else 10**6
        down = tail.index(DOWN[told.language]) if DOWN[told.language] in tail else 10**6
        kind = "risen" if up < down else "fallen"
        moved = [d for d in judged if told.judged(d).verdict == kind]
        assert (int(found[1]), int(found[2])) == (len(moved), len(judged)), chart.title
    if counted and len(judged) < len(told.instrument.index):
        missing = len(told.instrument.index) - len(judged)
        assert told.words("verdicts_hidden", n=missing) in chart.title
    if HIGHEST[told.language] in chart.title:
        top = max(values.values())
        assert f"({top}" in chart.title
        assert all(told.named(d, chart.title) for d in shown if values[d] == top)
        hidden = len(told.instrument.index) - len(shown)
        assert not hidden or told.words("rows_hidden", n=hidden) in chart.title
    for dimension in told.instrument.dimensions:
        for clause in chart.title.split("; "):
            if told.named(dimension.id, clause) and UP[told.language] in clause:
                assert told.judged(dimension.id).verdict == "risen", chart.title
            if told.named(dimension.id, clause) and DOWN[told.language] in clause:
                assert told.judged(dimension.id).verdict == "fallen", chart.title


def _hidden(told: Said) -> None:
    """ "All" is said of all or not at all, and what is hidden has its marker and no number."""
    hidden = [d for d in told.instrument.index if told.index(d) is None]
    for text in told.texts():
        assert ALL[told.language] not in text or not hidden, text
    marker = told.words("hidden_short")
    for section in told.view.sections:
        for chart in (v.chart for v in section.charts if v.chart.id in ("profile", "comparison")):
            own = -1 if chart.id == "profile" else 1
            titles = {row[0]: row[own] for row in chart.table.rows}
            for dimension in told.instrument.dimensions:
                cell = titles[pick(dimension.title, told.language)]
                assert (cell == marker) == (told.index(dimension.id) is None), chart.table
