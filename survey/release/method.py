"""Organisation-level quantities that every interval and the method page use.

Computed once beside the blocks: σ̂ and ICC from blocks of at least ten people, consistency and
correlations over everybody who is counted, from a hundred people and ten such blocks. With fewer
nothing of the scale's quality is said, and σ̂ comes from elsewhere (``survey.measurement.sigma``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import combinations

import numpy as np
import numpy.typing as npt

from survey.disclosure.model import Blocks, Node
from survey.measurement.agreement import intraclass_of
from survey.measurement.reliability import assess
from survey.measurement.scoring import Floats, Ints, Moments, group_moments
from survey.measurement.sigma import LEAST_BLOCK, LEAST_BLOCKS, LEAST_PEOPLE, Source, sigma_hat
from survey.measurement.wave import ScoredWave
from survey.release.document import DimensionMethod, Method

TOO_SMALL = "small_organisation"
"""Why nothing is said of the scale's quality."""


def software() -> str:
    """Name and version of this software, as printed in footers."""
    return f"innovasjonskultur {version('innovasjonskultur')}"


def method(nodes: Sequence[Node], wave: ScoredWave, blocks: Blocks) -> Method:
    """σ̂ of every index in whole points, and the quality of every sub-goal's scale.

    The wave's units are the rows of ``nodes``.
    """
    where = _places(nodes, wave, blocks.answers.home)
    counted = where >= 0
    overall = _moments(wave.overall, where, wave.n_units)
    sigma, source = _sigma(overall, wave.overall[counted], single_item=False)
    sizes = blocks.answers.sizes
    enough = (
        sum(size >= LEAST_BLOCK for size in sizes.values()) >= LEAST_BLOCKS
        and sum(sizes.values()) >= LEAST_PEOPLE
    )
    names = [key.id for key in wave.key.dimensions]
    dimensions = {}
    for number, name in enumerate(names):
        index = blocks.indices[name]
        home = {node: index.grouping.home.get(at, "") for node, at in blocks.answers.home.items()}
        scores = _moments(wave.scores[:, number], _places(nodes, wave, home), wave.n_units)
        spread = _sigma(scores, wave.scores[counted, number], single_item=index.alone)
        dimensions[name] = (
            _dimension(wave, number, counted, scores, spread)
            if enough
            else DimensionMethod(*spread, not_computed=TOO_SMALL)
        )
    return Method(
        k=blocks.k,
        sigma_overall=sigma,
        sigma_overall_source=source,
        dimensions=dimensions,
        software=software(),
        correlations=_correlations(names, wave.scores[counted]) if enough else {},
    )


def _places(nodes: Sequence[Node], wave: ScoredWave, home: Mapping[str, str]) -> Ints:
    """Each person's row of the node where his block lies; -1 for those who are in none."""
    row = {node.id: number for number, node in enumerate(nodes)}
    lands = np.array([row.get(home.get(node.id, ""), -1) for node in nodes])
    result: Ints = lands[wave.answers.units]
    return result


def _moments(scores: Floats, place: Ints, rows: int) -> Moments:
    """n, sum and squares of the blocks of at least ten people with a score, one column."""
    moments = group_moments(scores[place >= 0], place[place >= 0], rows)
    kept = moments.n[:, 0] >= LEAST_BLOCK
    return Moments(moments.n[kept], moments.total[kept], moments.squares[kept])


def _sigma(moments: Moments, everyone: Floats, *, single_item: bool) -> tuple[int, Source]:
    known = everyone[~np.isnan(everyone)]
    spread = float(np.std(known, ddof=1)) if known.size > 1 else 0.0
    blocks = list(zip(moments.n[:, 0].tolist(), moments.sd[:, 0].tolist(), strict=True))
    return sigma_hat(blocks, (int(known.size), spread), single_item)


def _dimension(
    wave: ScoredWave,
    number: int,
    counted: npt.NDArray[np.bool_],
    scores: Moments,
    spread: tuple[int, Source],
) -> DimensionMethod:
    """The quality of a sub-goal's scale, over those who are ``counted`` in a block."""
    scale = assess(wave.item_values(wave.key.dimensions[number])[counted])
    icc = intraclass_of(scores) if len(scores.n) >= LEAST_BLOCKS else None
    ends = scale.alpha_interval
    return DimensionMethod(
        *spread,
        alpha=_rounded(scale.alpha),
        alpha_interval=None if ends is None else (round(ends.low, 2), round(ends.high, 2)),
        omega=_rounded(scale.omega),
        omega_estimator=scale.omega_estimator if scale.omega is not None else "",
        not_computed=scale.reason,
        icc1=_rounded(icc.icc1) if icc else None,
        icc2=_rounded(icc.icc2) if icc else None,
    )


def _correlations(names: list[str], scores: Floats) -> Mapping[str, float]:
    """Correlations of sub-goals over the people who have both, two decimals."""
    correlations = {}
    for one, other in combinations(range(len(names)), 2):
        pair = scores[~np.isnan(scores[:, [one, other]]).any(axis=1)][:, [one, other]]
        if len(pair) >= LEAST_PEOPLE and (pair.std(axis=0) > 0).all():
            centred = (pair - pair.mean(axis=0)) / pair.std(axis=0)
            value = float((centred[:, 0] * centred[:, 1]).mean())
            correlations[f"{names[one]}/{names[other]}"] = round(value, 2)
    return correlations


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
