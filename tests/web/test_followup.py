"""A manager follows up: chooses, agrees, sets targets; nothing is lost; auditors only read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import page as pdf_page
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.core.db import now
from survey.followup import actions, choices, overview, reminders, targets
from survey.followup.actions import Draft
from survey.followup.model import ActionFacts, ChoiceFacts, FollowUp, TargetFacts
from survey.reports.common.context import Context
from survey.reports.common.pattern import extremes
from tests.access.world import World, fresh
from tests.followup.conftest import at, release_second

UA_1 = pdf_page.ValidationProfile.PDF_UA_1
BASE = "/enhet/3999/kultur/n1"
HERE = BASE + "/oppfolging"
ACTION = {
    "title": "Idékveld hver måned",
    "owner": "Kari, nestleder",
    "deadline": "2027-03-01",
    "status": "planned",
    "dimension": "",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of this test's own: these tests change it."""
    made = fresh(tmp_path)
    yield made
    made.parts.db.dispose()


@pytest.fixture
def north(world: World) -> FlaskClient:
    """The browser of who leads the area above n1."""
    return world.client("north")


def post(world: World, client: FlaskClient, path: str, **data: str) -> TestResponse:
    return client.post(path, data={"csrf": world.csrf(client), **data})


def hidden(page: str, name: str = "state") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found.group(1)


def known(world: World, unit: str = "n1", ordinal: int | None = None) -> FollowUp:
    where = at(world, unit, ordinal)
    with world.parts.db.reading() as session:
        return overview.of_unit(session, where.organisation_id, where.stored)


def agree(world: World, unit: str = "n1", **changes: Any) -> ActionFacts:
    where = at(world, unit)
    draft = Draft(**{"title": "T", "owner": "O", "deadline": date(2027, 3, 1), **changes})
    with world.parts.db.transaction() as session:
        return actions.create(session, where, draft, actor="cli")


def set_targets(world: World, *wanted: TargetFacts) -> None:
    where = at(world, "n1")
    with world.parts.db.transaction() as session:
        targets.store(session, where, wanted, actor="cli")


def faulty_fields(page: str) -> list[str]:
    """The fields that the error summary links to; each is there, and marked."""
    summary = re.search(r'id="error-summary".*?</div>', page, re.DOTALL)
    assert summary is not None
    linked = re.findall(r'href="#([^"]+)"', summary.group())
    for field in linked:
        tag = re.search(rf'<\w+[^>]* id="{field}"[^>]*>', page)
        assert tag is not None, field
        assert 'aria-invalid="true"' in tag.group(), field
        described = re.search(r'aria-describedby="([^"]+)"', tag.group())
        assert described is not None
        for name in described.group(1).split():
            assert f'id="{name}"' in page, name
    return linked


def test_the_choice_is_offered_with_what_the_report_points_at_and_stored(
    world: World, north: FlaskClient
) -> None:
    page = north.get(HERE).text
    here = at(world, "n1").stored
    highest, lowest = extremes(Context(here.header, here.unit, "nb"))
    assert page.count("forslag fra rapporten") == len(highest) + len(lowest)
    assert ("ligger høyest hos oss" in page) == bool(highest)
    assert ("så likt" in page) == (not highest)
    keep, improve = at(world, "n1").dimensions[:2]
    sent = {"state": hidden(page), "keep": keep, "improve": improve}
    answer = post(world, north, HERE + "/valg", **sent)
    assert answer.status_code == 303
    assert "Valget er lagret" in north.get(answer.location).text
    assert known(world).choice == ChoiceFacts(keep, improve)


def test_a_wrong_choice_comes_back_as_it_was_sent(world: World, north: FlaskClient) -> None:
    keep = at(world, "n1").dimensions[0]
    state = hidden(north.get(HERE).text)
    answer = post(world, north, HERE + "/valg", state=state, keep=keep, improve=keep)
    assert answer.status_code == 422
    assert faulty_fields(answer.text) == ["field-improve"]
    assert answer.text.count(f'<option value="{keep}" selected>') == 2
    assert known(world).choice == ChoiceFacts()


def test_a_choice_that_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(
    world: World, north: FlaskClient
) -> None:
    a, b, c = at(world, "n1").dimensions[:3]
    state = hidden(north.get(HERE).text)
    where = at(world, "n1")
    with world.parts.db.transaction() as session:
        choices.store(session, where, ChoiceFacts(a, b), actor="cli")
    answer = post(world, north, HERE + "/valg", state=state, keep=c, improve="")
    assert answer.status_code == 409
    assert f'<option value="{c}" selected>' in answer.text
    assert known(world).choice == ChoiceFacts(a, b)
    sent = {"state": hidden(answer.text), "keep": c, "improve": ""}
    assert post(world, north, HERE + "/valg", **sent).status_code == 303
    assert known(world).choice == ChoiceFacts(c, None)


def test_an_action_is_agreed_changed_and_deleted(world: World, north: FlaskClient) -> None:
    dimension = at(world, "n1").dimensions[2]
    form = north.get(f"{HERE}/tiltak?delmal={dimension}").text
    assert f'<option value="{dimension}" selected>' in form
    made = post(world, north, HERE + "/tiltak", **(ACTION | {"dimension": dimension}))
    assert made.status_code == 303
    page = north.get(made.location).text
    assert all(text in page for text in (ACTION["title"], ACTION["owner"], "1. mars 2027"))
    (action,) = known(world).actions
    assert action.dimension == dimension
    edit = f"{HERE}/tiltak/{action.id}"
    form = north.get(edit).text
    assert 'value="2027-03-01"' in form
    sent = ACTION | {"state": hidden(form), "status": "under_way", "deadline": "01.04.2027"}
    assert post(world, north, edit, **sent).status_code == 303
    (changed,) = known(world).actions
    assert (changed.status, changed.deadline, changed.dimension) == (
        "under_way",
        date(2027, 4, 1),
        None,
    )
    assert "for godt" in north.get(edit + "/slett").text
    assert post(world, north, edit + "/slett").status_code == 303
    assert known(world).actions == ()


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_wrong_action_comes_back_whole_with_every_fault_beside_its_field(
    world: World, north: FlaskClient, language: str
) -> None:
    sent = {
        "title": "",
        "owner": 'Åse "<b>" ' + "x" * 100,
        "deadline": "snart",
        "status": "?",
        "dimension": "no",
    }
    answer = post(world, north, f"{HERE}/tiltak?language={language}", **sent)
    assert answer.status_code == 422
    expected = [f"field-{name}" for name in ("title", "owner", "deadline", "status", "dimension")]
    assert faulty_fields(answer.text) == expected
    assert sent["owner"] in unescape(answer.text)
    assert 'value="snart"' in answer.text
    assert "<b>" not in answer.text
    assert re.search(r"<title>(Feil|Error) – ", answer.text)
    assert known(world).actions == ()


def test_an_action_that_somebody_else_changed_meanwhile_is_not_overwritten(
    world: World, north: FlaskClient
) -> None:
    action, where = agree(world, title="Først"), at(world, "n1")
    edit = f"{HERE}/tiltak/{action.id}"
    state = hidden(north.get(edit).text)
    with world.parts.db.transaction() as session:
        draft = Draft("Deres", "O", action.deadline)
        actions.change(session, where, action, draft, actor="cli")
    answer = post(world, north, edit, **(ACTION | {"state": state}))
    assert answer.status_code == 409
    assert "Deres" in answer.text
    assert ACTION["title"] in answer.text
    assert known(world).actions[0].title == "Deres"
    again = post(world, north, edit, **(ACTION | {"state": hidden(answer.text)}))
    assert again.status_code == 303
    assert known(world).actions[0].title == ACTION["title"]


def test_targets_are_set_and_taken_away(world: World, north: FlaskClient) -> None:
    a, b = at(world, "n1").dimensions[:2]
    state = hidden(north.get(HERE + "/mal").text)
    sent = {f"{a}-value": "70", f"{a}-source": "leader_agreement", f"{a}-year": "2028"}
    sent |= {f"{b}-value": " 0 ", f"{b}-source": "other", f"{b}-year": ""}
    answer = post(world, north, HERE + "/mal", state=state, **sent)
    assert answer.status_code == 303
    assert set(known(world).targets) == {
        TargetFacts(a, 70, "leader_agreement", 2028),
        TargetFacts(b, 0, "other"),
    }
    assert "Lederavtale" in north.get(answer.location).text
    form = north.get(HERE + "/mal").text
    assert f'name="{a}-value" autocomplete="off" value="70"' in form
    sent |= {f"{b}-value": "", f"{b}-source": "other"}
    assert post(world, north, HERE + "/mal", state=hidden(form), **sent).status_code == 303
    assert [each.dimension for each in known(world).targets] == [a]


def test_wrong_targets_come_back_whole_and_say_which_dimension(
    world: World, north: FlaskClient
) -> None:
    a, b, c = at(world, "n1").dimensions[:3]
    state = hidden(north.get(HERE + "/mal").text)
    sent = {f"{a}-value": "mye", f"{a}-year": "27"} | {f"{b}-value": "101", f"{b}-source": "hope"}
    sent |= {f"{c}-year": "2028", f"{c}-source": "other"}
    answer = post(world, north, HERE + "/mal", state=state, **sent)
    assert answer.status_code == 422
    assert set(faulty_fields(answer.text)) == {
        f"field-{a}-value",
        f"field-{a}-source",
        f"field-{a}-year",
        f"field-{b}-value",
        f"field-{b}-source",
        f"field-{c}-value",
    }
    assert 'value="mye"' in answer.text
    assert 'value="101"' in answer.text
    assert known(world).targets == ()


def test_targets_that_somebody_else_changed_meanwhile_are_not_overwritten(
    world: World, north: FlaskClient
) -> None:
    a = at(world, "n1").dimensions[0]
    state = hidden(north.get(HERE + "/mal").text)
    set_targets(world, TargetFacts(a, 50, "other"))
    sent = {f"{a}-value": "70", f"{a}-source": "other"}
    answer = post(world, north, HERE + "/mal", state=state, **sent)
    assert answer.status_code == 409
    assert 'value="70"' in answer.text
    assert known(world).targets == (TargetFacts(a, 50, "other"),)


def test_the_next_results_begin_with_the_last_waves_actions(
    world: World, north: FlaskClient
) -> None:
    agree(world, title="Avtalt sist", status="under_way", deadline=date(2020, 1, 1))
    first = north.get(BASE).text
    assert "Tiltak fra forrige måling" not in first
    assert first.index('class="headline"') < first.index("Avtalt sist")
    release_second(world)
    second = north.get(BASE).text
    assert second.index("Avtalt sist") < second.index('class="headline"')
    assert "Fristen er passert" in second
    assert "Avtalt sist" in north.get(HERE).text
    assert north.get(HERE + "?wave=1").text.count("Avtalt sist") >= 1
    for wave in ("3", "x", "9" * 40):
        assert north.get(f"{HERE}?wave={wave}").status_code == 404


def test_targets_are_drawn_on_the_page_in_the_table_and_in_the_numbers(
    world: World, north: FlaskClient
) -> None:
    a = at(world, "n1").dimensions[0]
    assert "mål 73" not in north.get(BASE).text
    set_targets(world, TargetFacts(a, 73, "leader_agreement", 2028))
    page = north.get(BASE).text
    assert page.count(">mål 73</") == 2
    assert '<th scope="col" class="number">Mål</th>' in page
    numbers = north.get(f"{BASE}/tall/profile.csv").data.decode("utf-8-sig")
    assert numbers.splitlines()[0].endswith(";Mål")
    assert ";73" in numbers


@pytest.mark.parametrize(
    ("language", "heading", "status"),
    [("nb", "Tiltak", "I gang"), ("nn", "Tiltak", "I gang"), ("en", "Actions", "Under way")],
)
def test_the_report_ends_with_what_is_agreed(
    world: World, north: FlaskClient, language: str, heading: str, status: str
) -> None:
    from survey.reports.unit.report import render_unit_html

    plain = north.get(f"{BASE}/rapport.pdf?language={language}").data
    a = at(world, "n1").dimensions[0]
    agree(world, title="Idékveld <i>", owner="Åse Š.", status="under_way", dimension=a)
    set_targets(world, TargetFacts(a, 73, "leader_agreement", 2028))
    made = north.get(f"{BASE}/rapport.pdf?language={language}").data
    assert made != plain
    assert pdf_page.validate_pdf_bytes(made, profile=UA_1).is_compliant
    stored = at(world, "n1").stored
    text = render_unit_html(
        stored.header, stored.unit, language, stored.digest, follow_up=known(world)
    )
    last = text.rpartition("<h2>")[2]
    assert last.startswith(f"{heading}</h2>")
    assert all(part in last for part in ("Idékveld &lt;i&gt;", "Åse Š.", status, "73", "2028"))
    without = render_unit_html(stored.header, stored.unit, language, stored.digest)
    assert not without.rpartition("<h2>")[2].startswith(f"{heading}</h2>")


def test_a_reminder_stands_on_the_list_until_something_is_agreed(
    world: World, north: FlaskClient
) -> None:
    said = "ingen tiltak er avtalt ennå"
    assert said not in north.get("/enhet").text
    with world.parts.db.transaction() as session:
        reminders.make_due(session, now() + reminders.AFTER)
    page = north.get("/enhet").text
    before = page.count(said)
    assert before >= 2
    assert said in world.client("sykehjem").get("/enhet").text
    agree(world)
    assert north.get("/enhet").text.count(said) == before - 1


def test_an_auditor_reads_and_changes_nothing(world: World) -> None:
    auditor, action = world.client("auditor"), agree(world, title="Avtalt")
    page = auditor.get(HERE).text
    assert "Avtalt" in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    assert "/tiltak" not in page
    for path in ("/tiltak", f"/tiltak/{action.id}", f"/tiltak/{action.id}/slett", "/mal"):
        assert auditor.get(HERE + path).status_code == 403, path
        assert post(world, auditor, HERE + path, **ACTION).status_code == 403, path
    assert post(world, auditor, HERE + "/valg").status_code == 403
    assert known(world).actions == (action,)


def test_an_action_of_another_unit_is_unknown_under_ones_own(world: World) -> None:
    other, mine = agree(world, "n1"), world.client("sykehjem")
    home = "/enhet/3999/kultur/s1/oppfolging"
    assert mine.get(home).status_code == 200
    for path in (f"/tiltak/{other.id}", f"/tiltak/{other.id}/slett"):
        assert mine.get(home + path).status_code == 404
        assert post(world, mine, home + path, **ACTION).status_code == 404
        assert mine.get(HERE + path).status_code == 404
    assert known(world).actions == (other,)


def test_a_unit_whose_numbers_are_hidden_may_still_agree_something(world: World) -> None:
    staff, home = world.client("staff"), "/enhet/3999/kultur/s2/oppfolging"
    page = staff.get(home).text
    assert "forslag fra rapporten" not in page
    assert post(world, staff, home + "/tiltak", **ACTION).status_code == 303
    assert staff.get("/enhet/3999/kultur/s2/rapport.pdf").data.startswith(b"%PDF")
    assert ACTION["title"] in staff.get("/enhet/3999/kultur/s2").text


def test_all_units_reports_of_a_wave_carry_what_was_agreed(world: World) -> None:
    from survey.background import task_handlers
    from survey.jobs import execution, result_files, tasks

    agree(world, title="Idékveld")
    parts, here = world.parts, world.journey.organisation_id
    payloads: dict[str, dict[str, Any]] = {
        "unit_reports": {"study": "kultur", "languages": ["nb"], "ordinal": None},
        "unit_report": {"study": "kultur", "unit": "n1", "language": "nb", "ordinal": None},
    }
    results = {}
    for kind, payload in payloads.items():
        with parts.db.transaction() as session:
            task = tasks.enqueue(session, here, kind, payload, "cli")
            claimed = tasks.claim_one(session, here, task.id)
        assert claimed is not None
        execution.carry_out(parts.db, task_handlers.works(parts), claimed)
        with parts.db.reading() as session:
            done = tasks.get(session, here, task.id)
        assert done.state == "done", done.error
        assert done.result is not None
        results[kind] = result_files.folder(parts.settings, here) / done.result["file"]
    import zipfile

    with zipfile.ZipFile(results["unit_reports"]) as archive:
        name = "Provevik-kommune_Innovasjonskultur_Maling-1_Solbakken-barnehage_n1_nb.pdf"
        both = archive.read(name)
    assert both == results["unit_report"].read_bytes()
    page = world.client("north").get(f"{BASE}/rapport.pdf").data
    assert both == page
