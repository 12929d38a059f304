"""All figures of the change between two waves, for every unit and dimension at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from survey.measurement.areas import (
    AreaChange,
    Cluster,
    StandardisedChange,
    area_change,
    standardised_change,
)
from survey.measurement.change import holm
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
    welch,
)
from survey.measurement.figures import WaveFigures
from survey.measurement.scoring import Moments

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class UnitChanges:
    """Change of every unit, tables of shape (units, columns); NaN unless both n >= 10.

    ``p_adjusted`` is Holm over the dimensions of a unit (the overall index is not among them and
    keeps its p); it decides nothing. ``paired`` is per unit and column for linked waves.
    """

    welch: Welch
    p_adjusted: Floats
    effect: HedgesG
    cliffs_delta: Floats
    paired: dict[tuple[int, int], Paired]


@dataclass(frozen=True)
class OrganisationChange:
    """Change of the whole organisation in one column, POMP points.

    ``test`` has units as cases when there are at least ten, else persons (its ``basis``);
    ``effect`` and ``cliffs_delta`` describe persons.
    """

    test: AreaChange
    p_adjusted: float | None
    effect: tuple[float, float, float] | None
    cliffs_delta: float | None
    standardised: StandardisedChange | None
    paired: Paired | None


@dataclass(frozen=True)
class WaveChange:
    """Everything about the change from one wave to a later one."""

    units: UnitChanges
    organisation: tuple[OrganisationChange, ...]


def measure_change(earlier: WaveFigures, later: WaveFigures) -> WaveChange:
    """Measure the change between two waves of the same columns and unit numbers."""
    if earlier.columns != later.columns or earlier.persons.size != later.persons.size:
        raise ValueError("waves are compared on the same dimensions and units")
    links = _links(earlier, later)
    places = range(len(earlier.columns))
    deltas = np.column_stack([_deltas(earlier, later, p) for p in places])
    return WaveChange(
        _unit_changes(earlier, later, links, deltas),
        _organisation_changes(earlier, later, links, deltas),
    )


def _groups(moments: Moments) -> Groups:
    return Groups(moments.mean, moments.sd, moments.n)


def _deltas(earlier: WaveFigures, later: WaveFigures, position: int) -> Floats:
    """Cliff's delta of every unit, and of all persons in a last row."""
    units = earlier.persons.size
    first, second = earlier.scores[:, position], later.scores[:, position]
    by_unit = cliffs_deltas(first, earlier.answers.units, second, later.answers.units, units)
    whole = cliffs_deltas(
        first, np.zeros(first.size, np.int64), second, np.zeros(second.size, np.int64), 1
    )
    return np.concatenate([by_unit, whole])


def _unit_changes(
    earlier: WaveFigures, later: WaveFigures, links: tuple[Ints, Ints] | None, deltas: Floats
) -> UnitChanges:
    first, second = _groups(earlier.units), _groups(later.units)
    shown = (first.n >= MINIMUM_N) & (second.n >= MINIMUM_N)
    test = welch(_only(first, shown), _only(second, shown))
    effect = _effect(first, second, shown)
    return UnitChanges(
        welch=test,
        p_adjusted=_holm_over_dimensions(test.p, earlier),
        effect=effect,
        cliffs_delta=np.where(shown, deltas[:-1], np.nan),
        paired={} if links is None else _paired_units(earlier, later, links),
    )


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
    whole1, whole2 = _groups(earlier.organisation), _groups(later.organisation)
    effect = hedges_g(whole1, whole2)
    tests = [_area_test(earlier, later, p) for p in range(len(earlier.columns))]
    p_values = np.array([np.nan if t.p is None else t.p for t in tests])
    adjusted = _holm_over_dimensions(p_values, earlier)
    found = []
    for p, test in enumerate(tests):
        level = None if np.isnan(adjusted[p]) else float(adjusted[p])
        g = (float(effect.g[0, p]), float(effect.low[0, p]), float(effect.high[0, p]))
        found.append(
            OrganisationChange(
                test=test,
                p_adjusted=level,
                effect=None if np.isnan(g).any() else g,
                cliffs_delta=None if np.isnan(deltas[-1, p]) else float(deltas[-1, p]),
                standardised=_standardised(earlier, later, p),
                paired=None if links is None else _paired(earlier, later, links, p),
            )
        )
    return tuple(found)


def _area_test(earlier: WaveFigures, later: WaveFigures, position: int) -> AreaChange:
    """The change of the whole organisation, every unit with answers in a wave a cluster."""
    tables = [
        (figures.units.n[:, position].tolist(), figures.units.mean[:, position].tolist())
        for figures in (earlier, later)
    ]
    clusters = [
        Cluster(n1, n2, m1 if n1 else None, m2 if n2 else None)
        for n1, m1, n2, m2 in zip(*tables[0], *tables[1], strict=True)
        if n1 or n2
    ]
    return area_change(
        clusters,
        _one(_groups(earlier.organisation), position),
        _one(_groups(later.organisation), position),
    )


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
    found: dict[tuple[int, int], Paired] = {}
    for number in np.flatnonzero(np.bincount(unit) >= MINIMUM_MATCHED) if unit.size else ():
        here = unit == number
        for p in range(len(earlier.columns)):
            test = paired(
                earlier.scores[first[here], p],
                later.scores[second[here], p],
                int(later.units.n[number, p]),
            )
            if not test.reason:
                found[int(number), p] = test
    return found
