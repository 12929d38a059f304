"""Whatever a release may hold, nothing that a report says contradicts it, in any language."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.measurement.chance import by_chance
from survey.release.document import (
    AreaVerdict,
    Participation,
    PastWave,
    Score,
    Tally,
    UnitResult,
)
from survey.reports.common.words import Words
from survey.reports.unit.report import UnitReportRenderer
from tests.marks import long
from tests.reports import samples
from tests.reports.pdf_text import text_of
from tests.reports.truth import ALL, LANGUAGES, check, printed, said

IDS = [each.id for each in samples.instrument().dimensions]


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """An index as printed: hidden, clamped or exact."""
    index = draw(st.one_of(st.none(), st.integers(0, 100), st.integers(45, 60)))
    if index is None:
        return Score(None)
    bound: Any = draw(st.sampled_from([None, None, None, "at_least", "at_most"]))
    return Score({"at_least": 90, "at_most": 10}.get(bound, index), bound)


@st.composite
def units(draw: st.DrawFn) -> UnitResult:
    """A unit in one or two waves with hidden sub-goals anywhere, at times all on one index; its
    verdicts are the measurement room's."""
    n = draw(st.tuples(st.integers(5, 400), st.integers(5, 400)))
    headcount = draw(st.sampled_from([None, n[1], n[1] + 3, 2 * n[1], 5 * n[1]]))
    unit = samples.unit(n[1], headcount, seed=draw(st.integers(0, 9)))
    then = {name: draw(scores()) for name in IDS}
    level, first = draw(st.sampled_from([(False, False)] * 3 + [(True, True), (False, True)]))
    index = st.sampled_from([Score(50), Score(None)]) if level else scores()
    now = {name: draw(index) for name in IDS}
    parts = [then[name] for name in samples.instrument().index]
    whole = Score(None)
    if all(part.index is not None for part in parts):
        whole = Score(samples.mean(samples.instrument(), then))
    past = PastWave(
        samples.WAVES[0],
        Participation(None, n[0], n[0]),
        whole,
        then,
        unit.history[0].items,
    )
    unit = samples.with_scores(replace(unit, history=() if first else (past,)), now)
    if first:
        return unit
    lead = unit.changes[0]
    beside = samples.change(draw(scores()), draw(scores()), (300, 310))
    basis: Any = draw(st.sampled_from(["units", "persons"]))
    area = AreaVerdict("1100", "Oppvekst", replace(beside, basis=basis))
    lead = replace(lead, area=draw(st.sampled_from([None, area])))
    if draw(st.booleans()):
        lead = replace(lead, regression=draw(st.integers(1, 20)), tally=draw(tallies()))
    return replace(unit, changes=(lead,))


@st.composite
def tallies(draw: st.DrawFn) -> Tally | None:
    """Any counts of units by verdict."""
    risen, fallen, unknown, hidden, apart = (draw(st.integers(0, 3)) for _ in range(5))
    expected = by_chance(risen + fallen + unknown)
    return draw(st.sampled_from([None, Tally(risen, fallen, unknown, hidden, apart, *expected)]))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(units(), st.sampled_from(LANGUAGES))
def test_nothing_that_is_said_contradicts_its_interval(unit: UnitResult, language: str) -> None:
    check(said(samples.header(samples.WAVES[::2]), unit, language))


SUBSETS = [hidden for count in range(len(IDS) + 1) for hidden in itertools.combinations(IDS, count)]


def without(hidden: tuple[str, ...]) -> UnitResult:
    """A unit of 8 with these sub-goals hidden in its last wave."""
    return samples.with_scores(samples.unit(8, 12), dict.fromkeys(hidden, Score(None)))


@pytest.mark.parametrize("language", [LANGUAGES[0], *map(long, LANGUAGES[1:])])
def test_every_set_of_hidden_sub_goals_is_told_truly_on_page_and_in_print(language: str) -> None:
    header, words = samples.header(), Words(language)
    for hidden in SUBSETS:
        unit = without(hidden)
        told = said(header, unit, language)
        check(told)
        whole = printed(header, unit, language)
        parts = [name for name in hidden if name in samples.instrument().index]
        assert ALL[language] not in whole or not parts
        assert words("hidden_short") in whole or not hidden
        section = next(each for each in told.view.sections if each.id == "hidden")
        names = " ".join(section.sentences)
        for name in IDS:
            assert told.named(name, names) == (name in hidden)


@pytest.mark.parametrize("number", range(0, len(SUBSETS), 21))
def test_a_pdf_says_of_hidden_sub_goals_what_the_page_says(number: int) -> None:
    language = LANGUAGES[number % 3]
    header, unit = samples.header(), without(SUBSETS[number])
    text = text_of(UnitReportRenderer().render(header, unit, language, "0" * 64))
    view = said(header, unit, language).view
    for section in view.sections:
        if section.id in ("standing", "changed", "talk", "hidden"):
            for sentence in section.sentences:
                assert sentence.replace("\u00a0", " ") in text.replace("\u00a0", " ")
        for row in section.changes.rows if section.changes else ():
            assert row.chip in text
