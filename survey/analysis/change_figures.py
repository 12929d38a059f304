"""All figures of the change between two waves, for every unit and dimension at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from survey.analysis.wave_figures import WaveFigures
from survey.measurement.areas import (
    Cluster,
    StandardisedChange,
    judged_by_units,
    standardised_change,
    units_in_both,
)
from survey.measurement.effects import (
    MINIMUM_MATCHED,
    MINIMUM_N,
    Groups,
    HedgesG,
    Paired,
    Welch,
    cliffs_deltas,
    hedges_g,
    paired,
    two_sided,
    welch,
)
from survey.measurement.many_tests import holm
from survey.measurement.scoring import Floats, Ints, Moments
from survey.measurement.verdicts import Change, judge


@dataclass(frozen=True)
class UnitChanges:
    """Change of every unit, tables of shape (units, columns); NaN unless both n >= 10.

    ``changes`` holds a list of units for each column, None where nothing is judged; their
    ``effect`` is Hedges' g. ``p_adjusted`` is Holm over the dimensions of a unit (the overall index
    is not among them and keeps its p); it decides nothing. ``paired`` is per unit and column for
    linked waves.
    """

    changes: tuple[list[Change[float] | None], ...]
    welch: Welch
    p_adjusted: Floats
    effect: HedgesG
    cliffs_delta: Floats
    paired: dict[tuple[int, int], Paired]


@dataclass(frozen=True)
class AreaTest:
    """The test behind an area's change: None where it cannot be computed."""

    se: float | None
    t: float | None
    df: float | None
    p: float | None


@dataclass(frozen=True)
class OrganisationChange:
    """Change of the whole organisation in one column, POMP points.

    ``change`` has units as cases when there are at least ten, else persons (its ``basis``), and is
    None where nothing can be judged; ``difference`` stands also then. ``effect`` (Hedges' g with
    its interval) and ``cliffs_delta`` describe persons.
    """

    difference: float | None
    change: Change[float] | None
    test: AreaTest
    units_in_both: int
    p_adjusted: float | None
    effect: tuple[float, float, float] | None
    cliffs_delta: float | None
    standardised: StandardisedChange | None
    paired: Paired | None


@dataclass(frozen=True)
class ChangeFigures:
    """Everything about the change from one wave to a later one."""

    units: UnitChanges
    organisation: tuple[OrganisationChange, ...]


def measure_change(earlier: WaveFigures, later: WaveFigures) -> ChangeFigures:
    """Measure the change between two waves of the same columns and unit numbers."""
    if earlier.columns != later.columns or earlier.answered.size != later.answered.size:
        raise ValueError("waves are compared on the same dimensions and units")
    links = _links(earlier, later)
    places = range(len(earlier.columns))
    deltas = np.column_stack([_deltas(earlier, later, p) for p in places])
    return ChangeFigures(
        _unit_changes(earlier, later, links, deltas),
        _organisation_changes(earlier, later, links, deltas),
    )


def _groups(moments: Moments) -> Groups:
    return Groups(moments.mean, moments.sd, moments.n)


def _deltas(earlier: WaveFigures, later: WaveFigures, position: int) -> Floats:
    """Cliff's delta of every unit, and of all persons in a last row."""
    units = earlier.answered.size
    first, second = earlier.scores[:, position], later.scores[:, position]
    by_unit = cliffs_deltas(first, earlier.answers.units, second, later.answers.units, units)
    everybody = cliffs_deltas(
        first, np.zeros(first.size, np.int64), second, np.zeros(second.size, np.int64), 1
    )
    return np.concatenate([by_unit, everybody])


def _unit_changes(
    earlier: WaveFigures, later: WaveFigures, links: tuple[Ints, Ints] | None, deltas: Floats
) -> UnitChanges:
    first, second = _groups(earlier.units), _groups(later.units)
    shown = (first.n >= MINIMUM_N) & (second.n >= MINIMUM_N)
    test = welch(_only(first, shown), _only(second, shown))
    effect = _effect(first, second, shown)
    return UnitChanges(
        changes=tuple(_judged(first, second, test, effect, p) for p in range(len(earlier.columns))),
        welch=test,
        p_adjusted=_holm_over_dimensions(test.p, earlier),
        effect=effect,
        cliffs_delta=np.where(shown, deltas[:-1], np.nan),
        paired={} if links is None else _paired_units(earlier, later, links),
    )


def _judged(
    earlier: Groups, later: Groups, test: Welch, effect: HedgesG, position: int
) -> list[Change[float] | None]:
    """The change of one column in every unit; None where there is no test."""
    rows = zip(
        *(
            table[:, position].tolist()
            for table in (earlier.mean, later.mean, test.se, test.df, test.t, effect.g)
        ),
        strict=True,
    )
    return [
        None if np.isnan(t) else replace(judge(before, after, se, df), effect=g)
        for before, after, se, df, t, g in rows
    ]


def _only(groups: Groups, shown: npt.NDArray[np.bool_]) -> Groups:
    return Groups(
        np.where(shown, groups.mean, np.nan), np.where(shown, groups.sd, np.nan), groups.n
    )


def _effect(earlier: Groups, later: Groups, shown: npt.NDArray[np.bool_]) -> HedgesG:
    """Hedges' g only where it is shown: inverting the noncentral t is the costliest step."""
    first, second = (Groups(g.mean[shown], g.sd[shown], g.n[shown]) for g in (earlier, later))
    parts = hedges_g(first, second)
    tables = []
    for values in (parts.g, parts.low, parts.high):
        table = np.full(shown.shape, np.nan)
        table[shown] = values
        tables.append(table)
    return HedgesG(*tables)


def _holm_over_dimensions(p: Floats, figures: WaveFigures) -> Floats:
    dimensions = sum(column.key is not None for column in figures.columns)
    return np.concatenate([holm(p[..., :dimensions]), p[..., dimensions:]], axis=-1)


def _organisation_changes(
    earlier: WaveFigures, later: WaveFigures, links: tuple[Ints, Ints] | None, deltas: Floats
) -> tuple[OrganisationChange, ...]:
    all1, all2 = _groups(earlier.organisation), _groups(later.organisation)
    effect = hedges_g(all1, all2)
    differences = (all2.mean - all1.mean)[0].tolist()
    judged = [_area_change(earlier, later, p) for p in range(len(earlier.columns))]
    p_values = np.array([np.nan if test.p is None else test.p for _, test, _ in judged])
    adjusted = _holm_over_dimensions(p_values, earlier)
    changes = []
    for p, (change, test, both) in enumerate(judged):
        g = (float(effect.g[0, p]), float(effect.low[0, p]), float(effect.high[0, p]))
        changes.append(
            OrganisationChange(
                difference=None if np.isnan(differences[p]) else differences[p],
                change=change,
                test=test,
                units_in_both=both,
                p_adjusted=None if np.isnan(adjusted[p]) else float(adjusted[p]),
                effect=None if np.isnan(g).any() else g,
                cliffs_delta=None if np.isnan(deltas[-1, p]) else float(deltas[-1, p]),
                standardised=_standardised(earlier, later, p),
                paired=None if links is None else _paired(earlier, later, links, p),
            )
        )
    return tuple(changes)


def _area_change(
    earlier: WaveFigures, later: WaveFigures, position: int
) -> tuple[Change[float] | None, AreaTest, int]:
    """Judge the whole organisation by its units, or by its people where it has few units.

    Every unit with answers in a wave is a cluster. Also gives how many have five or more answers in
    both waves.
    """
    tables = [
        (figures.units.n[:, position].tolist(), figures.units.mean[:, position].tolist())
        for figures in (earlier, later)
    ]
    clusters = [
        Cluster(n1, n2, m1 if n1 else None, m2 if n2 else None)
        for n1, m1, n2, m2 in zip(*tables[0], *tables[1], strict=True)
        if n1 or n2
    ]
    first, second = (_one(_groups(w.organisation), position) for w in (earlier, later))
    by_units, both = judged_by_units([clusters]), units_in_both([clusters])
    if by_units is None:
        return *_by_persons(first, second), both
    return *_by_units(float(first.mean[0]), float(second.mean[0]), *by_units), both


def _by_persons(earlier: Groups, later: Groups) -> tuple[Change[float] | None, AreaTest]:
    """Welch's test of an area's people; arrays of one element."""
    result = welch(earlier, later)
    se, t, df, p = (float(v[0]) for v in (result.se, result.t, result.df, result.p))
    if np.isnan(t):
        known = [None if np.isnan(v) else v for v in (se, t, df, p)]
        return None, AreaTest(*known)
    change = judge(float(earlier.mean[0]), float(later.mean[0]), se, df)
    return replace(change, basis="persons"), AreaTest(se, t, df, p)


def _by_units(before: float, after: float, se: float, df: int) -> tuple[Change[float], AreaTest]:
    """The clustered test of an area; units that all moved alike leave nothing to judge p by."""
    difference = after - before
    if se <= 1e-12 * max(abs(difference), 1.0):
        se = 0.0
    t = difference / se if se else (None if round(difference, 9) else 0.0)
    p = None if t is None else float(two_sided(np.array(t), np.array(float(df))))
    return replace(judge(before, after, se, df), basis="units"), AreaTest(se, t, df, p)


def _one(groups: Groups, position: int) -> Groups:
    """One column of a table of groups."""
    return Groups(groups.mean[:, position], groups.sd[:, position], groups.n[:, position])


def _standardised(
    earlier: WaveFigures, later: WaveFigures, position: int
) -> StandardisedChange | None:
    if later.answers.headcounts is None:
        return None
    headcounts = np.nan_to_num(later.answers.headcounts, nan=0.0).astype(np.int64)
    first, second = _groups(earlier.units), _groups(later.units)
    return standardised_change(_one(first, position), _one(second, position), headcounts)


# ---------------------------------------------------------------------- linked persons


def _links(earlier: WaveFigures, later: WaveFigures) -> tuple[Ints, Ints] | None:
    """Rows of the same person in both waves; None when the waves are not linked.

    Only persons that occur exactly once in each wave are linked: whoever answers for two units
    cannot be told apart.
    """
    before, after = earlier.answers.persons, later.answers.persons
    if before is None or after is None:
        return None
    known1, known2 = _once(before), _once(after)
    _, first, second = np.intersect1d(
        before[known1], after[known2], assume_unique=True, return_indices=True
    )
    return known1[first], known2[second]


def _once(persons: Ints) -> Ints:
    """Rows of the persons that occur exactly once."""
    names, first, count = np.unique(persons, return_index=True, return_counts=True)
    rows: Ints = first[(count == 1) & (names >= 0)]
    return rows


def _paired(
    earlier: WaveFigures, later: WaveFigures, links: tuple[Ints, Ints], position: int
) -> Paired:
    first, second = links
    return paired(
        earlier.scores[first, position],
        later.scores[second, position],
        int(later.organisation.n[0, position]),
    )


def _paired_units(
    earlier: WaveFigures, later: WaveFigures, links: tuple[Ints, Ints]
) -> dict[tuple[int, int], Paired]:
    """Paired tests of the units where at least 20 persons stayed and are matched."""
    first, second = links
    stayed = earlier.answers.units[first] == later.answers.units[second]
    first, second = first[stayed], second[stayed]
    unit = later.answers.units[second]
    tests: dict[tuple[int, int], Paired] = {}
    for number in np.flatnonzero(np.bincount(unit) >= MINIMUM_MATCHED) if unit.size else ():
        here = unit == number
        for p in range(len(earlier.columns)):
            test = paired(
                earlier.scores[first[here], p],
                later.scores[second[here], p],
                int(later.units.n[number, p]),
            )
            if not test.reason:
                tests[int(number), p] = test
    return tests
