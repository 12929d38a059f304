"""From answer sheets to person scores, and from person scores to the sums of every group at once.

All scores are POMP, per cent of the maximum possible (Cohen, Cohen, Aiken & West 1999):
``(x - low) / (high - low) * 100``. Arrays have persons as rows. A missing answer is never zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Sheets = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOT_APPLICABLE = 15
"""Code of «vet ikke» / «ikke relevant» in a sheet: ord('?') - 48."""

_LAST_CODE = 127 - 48
_CHUNK = 1 << 15
"""Rows scored at a time: small enough for the processor's cache, large enough for NumPy."""


@dataclass(frozen=True)
class DimensionKey:
    """How one dimension is scored.

    ``columns`` are positions in the sheet, ``reverse`` says which are reverse-keyed, ``low`` and
    ``high`` are the scale's ends, ``minimum`` is how many items must be answered.
    """

    id: str
    columns: tuple[int, ...]
    reverse: tuple[bool, ...]
    low: int
    high: int
    minimum: int

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.reverse) or not self.columns:
            raise ValueError(f"{self.id}: one column and one direction per item, at least one item")
        if not 1 <= self.high - self.low <= 10:
            raise ValueError(f"{self.id}: a scale has 2 to 11 options")
        if not 1 <= self.minimum <= len(self.columns):
            raise ValueError(f"{self.id}: minimum answered must be 1 to {len(self.columns)}")

    @property
    def options(self) -> int:
        """The number of answer options of the scale."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class ScoringKey:
    """How a whole sheet is scored.

    ``index`` holds the positions (in ``dimensions``) of those that form the overall index, and
    ``index_minimum`` how many of them a person must have.
    """

    dimensions: tuple[DimensionKey, ...]
    index: tuple[int, ...] = ()
    index_minimum: int = 0

    def __post_init__(self) -> None:
        if self.index_minimum == 0 and self.index:
            object.__setattr__(self, "index_minimum", minimum_answered(len(self.index)))


def minimum_answered(items: int, share: float = 2 / 3) -> int:
    """How many of ``items`` must be answered: ``ceil(share * items)``, at least 1."""
    return max(1, math.ceil(round(share * items, 9)))


def read_sheets(joined: bytes | str, width: int) -> Sheets:
    """Sheets laid end to end as an array, shape (persons, width).

    One character per scale item: '0' unanswered -> 0, '?' not applicable -> 15, otherwise the
    option's ordinal from 1. Raises ValueError for a length or a character that cannot be.
    """
    data = joined.encode("utf-8") if isinstance(joined, str) else joined
    if width < 1 or len(data) % width:
        raise ValueError(f"{len(data)} characters are not whole sheets of {width}")
    sheets = np.frombuffer(data, np.uint8).reshape(-1, width) - np.uint8(48)
    if sheets.size and sheets.max() > _LAST_CODE:
        raise ValueError("a sheet holds only ASCII characters from '0' on")
    return sheets


def person_scores(sheets: Sheets, key: ScoringKey) -> Floats:
    """POMP score 0-100 per person and dimension, shape (persons, dimensions).

    The mean of the answered items' POMP when at least ``minimum`` are answered, else NaN
    (measurement.md section 1). A code above the scale's last option counts as missing.
    """
    scores = np.empty((sheets.shape[0], len(key.dimensions)))
    for start in range(0, sheets.shape[0], _CHUNK):
        stop = min(start + _CHUNK, sheets.shape[0])
        columns = np.ascontiguousarray(sheets[start:stop].T)
        for position, dimension in enumerate(key.dimensions):
            scores[start:stop, position] = _score_dimension(columns, dimension)
    return scores


def _score_dimension(columns: Sheets, dimension: DimensionKey) -> Floats:
    """Scores of one dimension from column-major sheets (columns, persons)."""
    top = np.uint8(dimension.options - 1)
    total = np.zeros(columns.shape[1], np.uint16)
    count = np.zeros(columns.shape[1], np.uint16)
    for column, reverse in zip(dimension.columns, dimension.reverse, strict=True):
        step = columns[column] - np.uint8(1)  # unanswered wraps to 255 and falls outside
        valid = step <= top
        total += np.where(valid, top - step if reverse else step, np.uint8(0))
        count += valid.view(np.uint8)
    # 100 * total / (count * top) is one correctly rounded division: the same answers give the
    # same float however many items were answered, so that "all equal" is seen as equal.
    enough = count >= dimension.minimum
    divisor = np.where(enough, count, 1).astype(np.float64) * float(top)
    result: Floats = np.where(enough, total * 100.0 / divisor, np.nan)
    return result


def overall_scores(scores: Floats, key: ScoringKey) -> Floats:
    """The person's overall index, shape (persons,): mean of the index's dimension scores.

    NaN when fewer than ``index_minimum`` of them exist, or when the key has no index.
    """
    if not key.index:
        return np.full(scores.shape[0], np.nan)
    chosen = scores[:, list(key.index)]
    present = ~np.isnan(chosen)
    count = present.sum(axis=1)
    enough = count >= max(key.index_minimum, 1)
    total = np.where(present, chosen, 0.0).sum(axis=1)
    result: Floats = np.where(enough, total / np.where(enough, count, 1), np.nan)
    return result


def item_values(sheets: Sheets, dimension: DimensionKey) -> Floats:
    """Keyed item answers on the own scale, shape (persons, items); NaN where missing.

    Reverse-keyed items are turned: x' = low + high - x.
    """
    ordinals = sheets[:, list(dimension.columns)].astype(np.float64)
    missing = (ordinals < 1) | (ordinals > dimension.options)
    values = ordinals + (dimension.low - 1)
    reverse = np.array(dimension.reverse)
    values[:, reverse] = dimension.low + dimension.high - values[:, reverse]
    values[missing] = np.nan
    return values


# ---------------------------------------------------------------------- counts of answers


def item_counts(
    sheets: Sheets,
    column: int,
    options: int,
    groups: Ints,
    n_groups: int,
    *,
    reverse: bool = False,
) -> Ints:
    """Answers of every group to one item or question, shape (n_groups, options + 2).

    Count of each option in its own order (of a reverse-keyed item turned, so that the last is the
    most favourable), then not applicable, then unanswered. ``groups`` numbers each person's group.
    """
    place = np.full(256, options + 1)  # a code outside the scale is no answer
    ordinals = np.arange(options)
    place[1 : options + 1] = ordinals[::-1] if reverse else ordinals
    place[NOT_APPLICABLE] = options
    cell = place[sheets[:, column]] + groups * (options + 2)
    counts = np.bincount(cell, minlength=n_groups * (options + 2))
    table: Ints = counts.reshape(n_groups, options + 2).astype(np.int64, copy=False)
    return table


def upper_half(options: int) -> tuple[int, ...]:
    """Positions of the favourable options of a scale; the middle one of an odd scale is neutral."""
    return tuple(range(options - options // 2, options))


# ---------------------------------------------------------------------- groups


@dataclass(frozen=True)
class Moments:
    """Number, sum and squared deviations of every group and dimension, shape (groups, dims).

    ``n`` counts persons with a score, ``total`` is their sum and ``squares`` the sum of squared
    deviations from the group's own mean (not of the raw values: those lose their digits).
    """

    n: Ints
    total: Floats
    squares: Floats

    @property
    def mean(self) -> Floats:
        """Group means; NaN where n is 0."""
        result: Floats = np.where(self.n > 0, self.total / np.maximum(self.n, 1), np.nan)
        return result

    @property
    def variance(self) -> Floats:
        """Sample variance (ddof 1); NaN where n is below 2; exactly 0 when all are equal."""
        result: Floats = np.where(self.n > 1, self.squares / np.maximum(self.n - 1, 1), np.nan)
        return result

    @property
    def sd(self) -> Floats:
        """Sample standard deviation (ddof 1); NaN where n is below 2."""
        return np.sqrt(self.variance)


def group_moments(scores: Floats, groups: Ints, n_groups: int) -> Moments:
    """Moments per group and column of ``scores`` (persons, dims); ``groups`` 0..n_groups-1.

    Two passes (sum, then squared deviations from the group's mean). Deviations at the level of
    rounding are set to exactly 0, so that equal answers have a standard deviation of 0.
    """
    columns = scores if scores.ndim == 2 else scores[:, None]
    shape = (n_groups, columns.shape[1])
    n, total, squares = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape)
    for position in range(columns.shape[1]):
        values = columns[:, position]
        present = ~np.isnan(values)
        where, values = groups[present], values[present]
        n[:, position] = np.bincount(where, minlength=n_groups)
        total[:, position] = np.bincount(where, weights=values, minlength=n_groups)
        mean = total[:, position] / np.maximum(n[:, position], 1)
        deviation = values - mean[where]
        deviation[np.abs(deviation) <= 1e-12 * np.abs(values)] = 0.0
        squares[:, position] = np.bincount(where, weights=deviation**2, minlength=n_groups)
    return Moments(n, total, squares)
