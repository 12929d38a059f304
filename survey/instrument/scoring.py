"""What scoring needs to know of an instrument, as plain values.

The room of measurement knows no instrument; whoever sees both hands these over.
"""

from __future__ import annotations

from typing import NamedTuple

from survey.instrument.layout import Layout
from survey.instrument.model import Instrument


class ScoringColumns(NamedTuple):
    """How one dimension is scored.

    ``columns`` (0-based positions in the sheet), ``items`` and ``reverse`` run in parallel;
    ``minimum``..``maximum`` is the scale; ``minimum_items`` is ⌈minimum_answered · J⌉.
    """

    dimension: str
    columns: tuple[int, ...]
    reverse: tuple[bool, ...]
    minimum: int
    maximum: int
    minimum_items: int
    items: tuple[str, ...]


class IndexRule(NamedTuple):
    """The overall index: mean of these dimensions' scores when at least so many are there."""

    dimensions: tuple[str, ...]
    minimum_dimensions: int


def scoring_columns(instrument: Instrument) -> list[ScoringColumns]:
    """Return the scoring key of every dimension, in the instrument's order."""
    columns = Layout(instrument).items
    return [
        ScoringColumns(
            dimension=dimension.id,
            columns=tuple(columns[item.id] for item in dimension.items),
            reverse=tuple(item.reverse for item in dimension.items),
            minimum=instrument.scales[dimension.scale].minimum,
            maximum=instrument.scales[dimension.scale].maximum,
            minimum_items=dimension.minimum_items,
            items=tuple(item.id for item in dimension.items),
        )
        for dimension in instrument.dimensions
    ]


def index_rule(instrument: Instrument) -> IndexRule:
    """Return which dimensions make the overall index, and how many a person needs."""
    return IndexRule(instrument.index, instrument.minimum_dimensions)
