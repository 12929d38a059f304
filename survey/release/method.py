"""Organisation-level quantities that verdicts and the method page use.

Quantities of the model (σ̂, ICC) are computed from cells published at n ≥ 10 only: otherwise a
parent's figures would give a hidden unit's mean back.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

import numpy as np

from survey.disclosure.model import OVERALL, Cell, Measured
from survey.measurement.agreement import (
    answers_disagree,
    uniform_null_variance,
    within_group_spread,
)
from survey.measurement.change import pooled_sd
from survey.measurement.scoring import item_values
from survey.release.document import Agreement, DimensionMethod, Method
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


def method(frame: Frame, measured: Measured, cells: Mapping[str, Cell]) -> Method:
    """σ̂ of the overall index and of each dimension, in whole points."""
    row = {name: number for number, name in enumerate(measured.nodes)}
    units = leaves(frame, cells)

    def sigma(index: str) -> int:
        usable = [code for code in units if cells[code].index[index].spread]
        return pooled_sd(
            [
                (cells[code].index[index].n or 0, Spread(measured, row[code]).sd(index))
                for code in usable
            ]
        )

    return Method(
        k=frame.k,
        relevance=frame.relevance,
        sigma_overall=sigma(OVERALL),
        dimensions={
            dimension.id: DimensionMethod(sigma(dimension.id))
            for dimension in frame.instrument.dimensions
        },
        software=software(),
    )


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
                found[code, key.id] = Agreement(
                    float(np.round(values[row[code]], 2)), spread=bool(disagree)
                )
    return found
