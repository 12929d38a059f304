"""Staff run a whole wave, from the file of units to the reports; and mend a wrong file."""

from __future__ import annotations

import io
import random
import re
import uuid
import zipfile
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from survey.access import people
from survey.access.models import Person
from survey.core.local_time import today
from survey.instrument.model import Instrument
from survey.mail.mail_worker import Sender
from survey.organisation.units import create_organisation
from tests.mail.postoffice import PostOffice
from tests.release.journey import draw_answers
from tests.scenarios.conftest import DESK, PHONE, Stage, follow, picture, press, sheet
from tests.study.counting import count_answers
from tests.web.test_answer_browser import SHIPPED

pytestmark = pytest.mark.chromium

UNITS = 40
EMPLOYEES = [6 if unit % 10 == 3 else 16 for unit in range(UNITS)]
"""Of each unit; all are invited and all but one answer: in four units no more than have to."""
HOME = "/stab/3999"


@dataclass
class Office:
    """The innovation team's screen."""

    stage: Stage
    page: Page


@pytest.fixture
def team(stage: Stage) -> Office:
    with stage.parts.db.transaction() as session:
        here = create_organisation(session, "3999", "Prøvevik kommune").id
        staff: Person = people.create_person(
            session, here, name="Siri", email="siri@provevik.test", actor="cli"
        )
        people.grant(session, staff, "staff", unit=None, actor="cli")
    return Office(stage, stage.page(DESK, "nb", staff))


def units(count: int = UNITS) -> str:
    """The file of units: the municipality, four areas, and the units."""
    rows = ["kode;navn;overordnet;type;antall ansatte", "k;Prøvevik kommune;;;0"]
    rows += [f"o{each};Område {each};k;område;0" for each in range(4)]
    kinds = ("barnehage", "skole", "sykehjem", "bofellesskap")
    rows += [
        f"e{each:02};{kinds[each % 4].capitalize()} {each};o{each % 4};{kinds[each % 4]};{people}"
        for each, people in enumerate(EMPLOYEES[:count])
    ]
    return "\n".join(rows) + "\n"


def upload(page: Page, content: str, name: str) -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.set_input_files("#file", file)  # type: ignore[arg-type]


def test_a_wrong_file_is_imported_and_mended(team: Office) -> None:
    page = team.page
    page.goto(f"{HOME}/enheter")
    lines = units(6).splitlines()
    wrong = [line.replace(";o1;", ";o9;").replace("Skole 5;", "Skole 5;") for line in lines]
    wrong[6] = wrong[6].replace(f";{EMPLOYEES[0]}", ";-2")
    wrong.append(lines[-1])
    upload(page, "\n".join(wrong), "enheter.csv")
    picture(page, "file-1-chosen")
    press(page, "Se hva som endres")
    expect(page.locator("#error-summary")).to_be_focused()
    told = page.locator("#error-summary li").all_inner_texts()
    assert len(told) >= 3, told
    picture(page, "file-2-faults")

    # Mended in the spreadsheet, looked at, and carried out.
    upload(page, "\n".join(lines), "enheter-rettet.csv")
    press(page, "Se hva som endres")
    expect(page.locator("main")).to_contain_text("Skole 5")
    picture(page, "file-3-preview")
    press(page, "Gjennomfør endringene")
    expect(page.locator("main")).to_contain_text("Enhetene er oppdatert.")
    picture(page, "file-4-done")


def answer_by_mail(stage: Stage, office: PostOffice) -> int:
    """Everybody but one in each unit opens the link of the mail and answers; returns how many."""
    draws = random.Random(4)
    instrument: Instrument = SHIPPED
    client = stage.app.test_client()
    host = {"Host": stage.base.removeprefix("http://")}
    answered = 0
    for mail in office.got:
        link = re.search(r"/s/([0-9A-Z]+)", mail.text)
        assert link is not None
        if mail.to.startswith("ansatt0."):
            continue
        given = draw_answers(instrument, draws)
        form = {f"i.{item}": str(value) for item, value in given["items"].items()}  # type: ignore[attr-defined]
        sent = {"code": link[1], "submission_id": str(uuid.UUID(int=draws.getrandbits(128)))}
        response = client.post("/svar", data={**form, **sent}, headers=host)
        assert response.status_code == 303, response.text
        answered += 1
    return answered


def test_staff_run_a_whole_wave_from_the_file_to_the_reports(
    team: Office, office: PostOffice
) -> None:
    page, stage = team.page, team.stage
    page.goto(f"{HOME}/enheter")
    upload(page, units(), "enheter.csv")
    press(page, "Se hva som endres")
    press(page, "Gjennomfør endringene")

    page.goto(HOME)
    follow(page, "Ny undersøkelse")
    page.fill("#f-name", "Innovasjonskultur")
    for box in page.locator("input[name=languages]").all():
        box.check()
    picture(page, "wave-1-study", whole=True)
    press(page, "Lag undersøkelsen")
    follow(page, "Ny måling")
    page.locator("#f-closes_at").fill(f"{today() + timedelta(days=14)}T16:00")
    press(page, "Lag målingen")
    wave = page.url.split("?")[0]

    page.goto(f"{wave}/invitasjoner/epost")
    people = [
        f"e{unit:02};ansatt{number}.e{unit:02}@provevik.test;{'nn' if number % 2 else 'nb'}"
        for unit in range(UNITS)
        for number in range(EMPLOYEES[unit])
    ]
    upload(page, "enhetskode;epost;målform\n" + "\n".join(people) + "\n", "adresser.csv")
    press(page, "Se hva filen gjør")
    picture(page, "wave-2-addresses")
    press(page, f"Inviter disse {sum(EMPLOYEES)}")
    page.goto(f"{wave}/apne")
    picture(page, "wave-3-check")
    press(page, "Åpne målingen")
    page.goto(f"{wave}/invitasjoner/send")
    press(page, "Send invitasjoner")

    # The mails leave, and a real server receives them.
    sender = Sender(stage.parts)
    while (outcome := sender.step()) is not None:
        assert outcome.what in ("sent", "early"), outcome
    sender.close()
    assert len(office.got) == sum(EMPLOYEES)
    mail = stage.page(PHONE, "nb")
    mail.set_content(office.got[0].html)
    picture(mail, "wave-4-mail")
    mail.close()
    page.reload()
    answered = sum(EMPLOYEES) - UNITS
    assert answer_by_mail(stage, office) == answered
    page.goto(wave)
    expect(page.locator("main")).to_contain_text("Første telling kommer")
    count_answers(stage.parts.db)  # as the worker does the next morning
    page.goto(wave)
    expect(page.locator("main")).to_contain_text(f"minst {answered} av {sum(EMPLOYEES)}")
    picture(page, "wave-5-participation")

    follow(page, "Lukk før tiden")
    page.get_by_label("Noe annet").check()
    page.fill("#f-note", "Alle er ferdige.")
    press(page, "Lukk målingen")
    stage.work()
    page.goto(f"{wave}/frigi")
    if "Frigi resultatene" not in page.inner_text("main"):
        stage.work()
        page.reload()
    picture(page, "wave-6-look")
    press(page, "Frigi resultatene")
    stage.work()
    page.goto(wave)
    picture(page, "wave-7-released")
    page.get_by_role("button", name=re.compile("apport")).first.click()
    stage.work()
    page.goto(wave)
    page.locator("a[href*='/arbeid/']").first.click()
    picture(page, "wave-8-reports")
    with page.expect_download() as made:
        page.get_by_role("link", name="Last ned").click()
    content = made.value.path().read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = archive.namelist()
        assert len(files) >= UNITS
        assert all(archive.read(name).startswith(b"%PDF") for name in files)
        sheet(archive.read(files[-1]), "wave-9-report")
