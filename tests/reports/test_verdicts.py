"""Each verdict is said exactly, in three languages, with its interval and never a minus sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from survey.release.document import AreaVerdict, Change, Score, Tally, UnitResult, WaveChange
from survey.reports.common.context import Context
from survey.reports.common.verdicts import (
    change_table,
    has_it_changed,
    more_on_change,
    row_verdict,
    tipping,
    verdict,
)
from tests.reports import samples

LANGUAGES = ("nb", "nn", "en")
RISEN = Change("risen", 48, 61, 13, 4, 22, minimum_detectable=13)
FALLEN = Change("fallen", 61, 48, -13, -22, -4, minimum_detectable=13)
UNKNOWN = Change("unknown", 54, 57, 3, -6, 12, minimum_detectable=13)
SAID = {
    ("nb", "risen"): "Indeksen for deling har gått opp fra 48 til 61. Det er mer enn tilfeldige "
    "utslag. Den virkelige økningen er trolig mellom 4 og 22 poeng.",
    ("nn", "risen"): "Indeksen for deling har gått opp frå 48 til 61. Det er meir enn tilfeldige "
    "utslag. Den verkelege auken er truleg mellom 4 og 22 poeng.",
    ("en", "risen"): "The index for deling has risen from 48 to 61. That is more than chance. The "
    "real rise is probably between 4 and 22 points.",
    ("nb", "fallen"): "Indeksen for deling har gått ned fra 61 til 48. Det er mer enn tilfeldige "
    "utslag. Den virkelige nedgangen er trolig mellom 4 og 22 poeng.",
    ("nn", "fallen"): "Indeksen for deling har gått ned frå 61 til 48. Det er meir enn tilfeldige "
    "utslag. Den verkelege nedgangen er truleg mellom 4 og 22 poeng.",
    (
        "en",
        "fallen",
    ): "The index for deling has fallen from 61 to 48. That is more than chance. The "
    "real fall is probably between 4 and 22 points.",
    (
        "nb",
        "unknown",
    ): "Vi vet ikke om deling har endret seg (54 og 57). Alt fra 6 poeng ned til 12 "
    "poeng opp er mulig. Med 24 svar må endringen være minst 13 poeng for at vi skal se det.",
    ("nn", "unknown"): "Vi veit ikkje om deling har endra seg (54 og 57). Alt frå 6 poeng ned til "
    "12 poeng opp er mogleg. Med 24 svar må endringa vere minst 13 poeng for at vi skal sjå det.",
    ("en", "unknown"): "We do not know whether deling has changed (54 and 57). Anything from 6 "
    "points down to 12 points up is possible. With 24 answers a change must be at least 13 points "
    "for us to see it.",
    ("nb", "hidden"): "Vises ikke (for få svar).",
    ("nn", "hidden"): "Blir ikkje vist (for få svar).",
    ("en", "hidden"): "Not shown (too few answers).",
}
CHANGES = {"risen": RISEN, "fallen": FALLEN, "unknown": UNKNOWN, "hidden": Change("hidden")}
START = {"nb": "Indeksen for deling", "nn": "Indeksen for deling", "en": "The index for deling"}


def context(language: str = "nb", unit: UnitResult | None = None) -> Context:
    return Context(samples.header(), unit or samples.unit(), language)


def said(change: Change, language: str = "nb", **more: Any) -> str:
    return verdict(context(language), change, START[language], "deling", **more)


@pytest.mark.parametrize(("language", "kind"), list(SAID))
def test_each_verdict_is_said_exactly(language: str, kind: str) -> None:
    assert said(CHANGES[kind], language, n=24) == SAID[language, kind]


def test_an_interval_that_ends_at_nothing_says_no_change() -> None:
    assert "Alt fra ingen endring til 12 poeng opp er mulig." in said(replace(UNKNOWN, low=0))
    assert "Alt fra ingen endring til 6 poeng ned er mulig." in said(replace(UNKNOWN, high=0))


def test_an_interval_of_nothing_but_nothing_leaves_no_room_for_a_change() -> None:
    still = Change("unknown", 55, 55, 0, 0, 0, minimum_detectable=1)
    assert said(still) == (
        "Indeksen for deling er 55 i begge målingene, og tallene gir ikke rom for noen endring."
    )


def test_open_ends_are_at_least_and_or_more() -> None:
    risen = replace(RISEN, later=90, high=52, high_open=True)
    assert said(risen, bounds=(None, "at_least")).endswith("er trolig minst 4 poeng.")
    assert "fra 48 til 90 eller mer." in said(risen, bounds=(None, "at_least"))
    unknown = replace(UNKNOWN, high=46, high_open=True)
    assert "Alt fra 6 poeng ned til 46 poeng eller mer opp er mulig." in said(unknown)
    both = replace(unknown, low=-54, low_open=True)
    assert "Alt fra 54 poeng eller mer ned til 46 poeng eller mer opp" in said(both)


def test_a_single_point_is_no_span_and_english_counts_it_as_one() -> None:
    assert said(replace(RISEN, low=1, high=1), "en").endswith("is probably 1 point.")


def test_a_verdict_whose_numbers_are_missing_counts_as_hidden() -> None:
    assert said(Change("risen", 40)) == SAID["nb", "hidden"]


def test_the_overall_index_has_its_own_name() -> None:
    unit = samples.unit()
    change = replace(unit.changes[0], overall=RISEN)
    about = context("nb", replace(unit, changes=(change,)))
    sentence = row_verdict(about, change, about.rows[0])
    assert sentence.startswith("Den samlede indeksen har gått opp fra 48 til 61.")
    assert has_it_changed(about)[0] == f"Siden «Før 2024»: {sentence}"


def with_overall(overall: Change, unit: UnitResult | None = None, **more: Any) -> UnitResult:
    unit = unit or samples.unit()
    change = replace(unit.changes[0], overall=overall, **more)
    return replace(unit, changes=(change,))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            replace(RISEN, tipping=42),
            "De som ikke svarte, måtte i snitt ligge 42 poeng lavere enn de som svarte, for at "
            "økningen skulle være borte.",
        ),
        (
            replace(FALLEN, tipping=42),
            "De som ikke svarte, måtte i snitt ligge 42 poeng høyere enn de som svarte, for at "
            "nedgangen skulle være borte.",
        ),
        (
            replace(RISEN, tipping=80, beyond=True),
            "Også om alle som ikke svarte, hadde svart så lavt som mulig, ville indeksen ligget "
            "høyere enn før.",
        ),
        (UNKNOWN, ""),
        (RISEN, ""),
    ],
)
def test_a_rise_or_fall_says_what_those_who_did_not_answer_could_undo(
    change: Change, told: str
) -> None:
    assert tipping(context(), change) == told
    sentences = has_it_changed(context("nb", with_overall(change)))
    assert told in sentences or not told


def test_the_areas_verdict_stands_beside_the_units() -> None:
    beside = AreaVerdict("1100", "Oppvekst", replace(UNKNOWN, basis="persons"))
    sentences = has_it_changed(context("nb", with_overall(RISEN, area=beside)))
    assert sentences[-1] == (
        "Vi vet ikke om den samlede indeksen for Oppvekst har endret seg (54 og 57). Alt fra 6 "
        "poeng ned til 12 poeng opp er mulig. Her er det regnet på personer, ikke på enheter. Slik "
        "slår dommen oftere feil."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_persons_as_basis_are_labelled_and_units_are_not(language: str) -> None:
    label = {"nb": "regnet på personer", "nn": "rekna på personar", "en": "people were counted"}
    for basis, labelled in (("persons", True), ("units", False)):
        change: Any = replace(RISEN, basis=basis)  # type: ignore[arg-type]
        told = " ".join(has_it_changed(context(language, with_overall(change, samples.area()))))
        assert (label[language] in told) is labelled


def test_a_unit_that_stood_out_is_told_how_far_it_moves_by_itself() -> None:
    told = more_on_change(context("nb", with_overall(FALLEN, regression=6)))
    assert told == [
        "I målingen «Før 2024» skilte enheten seg klart fra de andre. Slike enheter nærmer seg de "
        "andre av seg selv, her med om lag 6 poeng."
    ]


@pytest.mark.parametrize(
    ("tally", "told"),
    [
        (
            Tally(41, 9, 250, 0, 0, 8, 3, 13),
            "Av 300 enheter vi kan sammenligne, har 41 gått opp og 9 gått ned; for 250 vet vi "
            "ikke. Høyst om lag 8 (3 til 13) ville gått opp ved tilfeldige utslag.",
        ),
        (
            Tally(0, 2, 0, 1, 3, 0, 0, 1),
            "Av 2 enheter vi kan sammenligne, har ingen gått opp og 2 gått ned. Høyst om lag 0 (0 "
            "til 1) ville gått opp ved tilfeldige utslag. 1 enhet vises ikke (for få svar). 3 "
            "enheter kan ikke sammenlignes.",
        ),
        (Tally(0, 0, 0, 2, 0, 0, 0, 0), "2 enheter vises ikke (for få svar)."),
    ],
)
def test_an_area_counts_its_units_by_verdict_beside_what_chance_gives(
    tally: Tally, told: str
) -> None:
    unit = with_overall(RISEN, samples.area(), tally=tally)
    assert more_on_change(context("nb", unit))[0] == told


@pytest.mark.parametrize(
    ("points", "told"), [(3, "endringen 3 poeng opp."), (-2, "endringen 2 poeng ned."), (0, "før.")]
)
def test_the_change_at_todays_headcounts_is_said_for_an_area(points: int, told: str) -> None:
    unit = with_overall(replace(RISEN, standardised=points), samples.area(), tally=None)
    assert more_on_change(context("nb", unit))[0].endswith(told)


def test_the_table_has_a_chip_a_range_and_a_sentence_for_each_sub_goal() -> None:
    unit = samples.unit()
    names = [each.id for each in unit.dimensions]
    kinds = [RISEN, FALLEN, UNKNOWN, Change("hidden"), replace(UNKNOWN, low=0)]
    change = WaveChange(1, RISEN, dict(zip(names, kinds, strict=False)))
    about = context("nb", replace(unit, changes=(change,)))
    table = change_table(about, change)
    assert table.header == ("Delmål", "Før 2024", "Etter 2026", "Endring", "Mulig endring")
    assert [row.chip for row in table.rows] == [
        "Økt", "Gått ned", "Vet ikke", "Vises ikke", "Vet ikke", "Vises ikke", "Vises ikke",
    ]  # fmt: skip
    assert [row.range for row in table.rows[:5]] == [
        "4 opp til 22 opp", "4 ned til 22 ned", "6 ned til 12 opp", "–", "ingen til 12 opp",
    ]  # fmt: skip
    for row, each in zip(table.rows, about.rows[1:], strict=True):
        assert row.sentence.startswith(row_verdict(about, change, each))


def test_a_release_of_the_first_schema_keeps_its_words_and_says_so_once() -> None:
    old = Change("no_change", 54, 57, 3, -6, 12)
    unit = replace(with_overall(old), schema=1)
    told = has_it_changed(context("nb", unit))
    assert told[0] == (
        "Siden «Før 2024»: Vi kan ikke påvise noen endring i den samlede indeksen "
        "(54\u00a0→\u00a057). Alt fra 6 poeng ned til 12 poeng opp er mulig."
    )
    assert told[-1] == "Denne dommen er regnet ut på en tidligere måte."
    today = has_it_changed(context("nb", with_overall(RISEN)))
    assert "Denne dommen er regnet ut på en tidligere måte." not in today


def test_a_clamped_index_is_said_with_its_bound() -> None:
    unit = samples.clamped()
    first = unit.dimensions[0].id
    about = Context(samples.header(), unit, "nn")
    row = next(each for each in about.rows if each.id == first)
    change = unit.changes[0]
    assert change.dimensions[first].high_open
    assert f"({change.dimensions[first].earlier} og 90 eller meir)" in row_verdict(
        about, change, row
    ) or "til 90 eller meir." in row_verdict(about, change, row)
    assert about.score(first, about.waves[-1]) == Score(
        90, "at_least", unit.dimensions[0].score.interval
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_overall_index_that_was_made_in_another_way_says_so(language: str) -> None:
    change = WaveChange(1, Change("not_comparable"), {})
    said = row_verdict(context(language), change, context(language).rows[0])
    assert said == context(language).words("verdict_not_comparable")
    assert said.split(" ")[0] in {"Kan", "Cannot"}
