"""What has changed between waves, from published numbers only.

The earlier wave is read from its release and the later one from the documents being made, so a
verdict can reveal nothing that is not printed beside it. A verdict is nothing but whether its
printed interval excludes 0 (``survey.measurement.verdicts``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from survey.instrument.model import Instrument
from survey.measurement import verdicts
from survey.measurement.chance import by_chance
from survey.measurement.shrinkage import regression_to_mean
from survey.release.clusters import Pair, area_change, standardised
from survey.release.comparing import OVERALL, score_of, score_then
from survey.release.document import (
    AreaVerdict,
    Change,
    Method,
    Score,
    Share,
    ShareChange,
    Tally,
    UnitResult,
    WaveChange,
)
from survey.release.lineage import Earlier, Lineage, Now, composition

COMPOSITION = "composition"
"""Reason: the area comprises other units than it did in the earlier wave."""

REORGANISED = "reorganised"
"""Reason: the unit was made of others, or is so changed that it is compared with nothing before."""

Units = Mapping[str, UnitResult]


def with_changes(
    units: Units,
    earlier: Sequence[Earlier],
    how: Method,
    instrument: Instrument,
    lineage: Lineage,
) -> dict[str, UnitResult]:
    """Each unit with its changes since every earlier wave, the oldest first."""
    result = dict(units)
    under = below(units)
    for past in earlier:
        ordinal = past.wave.ordinal
        codes = {
            code: then[ordinal] for code in units if ordinal in (then := lineage.past(code).codes)
        }
        judge = _Judge(units, past, codes, how, instrument, lineage, under, below(past.units))
        changes = {code: judge.change(code) for code in codes}
        broken = [code for code in units if ordinal in lineage.past(code).broken]
        changes |= dict.fromkeys(broken, not_comparable(ordinal))
        changes = _with_tallies(_with_areas(changes, units), units, under)
        for code, change in changes.items():
            result[code] = replace(result[code], changes=(*result[code].changes, change))
    return result


def not_comparable(ordinal: int) -> WaveChange:
    """No verdict since the wave ``ordinal``: a reorganisation stands between."""
    return WaveChange(ordinal, Change("hidden"), {}, comparable=False, reason=REORGANISED)


@dataclass(frozen=True)
class _Judge:
    """Judges every unit since one earlier wave; ``codes``: a unit's code then."""

    units: Units
    past: Earlier
    codes: Mapping[str, str]
    how: Method
    instrument: Instrument
    lineage: Lineage
    below_now: Mapping[str, Mapping[str, Now]]
    below_then: Mapping[str, Mapping[str, Now]]

    def change(self, code: str) -> WaveChange:
        """All changes of a unit. The sub-goals of the index are one family of simultaneous
        intervals; the overall index and a sub-goal outside of the index stand for themselves."""
        pair = self._pair(code)
        names = [d.id for d in pair.now.dimensions if score_of(pair.then, d.id) is not None]
        inside = [name for name in names if name in self.instrument.index]
        changes = {
            name: self._judged(pair, name, len(inside) if name in inside else 1)
            for name in [OVERALL, *names]
        }
        overall = changes.pop(OVERALL)
        items, options = _shares(pair)
        return WaveChange(
            self.past.wave.ordinal,
            overall,
            changes,
            reason=COMPOSITION if pair.joined or pair.left else "",
            joined=pair.joined,
            left=pair.left,
            items=items,
            options=options,
            regression=self._regression(pair, overall),
        )

    def _pair(self, code: str) -> Pair:
        now, then = self.below_now[code], self.below_then[self.codes[code]]
        joined, gone = composition(self.lineage, self.past.wave.ordinal, now, then)
        return Pair(
            then=self.past.units[self.codes[code]],
            now=self.units[code],
            below_then={unit_code: self.past.units[unit_code] for unit_code in then},
            below_now={unit_code: self.units[unit_code] for unit_code in now},
            origins={
                unit_code: self.lineage.origins(unit_code, self.past.wave.ordinal)
                for unit_code in now
            },
            index=self.instrument.index,
            joined=joined,
            left=gone,
        )

    def _judged(self, pair: Pair, name: str, family: int) -> Change:
        earlier = _printed(pair.then, score_then(pair.then, name, pair.index))
        later = _printed(pair.now, score_of(pair.now, name))
        if earlier is None or later is None:
            published = pair.then.overall.index is not None and name == OVERALL
            return Change("not_comparable" if published and later is not None else "hidden")
        sigma = self.how.dimensions[name].sigma if name else self.how.sigma_overall
        by_units = area_change(pair, name, earlier, later, family) if pair.area else None
        change = by_units or verdicts.unit_change(earlier, later, sigma, family)
        difference = later.value - earlier.value
        tipping = None
        if change.verdict != "unknown":
            headcount = pair.now.participation.headcount
            tipping = verdicts.tipping_point(difference, later.value, later.n, headcount)
        return replace(
            change,
            basis="units" if by_units else "persons" if pair.area else "unit",
            effect=verdicts.effect_size(difference, sigma),
            tipping=tipping.points if tipping else None,
            beyond=tipping.beyond if tipping else False,
            standardised=standardised(pair, name) if pair.area else None,
        )

    def _regression(self, pair: Pair, overall: Change) -> int | None:
        """Points that a unit clearly above or below the others is expected to move back by."""
        how, n = self.past.method, pair.then.participation.answered
        if how is None or how.mean is None or how.tau2 is None or not n:
            return None
        if pair.then.band not in ("above", "below") or overall.earlier is None:
            return None
        return regression_to_mean(how.mean, how.tau2, how.sigma_overall, n, overall.earlier) or None


def _printed(unit: UnitResult, score: Score | None) -> verdicts.Index | None:
    n = unit.participation.answered
    if score is None or score.index is None or not n:
        return None
    return verdicts.Index(
        score.index,
        n,
        low_open=score.bound in ("at_most", "open"),
        high_open=score.bound in ("at_least", "open"),
    )


def _shares(pair: Pair) -> tuple[dict[str, ShareChange], dict[str, ShareChange]]:
    """Changes of statements and of options; none across the two designs."""
    if pair.then.schema == 1:
        return {}, {}
    n1, n2 = pair.then.participation.answered or 0, pair.now.participation.answered or 0
    before = {i.id: i.favourable for d in pair.then.dimensions for i in d.items}
    items: dict[str, ShareChange] = {}
    for dimension in pair.now.dimensions:
        after = {i.id: i.favourable for i in dimension.items}
        items |= _family(before, after, n1, n2)
    options: dict[str, ShareChange] = {}
    known = {f"{q.id}/{o.id}": o.share for q in pair.then.questions for o in q.options}
    for question in pair.now.questions:
        after = {f"{question.id}/{o.id}": o.share for o in question.options}
        options |= _family(known, after, n1, n2)
    return items, options


def _family(
    before: Mapping[str, Share | None], after: Mapping[str, Share | None], n1: int, n2: int
) -> dict[str, ShareChange]:
    """Statements of one sub-goal, or options of one question, judged together; what a wave gives
    in words only ("none or a few") is not judged."""
    changes = {}
    for name, now in after.items():
        then = before.get(name)
        if now is None or then is None or now.form or then.form:
            continue
        if now.percent is None or then.percent is None:
            continue
        change = verdicts.share_change(
            then.percent, now.percent, n1, n2, then.step, now.step, len(after)
        )
        if change is not None:
            changes[name] = change
    return changes


def _with_areas(changes: Mapping[str, WaveChange], units: Units) -> dict[str, WaveChange]:
    """Every change with the verdict of the nearest ancestor that has one beside it."""
    result = {}
    for code, change in changes.items():
        area: AreaVerdict | None = None
        above = units[code].unit.parent
        while above is not None and area is None:
            if above in changes and changes[above].overall.difference is not None:
                area = AreaVerdict(above, units[above].unit.name, changes[above].overall)
            above = units[above].unit.parent
        result[code] = replace(change, area=area)
    return result


def _with_tallies(
    changes: Mapping[str, WaveChange], units: Units, under: Mapping[str, Mapping[str, Now]]
) -> dict[str, WaveChange]:
    """Every area's change with how many of the units below it got which verdict."""
    result = dict(changes)
    for code, change in changes.items():
        lowest = [
            below
            for below in under[code]
            if not units[below].unit.children and units[below].unit.merged_into is None
        ]
        if not units[code].unit.children or len(lowest) < 2:
            continue
        known = [changes[unit] for unit in lowest if unit in changes and changes[unit].comparable]
        said = [known_change.overall.verdict for known_change in known]
        tested = sum(said.count(verdict) for verdict in ("risen", "fallen", "unknown"))
        tally = Tally(
            said.count("risen"),
            said.count("fallen"),
            said.count("unknown"),
            said.count("hidden"),
            len(lowest) - len(known) + said.count("not_comparable"),
            *by_chance(tested),
        )
        result[code] = replace(change, tally=tally)
    return result


def below(units: Units) -> dict[str, dict[str, Now]]:
    """For every unit everything anywhere below it, and the small neighbours counted in it."""
    merged: dict[str, list[UnitResult]] = {}
    for unit in units.values():
        if unit.unit.merged_into is not None:
            merged.setdefault(unit.unit.merged_into, []).append(unit)
    return {
        code: _below(unit, units, merged.get(unit.unit.name, ())) for code, unit in units.items()
    }


def _below(unit: UnitResult, units: Units, merged: Iterable[UnitResult]) -> dict[str, Now]:
    nodes = {result.unit.code: Now(result.unit.name, result.unit.parent) for result in merged}
    stack = list(unit.unit.children)
    while stack:
        child = stack.pop()
        nodes[child] = Now(units[child].unit.name, units[child].unit.parent)
        stack.extend(units[child].unit.children)
    return nodes
