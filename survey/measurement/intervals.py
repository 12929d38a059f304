"""What do the people who work here now think? Intervals with finite population correction.

The answers of a unit are nearly a census of it, so the correction applies (measurement.md 2A). All
intervals assume that those who did not answer are like those who did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Basis = Literal["sample", "complete", "more_than_headcount", "unknown_headcount", "too_few"]
"""Why an interval looks as it does.

``sample``: corrected for n of N. ``complete``: n = N, everybody has answered, no width.
``more_than_headcount``: n > N, the headcount is wrong, no correction, say so.
``unknown_headcount``: no correction. ``too_few``: n too small for an interval.
"""

Z95 = 1.96
"""The normal quantile as it is printed in the field; used where a published formula has it."""


@dataclass(frozen=True)
class Interval:
    """An interval and what it rests on; ``low``, ``high`` and ``se`` are None when undefined."""

    low: float | None
    high: float | None
    se: float | None
    basis: Basis

    @property
    def width(self) -> float | None:
        """high - low, or None."""
        return None if self.low is None or self.high is None else self.high - self.low


def finite_correction(n: int, headcount: int | None) -> tuple[float, Basis]:
    """The factor sqrt(1 - n/N) of the standard error of a mean, and what it rests on."""
    if headcount is None:
        return 1.0, "unknown_headcount"
    if n > headcount:
        return 1.0, "more_than_headcount"
    if n == headcount:
        return 0.0, "complete"
    return math.sqrt(1.0 - n / headcount), "sample"


def mean_interval(
    mean: float, sd: float, n: int, headcount: int | None, level: float = 0.95
) -> Interval:
    """Interval mean ± t(n-1) · s/sqrt(n) · sqrt(1 - n/N).

    Equals R ``confint(survey::svymean(..., fpc), df = n - 1)``; R's plain ``confint`` uses the
    normal quantile, which is too narrow for units of a dozen. n = N gives zero width. One answer
    of several has no interval (basis ``too_few``). Not clipped to the scale.
    """
    if n < 1 or math.isnan(mean):
        return Interval(None, None, None, "too_few")
    factor, basis = finite_correction(n, headcount)
    if basis == "complete":
        return Interval(mean, mean, 0.0, basis)
    if n < 2 or math.isnan(sd):
        return Interval(None, None, None, "too_few")
    se = sd / math.sqrt(n) * factor
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * se
    return Interval(mean - half, mean + half, se, basis)


def mean_intervals(
    mean: Floats,
    sd: Floats,
    n: npt.NDArray[np.int64],
    headcount: Floats | None,
    level: float = 0.95,
) -> tuple[Floats, Floats, Floats]:
    """``mean_interval`` for arrays: (low, high, se), NaN where undefined.

    ``headcount`` None, or NaN in a place, means unknown there.
    """
    count = np.maximum(n, 1).astype(np.float64)
    share = np.zeros_like(mean) if headcount is None else count / np.maximum(headcount, 1.0)
    share = np.where(np.isnan(share) | (share > 1.0), 0.0, share)
    complete = (share == 1.0) & (n > 0)
    se = np.where(complete, 0.0, sd / np.sqrt(count) * np.sqrt(1.0 - share))
    se = np.where((n > 1) | complete, se, np.nan)
    quantile = special.stdtrit(np.maximum(count - 1.0, 1.0), 0.5 + level / 2)
    half = quantile * se
    return mean - half, mean + half, se


def wilson_interval(count: int, n: int, headcount: int | None, level: float = 0.95) -> Interval:
    """Wilson (1927) score interval of a share, shares 0-1, with n_eff = n(N-1)/(N-n).

    n = N: basis ``complete``, no width; the page says that everybody has answered. n > N or no
    headcount: n itself. ``se`` is the Wald standard error with n_eff, for information.
    """
    if n < 1:
        return Interval(None, None, None, "too_few")
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    share = count / n
    _, basis = finite_correction(n, headcount)
    if basis == "complete":
        return Interval(share, share, 0.0, basis)
    effective = float(n)
    if basis == "sample" and headcount is not None:
        effective = n * (headcount - 1) / (headcount - n)
    z = float(special.ndtri(0.5 + level / 2))
    spread = z * z / effective
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / effective + spread / (4 * effective))
    # the ends are exact at 0 and n of n; rounding must not print 1.0000000000000002
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == n else min(1.0, centre + half)
    return Interval(low, high, math.sqrt(share * (1 - share) / effective), basis)


def printed_margin(share: float, n: int, headcount: int | None) -> float | None:
    """Margin of a share as the UK Civil Service People Survey prints it; share and margin 0-1.

    1.96 · sqrt(p(1-p)/n) · sqrt((N-n)/(N-1)). 0 when all have answered; without correction when
    the headcount is unknown or smaller than n; None without answers.
    """
    if n < 1:
        return None
    margin = Z95 * math.sqrt(share * (1 - share) / n)
    if headcount is None or n > headcount:
        return margin
    if n == headcount:
        return 0.0
    return margin * math.sqrt((headcount - n) / (headcount - 1))


def response_rate(n: int, headcount: int | None) -> float | None:
    """Answers per employee, 0-1 and above 1 when the headcount is wrong; None when unknown."""
    return n / headcount if headcount else None
