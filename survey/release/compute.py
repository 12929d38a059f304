"""The computation of a release: answers and frame in, protected documents out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from survey.disclosure.audit_report import AuditReport
from survey.disclosure.engine import protect
from survey.disclosure.mending import cleared
from survey.disclosure.model import OVERALL, Cell, Hidden, Measured, Protected, Tier
from survey.release import document as doc
from survey.release.changes import Earlier, Pair, not_comparable, wave_change, with_areas
from survey.release.clearance import Printed
from survey.release.frame import Frame, Staffing, ancestors, staffing
from survey.release.lineage import Lineage, Now, composition
from survey.release.method import agreements, bands, method
from survey.release.results import (
    Spread,
    dimension_result,
    overall_score,
    question_results,
)
from survey.release.table import measure, read_answers

TIERS: Mapping[Tier, doc.Tier] = {
    Tier.NONE: "none",
    Tier.INDEX: "index",
    Tier.SHARES: "shares",
    Tier.FULL: "full",
}


@dataclass(frozen=True)
class Computed:
    """A release before it is stored: header, units in the header's order, the log, and (for the
    auditor) what is printed as a table beside what was measured, which is never stored."""

    header: doc.ReleaseHeader
    units: tuple[doc.UnitResult, ...]
    log: tuple[Hidden, ...]
    printed: Printed
    measured: Measured
    audit: AuditReport


def compute(
    frame: Frame,
    joined: Mapping[str, str],
    earlier: Sequence[Earlier] = (),
    release_id: str = "",
) -> Computed:
    """Measure, protect and write the documents of a closed wave.

    ``joined`` holds each unit's own answer sheets laid end to end, by unit code; ``earlier`` the
    study's earlier releases in the order of their waves.
    """
    nodes = frame.nodes()
    answers = read_answers(frame.instrument, nodes, joined)
    measured = measure(frame.instrument, answers)
    protected, report = cleared(protect(measured, nodes, frame.k), measured, nodes)
    how = method(frame, measured, protected.cells, answers)
    agreed = agreements(frame, answers, protected.cells)
    known = {unit.code: Now(unit.name, unit.parent) for unit in frame.units}
    lineage = Lineage(frame.wave.ordinal, known, earlier, frame.recorded)
    writer = _Writer(frame, measured, protected, staffing(frame), earlier, lineage)
    units = {unit.code: writer.unit(unit.code) for unit in frame.units}
    for (code, name), agreement in agreed.items():
        units[code] = _with_agreement(units[code], name, agreement)
    units = _with_bands(units, frame, measured, protected.cells)
    units = _with_changes(units, earlier, how, frame.instrument.index, lineage)
    published, hidden = _shown(protected.cells.values())
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
        hidden_values=hidden,
        published_values=published,
    )
    printed = Printed(frame.k, nodes, measured.items, replace(protected, log=()))
    return Computed(header, tuple(units.values()), protected.log, printed, measured, report)


def _shown(cells: Iterable[Cell]) -> tuple[int, int]:
    """How many of the cells' numbers of answers, indices, items and options are shown, and how
    many are not."""
    shown, total = 0, 0
    for cell in cells:
        values = [
            cell.n,
            *(index.value for index in cell.index.values()),
            *(item.n for item in cell.items.values()),
            *(
                option.ticked if option.bound is None else option.bound
                for option in cell.options.values()
            ),
        ]
        shown += sum(value is not None for value in values)
        total += len(values)
    return shown, total - shown


@dataclass(frozen=True)
class _Writer:
    """Writes one unit's document from what is protected."""

    frame: Frame
    measured: Measured
    protected: Protected
    staff: Mapping[str, Staffing]
    earlier: Sequence[Earlier]
    lineage: Lineage

    def unit(self, code: str) -> doc.UnitResult:
        """The unit's document, changes left out."""
        facts = self._facts(code)
        cell = self.protected.cells.get(code)
        staff = self.staff[code]
        if cell is None:
            return self._merged(facts)
        spread = Spread(self.measured, self.measured.nodes.index(code))
        counted = cell.n is not None
        # Without a headcount: codes given for lost letters may have been used besides these.
        whole = staff.headcount if staff.headcount is not None else staff.invited or None
        over = counted and whole is not None and (cell.n or 0) > whole
        return doc.UnitResult(
            unit=facts,
            tier=TIERS[cell.tier],
            participation=doc.Participation(staff.headcount, staff.invited or None, cell.n, over),
            overall=overall_score(cell, spread, staff.headcount),
            dimensions=tuple(
                dimension_result(d, self.frame.instrument, cell, spread, staff.headcount)
                for d in self.frame.instrument.dimensions
            ),
            questions=question_results(self.frame.instrument, cell),
            comparisons=self._comparisons(code),
            history=self._history(code),
            reorganisations=self.lineage.past(code).told,
            comments_allowed=cell.comments,
        )

    def _facts(self, code: str) -> doc.UnitFacts:
        units = self.frame.by_code
        unit = units[code]
        path = ancestors(code, units)[1:]
        merged = self.frame.merged(code)
        past = self.lineage.past(code)
        return doc.UnitFacts(
            code=code,
            name=unit.name,
            kind=unit.kind,
            level=len(path),
            parent=unit.parent,
            path=tuple(units[above].name for above in reversed(path)),
            children=self.frame.children[code],
            merged_into=units[unit.reports_to].name if merged else None,
            is_new=bool(self.earlier) and not (past.codes or past.broken),
        )

    def _merged(self, facts: doc.UnitFacts) -> doc.UnitResult:
        unit = self.frame.by_code[facts.code]
        hidden = doc.Score(None, None)
        return doc.UnitResult(
            unit=facts,
            tier="none",
            participation=doc.Participation(unit.headcount, None, None),
            overall=hidden,
            dimensions=tuple(
                doc.DimensionResult(d.id, hidden) for d in self.frame.instrument.dimensions
            ),
            history=self._history(facts.code),
            reorganisations=self.lineage.past(facts.code).told,
        )

    def _comparisons(self, code: str) -> tuple[doc.Comparison, ...]:
        units = self.frame.by_code
        path = ancestors(code, units)
        found = []
        if len(path) > 2:
            found.append(self._comparison("parent", self.protected.cells[path[1]]))
        if len(path) > 1:
            found.append(self._comparison("organisation", self.protected.cells[path[-1]]))
        kind = units[code].kind
        if kind in self.protected.kinds:
            others = sum(
                1
                for other in self.frame.units
                if other.kind == kind
                and other.code != code
                and (cell := self.protected.cells.get(other.code)) is not None
                and cell.n is not None
            )
            found.append(self._comparison("kind", self.protected.kinds[kind], others))
        return tuple(each for each in found if each.overall.index is not None)

    def _comparison(
        self, role: doc.ComparisonRole, cell: Cell, others: int | None = None
    ) -> doc.Comparison:
        unit = self.frame.by_code.get(cell.id)
        scores = {
            name: doc.Score(c.value, c.n, c.bound) if c.value is not None else doc.Score(None, None)
            for name, c in cell.index.items()
        }
        overall = scores.pop(OVERALL)
        name = cell.id if role == "kind" or unit is None else unit.name
        return doc.Comparison(role, cell.id, name, overall, scores, others)

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
                wave, unit.participation, unit.overall, {d.id: d.score for d in unit.dimensions}
            )
            for wave, unit in then
        )


def _with_agreement(unit: doc.UnitResult, name: str, agreement: doc.Agreement) -> doc.UnitResult:
    return replace(
        unit,
        dimensions=tuple(
            replace(d, agreement=agreement) if d.id == name else d for d in unit.dimensions
        ),
    )


def _with_bands(
    units: Mapping[str, doc.UnitResult],
    frame: Frame,
    measured: Measured,
    cells: Mapping[str, Cell],
) -> dict[str, doc.UnitResult]:
    found = {index: bands(frame, measured, cells, index) for index in measured.indices}
    return {
        code: replace(
            unit,
            band=found[OVERALL].get(code),
            dimensions=tuple(replace(d, band=found[d.id].get(code)) for d in unit.dimensions),
        )
        for code, unit in units.items()
    }


def _with_changes(
    units: Mapping[str, doc.UnitResult],
    earlier: Sequence[Earlier],
    how: doc.Method,
    index: Sequence[str],
    lineage: Lineage,
) -> dict[str, doc.UnitResult]:
    """Each unit with its changes since every earlier wave, the oldest first."""
    result = dict(units)
    for past in earlier:
        ordinal = past.wave.ordinal
        codes = {
            code: then[ordinal] for code in units if ordinal in (then := lineage.past(code).codes)
        }
        changes = with_areas(
            {
                code: wave_change(_pair(code, units, past, codes, lineage), ordinal, how, index)
                for code in codes
            },
            units,
        )
        broken = [code for code in units if ordinal in lineage.past(code).broken]
        changes |= dict.fromkeys(broken, not_comparable(ordinal))
        for code, change in changes.items():
            result[code] = replace(result[code], changes=(*result[code].changes, change))
    return result


def _pair(
    code: str,
    units: Mapping[str, doc.UnitResult],
    past: Earlier,
    codes: Mapping[str, str],
    lineage: Lineage,
) -> Pair:
    """A unit beside its earlier self, and what is below it beside theirs; ``codes`` are the codes
    that units had then."""
    now, then = _below(code, units), _below(codes[code], past.units)
    below = [
        (past.units[codes[child]], units[child])
        for child in now
        if child in codes and not units[child].unit.children
    ]
    joined, left = composition(lineage, past.wave.ordinal, now, then)
    return Pair(past.units[codes[code]], units[code], below, joined, left)


def _below(code: str, units: Mapping[str, doc.UnitResult]) -> dict[str, Now]:
    """Every unit anywhere below ``code``, and every small neighbour that is counted in it."""
    found = {
        each.unit.code: Now(each.unit.name, each.unit.parent)
        for each in units.values()
        if each.unit.merged_into == units[code].unit.name
    }
    stack = list(units[code].unit.children)
    while stack:
        child = stack.pop()
        found[child] = Now(units[child].unit.name, units[child].unit.parent)
        stack.extend(units[child].unit.children)
    return found
