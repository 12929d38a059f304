"""Organisation-level quantities that every interval and the method page use.

Computed once beside the blocks: σ̂ and ICC from blocks of at least ten people, consistency and
correlations over everybody who is counted, from a hundred people and ten such blocks. With fewer
nothing of the scale's quality is said, and σ̂ comes from elsewhere (``survey.measurement.sigma``).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from itertools import combinations

import numpy as np
import numpy.typing as npt

from survey.disclosure.model import Blocks
from survey.measurement.agreement import intraclass_of
from survey.measurement.reliability import Reliability, assess
from survey.measurement.scoring import Moments, group_moments, item_values
from survey.measurement.sigma import LEAST_BLOCK, LEAST_BLOCKS, LEAST_PEOPLE, sigma_hat
from survey.release.counting import WaveAnswers
from survey.release.document import DimensionMethod, Method, SigmaSource

TOO_SMALL = "small_organisation"
"""Why nothing is said of the scale's quality."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def software() -> str:
    """Name and version of this software, as printed in footers."""
    return f"innovasjonskultur {version('innovasjonskultur')}"


def method(answers: WaveAnswers, blocks: Blocks) -> Method:
    """σ̂ of every index in whole points, and the quality of every sub-goal's scale."""
    place = _places(answers, blocks.answers.home)
    overall = _moments(answers.scores[:, 0], place, len(answers.nodes))
    sigma, source = _sigma(overall, answers.scores[place >= 0, 0], single_item=False)
    names = [key.id for key in answers.key.dimensions]
    large = blocks.answers.sizes
    enough = (
        sum(size >= LEAST_BLOCK for size in large.values()) >= LEAST_BLOCKS
        and sum(large.values()) >= LEAST_PEOPLE
    )
    return Method(
        k=blocks.k,
        sigma_overall=sigma,
        sigma_overall_source=source,
        dimensions={
            name: _dimension(answers, blocks, number, place, enough=enough)
            for number, name in enumerate(names)
        },
        software=software(),
        correlations=_correlations(names, answers.scores[place >= 0, 1:]) if enough else {},
    )


def _places(answers: WaveAnswers, home: Mapping[str, str]) -> Ints:
    """Each person's row of the node where his block lies; -1 for those who are in none."""
    row = {node.id: number for number, node in enumerate(answers.nodes)}
    lands = np.array([row.get(home.get(node.id, ""), -1) for node in answers.nodes])
    result: Ints = lands[answers.place]
    return result


def _moments(scores: Floats, place: Ints, rows: int) -> Moments:
    """n, sum and squares of the blocks of at least ten people with a score, one column."""
    found = group_moments(scores[place >= 0], place[place >= 0], rows)
    kept = found.n[:, 0] >= LEAST_BLOCK
    return Moments(found.n[kept], found.total[kept], found.squares[kept])


def _sigma(moments: Moments, everyone: Floats, *, single_item: bool) -> tuple[int, SigmaSource]:
    known = everyone[~np.isnan(everyone)]
    spread = float(np.std(known, ddof=1)) if known.size > 1 else 0.0
    blocks = list(zip(moments.n[:, 0].tolist(), moments.sd[:, 0].tolist(), strict=True))
    return sigma_hat(blocks, (int(known.size), spread), single_item)


def _dimension(
    answers: WaveAnswers,
    blocks: Blocks,
    number: int,
    place: Ints,
    *,
    enough: bool,
) -> DimensionMethod:
    key, scores = answers.key.dimensions[number], answers.scores[:, number + 1]
    index = blocks.indices[key.id]
    home = {node: index.grouping.home.get(at, "") for node, at in blocks.answers.home.items()}
    moments = _moments(scores, _places(answers, home), len(answers.nodes))
    sigma, source = _sigma(moments, scores[place >= 0], single_item=index.alone)
    if not enough:
        return DimensionMethod(sigma, source, not_computed=TOO_SMALL)
    scale = assess(item_values(answers.sheets[place >= 0], key))
    icc = intraclass_of(moments) if len(moments.n) >= LEAST_BLOCKS else None
    return DimensionMethod(
        sigma=sigma,
        source=source,
        alpha=_rounded(scale.alpha),
        alpha_interval=_bounds(scale),
        omega=_rounded(scale.omega),
        omega_estimator=scale.omega_estimator if scale.omega is not None else "",
        not_computed=scale.reason,
        icc1=_rounded(icc.icc1) if icc else None,
        icc2=_rounded(icc.icc2) if icc else None,
    )


def _bounds(scale: Reliability) -> tuple[float, float] | None:
    if scale.alpha_low is None or scale.alpha_high is None:
        return None
    return round(scale.alpha_low, 2), round(scale.alpha_high, 2)


def _correlations(names: list[str], scores: Floats) -> Mapping[str, float]:
    """Correlations of sub-goals over the people who have both, two decimals."""
    found = {}
    for one, other in combinations(range(len(names)), 2):
        pair = scores[~np.isnan(scores[:, [one, other]]).any(axis=1)][:, [one, other]]
        if len(pair) >= LEAST_PEOPLE and (pair.std(axis=0) > 0).all():
            centred = (pair - pair.mean(axis=0)) / pair.std(axis=0)
            value = float((centred[:, 0] * centred[:, 1]).mean())
            found[f"{names[one]}/{names[other]}"] = round(value, 2)
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
