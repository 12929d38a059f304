"""Organisation-level quantities that verdicts and the method page use.

Quantities of the model (σ̂, ICC) are computed from cells published at n ≥ 10 only: otherwise a
parent's figures would give a hidden unit's mean back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from survey.disclosure.model import OVERALL, Cell, Measured
from survey.measurement.agreement import (
    answers_disagree,
    intraclass_of,
    uniform_null_variance,
    within_group_spread,
)
from survey.measurement.areas import MINIMUM_UNITS
from survey.measurement.change import pooled_sd
from survey.measurement.reliability import Reliability, assess
from survey.measurement.scoring import Moments, item_values
from survey.measurement.shrinkage import fit_random_intercept, shrink
from survey.release.document import Agreement, Band, DimensionMethod, Method
from survey.release.frame import Frame
from survey.release.results import Spread
from survey.release.table import WaveAnswers


def software() -> str:
    """Name and version of this software, as printed in footers."""
    return f"innovasjonskultur {version('innovasjonskultur')}"


def leaves(frame: Frame, cells: Mapping[str, Cell]) -> list[str]:
    """Codes of the published units without units below them."""
    children = frame.children
    return [code for code in cells if not children[code] and cells[code].n is not None]


def method(
    frame: Frame, measured: Measured, cells: Mapping[str, Cell], answers: WaveAnswers
) -> Method:
    """σ̂ of every index in whole points, and the consistency of every dimension."""
    return Method(
        k=frame.k,
        relevance=frame.relevance,
        sigma_overall=_sigma(_usable(frame, measured, cells, OVERALL)),
        dimensions={
            key.id: _dimension(
                assess(item_values(answers.sheets, key)),
                _usable(frame, measured, cells, key.id),
            )
            for key in answers.key.dimensions
        },
        software=software(),
    )


def bands(
    frame: Frame, measured: Measured, cells: Mapping[str, Cell], index: str
) -> dict[str, Band]:
    """Clearly above, around or clearly below the mean of the units, for each published unit.

    The model is fitted to units published at n ≥ 10; the band itself follows from the printed
    index and n, so that it reveals nothing more.
    """
    usable = _usable(frame, measured, cells, index)
    model = fit_random_intercept(usable.n, usable.mean, usable.squares)
    shown = [
        (code, cell.n, cell.value)
        for code in leaves(frame, cells)
        if (cell := cells[code].index[index]).n is not None and cell.value is not None
    ]
    if model is None or not shown or usable.n.size < MINIMUM_UNITS:
        return {}
    placed = shrink(
        model,
        np.array([n for _, n, _ in shown], dtype=np.int64),
        np.array([value for _, _, value in shown], dtype=np.float64),
    )
    return {
        code: band
        for (code, _, _), band in zip(shown, placed.band, strict=True)
        if band is not None
    }


@dataclass(frozen=True)
class _Usable:
    """n, printed mean and squared deviations of the units published at n ≥ 10."""

    n: npt.NDArray[np.int64]
    mean: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]


def _usable(frame: Frame, measured: Measured, cells: Mapping[str, Cell], index: str) -> _Usable:
    row = {name: number for number, name in enumerate(measured.nodes)}
    kept = [
        (cell.n, float(cell.value), Spread(measured, row[code]).sd(index))
        for code in leaves(frame, cells)
        if (cell := cells[code].index[index]).spread
        and cell.n is not None
        and cell.value is not None
    ]
    n = np.array([each[0] for each in kept], dtype=np.int64)
    sd = np.array([each[2] for each in kept], dtype=np.float64)
    return _Usable(n, np.array([each[1] for each in kept], dtype=np.float64), sd**2 * (n - 1))


def _sigma(usable: _Usable) -> int:
    return pooled_sd(
        [
            (int(n), float(np.sqrt(squares / (n - 1))))
            for n, squares in zip(usable.n, usable.squares, strict=True)
        ]
    )


def _dimension(scale: Reliability, usable: _Usable) -> DimensionMethod:
    icc = intraclass_of(
        Moments(usable.n[:, None], (usable.mean * usable.n)[:, None], usable.squares[:, None])
    )
    bounds = None
    if scale.alpha_low is not None and scale.alpha_high is not None:
        bounds = (round(scale.alpha_low, 2), round(scale.alpha_high, 2))
    return DimensionMethod(
        sigma=_sigma(usable),
        alpha=_rounded(scale.alpha),
        alpha_interval=bounds,
        omega=_rounded(scale.omega),
        omega_estimator=scale.omega_estimator if scale.omega is not None else "",
        not_computed=scale.reason,
        icc1=_rounded(icc.icc1) if usable.n.size >= MINIMUM_UNITS else None,
        icc2=_rounded(icc.icc2) if usable.n.size >= MINIMUM_UNITS else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def agreements(
    frame: Frame, answers: WaveAnswers, cells: Mapping[str, Cell]
) -> dict[tuple[str, str], Agreement]:
    """r_wg(j) on the uniform null for (unit, dimension), where the cell allows spread.

    Only for units without units below: an area is not expected to agree.
    """
    found: dict[tuple[str, str], Agreement] = {}
    row = {node.id: number for number, node in enumerate(answers.nodes)}
    for key in answers.key.dimensions:
        spread = within_group_spread(
            item_values(answers.sheets, key), answers.place, len(answers.nodes)
        )
        values = spread.rwg(uniform_null_variance(key.options))
        for code in leaves(frame, cells):
            if not cells[code].index[key.id].spread:
                continue
            disagree = answers_disagree(float(values[row[code]]), int(spread.n[row[code]]))
            if disagree is not None:
                found[code, key.id] = Agreement(spread=bool(disagree))
    return found
