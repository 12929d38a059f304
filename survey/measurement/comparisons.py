"""All figures of the change between two waves, for every unit and dimension at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from survey.measurement.areas import (
    AreaChange,
    StandardisedChange,
    area_change,
    standardised_change,
)
from survey.measurement.change import (
    ChangeResult,
    Verdict,
    holm,
    judge,
    pooled_sd,
    published_index,
    verdict,
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
    welch,
)
from survey.measurement.figures import WaveFigures
from survey.measurement.scoring import Moments

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINIMUM_PUBLISHED = 5


@dataclass(frozen=True)
class UnitChanges:
    """Change of every unit, tables of shape (units, columns); NaN unless both n >= 10.

    ``p_adjusted`` is Holm over the dimensions of a unit (the overall index is not among them and
    keeps its p). ``verdicts[unit][column]`` are from published numbers and need n >= 5.
    ``paired`` is per unit and column for linked waves, None elsewhere.
    """

    welch: Welch
    p_adjusted: Floats
    effect: HedgesG
    cliffs_delta: Floats
    verdicts: tuple[tuple[ChangeResult, ...], ...]
    paired: dict[tuple[int, int], Paired]


@dataclass(frozen=True)
class OrganisationChange:
    """Change of the whole organisation in one column, POMP points.

    ``test`` has units as cases when there are at least ten, else persons (its ``basis``);
    ``effect`` and ``cliffs_delta`` describe persons. ``verdict`` follows the test.
    """

    test: AreaChange
    p_adjusted: float | None
    effect: tuple[float, float, float] | None
    cliffs_delta: float | None
    sigma: int
    standardised: StandardisedChange | None
    verdict: Verdict
    paired: Paired | None


@dataclass(frozen=True)
class WaveChange:
    """Everything about the change from one wave to a later one."""

    units: UnitChanges
    organisation: tuple[OrganisationChange, ...]
    sigma: tuple[int, ...]


def measure_change(earlier: WaveFigures, later: WaveFigures, relevance: float = 10) -> WaveChange:
    """Measure the change between two waves of the same columns and unit numbers."""
    if earlier.columns != later.columns or earlier.persons.size != later.persons.size:
        raise ValueError("waves are compared on the same dimensions and units")
    places = range(len(earlier.columns))
    given = _Given(
        sigma=tuple(_sigma(earlier, later, p) for p in places),
        relevance=relevance,
        links=_links(earlier, later),
    )
    deltas = np.column_stack([_deltas(earlier, later, p) for p in places])
    return WaveChange(
        _unit_changes(earlier, later, given, deltas),
        _organisation_changes(earlier, later, given, deltas),
        given.sigma,
    )


@dataclass(frozen=True)
class _Given:
    """What all comparisons of two waves share: sd per column, relevance limit, linked rows."""

    sigma: tuple[int, ...]
    relevance: float
    links: tuple[Ints, Ints] | None


def _groups(moments: Moments) -> Groups:
    return Groups(moments.mean, moments.sd, moments.n)


def _sigma(earlier: WaveFigures, later: WaveFigures, position: int) -> int:
    """Pooled within-unit sd over both waves' units with n >= 10, in whole points."""
    cells: list[tuple[int, float]] = []
    usable = np.zeros(earlier.persons.size, bool)
    for figures in (earlier, later):
        n, sd = figures.units.n[:, position], figures.units.sd[:, position]
        enough = n >= MINIMUM_N
        usable |= enough
        cells += zip(n[enough].tolist(), sd[enough].tolist(), strict=True)
    return pooled_sd(cells, units=int(usable.sum()))


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
    earlier: WaveFigures, later: WaveFigures, given: _Given, deltas: Floats
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
        verdicts=_verdicts(earlier, later, given),
        paired={} if given.links is None else _paired_units(earlier, later, given.links),
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


def _verdicts(
    earlier: WaveFigures, later: WaveFigures, given: _Given
) -> tuple[tuple[ChangeResult, ...], ...]:
    """Verdicts of all units; the same as ``holm_verdicts`` unit by unit, adjusted in one go."""
    tables = [
        (figures.units.n.tolist(), figures.units.mean.tolist()) for figures in (earlier, later)
    ]
    rows = [
        [
            verdict(
                published_index(m1[p], n1[p]),
                published_index(m2[p], n2[p]),
                n1[p],
                n2[p],
                sigma,
                relevance=given.relevance,
            )
            for p, sigma in enumerate(given.sigma)
        ]
        for n1, m1, n2, m2 in zip(*tables[0], *tables[1], strict=True)
    ]
    p_values = np.array([[np.nan if r.p is None else r.p for r in row] for row in rows])
    adjusted = _holm_over_dimensions(p_values.reshape(len(rows), -1), earlier).tolist()
    return tuple(
        tuple(
            r if r.p is None or r.p == p else judge(r, p, given.relevance)
            for r, p in zip(row, levels, strict=True)
        )
        for row, levels in zip(rows, adjusted, strict=True)
    )


def _organisation_changes(
    earlier: WaveFigures, later: WaveFigures, given: _Given, deltas: Floats
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
                sigma=given.sigma[p],
                standardised=_standardised(earlier, later, p),
                verdict=_area_verdict(test, level, given.relevance),
                paired=None if given.links is None else _paired(earlier, later, given.links, p),
            )
        )
    return tuple(found)


def _area_test(earlier: WaveFigures, later: WaveFigures, position: int) -> AreaChange:
    """The area's test on the units that could be published (n >= 5) in both waves."""
    first, second = _one(_groups(earlier.units), position), _one(_groups(later.units), position)
    enough = (first.n >= MINIMUM_PUBLISHED) & (second.n >= MINIMUM_PUBLISHED)
    return area_change(
        np.where(enough, second.mean - first.mean, np.nan),
        first.n,
        second.n,
        _one(_groups(earlier.organisation), position),
        _one(_groups(later.organisation), position),
    )


def _one(groups: Groups, position: int) -> Groups:
    """One column of a table of groups."""
    return Groups(groups.mean[:, position], groups.sd[:, position], groups.n[:, position])


def _area_verdict(test: AreaChange, p: float | None, relevance: float) -> Verdict:
    """The verdict of an area from its own test; not testable is ``too_few``."""
    if p is None or test.difference is None or test.low is None or test.high is None:
        return "too_few"
    if p < 0.05 and test.difference:
        return "risen" if test.difference > 0 else "fallen"
    return "too_few" if (test.high - test.low) / 2 > 2 * relevance else "no_change"


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
