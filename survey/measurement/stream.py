"""A whole database of sheets scored without holding them: text in, sums of every group out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from survey.measurement.scoring import (
    Moments,
    ScoringKey,
    group_moments,
    overall_scores,
    person_scores,
    read_sheets,
)

_BATCH = 1 << 16
"""Persons scored together: many small groups share one pass."""


def moments_of_parts(
    parts: Iterable[bytes | str], width: int, key: ScoringKey, *, overall: bool = False
) -> Moments:
    """Moments of every part, shape (parts, dimensions); a part is one group's sheets end to end.

    Made for ``GROUP BY unit, wave`` with ``aggregate_strings``: one part per row, in the order of
    rows. ``overall`` adds the overall index as a last column. At most a batch of sheets is held.
    """
    done: list[Moments] = []
    waiting: list[bytes | str] = []
    persons = 0
    for part in parts:
        waiting.append(part)
        persons += len(part) // width
        if persons >= _BATCH:
            done.append(_moments(waiting, width, key, overall))
            waiting, persons = [], 0
    if waiting or not done:
        done.append(_moments(waiting, width, key, overall))
    return Moments(
        np.concatenate([m.n for m in done]),
        np.concatenate([m.total for m in done]),
        np.concatenate([m.squares for m in done]),
    )


def _moments(parts: list[bytes | str], width: int, key: ScoringKey, overall: bool) -> Moments:
    whole = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    scores = person_scores(read_sheets(whole, width), key)
    if overall:
        scores = np.column_stack([scores, overall_scores(scores, key)])
    sizes = np.array([len(part) // width for part in parts], np.int64)
    return group_moments(scores, np.repeat(np.arange(sizes.size), sizes), sizes.size)
