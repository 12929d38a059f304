"""The report says what is known of the unit, in every state that a unit can be in."""

from __future__ import annotations

import dataclasses

import pytest

from survey.release.document import (
    Change,
    Interval,
    Participation,
    Score,
    UnitResult,
    WaveChange,
)
from survey.reports.common.context import Context
from survey.reports.common.pattern import extremes, keep_and_improve, profile_title, talk_about
from survey.reports.common.verdicts import has_it_changed
from survey.reports.common.words import Words
from survey.reports.unit.content import content
from survey.reports.unit.method_text import hidden, method
from survey.reports.unit.report import FreeText, dashboard, render_unit_html
from survey.reports.unit.sentences import answered, circumstances, where_we_stand
from tests.reports import samples

IDS = [each.id for each in samples.instrument().dimensions]


def scored(*indices: int | Score | None, n: int = 24) -> UnitResult:
    """A unit in its first wave with these indices, in the instrument's order; the others are
    hidden. The last is of the main goal, which is no part of the overall index."""
    unit = samples.unit(n, n + 7, waves=samples.WAVES[:1])
    given = [*indices, *[None] * (len(IDS) - len(indices))]
    scores = [each if isinstance(each, Score) else Score(each) for each in given]
    return samples.with_scores(unit, dict(zip(IDS, scores, strict=True)))


def context(unit: UnitResult, language: str = "nb", waves: int = 1) -> Context:
    return Context(samples.header(samples.WAVES[:waves]), unit, language)


def test_keep_is_the_own_highest_and_improve_the_own_lowest() -> None:
    about = context(scored(50, 72, 61, 44, 60, 58))
    highest, lowest = extremes(about)
    assert [row.id for row in highest] == [IDS[1]]
    assert [row.id for row in lowest] == [IDS[3]]
    assert keep_and_improve(about) == (
        "Ta vare på: innovasjonsledelse (72) ligger høyest hos oss.",
        "Utvikle: innovasjonsverktøy (44) ligger lavest hos oss.",
    )
    assert profile_title(about) == (
        "Innovasjonsledelse (72) ligger høyest, innovasjonsverktøy (44) lavest"
    )


def test_what_chance_may_have_set_apart_is_said_to_change_places() -> None:
    about = context(scored(50, 54, 53, 52, 51, 50))
    assert extremes(about) == ([], [])
    assert keep_and_improve(about) == (
        "Delmålene ligger så likt (50 til 54) at de kan bytte plass. Vi peker derfor ikke ut noe å "
        "ta vare på eller utvikle.",
    )
    assert profile_title(about) == "Delmålene ligger så likt at de kan bytte plass (50 til 54)"
    assert "Hva vil vi ta vare på, og hva vil vi utvikle?" in talk_about(about)


def test_the_same_distance_is_told_apart_by_many_and_not_by_few() -> None:
    values = (50, 62, 55, 55, 55, 55)
    assert extremes(context(scored(*values, n=80))) != ([], [])
    assert extremes(context(scored(*values, n=12))) == ([], [])


def test_the_main_goal_is_never_counted_with_the_sub_goals_of_the_index() -> None:
    about = context(scored(50, 72, 61, 44, 60, 58, 99))
    assert [row.id for row in extremes(about)[0]] == [IDS[1]]
    only_goal = context(scored(*[None] * 6, 70))
    assert profile_title(only_goal) == "Delmålene vises ikke (for få svar)"
    assert keep_and_improve(only_goal)[0].endswith("for delmålene vises ikke.")
    assert about.rows[-1].apart
    assert about.rows[-1].id == IDS[6]


@pytest.mark.parametrize(
    ("values", "title", "keep"),
    [
        ((50,) * 6, "Alle delmål ligger på 50", "Alle delmål ligger på 50. Ingen skiller seg ut."),
        (
            (50,) * 5,
            "Delmålene som vises, ligger på 50; 1 delmål vises ikke",
            "Delmålene som vises, ligger på 50. Ingen skiller seg ut.",
        ),
        (
            (50,),
            "Bare delingsarenaer (50) vises",
            "Bare delingsarenaer (50) vises, så vi kan ikke peke på noe å ta vare på eller "
            "utvikle.",
        ),
        (
            (30, 80, 50, 50),
            "Innovasjonsledelse (80) ligger høyest, delingsarenaer (30) lavest; 2 delmål vises "
            "ikke",
            "Ta vare på: innovasjonsledelse (80) ligger høyest hos oss.",
        ),
        (
            (),
            "Indeksene for denne målingen vises ikke (for få svar)",
            "Vi kan ikke peke på noe å ta vare på eller utvikle, for delmålene vises ikke.",
        ),
    ],
)
def test_only_what_is_shown_is_counted_and_what_is_not_is_said(
    values: tuple[int, ...], title: str, keep: str
) -> None:
    about = context(scored(*values))
    assert profile_title(about) == title
    assert keep_and_improve(about)[0] == keep


def test_a_clamped_index_may_be_the_highest_though_another_prints_more() -> None:
    about = context(scored(Score(80, "at_least"), 84, 50, 50, 50, 30, n=60))
    highest, _ = extremes(about)
    assert [row.id for row in highest] == IDS[:2]
    assert keep_and_improve(about)[0] == (
        "Ta vare på: delingsarenaer (80 eller mer) og innovasjonsledelse (84) ligger høyest hos "
        "oss."
    )


def moved(*kinds: str) -> Context:
    """A unit whose sub-goals have these verdicts since the first wave."""
    known = {
        "risen": Change("risen", 40, 60, 20, 4, 36),
        "fallen": Change("fallen", 60, 40, -20, -36, -4),
        "unknown": Change("unknown", 50, 52, 2, -10, 14),
        "hidden": Change("hidden"),
    }
    unit = samples.unit()
    changes = {name: known[kind] for name, kind in zip(IDS, kinds, strict=False)}
    change = WaveChange(1, known["unknown"], changes)
    return context(dataclasses.replace(unit, changes=(change,)), waves=3)


@pytest.mark.parametrize(
    ("kinds", "title"),
    [
        (("risen", *["unknown"] * 6), "Indeksen for delingsarenaer har gått opp"),
        (
            ("risen", "fallen", *["hidden"] * 5),
            "Indeksen for delingsarenaer har gått opp; indeksen for innovasjonsledelse har gått "
            "ned",
        ),
        ((*["risen"] * 3, *["unknown"] * 4), "3 av 6 delmål har gått opp"),
        ((*["risen"] * 6, "unknown"), "6 av 6 delmål har gått opp"),
        (
            (*["fallen"] * 4, "unknown", "hidden", "risen"),
            "4 av 5 delmål har gått ned; for 1 delmål vises det ikke; indeksen for synlig "
            "innovasjonskultur har gått opp",
        ),
        (("unknown",) * 7, "Vi vet ikke om delmålene har endret seg"),
        (
            (*["unknown"] * 4, "hidden", "hidden", "risen"),
            "Vi vet ikke om delmålene har endret seg; for 2 delmål vises det ikke; indeksen for "
            "synlig innovasjonskultur har gått opp",
        ),
    ],
)
def test_the_title_names_what_changed_and_counts_what_can_be_compared(
    kinds: tuple[str, ...], title: str
) -> None:
    assert profile_title(moved(*kinds)) == title


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
    assert "vises ikke (for få svar)" in said["answered"].sentences[0]
    assert "items" not in said
    assert all(row[-1] == "vises ikke" for row in said["standing"].charts[0].chart.table.rows)


def test_waves_that_cannot_be_compared_say_so_and_have_no_table() -> None:
    unit = samples.unit()
    changes = tuple(dataclasses.replace(each, comparable=False) for each in unit.changes)
    about = context(dataclasses.replace(unit, changes=changes), waves=3)
    assert has_it_changed(about) == ("Denne målingen kan ikke sammenlignes med «Før 2024».",)
    assert "gått" not in profile_title(about)
    assert "dimensions" not in [part.id for part in content(about).parts]


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
        name: dataclasses.replace(change, minimum_detectable=17, effect=effect)
        for (name, change), effect in zip(
            before.dimensions.items(), (0.52, -0.5, 0.0, 1, 1, 1, 1), strict=True
        )
    }
    changes = tuple(dataclasses.replace(each, dimensions=told) for each in unit.changes)
    unit = dataclasses.replace(unit, band="above", changes=changes)
    parts = {p.id: p for p in content(Context(samples.header(), unit, language)).parts}
    assert Words(language)("band_above") in parts["method"].sentences
    overall, *rows = parts["method"].tables[0].rows
    assert overall[1] == "17"
    assert rows[0][-2] == "17"
    assert [row[-1] for row in rows[:3]] == {
        "nb": ["0,52 opp", "0,50 ned", "0,00"],
        "nn": ["0,52 opp", "0,50 ned", "0,00"],
        "en": ["0.52 up", "0.50 down", "0.00"],
    }[language]


def test_the_method_page_says_which_source_sigma_has() -> None:
    header = samples.header()
    said = method(Context(header, samples.unit(), "nb"))
    assert "σ̂ for alle indekser er spredningen mellom folk i samme enhet." in said
    how = header.method
    goal = {IDS[6]: dataclasses.replace(how.dimensions[IDS[6]], source="assumed")}
    mixed = dataclasses.replace(how, dimensions={**how.dimensions, **goal})
    said = method(Context(samples.header(method=mixed), samples.unit(), "nb"))
    assert "σ̂ for synlig innovasjonskultur er antatt, fordi færre enn 100 svarte." in said
    assert any(each.startswith("σ̂ for den samlede indeksen, delingsarenaer") for each in said)


def test_the_method_page_says_how_often_a_verdict_is_wrong() -> None:
    said = " ".join(method(context(samples.area(), waves=3)))
    assert "i 3–4 av 100 tilfeller når folk er nye siden sist" in said
    assert "i om lag 1 av 100 når fire av fem er de samme" in said
    assert "i 11–20 av 100 tilfeller" in said
    lonely = samples.unit(waves=samples.WAVES[:1])
    assert "11–20" not in " ".join(method(context(lonely)))


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (samples.unit(3, 6), "For denne enheten vises ingen tall."),
        (samples.unit(7, 12), "Her vises ikke andeler og tekster: færre enn 10 svarte."),
        (samples.unit(24), "Her vises ikke fordelingen på svarkategoriene: færre enn 100 svarte."),
        (samples.unit(130, 160), "I denne rapporten er ingenting holdt tilbake."),
        (
            scored(50, 50, 50, 50, 50, None, 50),
            "Her vises ikke forankring i planer og lederavtaler: for få svarte på nok av "
            "påstandene.",
        ),
    ],
)
def test_what_is_hidden_of_this_unit_is_said_and_from_when_it_is_shown(
    unit: UnitResult, said: str
) -> None:
    told = hidden(context(unit, waves=3))
    assert "tidligst fra 5 svar, andeler og tekster fra 10 og fordelingen på alle" in told[0]
    assert any(each.startswith(said) for each in told)


def test_texts_say_of_how_many_people_they_are() -> None:
    question = next(q.id for q in samples.instrument().questions if q.type == "text")
    text = FreeText({question: ["Mer tid"]})
    unit = dataclasses.replace(samples.unit(), texts_of=17)
    parts = {p.id: p for p in content(context(unit, waves=3), text).parts}
    assert parts["comments"].sentences[0] == "Skrevet av noen i en gruppe på 17 personer."


def test_an_area_has_a_row_of_those_who_are_counted_together() -> None:
    unit = samples.area()
    assert unit.others is not None
    parts = {p.id: p for p in content(context(unit, waves=3)).parts}
    assert "«Andre i Oppvekst» er 14 svar" in parts["comparison"].sentences[0]
    table = parts["comparison"].charts[0].table
    assert table.header[-1] == "Andre i Oppvekst"
    assert table.rows[0][-1] == str(unit.others.overall.index)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (Score(90, "at_least", Interval(79, 100)), "ligger den trolig på 79 eller mer"),
        (Score(10, "at_most", Interval(0, 21)), "ligger den trolig på 21 eller mindre"),
        (Score(50, None, Interval(44, 56)), "ligger den trolig mellom 44 og 56"),
    ],
)
def test_where_the_unit_stands_has_an_open_end_beyond_a_bound(score: Score, said: str) -> None:
    unit = dataclasses.replace(samples.unit(), overall=score)
    assert said in where_we_stand(context(unit, waves=3))[1]
    both = dataclasses.replace(unit, overall=Score(50, "open", Interval(0, 100)))
    assert where_we_stand(context(both, waves=3)) == (
        "Den samlede indeksen er om lag 50 på en skala fra 0 til 100.",
    )


def test_the_count_of_answers_says_that_leaders_are_not_in_it() -> None:
    first = content(context(scored(50, 72, 61, 44, 60, 50))).parts[0]
    assert first.sentences[1:] == (Words("nb")("answered_leaders"),)
    asked = samples.instrument().role_question
    assert asked is not None
