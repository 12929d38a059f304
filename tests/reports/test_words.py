"""Three languages say the same things, and numbers are written as each language writes them."""

from __future__ import annotations

import string

import pytest

from survey.errors import NotFound
from survey.release.document import Change, Participation
from survey.reports.context import Context
from survey.reports.sentences import verdict
from survey.reports.words import LANGUAGES, Words, catalogue
from tests.reports import samples


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_are_parallel(language: str) -> None:
    ours, norm = catalogue(language), catalogue("nb")
    assert list(ours) == list(norm)
    for key, text in norm.items():
        assert isinstance(ours[key], str)
        assert ours[key].strip() == ours[key] != ""
        assert placeholders(ours[key]) == placeholders(text), key


def test_a_language_without_texts_is_refused() -> None:
    with pytest.raises(NotFound, match="nb, nn, en"):
        Words("se")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert Words("nb").percent(45) == "45\u00a0%"
    assert Words("nn").percent(45) == "45\u00a0%"
    assert Words("en").percent(45) == "45%"
    assert Words("nb").decimal(0.814) == "0,81"
    assert Words("en").decimal(-0.5) == "\u22120.50"
    assert Words("nn").number(-4) == "\u22124"
    assert Words("nb").day("2026-03-02") == "2. mars 2026"
    assert Words("en").period("P18M") == "18 months"
    assert Words("nb").listed(["a", "b", "c"]) == "a, b og c"
    assert Words("nb").index(95, "at_least") == "minst 95"


def test_a_title_begins_small_inside_a_sentence_unless_it_is_an_abbreviation() -> None:
    assert Words("nb").inside("Åpne arenaer") == "åpne arenaer"
    assert Words("nb").inside("KI i tjenestene") == "KI i tjenestene"


CHANGES = {
    "risen": Change("risen", 48, 61, 13, 4, 22, 13),
    "fallen": Change("fallen", 61, 48, -13, -22, -4, 13),
    "no_change": Change("no_change", 54, 57, 3, -6, 12, 13),
    "too_few": Change("too_few", 54, 57, 3, -26, 32, 40),
    "hidden": Change("hidden"),
}
SAID = {
    ("nb", "risen"): "Deling har økt fra 48 til 61. Endringen er større enn tilfeldigheter "
    "vanligvis gir, og kan være fra 4 til 22 poeng.",
    ("nb", "fallen"): "Deling har gått ned fra 61 til 48. Endringen er større enn tilfeldigheter "
    "vanligvis gir, og kan være fra −22 til −4 poeng.",
    ("nb", "no_change"): "Vi kan ikke påvise noen endring i deling (54\u00a0→\u00a057). Den "
    "kan ha endret seg fra −6 til 12 poeng.",
    ("nb", "too_few"): "Det er for få svar til å si om deling har endret seg.",
    ("nb", "hidden"): "Vises ikke (for få svar, eller for å verne andre).",
    ("nn", "risen"): "Deling har auka frå 48 til 61. Endringa er større enn det "
    "tilfeldigheiter vanlegvis gir, og kan vere frå 4 til 22 poeng.",
    ("nn", "fallen"): "Deling har gått ned frå 61 til 48. Endringa er større enn det "
    "tilfeldigheiter vanlegvis gir, og kan vere frå −22 til −4 poeng.",
    ("nn", "no_change"): "Vi kan ikkje påvise noka endring i deling (54\u00a0→\u00a057). Ho kan "
    "ha endra seg frå −6 til 12 poeng.",
    ("nn", "too_few"): "Det er for få svar til å seie om deling har endra seg.",
    ("nn", "hidden"): "Blir ikkje vist (for få svar, eller for å verne andre).",
    ("en", "risen"): "Deling has risen from 48 to 61. The change is larger than chance usually "
    "gives; it may be anywhere from 4 to 22 points.",
    ("en", "fallen"): "Deling has fallen from 61 to 48. The change is larger than chance usually "
    "gives; it may be anywhere from −22 to −4 points.",
    ("en", "no_change"): "No change in deling can be shown (54\u00a0→\u00a057). It may "
    "have changed by −6 to 12 points.",
    ("en", "too_few"): "There are too few answers to say whether deling has changed.",
    ("en", "hidden"): "Not shown (too few answers, or to protect others).",
}


@pytest.mark.parametrize(("language", "kind"), list(SAID))
def test_each_verdict_is_said_exactly(language: str, kind: str) -> None:
    context = Context(samples.header(), samples.unit(), language)
    assert verdict(context, CHANGES[kind], "Deling", "deling") == SAID[language, kind]


def test_a_verdict_whose_numbers_are_missing_counts_as_hidden() -> None:
    context = Context(samples.header(), samples.unit(), "nb")
    assert verdict(context, Change("risen", 40), "D", "d") == SAID["nb", "hidden"]


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
        (Participation(6, None, None), "Hvor mange som svarte, vises ikke (for få svar, eller for "
         "å verne andre)."),
    ],
)  # fmt: skip
def test_who_answered_is_one_sentence(who: Participation, said: str) -> None:
    import dataclasses

    from survey.reports.sentences import who_answered

    unit = dataclasses.replace(samples.unit(), participation=who)
    assert who_answered(Context(samples.header(), unit, "nb")) == said
