"""The computation of a release, in two pure steps.

:func:`protect_wave` turns answers into what may be known of them, once: its rounding is drawn anew
every time, so the result is kept, sealed, until the release. :func:`write_documents` turns that and
what was released before into the documents; it is a function, the same at every call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey.disclosure.model import Blocks
from survey.disclosure.protect import protect
from survey.disclosure.small_counts import Draw
from survey.measurement.participation import participation
from survey.release import document as doc
from survey.release.changes import with_changes
from survey.release.comparing import with_bands, with_comparisons
from survey.release.counting import count, read_answers
from survey.release.frame import Frame, ancestors
from survey.release.lineage import Earlier, Lineage, Now
from survey.release.method import method
from survey.release.results import HIDDEN, Results


@dataclass(frozen=True)
class Protected:
    """What may be known of a wave: its blocks, and the organisation-level figures beside them."""

    blocks: Blocks
    method: doc.Method


@dataclass(frozen=True)
class Computed:
    """A release before it is stored: header, and units in the header's order."""

    header: doc.ReleaseHeader
    units: tuple[doc.UnitResult, ...]
    blocks: Blocks


def protect_wave(frame: Frame, joined: Mapping[str, str], draw: Draw | None = None) -> Protected:
    """Count a closed wave's answers and protect them.

    ``joined`` holds the sheets stored under each node, laid end to end, by code. ``draw`` is for
    tests that know the rounding's draws.
    """
    nodes = frame.nodes()
    wave = read_answers(frame.instrument, nodes, joined)
    blocks = protect(count(frame.instrument, nodes, wave), frame.k, draw)
    return Protected(blocks, method(nodes, wave, blocks))


def write_documents(
    frame: Frame,
    protected: Protected,
    earlier: Sequence[Earlier] = (),
    release_id: str = "",
) -> Computed:
    """Write the documents of a release from what is protected.

    ``earlier``: the study's earlier releases in the order of their waves.
    """
    known = {unit.code: Now(unit.name, unit.parent) for unit in frame.units}
    lineage = Lineage(frame.wave.ordinal, known, earlier, frame.recorded)
    writer = _Writer(frame, Results(frame, protected.blocks, protected.method), earlier, lineage)
    units = {unit.code: writer.unit(unit.code) for unit in frame.units}
    units = with_comparisons(units)
    units, how = with_bands(units, protected.method)
    units = with_changes(units, earlier, how, frame.instrument, lineage)
    header = doc.ReleaseHeader(
        release_id=release_id,
        study=frame.study,
        organisation=frame.organisation,
        languages=frame.languages,
        wave=frame.wave,
        earlier=tuple(release.wave for release in earlier),
        instrument=frame.instrument.to_dict(),
        method=how,
        units=tuple(
            doc.UnitIndexEntry(
                u.unit.code, u.unit.name, u.unit.kind, u.unit.parent, u.unit.level, u.tier
            )
            for u in units.values()
        ),
        public_level=frame.public_level,
    )
    return Computed(header, tuple(units.values()), protected.blocks)


@dataclass(frozen=True)
class _Writer:
    """Writes one unit's document; comparisons, bands and changes come after."""

    frame: Frame
    results: Results
    earlier: Sequence[Earlier]
    lineage: Lineage

    def unit(self, code: str) -> doc.UnitResult:
        """The unit's own figures and its history."""
        facts, instrument = self._facts(code), self.frame.instrument
        if facts.merged_into is not None:
            return self._merged(facts)
        texts_of = self.results.texts_of(code)
        return doc.UnitResult(
            unit=facts,
            tier=self.results.tier(code),
            participation=self.results.participation(code),
            overall=self.results.overall(code),
            dimensions=tuple(self.results.dimension(d, code) for d in instrument.dimensions),
            questions=self.results.questions(code),
            others=self.results.others(code),
            history=self._history(code),
            reorganisations=self.lineage.past(code).told,
            comments_allowed=texts_of is not None,
            texts_of=texts_of,
        )

    def _facts(self, code: str) -> doc.UnitFacts:
        units = self.frame.by_code
        unit = units[code]
        path = ancestors(code, units)[1:]
        past = self.lineage.past(code)
        return doc.UnitFacts(
            code=code,
            name=unit.name,
            kind=unit.kind,
            level=len(path),
            parent=unit.parent,
            path=tuple(units[above].name for above in reversed(path)),
            children=self.frame.children[code],
            merged_into=units[unit.reports_to].name if self.frame.merged(code) else None,
            is_new=bool(self.earlier) and not (past.codes or past.broken),
        )

    def _merged(self, facts: doc.UnitFacts) -> doc.UnitResult:
        unit = self.frame.by_code[facts.code]
        return doc.UnitResult(
            unit=facts,
            tier="none",
            participation=participation(None, unit.headcount),
            overall=HIDDEN,
            dimensions=tuple(
                doc.DimensionResult(d.id, HIDDEN) for d in self.frame.instrument.dimensions
            ),
            history=self._history(facts.code),
            reorganisations=self.lineage.past(facts.code).told,
        )

    def _history(self, code: str) -> tuple[doc.PastWave, ...]:
        """What was published of the unit, or of the one that it continues, in earlier waves."""
        codes = self.lineage.past(code).codes
        then = [
            (past.wave, past.units[codes[past.wave.ordinal]])
            for past in self.earlier
            if past.wave.ordinal in codes
        ]
        return tuple(
            doc.PastWave(
                wave,
                unit.participation,
                unit.overall,
                {d.id: d.score for d in unit.dimensions},
                {
                    item.id: item.favourable
                    for d in unit.dimensions
                    for item in d.items
                    if item.favourable is not None
                },
            )
            for wave, unit in then
        )


def uncounted(protected: Protected) -> bool:
    """True when a few answers are in no block and so counted nowhere."""
    answers = protected.blocks.answers
    return any(count and node not in answers.home for node, count in answers.counts.items())
