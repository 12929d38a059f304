"""What reports write by rules of their own is written as each language writes it."""

from __future__ import annotations

import pytest

from survey.core.errors import NotFound
from survey.core.languages import LANGUAGES
from survey.release.document import Bound, Interval, Participation, Score, Share
from survey.reports.common.context import Context
from survey.reports.common.words import Words
from tests.reports import samples


def test_a_language_without_texts_is_refused() -> None:
    with pytest.raises(NotFound, match="nb, nn, en"):
        Words("se")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert Words("nb").percent(45) == "45\u00a0%"
    assert Words("nn").percent(45) == "45\u00a0%"
    assert Words("en").percent(45) == "45%"
    assert Words("nb").decimal(0.814) == "0,81"
    assert Words("en").decimal(-0.5) == "\u22120.50"
    assert Words("nb").day("2026-03-02") == "2. mars 2026"
    assert Words("en").period("P18M") == "18 months"
    assert Words("nb").listed(["a", "b", "c"]) == "a, b og c"
    assert [Words("en").points(n) for n in (1, 2)] == ["1 point", "2 points"]


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (None, ("90", "90", "90")),
        ("at_least", ("90 eller mer", "90 eller meir", "90 or more")),
        ("at_most", ("90 eller mindre", "90 eller mindre", "90 or less")),
        ("open", ("om lag 90", "om lag 90", "about 90")),
    ],
)
def test_a_bound_is_said_beside_the_index(bound: Bound | None, said: tuple[str, ...]) -> None:
    assert tuple(Words(each).index(90, bound) for each in LANGUAGES) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, ("vises ikke", "blir ikkje vist", "not shown")),
        (Share(35), ("35\u00a0%", "35\u00a0%", "35%")),
        (Share(None, 5, "few"), ("ingen eller noen få", "ingen eller nokre få", "none or a few")),
        (
            Share(None, 5, "all_but_few"),
            ("alle unntatt noen få", "alle unnateke nokre få", "all but a few"),
        ),
        (Share(5, 5, "below"), ("under 5\u00a0%", "under 5\u00a0%", "under 5%")),
        (Share(95, 5, "above"), ("over 95\u00a0%", "over 95\u00a0%", "over 95%")),
    ],
)
def test_a_share_has_one_form_in_each_language(share: Share | None, said: tuple[str, ...]) -> None:
    assert tuple(Words(each).share(share) for each in LANGUAGES) == said


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (Score(60, None, Interval(52, 68)), "52–68"),
        (Score(90, "at_least", Interval(84, 100)), "84 eller mer"),
        (Score(10, "at_most", Interval(0, 16)), "16 eller mindre"),
        (Score(60, "open", Interval(0, 100)), "–"),
        (Score(60, everyone=True), "–"),
    ],
)
def test_an_interval_is_open_on_the_side_of_the_bound(score: Score, said: str) -> None:
    assert Words("nb").interval(score) == said


def test_a_title_begins_small_inside_a_sentence_unless_it_is_an_abbreviation() -> None:
    assert Words("nb").inside("Åpne arenaer") == "åpne arenaer"
    assert Words("nb").inside("KI i tjenestene") == "KI i tjenestene"


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (Participation(31, 31, 24), "24 av 31 ansatte svarte (77\u00a0%)."),
        (Participation(8, 8, 5), "5 av 8 ansatte svarte (63\u00a0%)."),
        (Participation(24, 24, 24), "Alle 24 ansatte svarte."),
        (Participation(24, 30, 26, over=True), "26 svarte. Det er flere enn de 24 ansatte som er "
         "registrert."),
        (Participation(None, 30, 26), "26 av 30 inviterte svarte (87\u00a0%)."),
        (Participation(None, 30, 31, over=True), "31 svarte. Det er flere enn de 30 som var "
         "invitert: noen kan ha svart to ganger, med en kode til erstatning for en tapt."),
        (Participation(None, None, 26), "26 svarte."),
        (Participation(6, None, None), "Hvor mange som svarte, vises ikke (for få svar)."),
    ],
)  # fmt: skip
def test_who_answered_is_one_sentence(who: Participation, said: str) -> None:
    import dataclasses

    from survey.reports.unit.sentences import who_answered

    unit = dataclasses.replace(samples.unit(), participation=who)
    assert who_answered(Context(samples.header(), unit, "nb")) == said
