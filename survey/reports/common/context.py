"""One unit's release document together with its names, waves and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from survey.instrument.model import Instrument
from survey.instrument.parts import Dimension, Item, Question, Scale, pick
from survey.release.document import (
    DimensionResult,
    Participation,
    ReleaseHeader,
    Score,
    Share,
    UnitResult,
    WaveChange,
    WaveFacts,
)
from survey.reports.common.words import Words
from survey.reports.svg.font_metrics import printable

HIDDEN = Score(index=None)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of the unit in one wave: dimension id → score, and the overall score; item id →
    favourable share."""

    wave: WaveFacts
    name: str
    participation: Participation
    overall: Score
    dimensions: Mapping[str, Score]
    items: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class Row:
    """One index of the unit: the overall index (``id`` '') or a dimension.

    ``apart``: a dimension that is no part of the overall index, and is never counted with those
    that are.
    """

    id: str
    title: str
    inside: str
    apart: bool = False


class Context:
    """Everything that charts and sentences look up; reads the documents and nothing else."""

    def __init__(self, header: ReleaseHeader, unit: UnitResult, language: str) -> None:
        self.header = header
        self.unit = unit
        self.words = Words(language)
        self.language = language
        self.instrument = Instrument.from_dict(header.instrument)
        self.unit_name = printable(unit.unit.name)

    @cached_property
    def waves(self) -> tuple[Measured, ...]:
        """The waves in which the unit has a result document, earliest first, this one last."""
        now = Measured(
            self.header.wave,
            self.wave_name(self.header.wave),
            self.unit.participation,
            self.unit.overall,
            {dimension.id: dimension.score for dimension in self.unit.dimensions},
            {
                item.id: item.favourable
                for dimension in self.unit.dimensions
                for item in dimension.items
                if item.favourable is not None
            },
        )
        past = [
            Measured(
                p.wave,
                self.wave_name(p.wave),
                p.participation,
                p.overall,
                p.dimensions,
                p.items,
            )
            for p in self.unit.history
            if p.wave.ordinal < self.header.wave.ordinal
        ]
        return (*sorted(past, key=lambda measured: measured.wave.ordinal), now)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The overall index, then the dimensions in the instrument's order, those outside of the
        index last."""
        overall = Row("", self.words("overall"), self.words("overall_inside"))
        rows = [self._row(dimension.id) for dimension in self.instrument.dimensions]
        return (overall, *sorted(rows, key=lambda row: row.apart))

    @cached_property
    def parts(self) -> tuple[Row, ...]:
        """The dimensions that the overall index is made of: only these are counted together."""
        return tuple(row for row in self.rows[1:] if not row.apart)

    @cached_property
    def apart(self) -> tuple[Row, ...]:
        """The dimensions outside of the overall index."""
        return tuple(row for row in self.rows[1:] if row.apart)

    def _row(self, dimension: str) -> Row:
        title = self.dimension_title(dimension)
        apart = dimension not in self.instrument.index
        return Row(dimension, title, self.words.inside(title), apart)

    def shown(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Those of the rows whose index of this wave is shown."""
        return tuple(r for r in rows if self.score(r.id, self.waves[-1]).index is not None)

    def score(self, row: str, measured: Measured) -> Score:
        """Return the score of a row in a wave; a hidden one when the wave did not have it."""
        return measured.overall if not row else measured.dimensions.get(row, HIDDEN)

    @cached_property
    def results(self) -> Mapping[str, DimensionResult]:
        """Dimension id → result of this wave."""
        return {result.id: result for result in self.unit.dimensions}

    @cached_property
    def change(self) -> WaveChange | None:
        """The change that the report leads with: from the first wave that may be compared."""
        comparable = [change for change in self.unit.changes if change.comparable]
        return min(comparable or self.unit.changes, key=lambda c: c.from_ordinal, default=None)

    def wave_name(self, wave: WaveFacts) -> str:
        """Return the wave's label, with its phase before it when the label does not say it."""
        phase, label = self.words(f"phase_{wave.phase}"), printable(wave.label).strip()
        if phase.lower() in label.lower():
            return label
        return f"{phase} ({label})" if label else phase

    def wave_of(self, ordinal: int) -> WaveFacts | None:
        """Return the facts of the wave with this ordinal, if the release knows it."""
        known = (*self.header.earlier, self.header.wave, *(p.wave for p in self.unit.history))
        return next((wave for wave in known if wave.ordinal == ordinal), None)

    def from_name(self, change: WaveChange) -> str:
        """Return the name of the wave that a change starts from."""
        wave = self.wave_of(change.from_ordinal)
        return self.wave_name(wave) if wave else str(change.from_ordinal)

    def dimension(self, dimension: str) -> Dimension:
        """Return the instrument's dimension; KeyError when there is none."""
        return self.instrument.dimension(dimension)

    def dimension_title(self, dimension: str) -> str:
        """Return a dimension's title in the report's language."""
        return self.text(self.instrument.dimension(dimension).title)

    def item(self, item: str) -> Item:
        """Return the instrument's item; KeyError when there is none."""
        return self.instrument.items[item]

    def scale(self, dimension: str) -> Scale:
        """Return the scale of a dimension's items."""
        return self.instrument.scales[self.instrument.dimension(dimension).scale]

    def question(self, question: str) -> Question:
        """Return the instrument's question; KeyError when there is none."""
        return self.instrument.question(question)

    def text(self, text: Mapping[str, str]) -> str:
        """Return an instrument's text in the report's language, printable."""
        return printable(pick(text, self.language))
