"""One row for each language: what it is called, and what is read instead of it."""

from __future__ import annotations

import pytest

from survey.core import languages
from survey.core.languages import code_of, nearest, plural_categories


def test_pages_and_reports_are_in_three_languages_and_the_respondents_frame_in_sami_too() -> None:
    assert languages.LANGUAGES == ("nb", "nn", "en")
    assert languages.RESPONDENT_LANGUAGES == ("nb", "nn", "en", "se")
    assert languages.DEFAULT == "nb"


def test_what_is_read_instead_is_a_language_that_is_complete() -> None:
    for known in languages.KNOWN:
        assert set(known.instead) == set(languages.LANGUAGES) - {known.code}


def test_every_language_is_named_in_itself() -> None:
    for known in languages.KNOWN:
        if known.code not in ("nb", "nn"):  # CLDR puts "norsk" before these
            said = languages.locale(known.code).get_language_name()
            assert said is not None
            assert said.casefold() == known.name.casefold()


@pytest.mark.parametrize(
    ("wanted", "spoken", "chosen"),
    [
        ("nn", ["nb", "nn"], "nn"),
        ("nn", ["en", "nb"], "nb"),
        ("se", ["en", "nn"], "nn"),
        ("se", ["fi"], "fi"),
        ("fi", ["nb", "en"], "en"),
    ],
)
def test_who_lacks_a_language_reads_the_nearest(
    wanted: str, spoken: list[str], chosen: str
) -> None:
    assert nearest(wanted, spoken) == chosen


def test_from_no_language_none_can_be_chosen() -> None:
    with pytest.raises(ValueError, match="no language"):
        nearest("nb", [])


@pytest.mark.parametrize(
    ("word", "code"),
    [("Bokmål", "nb"), ("BM", "nb"), ("no", "nb"), ("NN", "nn"), ("engelsk", "en"), ("a", "a")],
)
def test_people_call_a_language_by_more_than_its_code(word: str, code: str) -> None:
    assert code_of(word) == code


def test_cldr_says_which_plural_forms_a_language_has() -> None:
    assert plural_categories("nb") == {"one", "other"}
    assert plural_categories("se") == {"one", "two", "other"}
