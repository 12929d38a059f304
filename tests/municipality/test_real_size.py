"""Four hundred units at every rate of answering: always released, and nothing lost on the way."""

from __future__ import annotations

import pytest

from survey.instrument.layout import Layout
from survey.release.audit import findings
from survey.release.compute import Computed, protect_wave, write_documents
from survey.release.frame import Frame
from tests.municipality.counted import K, drawn, instrument, without_an_index
from tests.release.samples import as_earlier

pytestmark = pytest.mark.no_cover

RATES = [0.31, 0.50, 0.72, 0.90]


def released(frame: Frame, joined: dict[str, str]) -> Computed:
    made = write_documents(frame, protect_wave(frame, joined))
    assert findings(made) == ()
    return made


@pytest.mark.parametrize("rate", RATES)
def test_a_wave_of_four_hundred_units_is_released(rate: float) -> None:
    """Every unit of k answers shows all its indices, whoever its neighbours are, and so does every
    area; what is shared out higher up is what smaller units could not hold."""
    frame, joined = drawn(400, rate)
    made = released(frame, joined)
    assert len(made.units) > 390
    assert without_an_index(frame, joined, made) == []
    width = Layout(instrument()).width
    for unit in made.units:
        n = len(joined.get(unit.unit.code, "")) // width
        if unit.unit.children:
            assert unit.overall.index is not None
        else:
            assert unit.participation.answered == (n or None)
            assert n == 0 or n >= K
    [top] = [unit for unit in made.units if unit.unit.parent is None]
    assert top.participation.answered == sum(map(len, joined.values())) // width


def test_a_second_wave_is_judged_against_the_first() -> None:
    first = released(*drawn(400, 0.31))
    frame, joined = drawn(400, 0.31, ordinal=2)
    made = write_documents(frame, protect_wave(frame, joined), [as_earlier(first)])
    assert findings(made) == ()
    [top] = [unit for unit in made.units if unit.unit.parent is None]
    [change] = top.changes
    assert (change.overall.verdict, change.overall.basis) == ("risen", "units")
    assert change.tally is not None
    leaves = sum(not unit.unit.children for unit in made.units)
    said = change.tally
    assert said.risen + said.fallen + said.unknown + said.hidden + said.not_comparable == leaves
