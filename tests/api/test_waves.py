"""Waves over the API: from draft to the order to close."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from survey.study.models import Invitation, WaveUnit
from tests.api.municipality import Municipality, municipality
from tests.study.counting import count_answers


@pytest.fixture
def here(services: Any, client: Any) -> Municipality:
    found = municipality(services, client)
    found.bring()
    found.study()
    return found


WAVE = "/studies/S/waves/1"


def test_a_draft_is_made_listed_and_read(here):
    made = here.wave(opens_at="2099-03-01T08:00", closes_at="2099-03-20T16:00:00+01:00")
    assert made.status_code == 201
    assert made.json["opens_at"] == "2099-03-01T07:00:00+00:00"
    assert made.json["state"] == "draft"
    assert here.call("GET", "/studies/S/waves").json["items"] == [made.json]
    assert here.call("GET", WAVE).json == made.json


@pytest.mark.parametrize(
    ("time", "told"),
    [("2027-03-28T02:30", "does not exist"), ("2027-10-31T02:30", "happens twice")],
)
def test_hours_that_the_clocks_skip_or_repeat_are_refused(here, time, told):
    answer = here.wave(closes_at=time)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["path"] == "/closes_at"
    assert told in answer.json["errors"][0]["what"]


def test_a_draft_changes_only_for_who_has_seen_its_present_state(here):
    here.wave()
    match = {"If-Match": here.call("GET", WAVE).headers["ETag"]}
    changed = here.call("PATCH", WAVE, headers=match, json={"label": "Første"})
    assert (changed.json["label"], changed.json["phase"]) == ("Første", "before")
    assert here.call("PATCH", WAVE, headers=match, json={"label": "x"}).status_code == 412


def test_opening_tells_what_was_merged_and_what_to_see_to(here):
    here.wave()
    opened = here.call("POST", WAVE + "/open")
    assert opened.status_code == 200
    assert opened.json["units"] == 5
    assert [(each["code"], each["into_code"]) for each in opened.json["merged"]] == [("A2", "A1")]
    assert "If it is lost, all answers are lost" in opened.json["warnings"][0]
    again = here.call("POST", WAVE + "/open")
    assert again.status_code == 409
    assert "already" in again.json["detail"]
    assert here.call("GET", WAVE).json["instrument_version"] == "1"


def test_an_open_wave_is_extended(here):
    here.wave()
    here.call("POST", WAVE + "/open")
    change = {"closes_at": "2099-01-01 12:00", "reason": "few_answers", "note": "Få har svart."}
    assert here.call("POST", WAVE + "/extend", json=change).status_code == 428
    tag = {"If-Match": here.call("GET", WAVE).headers["ETag"]}
    later = here.call("POST", WAVE + "/extend", json=change, headers=tag)
    assert later.json["closes_at"] == "2099-01-01T11:00:00+00:00"
    stale = here.call("POST", WAVE + "/extend", json=change, headers=tag)
    assert stale.status_code == 412


def test_a_wave_is_closed_before_its_time_only_with_a_reason(here):
    here.wave(closes_at="2099-01-01 12:00")
    here.call("POST", WAVE + "/open")
    refused = here.call("POST", WAVE + "/close")
    assert refused.status_code == 422
    why = {"reason": "asked", "note": "Ledelsen ba om det.", "release": False}
    assert here.call("POST", WAVE + "/close", json=why).status_code == 202
    assert here.call("GET", WAVE).json["state"] == "closed"


def test_closing_is_a_task_of_the_worker_and_ordered_once(here):
    here.wave()
    assert here.call("POST", WAVE + "/close").status_code == 409
    here.call("POST", WAVE + "/open")
    first, second = here.call("POST", WAVE + "/close"), here.call("POST", WAVE + "/close")
    assert first.status_code == 202
    assert first.json == second.json
    assert first.headers["Location"].endswith(f"/tasks/{first.json['id']}")


def test_participation_is_the_count_of_the_day(here):
    here.wave()
    here.call("POST", WAVE + "/invitations", json={})
    here.call("POST", WAVE + "/open")
    before = here.call("GET", WAVE + "/participation").json
    assert before["counted_at"] is None
    assert before["next_at"] is not None
    assert {each["answered"] for each in before["units"]} == {None}
    with here.parts.db.transaction() as session:
        unit = session.scalar(sa.select(WaveUnit.unit_id).where(WaveUnit.code == "B"))
        free = sa.select(Invitation).where(Invitation.unit_id == unit)
        for invitation in session.scalars(free.limit(12)):
            invitation.spent = True
    assert here.call("GET", WAVE + "/participation").json == before
    counted_at = count_answers(here.parts.db)
    told = here.call("GET", WAVE + "/participation").json
    assert datetime.fromisoformat(told["counted_at"]) == counted_at
    units = {each["code"]: each for each in told["units"]}
    assert (units["K"]["invited"], units["K"]["answered"]) == (41, 10)
    assert (units["B"]["answered"], units["A1"]["answered"]) == (10, 0)
    assert (units["A2"]["merged_into"], units["A2"]["answered"]) == ("A1", None)


def test_reading_needs_no_right_to_change_and_gives_none(here):
    here.wave()
    reader = here.key_of("studies:read")
    assert here.call("GET", WAVE, key=reader).status_code == 200
    for path in ("/open", "/close", "/invitations", "/invitations/export"):
        assert here.call("POST", WAVE + path, key=reader, json={}).status_code == 403


def test_what_is_not_there_is_not_found(here):
    assert here.call("GET", WAVE).status_code == 404
    assert here.call("POST", "/studies/T/waves/1/open").status_code == 404
