"""What has changed between waves, from published numbers only.

The earlier wave is read from its release and the later one from the documents being made, so a
verdict can reveal nothing that is not printed beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from survey.measurement.areas import MINIMUM_UNITS, units_change
from survey.measurement.change import ChangeResult, holm_verdicts, verdict
from survey.measurement.change import whole_points as whole
from survey.measurement.effects import Groups, hedges_g
from survey.release.document import (
    AreaVerdict,
    Change,
    ChangeBasis,
    Method,
    Score,
    UnitResult,
    WaveChange,
    WaveFacts,
)

COMPOSITION = "composition"
"""Reason: the area comprises other units than it did in the earlier wave."""

REORGANISED = "reorganised"
"""Reason: the unit was made of others, or is so changed that it is compared with nothing before."""

_OVERALL = ""


@dataclass(frozen=True)
class Earlier:
    """An earlier release of the study: its wave, and every unit's result by code."""

    wave: WaveFacts
    units: Mapping[str, UnitResult]


@dataclass(frozen=True)
class Pair:
    """The same unit in two waves, with the units below it that were published in both, and the
    names of those that came to it and left it in between."""

    then: UnitResult
    now: UnitResult
    below: Sequence[tuple[UnitResult, UnitResult]] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def area(self) -> bool:
        """True for a node with units below it."""
        return bool(self.now.unit.children)


def wave_change(pair: Pair, ordinal: int, method: Method, index: Sequence[str]) -> WaveChange:
    """All changes of one unit since the wave ``ordinal``.

    ``index`` names the dimensions of the overall index: they are Holm-adjusted together, per unit
    and pair of waves. The overall index and a dimension outside it are judged at 5 % each.
    """
    names = [d.id for d in pair.now.dimensions if _score(pair.then, d.id) is not None]
    found = {name: _judge(pair, name, method) for name in [_OVERALL, *names]}
    family = [name for name in names if name in index and found[name][0] is not None]
    results = [result for name in family if (result := found[name][0]) is not None]
    for name, result in zip(family, holm_verdicts(results, method.relevance), strict=True):
        found[name] = (result, found[name][1])
    changes = {name: _printed(*found[name], pair, name, method) for name in found}
    overall = changes.pop(_OVERALL)
    reason = COMPOSITION if pair.joined or pair.left else ""
    return WaveChange(ordinal, overall, changes, reason=reason, joined=pair.joined, left=pair.left)


def not_comparable(ordinal: int) -> WaveChange:
    """No verdict since the wave ``ordinal``: a reorganisation stands between."""
    return WaveChange(ordinal, Change("hidden"), {}, comparable=False, reason=REORGANISED)


def with_areas(
    changes: Mapping[str, WaveChange], units: Mapping[str, UnitResult]
) -> dict[str, WaveChange]:
    """Every change with the verdict of the nearest ancestor that has one beside it."""
    result = {}
    for code, change in changes.items():
        area: AreaVerdict | None = None
        above = units[code].unit.parent
        while above is not None and area is None:
            if above in changes and changes[above].overall.verdict != "hidden":
                area = AreaVerdict(above, units[above].unit.name, changes[above].overall)
            above = units[above].unit.parent
        result[code] = replace(change, area=area)
    return result


def _judge(pair: Pair, name: str, method: Method) -> tuple[ChangeResult | None, ChangeBasis]:
    then, now = _score(pair.then, name), _score(pair.now, name)
    if then is None or now is None or then.index is None or now.index is None:
        return None, "unit"
    sigma = _sigma(name, method)
    result = verdict(
        then.index, now.index, then.n or 0, now.n or 0, sigma, relevance=method.relevance
    )
    if not pair.area or result.difference is None:
        return result, "unit"
    by_units = _by_units(pair, name, result, method)
    return (result, "persons") if by_units is None else (by_units, "units")


def _by_units(pair: Pair, name: str, result: ChangeResult, method: Method) -> ChangeResult | None:
    """The area's verdict with its units as cases; None when fewer than ten can be compared.

    The interval is put around the printed difference. Where the mean of the units' changes and
    the area's own difference point in opposite directions (other units, other sizes), there is
    no verdict of a change.
    """
    scores = [(_score(a, name), _score(b, name)) for a, b in pair.below]
    both = [
        (b.index - a.index, a.n, b.n)
        for a, b in scores
        if a and b and a.index is not None and b.index is not None and a.n and b.n
    ]
    if len(both) < MINIMUM_UNITS or result.difference is None:
        return None
    columns = np.array(both, dtype=np.int64)
    test = units_change(columns[:, 0].astype(np.float64), columns[:, 1], columns[:, 2])
    if test.se is None or test.p is None or test.df is None or test.difference is None:
        return None
    half = float(special.stdtrit(test.df, 0.975)) * test.se
    then = _score(pair.then, name)
    earlier = 0 if then is None or then.index is None else then.index
    against = test.difference * result.difference < 0
    tested = replace(
        result,
        low=max(result.difference - half, -float(earlier)),
        high=min(result.difference + half, 100.0 - earlier),
        p=1.0 if against else test.p,
        minimum_detectable=(1.96 + 0.8416) * test.se,
        half_width=half,
    )
    return holm_verdicts([tested], method.relevance)[0]


def _printed(
    result: ChangeResult | None, basis: ChangeBasis, pair: Pair, name: str, method: Method
) -> Change:
    then, now = _score(pair.then, name), _score(pair.now, name)
    if result is None or then is None or now is None:
        return Change("hidden")
    if result.difference is None or result.low is None or result.high is None:
        return Change("too_few", then.index, now.index)
    detectable = result.minimum_detectable
    effect, interval = _effect(then, now, _sigma(name, method))
    return Change(
        verdict=result.verdict,
        earlier=then.index,
        later=now.index,
        difference=result.difference,
        # A printed bound of 0 beside a verdict of change would contradict it.
        low=max(whole(result.low), 1) if result.verdict == "risen" else whole(result.low),
        high=min(whole(result.high), -1) if result.verdict == "fallen" else whole(result.high),
        minimum_detectable=None if detectable is None else math.ceil(detectable),
        basis=basis,
        effect=effect,
        effect_interval=interval,
    )


def _effect(then: Score, now: Score, sigma: int) -> tuple[float | None, tuple[float, float] | None]:
    """Hedges' g of the printed indices over the printed σ̂; nothing below ten answers."""
    if then.index is None or now.index is None or min(then.n or 0, now.n or 0) < 10:
        return None, None
    earlier, later = (
        Groups(np.array([float(s.index or 0)]), np.array([float(sigma)]), np.array([s.n or 0]))
        for s in (then, now)
    )
    g = hedges_g(earlier, later)
    return round(float(g.g[0]), 2), (round(float(g.low[0]), 2), round(float(g.high[0]), 2))


def _sigma(name: str, method: Method) -> int:
    return method.dimensions[name].sigma if name else method.sigma_overall


def _score(unit: UnitResult, name: str) -> Score | None:
    if name == _OVERALL:
        return unit.overall
    return next((d.score for d in unit.dimensions if d.id == name), None)
