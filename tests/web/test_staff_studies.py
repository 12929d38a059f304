"""Staff make a study, its waves, extend and close them: every fault at once, nothing weakened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from survey.audit import log
from survey.core.db import now
from survey.core.local_time import form_value
from survey.instrument.library import Library
from survey.instrument.parts import pick
from survey.study.closing import mark_closed
from survey.study.find import find_wave
from survey.study.models import Study, Wave
from survey.study.studies import study_by_code
from tests.access.world import World, fresh
from tests.study.counting import count_answers
from tests.web.waves import answer

NEW = "/stab/3999/undersokelse/ny"
STUDY = "/stab/3999/undersokelse/kultur"
WAVE = f"{STUDY}/maling"
GOOD = {
    "name": "Åpen & modig kultur",
    "instrument": "baerum-barometer",
    "k": "8",
    "mode": "ordinary",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


def study_of(world: World, code: str) -> Study:
    with world.parts.db.reading() as session:
        return study_by_code(session, world.journey.organisation_id, code)


def wave_of(world: World, ordinal: int, code: str = "kultur") -> Wave:
    with world.parts.db.reading() as session:
        study = study_by_code(session, world.journey.organisation_id, code)
        return find_wave(session, study, ordinal)


def errors(page: str) -> list[str]:
    """Fields that the error summary leads to."""
    summary = page.split('id="error-summary"')[1].split("</div>", maxsplit=1)[0]
    fields = re.findall(r'href="#f-([\w-]+)"', summary)
    assert all(f'id="f-{field}"' in page for field in fields)
    return fields


def sent(world: World, client: FlaskClient, **form: object) -> dict[str, object]:
    return {"csrf": world.csrf(client), **form}


def test_a_study_is_made_with_a_code_from_its_name_and_all_its_languages(world: World) -> None:
    client = world.client("staff")
    made = client.post(NEW, data=sent(world, client, **GOOD))
    assert made.status_code == 303
    assert "/undersokelse/apen-modig-kultur" in made.location
    again = client.post(NEW, data=sent(world, client, **GOOD))
    assert "/undersokelse/apen-modig-kultur-2" in again.location
    study = study_of(world, "apen-modig-kultur")
    assert (study.k, study.languages, study.frozen_at) == (8, ["nb", "nn", "en"], None)
    page = client.get(made.location).text
    assert "Undersøkelsen er laget" in page
    assert "Åpen &amp; modig kultur" in page


def test_all_faults_of_a_study_are_told_at_once_and_nothing_is_made(world: World) -> None:
    client = world.client("staff")
    wrong = {"name": "", "code": "kultur", "k": "4", "mode": "y"}
    refused = client.post(NEW, data=sent(world, client, **wrong, languages=["se"]))
    assert refused.status_code == 422
    assert errors(refused.text) == ["instrument", "name", "code", "k", "mode"]
    bad_language = client.post(NEW, data=sent(world, client, **GOOD, languages=["nb", "se"]))
    assert errors(bad_language.text) == ["languages"]
    assert client.get("/stab/3999").text.count('class="card"') == 1


def test_what_a_smallest_group_means_is_told_from_todays_headcounts_before_it_is_chosen(
    world: World,
) -> None:
    client = world.client("staff")
    looked = client.post(NEW, data=sent(world, client, **{**GOOD, "k": "13"}, look="1"))
    assert looked.status_code == 200
    chosen = looked.text.split("ks__each--chosen")[1].split("</li>\n      ")[0]
    assert "Minst 13 svar" in chosen
    assert "Havna barnehage telles sammen med Elvestien sykehjem" in looked.text
    assert "Lia bofellesskap telles sammen med Fjellheim skole" in looked.text
    assert 'value="13"' in looked.text
    assert client.get("/stab/3999").text.count('class="card"') == 1


def test_settings_change_until_the_first_wave_opens_and_are_told_as_fixed_then(
    world: World,
) -> None:
    client = world.client("staff")
    client.post(NEW, data=sent(world, client, **GOOD, code="ny"))
    edit = "/stab/3999/undersokelse/ny/endre"
    change = {**GOOD, "name": "Kultur", "k": "9", "languages": ["nb", "en"]}
    lowered = client.post(edit, data=sent(world, client, **{**change, "k": "6"}))
    assert errors(lowered.text) == ["k"]
    assert client.post(edit, data=sent(world, client, **change)).status_code == 303
    study = study_of(world, "ny")
    assert (study.name, study.k, study.languages) == ("Kultur", 9, ["nb", "en"])
    page = client.get(f"{STUDY}/endre").text
    assert "Dette ble låst da den første målingen åpnet" in page
    assert 'name="k"' not in page
    assert client.post(f"{STUDY}/endre", data=sent(world, client, **change)).status_code == 303
    fixed = study_of(world, "kultur")
    assert (fixed.name, fixed.k, fixed.languages) == ("Kultur", 5, ["nb", "nn", "en"])


def test_what_is_public_is_chosen_and_once_fixed_only_lowered(world: World) -> None:
    client = world.client("staff")
    assert client.get(NEW).text.count('name="public_level"') == 4
    client.post(NEW, data=sent(world, client, **GOOD, code="ny", public_level="2"))
    assert study_of(world, "ny").public_level == 2
    wrong = {**GOOD, "languages": ["nb"], "public_level": "4"}
    refused = client.post("/stab/3999/undersokelse/ny/endre", data=sent(world, client, **wrong))
    assert errors(refused.text) == ["public_level"]
    fixed = client.get(f"{STUDY}/endre").text
    assert re.findall(r'name="public_level" value="(\d)"', fixed) == ["0", "1"]
    assert "Hele kommunen og områdene rett under den" in client.get(STUDY).text
    raised = sent(world, client, name="Kultur", public_level="2")
    assert client.post(f"{STUDY}/endre", data=raised).status_code == 409
    lowered = sent(world, client, name="Kultur", public_level="0")
    assert client.post(f"{STUDY}/endre", data=lowered).status_code == 303
    assert study_of(world, "kultur").public_level == 0
    assert 'name="public_level"' not in client.get(f"{STUDY}/endre").text
    log = client.get("/stab/3999/hendelser").text
    assert "Hva som er offentlig: bare hele kommunen" in log


def test_a_questionnaire_is_seen_as_respondents_see_it_in_each_of_its_languages(
    world: World,
) -> None:
    client = world.client("staff")
    instrument = Library().get("baerum-barometer")
    item = next(iter(instrument.items.values()))
    for language in instrument.languages:
        page = client.get(f"/stab/3999/skjema/baerum-barometer?sprak={language}").text
        assert page.count(pick(item.text, language)) == 2
        assert f'lang="{language}" aria-labelledby="form"' in page
    assert page.count('type="radio"') > len(instrument.items)
    assert '<fieldset class="sheet__form" disabled>' in page
    assert client.get("/stab/3999/skjema/finnes-ikke").status_code == 404
    assert client.get("/stab/3999/skjema/baerum-barometer?versjon=99").status_code == 404


def test_a_wave_is_drafted_with_local_times_and_all_faults_of_them_at_once(world: World) -> None:
    client = world.client("staff")
    wrong = {"label": "x" * 201, "opens_at": "2099-03-29T02:30", "closes_at": "2099-10-25T02:30"}
    refused = client.post(f"{WAVE}/ny", data=sent(world, client, **wrong))
    assert errors(refused.text) == ["label", "phase", "opens_at", "closes_at"]
    assert "finnes ikke: klokka stilles fram" in refused.text
    assert "kommer to ganger" in refused.text
    backwards = {"phase": "after", "opens_at": "2099-05-02T08:00", "closes_at": "2099-05-01T08:00"}
    assert errors(client.post(f"{WAVE}/ny", data=sent(world, client, **backwards)).text) == [
        "closes_at"
    ]
    good = {**backwards, "closes_at": "2099-06-01T16:00", "label": "Vår 2099"}
    assert client.post(f"{WAVE}/ny", data=sent(world, client, **good)).status_code == 303
    wave = wave_of(world, 3)
    assert (wave.label, form_value(wave.closes_at)) == ("Vår 2099", "2099-06-01T16:00")
    assert not wave.release_after_close
    page = client.get(f"{WAVE}/3/endre").text
    assert 'value="2099-05-02T08:00"' in page
    change = {**good, "label": "Vår", "opens_at": "", "release_after_close": "1"}
    assert client.post(f"{WAVE}/3/endre", data=sent(world, client, **change)).status_code == 303
    changed = wave_of(world, 3)
    assert (changed.label, changed.opens_at, changed.release_after_close) == ("Vår", None, True)
    assert client.get(f"{WAVE}/2/endre").status_code == 409


def test_an_open_wave_is_extended_forward_only_and_the_reason_is_kept(world: World) -> None:
    client = world.client("staff")
    soon, later = now() + timedelta(days=3), now() + timedelta(days=30)
    reason = {"reason": "absence", "note": "Vinterferie i uke 8."}
    empty = client.post(f"{WAVE}/2/forleng", data=sent(world, client))
    assert errors(empty.text) == ["closes_at", "reason", "note"]
    named = {**reason, "note": "Kari ba om det, kari@kommune.no", "closes_at": form_value(later)}
    assert errors(client.post(f"{WAVE}/2/forleng", data=sent(world, client, **named)).text) == [
        "note"
    ]
    good = {**reason, "closes_at": form_value(later)}
    assert client.post(f"{WAVE}/2/forleng", data=sent(world, client, **good)).status_code == 303
    back = {**reason, "closes_at": form_value(soon)}
    assert errors(client.post(f"{WAVE}/2/forleng", data=sent(world, client, **back)).text) == [
        "closes_at"
    ]
    page = client.get(f"{WAVE}/2").text
    assert "Ferie eller fravær: «Vinterferie i uke 8.»" in page
    assert "om 30 dager" in page
    with world.parts.db.reading() as session:
        [event] = [
            each
            for each in log.events(session, world.journey.organisation_id)
            if each.action == "wave.extended"
        ]
    assert event.details["reason"] == "absence"
    assert event.actor == f"person:{world.people['staff'].id}"
    # Closing it before that time needs a reason too.
    early = client.post(f"{WAVE}/2/lukk", data=sent(world, client))
    assert errors(early.text) == ["reason", "note"]
    assert wave_of(world, 2).state == "open"
    assert client.post(f"{WAVE}/2/lukk", data=sent(world, client, **reason)).status_code == 303
    assert wave_of(world, 2).state == "closed"


def test_participation_is_sorted_and_filtered_and_low_is_told_in_words(world: World) -> None:
    count_answers(world.parts.db)
    client = world.client("staff")

    def units(query: str) -> list[str]:
        page = client.get(f"{WAVE}/2?{query}").text
        table = page.split('aria-labelledby="participation"')[-1].split("</table>")[0]
        return re.findall(r'<th scope="row"[^>]*>([^<]+?) ?<', table)

    everybody = units("")
    assert everybody[0] == "Kommunen"
    assert sorted(everybody) == units("sorter=name")
    assert units("navn=solbakken") == ["Solbakken barnehage"]
    few = ["Fjellheim skole", "Lia bofellesskap", "Elvestien sykehjem", "Havna barnehage"]
    assert units("vis=few") == few
    # Four of eight may have answered in Lia, so it is not called low.
    assert units("vis=low") == ["Fjellheim skole", "Solbakken barnehage", *few[2:]]
    low = client.get(f"{WAVE}/2?vis=low").text
    assert low.count("lav deltakelse</span>") == 4
    assert "4 enheter har lav deltakelse: under 50 % har svart." in low
    assert units("sorter=high")[0] == "Solbakken barnehage"
    assert units("sorter=nonsense&vis=nonsense") == everybody


@pytest.mark.parametrize(
    ("language", "first", "counted", "few", "each"),
    [
        (
            "nb",
            "Svarene telles én gang i døgnet. Første telling kommer ",
            r"Tall per i (går|dag) kl. 06:00. Neste telling kommer i (dag|morgen) kl. 06:00.",
            "færre enn fem av 30",
            "færre enn fem i hver enhet",
        ),
        (
            "nn",
            "Svara blir talde éin gong i døgnet. Den første teljinga kjem ",
            r"Tal per i (går|dag) kl. 06:00. Den neste teljinga kjem i (dag|morgon) kl. 06:00.",
            "færre enn fem av 30",
            "færre enn fem i kvar eining",
        ),
        (
            "en",
            "Answers are counted once a day. The first count comes ",
            r"Numbers as of (yesterday|today) at 06:00. The next count comes (today|tomorrow)",
            "fewer than five of 30",
            "fewer than five in each unit",
        ),
    ],
)
def test_the_count_of_the_day_is_told_with_its_day(
    world: World, language: str, first: str, counted: str, few: str, each: str
) -> None:
    client = world.client("staff")

    def told(path: str = "") -> str:
        return client.get(f"{WAVE}/2{path}?language={language}").text

    for page in (told(), told("/lukk"), told("/forleng")):
        assert first in page
    assert 'aria-labelledby="participation"' not in told()
    count_answers(world.parts.db)
    for page in (told(), told("/lukk"), told("/forleng")):
        assert re.search(counted, page)
        assert first not in page
    assert few in told()
    assert each in told()


def test_a_wave_closed_before_its_first_count_says_so(world: World) -> None:
    client = world.client("staff")
    with world.parts.db.transaction() as session:
        mark_closed(session, session.merge(world.journey.wave))
    assert "lukket før den første tellingen" in client.get(f"{WAVE}/2").text


def test_no_answer_after_the_last_count_is_told_when_a_wave_is_closed(world: World) -> None:
    client = world.client("staff")
    count_answers(world.parts.db)
    answer(world, {"n1": (9, 24)}, 0.5, 8)
    with world.parts.db.transaction() as session:
        mark_closed(session, session.merge(world.journey.wave))
    page = client.get(f"{WAVE}/2").text
    assert "Dette er den siste tellingen" in page
    assert "minst 5 av 24" in page
