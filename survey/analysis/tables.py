"""Figures as plain nested tables (dict, list, float, None), the shape of docs/analyse.md.

Not protected against disclosure. No NaN: what is undefined is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from survey.analysis.change_figures import ChangeFigures, OrganisationChange
from survey.analysis.wave_figures import WaveFigures
from survey.measurement.effects import G_INTERVAL, Paired
from survey.measurement.intervals import Interval, mean_interval, standard_error
from survey.measurement.reliability import Reliability
from survey.measurement.scoring import Floats
from survey.measurement.verdicts import Change

Table = dict[str, Any]


def plain(values: Floats) -> list[Any]:
    """An array as nested lists with None for NaN."""
    objects = values.astype(object)
    objects[np.isnan(values)] = None
    result: list[Any] = objects.tolist()
    return result


def _ends(interval: Interval[float] | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _pair(low: float | None, high: float | None) -> list[float] | None:
    return None if low is None or high is None else [low, high]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def wave_table(figures: WaveFigures, unit_names: Sequence[str]) -> Table:
    """One wave: persons, the organisation's dimensions, the units that answered."""
    return {
        "persons": figures.participation_of_all().answered,
        "organisation": _organisation(figures),
        "units": _units(figures, unit_names),
    }


def _organisation(figures: WaveFigures) -> Table:
    everybody, headcount = figures.organisation, figures.participation_of_all().headcount
    shares = figures.favourable.overall()
    result: Table = {}
    for p, column in enumerate(figures.columns):
        n = int(everybody.n[0, p])
        mean = float(column.low + everybody.mean[0, p] * column.point)
        sd = float(everybody.sd[0, p] * column.point)
        model, icc = figures.models[p], figures.intraclass[p]
        result[column.id] = {
            "n": n,
            "index": _number(everybody.mean[0, p]),
            "mean": _number(mean),
            "sd": _number(sd),
            "se": standard_error(sd, n),
            "se_fpc": standard_error(sd, n, headcount),
            "ci": _ends(mean_interval(mean, sd, n, None)),
            "ci_fpc": _ends(mean_interval(mean, sd, n, headcount)),
            "favourable": _number(shares[p]),
            **_consistency(figures.reliability[p]),
            "icc1": icc.icc1,
            "icc2": icc.icc2,
            "tau2": None if model is None else model.tau2,
            "sigma2": None if model is None else model.sigma2,
        }
    return result


def _consistency(scale: Reliability | None) -> Table:
    """The reliability keys; all None, with the reason, where nothing was computed."""
    if scale is None:
        names = ("alpha", "alpha_ci", "alpha_pairwise", "omega")
        return {**dict.fromkeys(names), "reliability_note": "an index of dimensions, not a scale"}
    return {
        "alpha": scale.alpha,
        "alpha_ci": _ends(scale.alpha_interval),
        "alpha_pairwise": scale.alpha_pairwise,
        "omega": scale.omega,
        "omega_estimator": scale.omega_estimator,
        "alpha_if_dropped": list(scale.alpha_if_dropped),
        "item_rest": list(scale.item_rest),
        "possibly_reversed": list(scale.possibly_reversed),
        "reliability_note": scale.reason or scale.omega_reason,
    }


def _units(figures: WaveFigures, names: Sequence[str]) -> Table:
    """Per unit with answers: n, headcount and every dimension."""
    columns = [_unit_column(figures, p) for p in range(len(figures.columns))]
    ids = [column.id for column in figures.columns]
    result: Table = {}
    for number, who in enumerate(figures.participation()):
        if who.answered:
            cells = zip(ids, (column[number] for column in columns), strict=True)
            result[names[number]] = {"n": who.answered, "headcount": who.headcount, **dict(cells)}
    return result


def _unit_column(figures: WaveFigures, position: int) -> list[Table]:
    """One dimension of every unit, in the order of units."""
    column, units = figures.columns[position], figures.units
    n = units.n[:, position]
    mean = column.low + units.mean[:, position] * column.point
    sd = units.sd[:, position] * column.point
    heads = [who.headcount for who in figures.participation()]
    spreads = list(zip(sd.tolist(), n.tolist(), heads, strict=True))
    uniform, skewed, lindell = figures.rwg(position)
    spread, shrunken = figures.spreads[position], figures.shrunken[position]
    nothing = np.full(n.size, np.nan)
    parts = {
        "n": n.tolist(),
        "index": plain(units.mean[:, position]),
        "mean": plain(mean),
        "sd": plain(sd),
        "se_fpc": [standard_error(*of_unit) for of_unit in spreads],
        "ci_fpc": [
            _ends(mean_interval(centre, *of_unit))
            for centre, of_unit in zip(mean.tolist(), spreads, strict=True)
        ],
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
    change: ChangeFigures, earlier: WaveFigures, later: WaveFigures, unit_names: Sequence[str]
) -> Table:
    """The change between two waves: the organisation, and the units that answered both."""
    ids = [column.id for column in earlier.columns]
    both = (earlier.answered > 0) & (later.answered > 0)
    differences = later.units.mean - earlier.units.mean
    columns = [_changed_column(change, differences, p) for p in range(len(ids))]
    units = {
        unit_names[number]: dict(zip(ids, (column[number] for column in columns), strict=True))
        for number in np.flatnonzero(both).tolist()
    }
    organisation = {
        name: _organisation_change(of_all)
        for name, of_all in zip(ids, change.organisation, strict=True)
    }
    return {"g_interval": G_INTERVAL, "organisation": organisation, "units": units}


def _changed_column(change: ChangeFigures, differences: Floats, position: int) -> list[Table]:
    """One dimension of every unit; the difference stands also where nothing is judged."""
    units = change.units
    test, effect, changes = units.welch, units.effect, units.changes[position]
    low, high = plain(effect.low[:, position]), plain(effect.high[:, position])
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
        "paired": [
            _paired(linked[number, position]) if (number, position) in linked else None
            for number in range(len(changes))
        ],
    }
    keys = tuple(parts)
    return [
        {**dict(zip(keys, row, strict=True)), **_judged(judged)}
        for judged, *row in zip(changes, *parts.values(), strict=True)
    ]


def _judged(change: Change[float] | None) -> Table:
    """Interval, verdict and minimum detectable change; all None where nothing is judged."""
    if change is None:
        return {"ci": None, "minimum_detectable": None, "verdict": None}
    return {
        "ci": _pair(change.low, change.high),
        "minimum_detectable": change.minimum_detectable,
        "verdict": change.verdict,
    }


def _paired(test: Paired) -> Table:
    return {
        "matched": test.matched,
        "match_rate": test.match_rate,
        "difference": test.difference,
        "t": test.t,
        "df": test.df,
        "p": test.p,
        "ci": _ends(test.interval),
        "note": test.reason,
    }


def _organisation_change(of_all: OrganisationChange) -> Table:
    effect, test = of_all.effect, of_all.test
    return {
        "basis": "persons" if of_all.change is None else of_all.change.basis,
        "units_in_both": of_all.units_in_both,
        "difference": of_all.difference,
        **asdict(test),
        **_judged(of_all.change),
        "p_adjusted": of_all.p_adjusted,
        "hedges_g": None if effect is None else effect[0],
        "g_ci": None if effect is None else [effect[1], effect[2]],
        "cliffs_delta": of_all.cliffs_delta,
        "standardised": None if of_all.standardised is None else asdict(of_all.standardised),
        "paired": None if of_all.paired is None else _paired(of_all.paired),
    }
