"""Figures as plain nested tables (dict, list, float, None), the shape of docs/analyse.md.

Not protected against disclosure. No NaN: what is undefined is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from survey.measurement.areas import AreaChange
from survey.measurement.comparisons import OrganisationChange, WaveChange
from survey.measurement.effects import G_INTERVAL, Paired
from survey.measurement.figures import WaveFigures
from survey.measurement.intervals import mean_intervals
from survey.measurement.verdicts import POWER, Verdict, verdict_of

Floats = npt.NDArray[np.float64]
Table = dict[str, Any]


def plain(values: Floats) -> list[Any]:
    """An array as nested lists with None for NaN."""
    objects = values.astype(object)
    objects[np.isnan(values)] = None
    result: list[Any] = objects.tolist()
    return result


def _pair(low: float | None, high: float | None) -> list[float] | None:
    return None if low is None or high is None else [low, high]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def wave_table(figures: WaveFigures, unit_names: Sequence[str]) -> Table:
    """One wave: persons, the organisation's dimensions, the units that answered."""
    return {
        "persons": int(figures.persons.sum()),
        "organisation": _organisation(figures),
        "units": _units(figures, unit_names),
    }


def _organisation(figures: WaveFigures) -> Table:
    whole, known = figures.organisation, figures.answers.headcounts
    headcount: Floats | None = None
    if known is not None and not np.isnan(known[figures.persons > 0]).any():
        headcount = np.atleast_1d(np.nansum(known))
    shares = figures.favourable.overall()
    result: Table = {}
    for p, column in enumerate(figures.columns):
        mean, sd = column.low + whole.mean[0, p] * column.point, whole.sd[0, p] * column.point
        one = (np.atleast_1d(mean), np.atleast_1d(sd), whole.n[:, p])
        low, high, se = (v[0] for v in mean_intervals(*one, None))
        low_fpc, high_fpc, se_fpc = (v[0] for v in mean_intervals(*one, headcount))
        consistency, model = figures.reliability[p], figures.models[p]
        icc = figures.intraclass[p]
        result[column.id] = {
            "n": int(whole.n[0, p]),
            "index": _number(whole.mean[0, p]),
            "mean": _number(mean),
            "sd": _number(sd),
            "se": _number(se),
            "se_fpc": _number(se_fpc),
            "ci": _pair(_number(low), _number(high)),
            "ci_fpc": _pair(_number(low_fpc), _number(high_fpc)),
            "favourable": _number(shares[p]),
            **_consistency(consistency),
            "icc1": icc.icc1,
            "icc2": icc.icc2,
            "tau2": None if model is None else model.tau2,
            "sigma2": None if model is None else model.sigma2,
        }
    return result


def _consistency(found: Any) -> Table:
    """The reliability keys; all None, with the reason, where nothing was computed."""
    if found is None:
        names = ("alpha", "alpha_ci", "alpha_pairwise", "omega")
        return {**dict.fromkeys(names), "reliability_note": "an index of dimensions, not a scale"}
    return {
        "alpha": found.alpha,
        "alpha_ci": _pair(found.alpha_low, found.alpha_high),
        "alpha_pairwise": found.alpha_pairwise,
        "omega": found.omega,
        "omega_estimator": found.omega_estimator,
        "alpha_if_dropped": list(found.alpha_if_dropped),
        "item_rest": list(found.item_rest),
        "possibly_reversed": list(found.possibly_reversed),
        "reliability_note": found.reason or found.omega_reason,
    }


def _units(figures: WaveFigures, names: Sequence[str]) -> Table:
    """Per unit with answers: n, headcount and every dimension."""
    known = figures.answers.headcounts
    heads = [None] * len(names) if known is None else plain(known)
    columns = [_unit_column(figures, p) for p in range(len(figures.columns))]
    ids = [column.id for column in figures.columns]
    result: Table = {}
    for number in np.flatnonzero(figures.persons).tolist():
        head = heads[number]
        row: Table = {
            "n": int(figures.persons[number]),
            "headcount": None if head is None else int(head),
        }
        row.update(zip(ids, (column[number] for column in columns), strict=True))
        result[names[number]] = row
    return result


def _unit_column(figures: WaveFigures, position: int) -> list[Table]:
    """One dimension of every unit, in the order of units."""
    column, units = figures.columns[position], figures.units
    n = units.n[:, position]
    mean = column.low + units.mean[:, position] * column.point
    sd = units.sd[:, position] * column.point
    low, high, se = mean_intervals(mean, sd, n, figures.answers.headcounts)
    uniform, skewed, lindell = figures.rwg(position)
    spread, shrunken = figures.spreads[position], figures.shrunken[position]
    nothing = np.full(n.size, np.nan)
    parts = {
        "n": n.tolist(),
        "index": plain(units.mean[:, position]),
        "mean": plain(mean),
        "sd": plain(sd),
        "se_fpc": plain(se),
        "ci_fpc": [_pair(a, b) for a, b in zip(plain(low), plain(high), strict=True)],
        "favourable": plain(figures.favourable.shares()[:, position]),
        "rwg_uniform": plain(uniform),
        "rwg_skewed": plain(skewed),
        "rwg_lindell": plain(lindell),
        "ad": plain(nothing if spread is None else spread.deviation),
        "eb_mean": plain(nothing if shrunken is None else shrunken.mean),
        "band": [None] * n.size if shrunken is None else list(shrunken.band),
    }
    keys = tuple(parts)
    return [dict(zip(keys, row, strict=True)) for row in zip(*parts.values(), strict=True)]


# ---------------------------------------------------------------------- change


def change_table(
    change: WaveChange, earlier: WaveFigures, later: WaveFigures, unit_names: Sequence[str]
) -> Table:
    """The change between two waves: the organisation, and the units that answered both."""
    ids = [column.id for column in earlier.columns]
    both = (earlier.persons > 0) & (later.persons > 0)
    differences = later.units.mean - earlier.units.mean
    columns = [_changed_column(change, differences, p) for p in range(len(ids))]
    units = {
        unit_names[number]: dict(zip(ids, (column[number] for column in columns), strict=True))
        for number in np.flatnonzero(both).tolist()
    }
    organisation = {
        name: _organisation_change(found)
        for name, found in zip(ids, change.organisation, strict=True)
    }
    return {
        "g_interval": G_INTERVAL,
        "organisation": organisation,
        "units": units,
    }


def _changed_column(change: WaveChange, differences: Floats, position: int) -> list[Table]:
    """One dimension of every unit; the difference stands also where nothing is tested."""
    units = change.units
    test, effect = units.welch, units.effect
    low, high = plain(effect.low[:, position]), plain(effect.high[:, position])
    bounds = list(zip(plain(test.low[:, position]), plain(test.high[:, position]), strict=True))
    linked = units.paired
    parts = {
        "difference": plain(differences[:, position]),
        "t": plain(test.t[:, position]),
        "df": plain(test.df[:, position]),
        "p": plain(test.p[:, position]),
        "p_adjusted": plain(units.p_adjusted[:, position]),
        "hedges_g": plain(effect.g[:, position]),
        "g_ci": [_pair(a, b) for a, b in zip(low, high, strict=True)],
        "cliffs_delta": plain(units.cliffs_delta[:, position]),
        "ci": [_pair(a, b) for a, b in bounds],
        "minimum_detectable": plain(_detectable(test.se[:, position], test.df[:, position])),
        "verdict": [_verdict(a, b) for a, b in bounds],
        "paired": [
            _paired(linked[number, position]) if (number, position) in linked else None
            for number in range(len(bounds))
        ],
    }
    keys = tuple(parts)
    return [dict(zip(keys, row, strict=True)) for row in zip(*parts.values(), strict=True)]


def _detectable(se: Floats, df: Floats) -> Floats:
    """Smallest true change found with 80 % power, (t(.975, df) + t(.80, df))·SE (Bloom 1995)."""
    result: Floats = (special.stdtrit(df, 0.975) + special.stdtrit(df, POWER)) * se
    return result


def _verdict(low: float | None, high: float | None) -> Verdict | None:
    """What the interval says; rounding in the sums is no change. None without an interval."""
    return None if low is None or high is None else verdict_of(round(low, 9), round(high, 9))


def _paired(found: Paired) -> Table:
    return {
        "matched": found.matched,
        "match_rate": found.match_rate,
        "difference": found.difference,
        "t": found.t,
        "df": found.df,
        "p": found.p,
        "ci": _pair(found.low, found.high),
        "note": found.reason,
    }


def _area(test: AreaChange) -> Table:
    return {
        "basis": test.basis,
        "units_in_both": test.units,
        "difference": test.difference,
        "se": test.se,
        "t": test.t,
        "df": test.df,
        "p": test.p,
        "ci": _pair(test.low, test.high),
        "minimum_detectable": None
        if test.se is None or test.df is None
        else float(_detectable(np.array(test.se), np.array(test.df))),
        "verdict": _verdict(test.low, test.high),
    }


def _organisation_change(found: OrganisationChange) -> Table:
    effect = found.effect
    return {
        **_area(found.test),
        "p_adjusted": found.p_adjusted,
        "hedges_g": None if effect is None else effect[0],
        "g_ci": None if effect is None else [effect[1], effect[2]],
        "cliffs_delta": found.cliffs_delta,
        "standardised": None if found.standardised is None else asdict(found.standardised),
        "paired": None if found.paired is None else _paired(found.paired),
    }
