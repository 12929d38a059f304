"""From blocks to what a unit's document says: every number is looked up at its node.

Nothing in this module sees an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from survey.disclosure.model import Blocks
from survey.disclosure.printing import PrintedIndex, PrintedShare, Printer, overall
from survey.instrument.parts import Dimension
from survey.instrument.question_types.registry import type_of
from survey.measurement.intervals import printed_interval, standard_error
from survey.measurement.participation import Participation, participation
from survey.release.document import (
    Category,
    DimensionResult,
    Interval,
    ItemResult,
    Method,
    OptionResult,
    Others,
    QuestionResult,
    Score,
    Share,
    Tier,
)
from survey.release.frame import Frame

HIDDEN = Score(None)


class Results:
    """The figures of every node of a wave."""

    def __init__(self, frame: Frame, blocks: Blocks, method: Method) -> None:
        self._frame = frame
        self._instrument = frame.instrument
        self._method = method
        self._printer = Printer(blocks)

    def participation(self, code: str) -> Participation:
        """Answers that count at the unit, and headcount and invited of those whose answers do."""
        n = self._printer.n(code)
        if n is None:
            return participation(None, self._frame.subtree_headcount(code))
        held = self._printer.held[code]
        invited = sum(self._frame.invited(node) for node in held) or None
        return participation(n, self._frame.headcount(held) or None, invited)

    def tier(self, code: str) -> Tier:
        """How much the unit shows, by its number of answers."""
        n = self._printer.n(code)
        if n is None:
            return "none"
        return "index" if n < 10 else "shares" if n < 100 else "full"

    def overall(self, code: str) -> Score:
        """The mean of the unit's printed sub-goals, where all of the index's are printed."""
        parts = [self._printer.index(name, code) for name in self._instrument.index]
        return self._score(code, overall(parts), self._method.sigma_overall)

    def others(self, code: str) -> Others | None:
        """The row "others in the area" of an inner node with a block of its own."""
        n = self._printer.n_of_others(code)
        if n is None:
            return None
        indices = {
            d.id: self._printer.index(d.id, code, others=True) for d in self._instrument.dimensions
        }
        total = overall([indices[name] for name in self._instrument.index])
        return Others(n, _plain(total), {name: _plain(index) for name, index in indices.items()})

    def texts_of(self, code: str) -> int | None:
        """Of how many people the pool is whose texts stand at the unit."""
        return self._printer.texts(code)

    def dimension(self, dimension: Dimension, code: str) -> DimensionResult:
        """One sub-goal of the unit with its items."""
        sigma = self._method.dimensions[dimension.id].sigma
        score = self._score(code, self._printer.index(dimension.id, code), sigma)
        scale = self._instrument.scales[dimension.scale]
        items = tuple(
            self._item(item.id, code, list(scale.values), reverse=item.reverse)
            for item in dimension.items
        )
        return DimensionResult(dimension.id, score, items=items)

    def questions(self, code: str) -> tuple[QuestionResult, ...]:
        """The questions whose options have shares, in the instrument's order."""
        results = []
        for question in self._instrument.questions:
            form = type_of(question).shares
            if question.purpose == "role" or form is None:
                continue
            ids = [option.id for option in question.options]
            shares = (
                self._single(question.id, len(ids), code)
                if form == "one"
                else [self._option(f"option:{question.id}/{option_id}", code) for option_id in ids]
            )
            options = tuple(map(OptionResult, ids, shares))
            results.append(QuestionResult(question.id, options))
        return tuple(results)

    def _score(self, code: str, index: PrintedIndex | None, sigma: int) -> Score:
        if index is None:
            return HIDDEN
        headcount = self._frame.headcount(self._printer.held[code]) or None
        ends = interval(index, sigma, self._printer.n(code) or 0, headcount)
        return Score(index.value, index.bound, ends, everyone=ends is None)

    def _item(self, name: str, code: str, values: Sequence[int], *, reverse: bool) -> ItemResult:
        key = f"item:{name}"
        favourable = None
        if key in self._printer.shares:
            favourable = _share(self._printer.share(key, code))
        shares = self._printer.categories(key, code)
        categories = None
        if shares is not None:
            turned = tuple(reversed(shares)) if reverse else shares
            categories = tuple(
                Category(value, _shown(share)) for value, share in zip(values, turned, strict=True)
            )
        missing = _share(self._printer.share(f"missing:{name}", code))
        return ItemResult(name, favourable, categories, missing)

    def _single(self, name: str, options: int, code: str) -> list[Share | None]:
        shares = self._printer.categories(f"question:{name}", code)
        return [None] * options if shares is None else [_shown(share) for share in shares]

    def _option(self, key: str, code: str) -> Share | None:
        if key in self._printer.shares:
            return _share(self._printer.share(key, code))
        shares = self._printer.categories(key, code)
        return None if shares is None else _shown(shares[1])


def interval(index: PrintedIndex, sigma: int, n: int, headcount: int | None) -> Interval | None:
    """Index ± 1.96·σ̂/√n·√(1 − n/N), rounded outward, with an open end beyond a bound.

    None when everybody has answered.
    """
    se = standard_error(sigma, n, headcount)
    if not se:
        return None
    return printed_interval(
        index.value,
        se,
        low_open=index.bound in ("at_most", "open"),
        high_open=index.bound in ("at_least", "open"),
    )


def _plain(index: PrintedIndex | None) -> Score:
    return HIDDEN if index is None else Score(index.value, index.bound)


def _share(share: PrintedShare | None) -> Share | None:
    return None if share is None else _shown(share)


def _shown(share: PrintedShare) -> Share:
    return Share(share.percent, share.step, share.form)
