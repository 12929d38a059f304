"""What is wrong, in the reader's language: every template translated, none taken for another."""

from __future__ import annotations

import io
import re
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.core.errors import Fault, KeyLost
from survey.web import catalogue, faults
from tests.access.world import World
from tests.web.fault_templates import PACKAGE, normal, templates

ROOMS = (
    *("organisation", "study", "access", "followup", "release", "answering", "web", "jobs"),
    *("invitations", "operations", "background", "core/csv_files", "core/keystore"),
    "core/local_time",
)
"""Rooms whose operations pages call."""

NOT_ON_PAGES = (
    "access/oidc_settings.py",  # settings: the service does not start
    "answering/importing.py",  # the command line brings responses in
    "answering/mapping.py",
    *(f"operations/{name}" for name in ("backup", "erasure", "migrate", "supervisor")),
    *("background/report_inputs", "jobs/result_files", "study/find"),
)


def asked_for() -> dict[str, str]:
    """Every template that a page may have to say, whatever its places are called → where it is."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(ROOMS) and not name.startswith(NOT_ON_PAGES):
            for template, line in templates(path).items():
                # A place of one word is a field's name: pages show its label instead.
                if not re.fullmatch(r"[\w/{}.:\-]+", template):
                    found[normal(template)] = f"{name}:{line} {template}"
    return found


def test_every_message_that_a_page_may_show_has_a_translation() -> None:
    known = {normal(each.key) for each in faults.templates()}
    missing = [where for template, where in asked_for().items() if template not in known]
    assert missing == [], "add these to survey/web/translations/faults"


def test_the_scan_finds_what_is_there() -> None:
    found = asked_for()
    for template in (
        "The wave is {}; only a draft can be changed.",  # an f-string
        "there is no unit with the code {}.",  # by way of a variable
        "the file is empty.",  # by way of a helper's parameter
        "{} is not a whole number.",  # by way of a function that was passed in
    ):
        assert template in found


def test_english_is_the_key_itself() -> None:
    for key, text in catalogue.catalogue("faults", "en").items():
        word = re.match(r"\w+=", key)
        assert text == (key[word.end() :] if word else key)


PLAIN = st.one_of(
    st.integers(0, 10**6).map(str), st.text("abcæøåXYZ019-_", min_size=1, max_size=12)
)
VALUE = st.one_of(
    PLAIN,
    st.text("abcæøåXYZ019 -_", min_size=1, max_size=20).map(lambda text: repr(text.strip() or "x")),
)


@settings(max_examples=400)
@given(st.data())
def test_no_message_is_taken_for_another(data: st.DataObject) -> None:
    template = data.draw(st.sampled_from(faults.templates()))
    names = [name for _, name, _, _ in Formatter().parse(template.key) if name is not None]
    # Where two values touch, nobody can tell where one ends: no quotes that would be turned.
    drawn = PLAIN if "}{" in template.key else VALUE
    values = {name: data.draw(drawn) for name in names}
    message = template.key.format_map(values)
    for language in ("nb", "nn"):
        said = faults.sentence(message, language)
        spoken = {name: faults._value(name, value, language) for name, value in values.items()}
        translated = catalogue.catalogue("faults", language)[template.key]
        assert isinstance(translated, str)
        assert (said.text, said.language) == (translated.format_map(spoken), language)


@pytest.mark.parametrize(
    ("message", "nb", "nn"),
    [
        (
            "The wave is closed; only a draft can be changed.",
            "Målingen er lukket. Bare en kladd kan endres.",
            "Målinga er lukka. Berre ein kladd kan endrast.",
        ),
        (
            "Wave 2 is open and cannot become released: it must be closed first.",
            "Måling 2 er åpen og kan ikke bli frigitt: den må lukkes først.",
            "Måling 2 er open og kan ikkje bli frigjeven: ho må lukkast først.",
        ),
        (
            "there is no unit with the code 'x-1'.",
            "det finnes ingen enhet med koden «x-1».",
            "det finst inga eining med koden «x-1».",
        ),
        ("row 3, column headcount", "rad 3, kolonnen antall ansatte", None),
    ],
)
def test_values_that_are_words_are_translated_and_codes_are_quoted(
    message: str, nb: str, nn: str | None
) -> None:
    assert faults.sentence(message, "nb").text == nb
    if nn is not None:
        assert faults.sentence(message, "nn").text == nn
    assert faults.sentence(message, "en").text == message


def test_what_has_no_translation_is_shown_in_english_and_marked() -> None:
    shown = faults.told(Fault("row 2", "is <b>quite</b> unheard of."), "nb")
    assert shown == 'Rad 2: <span lang="en">is &lt;b&gt;quite&lt;/b&gt; unheard of.</span>'


def test_an_error_that_was_kept_as_text_is_read_line_by_line(world: World) -> None:
    kept = str(
        KeyLost(
            "The private key of wave 7 is not in /keys; its answers cannot be opened.",
            [Fault("wave-7.private", "is missing or damaged.", "Make it writable.")],
        )
    )
    with world.app.test_request_context("/?language=nb"):
        shown = str(faults.here(kept))
        assert faults.here("ZeroDivisionError <x>") == (
            '<span lang="en">ZeroDivisionError &lt;x&gt;</span>'
        )
    first, second = shown.split("<br>")
    assert first == "Den private nøkkelen til måling 7 er ikke i /keys. Svarene kan ikke åpnes."
    assert second == "Wave-7.private: mangler eller er ødelagt. Gjør den skrivbar."


def test_staff_read_the_faults_of_a_file_in_their_language(world: World) -> None:
    client = world.client("staff")
    raw = b"code;name;parent code;headcount\nk;K;;0\nx;;k;-4\ny;Y;nowhere;1\n"
    for language, texts in {
        "nb": ("Rad 3, kolonnen navn: mangler.", "-4 er negativt. Skriv 0 eller mer"),
        "nn": ("Rad 3, kolonnen namn: manglar.", "Det finst inga eining med koden «nowhere»"),
        "en": ("row 3, column name: is empty.", "there is no unit with the code &#39;nowhere&#39;"),
    }.items():
        sent = {"csrf": world.csrf(client), "file": (io.BytesIO(raw), "units.csv")}
        address = f"/stab/3999/enheter/forhandsvis?language={language}"
        page = client.post(address, data=sent, content_type="multipart/form-data").text
        for text in texts:
            assert text.casefold() in page.casefold()
        if language != "en":
            assert '<span lang="en">' not in page


def test_an_error_page_says_it_in_the_readers_language_and_the_api_in_english(
    world: World,
) -> None:
    client = world.client("staff")
    page = client.get("/stab/3999/undersokelse/kultur/maling/1/lukk?language=nn")
    assert page.status_code == 409
    assert "Målinga er frigjeven." in page.text
    answer = world.client().post(
        "/api/v1/organisations/3999/studies/kultur/waves/1/close",
        headers=world.key(),
        json={},
    )
    assert answer.status_code in (409, 428)
    assert "språk" not in answer.text
    assert "Måling" not in answer.text
