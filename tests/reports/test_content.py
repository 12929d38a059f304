"""The report says what is known of the unit, in every state that a unit can be in."""

from __future__ import annotations

import dataclasses

import pytest

from survey.release.document import Participation, Score, UnitResult
from survey.reports.content import content
from survey.reports.context import Context
from survey.reports.sentences import (
    answered,
    circumstances,
    extremes,
    has_it_changed,
    keep_and_improve,
    profile_title,
)
from survey.reports.unit_report import FreeText, dashboard, render_unit_html
from survey.reports.words import Words
from tests.reports import samples


def scored(*indices: int | None) -> UnitResult:
    unit = samples.unit(waves=samples.WAVES[:1])
    dimensions = tuple(
        dataclasses.replace(each, score=Score(index, 24 if index is not None else None))
        for each, index in zip(unit.dimensions, indices, strict=False)
    )
    return dataclasses.replace(unit, dimensions=dimensions)


def context(unit: UnitResult, language: str = "nb", waves: int = 1) -> Context:
    return Context(samples.header(samples.WAVES[:waves]), unit, language)


def test_keep_is_the_own_highest_and_improve_the_own_lowest() -> None:
    about = context(scored(50, 72, 61, 44, 60))
    highest, lowest = extremes(about)
    assert [row.id for row in highest] == [samples.instrument().dimensions[1].id]
    assert [row.id for row in lowest] == [samples.instrument().dimensions[3].id]
    said = keep_and_improve(about)
    assert said == (
        "Ta vare på: innovasjonsledelse ligger høyest hos oss (72).",
        "Utvikle: innovasjonsverktøy ligger lavest hos oss (44).",
    )


def test_a_small_spread_is_said_to_be_perhaps_chance() -> None:
    assert keep_and_improve(context(scored(50, 54)))[-1].startswith("Det skiller bare 4 poeng")


def test_equal_or_hidden_dimensions_single_nothing_out() -> None:
    assert keep_and_improve(context(scored(50, 50))) == (
        "Alle delmål som vises, ligger på 50. Ingen skiller seg ut.",
    )
    assert keep_and_improve(context(scored(None, None))) == (
        "Vi kan ikke peke på noe å ta vare på eller utvikle, for ingen delmål vises.",
    )


def test_one_wave_says_that_change_comes_later() -> None:
    unit = samples.unit(waves=samples.WAVES[:1])
    assert has_it_changed(context(unit)) == (
        "Dette er den første målingen. Vi kan si noe om endring etter neste måling.",
    )


def test_a_hidden_unit_in_the_first_wave_says_that_there_is_nothing_to_compare_with() -> None:
    unit = dataclasses.replace(samples.unit(waves=samples.WAVES[:1]), tier="none")
    assert has_it_changed(context(unit)) == (
        "Dette er den første målingen, så det finnes ikke noe å sammenligne med.",
    )


def test_only_a_unit_below_the_top_says_that_leaders_are_counted_elsewhere() -> None:
    unit = samples.unit()
    told = "Svar fra ledere er ikke med her. De telles høyere opp."
    assert told in answered(context(unit, waves=3))
    top = dataclasses.replace(unit, unit=dataclasses.replace(unit.unit, parent=None))
    assert told not in answered(context(top, waves=3))


def test_a_new_unit_says_that_it_is_new() -> None:
    unit = samples.unit(is_new=True)
    assert has_it_changed(context(unit, waves=3))[0].startswith("Enheten er ny siden")


def test_a_hidden_unit_says_so_everywhere_and_shows_no_number_of_this_wave() -> None:
    unit = samples.unit(3, 6)
    view = dashboard(samples.header(), unit, "nb")
    assert view.facts[0].value == "vises ikke"
    assert view.facts[1].value == "vises ikke"
    said = {section.id: section for section in view.sections}
    assert "vises ikke (for få svar, eller for å verne andre)" in said["answered"].sentences[0]
    assert "items" not in said
    assert all(row[-1] == "vises ikke" for row in said["standing"].charts[0].chart.table.rows)


def test_waves_that_cannot_be_compared_say_why() -> None:
    unit = samples.unit()
    changes = tuple(
        dataclasses.replace(each, comparable=False, reason="Enheten er delt i to.")
        for each in unit.changes
    )
    about = context(dataclasses.replace(unit, changes=changes), waves=3)
    assert has_it_changed(about) == (
        "Denne målingen kan ikke sammenlignes med «Før 2024»: Enheten er delt i to.",
    )
    assert "ligger høyest" in profile_title(about)


def test_the_areas_verdict_stands_beside_the_units() -> None:
    said = has_it_changed(context(samples.unit(), waves=3))
    assert any("Oppvekst" in sentence for sentence in said)


def test_a_merged_unit_names_its_neighbour() -> None:
    unit = samples.unit()
    facts = dataclasses.replace(unit.unit, merged_into="1100", note="Flyttet i 2025.")
    said = circumstances(context(dataclasses.replace(unit, unit=facts), waves=3))
    assert said == ("Svarene fra enheten er slått sammen med Oppvekst.", "Flyttet i 2025.")


def test_comments_appear_only_where_the_release_allows_them() -> None:
    question = next(q.id for q in samples.instrument().questions if q.type == "text")
    text = FreeText({question: ["Mer tid"]})
    allowed = dashboard(samples.header(), samples.unit(), "nb", text)
    refused = dashboard(samples.header(), samples.unit(7, 12), "nb", text)
    assert "comments" in [section.id for section in allowed.sections]
    assert "comments" not in [section.id for section in refused.sections]


def test_the_headline_is_the_verdict_and_where_there_is_none_where_the_unit_stands() -> None:
    view = dashboard(samples.header(), samples.unit(), "en")
    assert view.headline.startswith("Since “Before (Før 2024)”: ")
    first = dashboard(
        samples.header(), dataclasses.replace(samples.unit(), history=(), changes=()), "en"
    )
    assert first.headline.startswith("The overall index is ")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_fewer_than_half_is_said_and_half_is_not(language: str) -> None:
    few = Words(language)("answered_few")
    for count, said in ((11, True), (12, False)):
        who = Participation(headcount=24, invited=24, answered=count)
        unit = dataclasses.replace(samples.unit(), participation=who)
        view = dashboard(samples.header(), unit, language)
        section = next(each for each in view.sections if each.id == "answered")
        assert (few in section.sentences) is said, count


def test_the_page_does_not_speak_of_the_code_that_only_the_printed_report_has() -> None:
    for language in ("nb", "nn", "en"):
        words = Words(language)
        view = dashboard(samples.header(), samples.unit(), language)
        terms = [term.meaning for section in view.sections for term in section.terms]
        assert words("meaning_release_page") in terms
        assert words("meaning_release") not in terms
        printed = render_unit_html(samples.header(), samples.unit(), language, "0" * 64)
        assert words("meaning_release") in printed


def test_csv_is_safe_in_a_spreadsheet() -> None:
    unit = samples.unit(name="=HYPERLINK(1)")
    view = dashboard(samples.header(), unit, "nb")
    comparison = next(s for s in view.sections if s.id == "comparison")
    assert "'=HYPERLINK(1)" in comparison.charts[0].csv


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_band_is_said_in_words_and_the_method_table_tells_effect_and_detectable_change(
    language: str,
) -> None:
    unit = samples.unit()
    before = unit.changes[0]
    told = {
        name: dataclasses.replace(
            change, minimum_detectable=17, effect=0.52, effect_interval=(-0.04, 1.08)
        )
        for name, change in before.dimensions.items()
    }
    changes = tuple(dataclasses.replace(each, dimensions=told) for each in unit.changes)
    unit = dataclasses.replace(unit, band="above", changes=changes)
    parts = {p.id: p for p in content(Context(samples.header(), unit, language)).parts}
    assert Words(language)("band_above") in parts["method"].sentences
    row = parts["method"].tables[0].rows[0]
    assert row[-2] == "17"
    assert row[-1].startswith("0.52 (" if language == "en" else "0,52 (")


def test_the_count_of_answers_says_that_leaders_are_not_in_it() -> None:
    first = content(context(scored(50, 72, 61, 44, 60))).parts[0]
    assert first.sentences[1:] == (Words("nb")("answered_leaders"),)
    asked = samples.instrument().role_question
    assert asked is not None
