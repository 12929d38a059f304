"""Staff invite people: counts, addresses, letters and new codes, each act explained before it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.audit import log
from survey.invitations.address_models import Contact
from survey.release.close import close_and_release
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.waves import create_wave
from tests.access.world import World, fresh

PAGE = "/stab/3999/undersokelse/kultur/maling/3/invitasjoner"
OPEN = "/stab/3999/undersokelse/kultur/maling/2/invitasjoner"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of this test's own, with a draft as wave 3."""
    made = fresh(tmp_path)
    with made.parts.db.transaction() as session:
        create_wave(session, made.journey.study, phase="after", label="Etter")
    yield made
    made.parts.db.dispose()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client("staff")


def post(world: World, client: FlaskClient, path: str, **fields: object) -> TestResponse:
    return client.post(path, data={"csrf": world.csrf(client), **fields})


def invited(world: World, ordinal: int = 3) -> dict[str, int]:
    with world.parts.db.reading() as session:
        rows = session.execute(
            sa.select(WaveUnit.code, WaveUnit.invited)
            .join(Wave, Wave.id == WaveUnit.wave_id)
            .where(Wave.ordinal == ordinal, WaveUnit.invited > 0)
        )
        return {code: count for code, count in rows}  # noqa: C416


def test_the_first_choice_is_between_counts_and_addresses(
    world: World, client: FlaskClient
) -> None:
    page = client.get(PAGE).text
    assert f"{PAGE}/antall" in page
    assert f"{PAGE}/epost" in page
    assert f"{PAGE}/brev" not in page


def test_headcounts_stand_in_the_form_and_make_codes(world: World, client: FlaskClient) -> None:
    page = client.get(f"{PAGE}/antall").text
    given = dict(re.findall(r'name="(unit-[^"]+)" type="text"[^>]*value="(\d*)"', page))
    assert given["unit-n1"] == "24"
    made = post(world, client, f"{PAGE}/antall", **given)
    assert made.status_code == 303
    assert invited(world)["n1"] == 24
    assert "koder er laget" in client.get(made.location).text


def test_numbers_come_from_a_file_and_are_looked_at_first(
    world: World, client: FlaskClient
) -> None:
    file = (io.BytesIO(b"enhet;antall\nn1;7\ns1;12\n"), "x.csv")
    shown = post(world, client, f"{PAGE}/antall/fil", file=file)
    assert shown.status_code == 200
    assert re.search(r'name="unit-n1"[^>]*value="7"', shown.text)
    assert invited(world) == {}


def test_every_wrong_number_is_told_beside_its_field(world: World, client: FlaskClient) -> None:
    sent = {"unit-n1": "mange", "unit-s1": "-3", "unit-n2": "6"}
    answer = post(world, client, f"{PAGE}/antall", **sent)
    assert answer.status_code == 422
    assert 'href="#unit-n1"' in answer.text
    assert 'href="#unit-s1"' in answer.text
    assert 'value="mange"' in answer.text
    file = (io.BytesIO(b"enhet;antall\nx9;7\n"), "x.csv")
    assert post(world, client, f"{PAGE}/antall/fil", file=file).status_code == 422
    assert invited(world) == {}


def test_a_file_of_addresses_is_looked_at_and_nothing_is_stored(
    world: World, client: FlaskClient
) -> None:
    rows = "\n".join(f"n1;person{n}@kommune.no" for n in range(6))
    raw = f"enhet;epost\n{rows}\n".encode()
    shown = post(world, client, f"{PAGE}/epost/forhandsvis", file=(io.BytesIO(raw), "x.csv"))
    assert shown.status_code == 200
    assert "6 personer blir invitert" in shown.text
    assert invited(world) == {}
    with world.parts.db.reading() as session:
        assert session.scalars(sa.select(Contact)).all() == []
    content = re.search(r'name="content" value="([^"]+)"', shown.text)
    assert content is not None
    done = post(world, client, f"{PAGE}/epost/innfor", content=content[1])
    assert done.status_code == 303
    assert invited(world) == {"n1": 6}
    page = client.get(done.location).text
    assert "person1@" not in page  # addresses are shown to nobody again
    assert "E-post kan sendes når målingen er åpnet" in page


def test_a_wrong_file_of_addresses_is_told_with_every_fault(
    world: World, client: FlaskClient
) -> None:
    raw = b"enhet;epost\nn1;ikke en adresse\nx9;a@kommune.no\n"
    answer = post(world, client, f"{PAGE}/epost/forhandsvis", file=(io.BytesIO(raw), "x.csv"))
    assert answer.status_code == 422
    assert 'href="#file"' in answer.text
    assert invited(world) == {}


def make_codes(world: World, client: FlaskClient, **counts: int) -> None:
    sent = {f"unit-{code}": str(count) for code, count in counts.items()}
    sent["reason"] = "Vikarer"
    assert post(world, client, f"{PAGE}/antall", **sent).status_code == 303


def test_letters_leave_once_and_are_kept_nowhere(world: World, client: FlaskClient) -> None:
    make_codes(world, client, n1=6, s1=8)
    page = client.get(f"{PAGE}/brev").text
    assert "bare denne ene gangen" in page
    order = {"unit": "n1", "language": "nb", "contact": "Kari, tlf. 1"}
    before = sorted(world.parts.settings.data_dir.rglob("*"))
    made = post(world, client, f"{PAGE}/brev", **order)
    assert made.mimetype == "application/pdf"
    assert made.headers["Cache-Control"] == "no-store"
    assert len(pikepdf.open(io.BytesIO(made.data)).pages) == 6
    assert sorted(world.parts.settings.data_dir.rglob("*")) == before
    assert post(world, client, f"{PAGE}/brev", **order).status_code == 409
    with world.parts.db.reading() as session:
        last = log.events(session, world.journey.organisation_id, limit=1)[0]
        assert (last.action, last.details) == (
            "codes.exported",
            {"count": 6, "unit": "n1", "as": "letters"},
        )


def test_all_units_come_as_a_zip_of_letters_or_slips(world: World, client: FlaskClient) -> None:
    make_codes(world, client, n1=6, s1=12)
    made = post(world, client, f"{PAGE}/lapper", language="nn")
    assert made.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        assert archive.namelist() == ["n1.lapper.nn.pdf", "s1.lapper.nn.pdf"]
        pages = [
            len(pikepdf.open(io.BytesIO(archive.read(name))).pages) for name in archive.namelist()
        ]
    assert pages == [1, 2]
    assert "Alle koder på papir er delt ut" in client.get(f"{PAGE}/brev").text


def test_a_wrong_order_comes_back_with_its_faults(world: World, client: FlaskClient) -> None:
    make_codes(world, client, n1=6)
    answer = post(world, client, f"{PAGE}/brev", language="xx", contact="x" * 201)
    assert answer.status_code == 422
    assert 'href="#language"' in answer.text
    assert 'href="#contact"' in answer.text
    assert post(world, client, f"{PAGE}/brev", unit="x9", language="nb").status_code == 404


def test_a_poster_is_fetched_as_often_as_wanted(world: World, client: FlaskClient) -> None:
    assert "aldri noen personlig kode" in client.get(f"{PAGE}/plakat").text
    for query in ("", "?language=en&contact=Kari"):
        made = client.get(f"{PAGE}/plakat.pdf{query}")
        assert made.mimetype == "application/pdf"
        assert made.headers["Cache-Control"] == "no-store"
    assert client.get(f"{PAGE}/plakat.pdf?language=xx").status_code == 422


def test_the_list_of_codes_leaves_once(world: World, client: FlaskClient) -> None:
    make_codes(world, client, n1=6)
    assert "slett den når de er delt ut" in client.get(f"{PAGE}/koder").text
    made = post(world, client, f"{PAGE}/koder")
    assert made.mimetype == "text/csv"
    assert made.text.count("/s/") == 6
    assert post(world, client, f"{PAGE}/koder").status_code == 409


def test_a_code_at_hand_is_replaced_and_never_shown_again(
    world: World, client: FlaskClient
) -> None:
    make_codes(world, client, n1=6)
    rows = post(world, client, f"{PAGE}/koder").text.splitlines()
    short = rows[1].split(";")[3]
    done = post(world, client, f"{PAGE}/ny-kode/kjent", typed=short, reason="returned")
    assert done.status_code == 303
    again = post(world, client, f"{PAGE}/ny-kode/kjent", typed=short, reason="returned")
    assert again.status_code == 422
    assert short not in again.text
    assert 'href="#typed"' in again.text
    assert "1 kode er ikke delt ut" in client.get(PAGE).text
    wrong = post(world, client, f"{PAGE}/ny-kode/kjent", typed=short, reason="fordi")
    assert 'href="#reason"' in wrong.text


def test_few_codes_are_given_besides_lost_ones_and_counted(
    world: World, client: FlaskClient
) -> None:
    make_codes(world, client, n1=6)
    assert "0 av 1 gitt" in client.get(f"{PAGE}/ny-kode").text
    sent = {"unit": "n1", "reason": "lost"}
    done = post(world, client, f"{PAGE}/ny-kode/ukjent", **sent)
    assert done.status_code == 303
    assert "Koder i tillegg" in client.get(PAGE).text
    refused = post(world, client, f"{PAGE}/ny-kode/ukjent", **sent)
    assert refused.status_code == 409
    assert 'href="#unit"' in refused.text
    assert invited(world) == {"n1": 6}


def test_a_unit_whose_file_was_lost_gets_new_codes(world: World, client: FlaskClient) -> None:
    make_codes(world, client, n1=6)
    old = post(world, client, f"{PAGE}/koder").text
    assert post(world, client, f"{PAGE}/ny-kode/enhet", whole="n1").status_code == 303
    new = post(world, client, f"{PAGE}/koder").text
    assert new.count("/s/") == 6
    assert not set(re.findall(r"/s/(\w+)", old)) & set(re.findall(r"/s/(\w+)", new))


def test_mails_are_sent_and_people_reminded_after_a_word_about_it(
    world: World, client: FlaskClient
) -> None:
    rows = "\n".join(f"n2;person{n}@kommune.no" for n in range(5))
    content = f"enhet;epost\n{rows}\n".encode()
    shown = post(world, client, f"{OPEN}/epost/forhandsvis", file=(io.BytesIO(content), "x.csv"),
                 reason="Nye")  # fmt: skip
    hidden = re.search(r'name="content" value="([^"]+)"', shown.text)
    assert hidden is not None
    assert (
        post(world, client, f"{OPEN}/epost/innfor", content=hidden[1], reason="Nye").status_code
        == 303
    )
    assert "Ingen ser hvem det er" in client.get(f"{OPEN}/paminn").text
    assert post(world, client, f"{OPEN}/paminn").status_code == 409  # nothing was sent yet
    assert "ingen her ser den" in client.get(f"{OPEN}/send").text
    assert post(world, client, f"{OPEN}/send").status_code == 303
    assert post(world, client, f"{OPEN}/send").status_code == 409
    assert "slettes" in client.get(f"{OPEN}/glem").text
    assert post(world, client, f"{OPEN}/glem").status_code == 303


def test_a_closed_wave_takes_nobody(world: World, client: FlaskClient) -> None:
    journey = world.journey
    close_and_release(world.parts.db, world.parts.keys, journey.organisation_id, journey.wave.id)
    assert "Målingen er lukket" in client.get(OPEN).text
    for path in ("antall", "epost", "brev", "lapper", "koder", "ny-kode"):
        assert client.get(f"{OPEN}/{path}").status_code == 409, path
    for path in ("antall", "brev", "lapper", "koder", "send", "paminn"):
        sent = {"language": "nb", "unit-n1": "5"}
        assert post(world, client, f"{OPEN}/{path}", **sent).status_code in (409, 422), path


def test_the_pages_open_in_every_language(world: World, client: FlaskClient) -> None:
    make_codes(world, client, n1=6)
    for language in ("nb", "nn", "en"):
        for path in ("", "/antall", "/epost", "/brev", "/lapper", "/plakat", "/koder", "/ny-kode"):
            assert client.get(f"{PAGE}{path}?language={language}").status_code == 200, path
    with world.parts.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Invitation)) is not None
