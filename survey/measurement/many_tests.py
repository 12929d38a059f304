"""P values of many tests at once: columns for analysts and for lists, which decide no verdict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def holm(p: Floats) -> Floats:
    """Holm (1979) step-down adjusted p, along the last axis; NaN is no test and stays NaN."""
    order = np.argsort(p, axis=-1)  # NaN sorts last
    ranked = np.take_along_axis(p, order, axis=-1)
    tested = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    factor = np.maximum(tested - np.arange(p.shape[-1]), 1)
    stepped = np.maximum.accumulate(np.where(np.isnan(ranked), -np.inf, ranked * factor), axis=-1)
    stepped = np.where(np.isnan(ranked), np.nan, np.minimum(stepped, 1.0))
    result = np.empty_like(stepped)
    np.put_along_axis(result, order, stepped, axis=-1)
    return result


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini & Hochberg (1995) step-up adjusted p (false discovery rate), one dimension.

    For lists of changed units and for many items screened. NaN is no test and stays NaN.
    """
    result = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    if tested.size:
        order = tested[np.argsort(p[tested])]
        scaled = p[order] * tested.size / np.arange(1, tested.size + 1)
        result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result
