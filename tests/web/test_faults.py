"""What is wrong, in the reader's language, on the pages that people see."""

from __future__ import annotations

import io

from survey.core.errors import Fault, KeyLost, say
from survey.web import faults
from tests.access.world import World


def test_what_somebody_typed_is_never_markup() -> None:
    shown = faults.told(Fault("code", say("not_a_code", code="<b>x</b>")), "nb")
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<b>" not in shown


def test_an_error_that_was_kept_is_said_line_by_line(world: World) -> None:
    kept = KeyLost(
        say("private_key_lost", wave_id=7, folder="/keys"),
        [Fault("wave-7.private", "missing_or_damaged", "make_it_writable")],
    )
    with world.app.test_request_context("/?language=nb"):
        shown = str(faults.here(kept))
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


def test_the_header_of_a_file_is_told_in_norwegian_words_only(world: World) -> None:
    client = world.client("staff")
    raw = b"code;name;parent code;headcount;what is this\nk;K;;0;x\n"
    sent = {"csrf": world.csrf(client), "file": (io.BytesIO(raw), "units.csv")}
    address = "/stab/3999/enheter/forhandsvis?language=nb"
    page = client.post(address, data=sent, content_type="multipart/form-data").text
    assert "Rad 1, kolonne 5: «what is this» er ikke kjent. Kjent er kode, navn" in page
