"""What the search once found, kept: published as it was drawn, and nothing is found any more."""

from __future__ import annotations

import pytest

from survey.disclosure import engine, mending
from survey.disclosure.loosening import Loosened
from tests.leaks.attacker import attack, findings
from tests.leaks.outputs import documents
from tests.leaks.reading import read_wave
from tests.leaks.world import DrawnWave, History, Place

pytestmark = pytest.mark.no_cover

REST_OF_TWENTY = [
    Place("K", "Kommunen", None, "", 4, 0),
    Place("A0", "Område A", "K", "", 3, 0),
    Place("A0U2", "Enhet Ac", "A0", "", 17, 2),
    Place("A1", "Område B", "K", "", 2, 0),
    Place("A1U0", "Enhet Ba", "A1", "skole", 5, 1),
    Place("A1U3", "Enhet Bd", "A1", "skole", 3, 0),
    Place("A2", "Område C", "K", "", 5, 0),
    Place("A2U0", "Enhet Ca", "A2", "", 51, 2),
    Place("A2U1", "Enhet Cb", "A2", "", 28, 0),
    Place("A2U2", "Enhet Cc", "A2", "skole", 18, 1),
    Place("A1U0N1", "Enhet Ba nord", "A1", "skole", 18, 0),
    Place("A1U3N1", "Enhet Bd nord", "A1", "skole", 15, 0),
]
"""The whole merges two answers of 80 people; two areas tell how 70 of them divide, and the index of
123 people told of the ten who were left that at most one chose the third answer."""


def found(published, places, shape, k=5, *, first=False, **drawn):
    """What the attacker finds of one wave; only the ``first`` thing, where one is enough."""
    [(made, wave)] = published(History(shape, k, [DrawnWave(places, **drawn)]))
    header, units = documents(made, 1)
    read = read_wave(header, units, wave.sheets, None)
    return next(findings(read), None) if first else attack(read)


@pytest.mark.parametrize("mended", [True, False])
def test_an_index_does_not_divide_those_whom_areas_leave_over(published, monkeypatch, mended):
    """Taken away (``mended`` False), the attacker finds it again."""
    if not mended:
        monkeypatch.setattr(engine, "untied", lambda printed, *_: printed)
        monkeypatch.setattr(mending, "loosened", lambda printed, *_: Loosened(printed, (), 0))
    drawn = {
        "here": 0.75,
        "agreement": 0.3,
        "common": False,
        "missing": 0.0,
        "ticking": 0.6,
        "seed": 2306951403,
    }
    exposed = found(published, REST_OF_TWENTY, "to-fire", first=not mended, **drawn)
    assert bool(exposed) is not mended, exposed


INDEX_OF_TWO_ITEMS = [
    Place("K", "Kommunen", None, "", 1, 0),
    Place("A0", "Område A", "K", "", 3, 0),
    Place("A0U0", "Enhet Aa", "A0", "skole", 23, 2),
    Place("A0U1", "Enhet Ab", "A0", "", 11, 0),
    Place("A0U2", "Enhet Ac", "A0", "hjem", 23, 2),
    Place("A0U3", "Enhet Ad", "A0", "skole", 8, 0),
    Place("A1", "Område B", "K", "skole", 9, 0),
    Place("A2", "Område C", "K", "", 1, 0),
    Place("A2U0", "Enhet Ca", "A2", "", 9, 2),
    Place("A2U1", "Enhet Cb", "A2", "skole", 2, 0),
]
"""A dimension of two items: of a unit of eleven, the index and what larger cells tell leave at most
one who chose the highest answer of an item that the unit's own page hides."""


def test_an_index_of_two_items_says_nothing_of_the_one_that_is_hidden(published):
    drawn = {
        "here": 1.0,
        "agreement": 0.85,
        "common": False,
        "missing": 0.0,
        "ticking": 0.95,
        "seed": 3628799,
    }
    assert not found(published, INDEX_OF_TWO_ITEMS, "fem-trinn", k=7, first=True, **drawn)
