"""The attacker of the search finds what it must find when a protection is taken away.

One municipality, written down and not drawn, published twice: as it is, and with secondary
suppression and the auditor switched off (or the masks of the open wave). The search itself would be
worth nothing if the second were as silent as the first.
"""

from __future__ import annotations

import copy
import functools

import pytest

from survey.disclosure.audit_report import AuditReport
from survey.disclosure.engine import protect
from survey.release import compute
from survey.study import participation as counts
from tests.leaks.attacker import attack
from tests.leaks.open_wave import attack_open, leaders_told
from tests.leaks.outputs import differences, documents
from tests.leaks.reading import read_wave
from tests.leaks.world import DrawnWave, History, Place

pytestmark = pytest.mark.no_cover

PLACES = [
    Place("K", "Kommunen", None, "", 2),
    Place("A0", "Område A", "K", "", 4),
    Place("A0U0", "Enhet Aa", "A0", "hjem", 14, 1),
    Place("A0U1", "Enhet Ab", "A0", "hjem", 12, 1),
    Place("A1", "Område B", "K", "", 3),
    Place("A1U0", "Enhet Ba", "A1", "skole", 24, 1),
    Place("A1U1", "Enhet Bb", "A1", "skole", 13, 1),
]
WAVE = DrawnWave(PLACES, 1.0, 0.3, False, 0.0, 0.5, 7)


def attacked(published, shape: str = "to-og-to", me: bool = False):
    """Publish it and attack it; returns what was found, and the documents."""
    [(made, wave)] = published(History(shape, 5, [WAVE]))
    header, units = documents(made, 1)
    colleague = wave.sheets[0] if me else None
    return attack(read_wave(header, units, wave.sheets, colleague)), (made, wave, header, units)


def test_as_it_is_nothing_is_found_and_not_because_nothing_is_shown(published):
    found, (_, wave, header, units) = attacked(published)
    assert found == []
    shown = sum(unit["overall"]["index"] is not None for unit in units)
    assert shown >= 3
    assert header["published_values"] > 30
    assert attack_open(wave.open_counts, 5) == []


@pytest.mark.parametrize("me", [False, True])
def test_without_secondary_suppression_areas_give_away_their_own_staff(published, monkeypatch, me):
    """Area minus units is the four of the area's own staff: means, and every count of theirs."""
    monkeypatch.setattr(compute, "protect", functools.partial(protect, secondary=False))
    monkeypatch.setattr(compute, "cleared", lambda printed, *_: (printed, AuditReport((), {})))
    found, _ = attacked(published, me=me)
    assert {each.criterion for each in found} >= {"a", "b", "c"}
    told = {(each.criterion, each.group) for each in found}
    assert ("b", "A0 (own)") in told
    assert ("b", "A1 (own)") in told


def test_exact_unmasked_counts_of_an_open_wave_are_subtracted(published, monkeypatch):
    """With masks and rounding off: how many of three answered, and whether a leader did."""
    monkeypatch.setattr(counts, "_hidden", lambda *_: set())
    monkeypatch.setattr(counts, "_rounded", lambda _wave, _unit, count: count)
    _, (_, wave, _, units) = attacked(published)
    assert any(each.startswith("A1 (own)") for each in attack_open(wave.open_counts, 5, rounded=0))
    answered = {
        unit["unit"]["code"]: unit["participation"]["answered"]
        for unit in units
        if unit["participation"]["answered"] is not None
    }
    assert leaders_told(wave.open_counts, answered, rounded=0) > 0
    assert leaders_told(wave.open_counts, answered) == 0


def test_a_page_that_said_more_than_the_documents_would_be_noticed(published):
    """The document given to the comparison has another index than the page that was published."""
    _, (made, _, header, units) = attacked(published)
    unit = next(each for each in units if each["overall"]["index"] is not None)
    assert differences(made, header, unit, as_pdf=False) == []
    other = copy.deepcopy(unit)
    other["overall"]["index"] -= 31
    assert any(each.startswith("page") for each in differences(made, header, other, as_pdf=False))
